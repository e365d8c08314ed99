#!/bin/bash
# A device by Bouncy Castle (bouncycastle/Client.java) over HTTP/1.1 and HTTP/2 over TLS, on both fronts:
# what it believes to have reached must be what the store says, no more and no less.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../nested.sh"

jars=/usr/share/java/bcprov.jar:/usr/share/java/bcutil.jar:/usr/share/java/bcpkix.jar
# Debian's jars name others in their manifests that are not installed: no warnings of paths.
ok "the client compiles" javac -Xlint:all,-path -Werror -proc:none -cp "$jars" -d "$work/classes" \
    "$(dirname "$0")"/bouncycastle/*.java

# client DIR [PROTOCOL URL]... It runs for seconds: the compiler that thinks longer does not pay.
client() {
    java -XX:TieredStopAtLevel=1 -cp "$work/classes:$jars" Client "$1" "$dir/tls/server.pem" "${@:2}"
}

for program in cmpd cmpd-epoll; do
    demo "$program"
    add_tls
    start_server "$program" "$dir/cmpd.yaml" "$work/$program.log"
    path=.well-known/cmp/p/demo
    ok "$program: the course of events" client "$dir" HTTP_1_1 "http://127.0.0.1:$port/$path" \
        HTTP_2 "https://localhost:$tls_port/$path"
    same "$program: what is in the store" \
        "$("$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" 2>/dev/null | awk 'NR > 1 {print $1, $2}' | sort)" \
        "$(sort "$work/last.out")"
    stop_server
done

# ONAP's certificate service, where the profile lets SHA-1 stretch a secret.
add_profile onap "tolerate: [sha1-owf, sha1-mac]" \
    "request.honour: [subjectAltName, keyUsage, extendedKeyUsage, validity]"
printf 'a secret of ONAP' >"$work/secret"
ok "a secret for it" "$CMPD_BIN/cmpctl" secret add --config "$dir/cmpd.yaml" --reference onap --secret-file "$work/secret" \
    --profile onap --reusable
start_server cmpd "$dir/cmpd.yaml" "$work/onap.log"
onap() {
    java -XX:TieredStopAtLevel=1 -cp "$work/classes:$jars" Onap "$dir" "$dir/tls/server.pem" \
        "http://127.0.0.1:$port/.well-known/cmp/p/$1" onap "$work/secret"
}
ok "the habits of ONAP's certificate service" onap onap
refused "the same under a profile without the tolerance sha1-owf" 'failInfo.*SHA-1 must not stretch the secret' onap demo
stop_server

# The client checks what it says it checks: with another root it accepts nothing.
start_server cmpd "$dir/cmpd.yaml" "$work/again.log"
mkdir -p "$work/strange/ca"
cp -r "$dir/demo" "$work/strange"
cp "$dir/ca/issuing.pem" "$work/strange/ca"
cp "$dir/demo/vendor-root.pem" "$work/strange/ca/root.pem"
refused "another root" 'CertPathBuilderException' client "$work/strange" HTTP_1_1 "http://127.0.0.1:$port/$path"
stop_server
# An RA by Bouncy Castle sends on messages of OpenSSL (RFC 9483 5.2.2): ip is body 1.
credentials
make_ra
openssl pkcs8 -topk8 -nocrypt -in "$work/ra.key" -out "$work/ra8.key"
sed -i 's|^vendors:|vendors:\n  - name: registration\n    anchors: [ra-ca.pem]|' "$dir/cmpd.yaml"
add_profile nested "accept.ras: [registration]" "names.subject_bound: false"
for i in 1 2; do unsent station "$i" "${by_device[@]}"; done
start_server cmpd "$dir/cmpd.yaml" "$work/nested.log"
nested() {
    java -XX:TieredStopAtLevel=1 -cp "$work/classes:$jars" Nested "$dir" "$dir/tls/server.pem" \
        "http://127.0.0.1:$port/.well-known/cmp/p/nested" "$work/ra8.key" "$work/ra.pem" "$@"
}
ok "an RA" nested "$work/station1" "$work/station2"
# Each has its certificate, once: the first message came twice.
same "what it was answered" "$(tr '\n' ' ' <"$work/last.out")" "added 1 batch 1 batch 1 "
same "certificates" "$("$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" --json 2>/dev/null | grep -c "station-")" 2
stop_server
done_testing
