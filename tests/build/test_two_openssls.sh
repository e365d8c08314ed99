#!/bin/bash
# TLS to a client by BoringSSL and TLS to PostgreSQL by the system's OpenSSL, in one process, at the same time, with every
# engine at work besides.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"

program=$CMPD_TESTS/two-openssls
[ -x "$program" ] || fail "$program was not built: deploy/packages test installs libpq-dev"

postgres_new postgres
postgres_start postgres
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/front.key" -out "$work/front.pem" \
    -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
chmod 600 "$work/front.key"

# Whatever the system's libraries define must be found in them, by libpq and by each other.
for library in libssl.so.3 libcrypto.so.3; do
    path=$(ldd "$program" | awk -v library="$library" '$1 == library { print $3 }')
    [ -f "$path" ] || fail "$program does not come with $library"
    nm -D --defined-only "$path" | awk -v library="$library" '$2 ~ /[TWDBR]/ { sub(/@.*/, "", $3); print library, $3 }'
done >"$work/symbols"
for name in SSL_new SSL_CTX_new EVP_DigestSignInit BN_new ERR_clear_error X509_free; do
    ok "$name is among them" grep -q " $name\$" "$work/symbols"
done

# verify-full must hold here, too: neither another CA nor another name will do.
elsewhere=$(postgres_url postgres)
elsewhere=${elsewhere/@localhost:/@elsewhere:}
touch "$work/program.log"
"$program" "$work/front.pem" "$work/front.key" "$(postgres_url postgres)" \
    "$(postgres_url postgres "$work/front.pem")" "$elsewhere" <"$work/symbols" >"$work/program.log" 2>&1 &
server=$!
servers+=("$server")

# said PATTERN COUNT: waits until the program has printed so many lines that match.
said() {
    until_so "$2 lines '$1'" said_or_ended $(($2 - 1)) "$1"
    has_more $(($2 - 1)) "$1" "$work/program.log" || fail "the program ended: $(tail -n 5 "$work/program.log")"
}
said_or_ended() {
    has_more "$1" "$2" "$work/program.log" || is_gone "$server"
}
said '^ready$' 1
front=https://127.0.0.1:$(sed -n 's/.*event=listening.* address=[^ ]*:\([0-9]*\).*/\1/p' "$work/program.log")
same "every symbol was looked up" "$(sed -n 's/^symbols //p' "$work/program.log")" "$(wc -l <"$work/symbols")"
same "engines" "$(grep -c '^engine ' "$work/program.log")" 3
ok "BoringSSL takes part" grep -q '^engine boringssl: takes part' "$work/program.log"
ok "AWS-LC takes part" grep -q '^engine aws-lc: takes part' "$work/program.log"
if grep -q avx512ifma /proc/cpuinfo; then
    ok "crypto_mb takes part" grep -q '^engine crypto_mb: takes part' "$work/program.log"
fi
said '^round$' 1

# handshake OPTION...: a connection of its own to the front, by TLS 1.3.
handshake() {
    local said
    said=$(curl -sS --tlsv1.3 --cacert "$work/front.pem" -w '%{http_code} %{http_version}' "$@") && echo "$said"
}
rounds=$(grep -c '^round$' "$work/program.log")
for ((i = 0; i < 20; i++)); do
    same "a page over HTTP/2" "$(handshake "$front/hello")" $'hello\n200 2'
    same "a page over HTTP/1.1" "$(handshake --http1.1 "$front/hello")" $'hello\n200 1.1'
    same "an answer" "$(handshake -H 'Content-Type: application/pkixcmp' --data-binary "message $i" \
        "$front/.well-known/cmp")" "message ${i}200 2"
done
refused "the front is only who it is" 'certificate' curl -sS --cacert "$work/postgres/ca.pem" "$front/hello"
# And libpq was at work all the while: more than one round of each of its two threads.
said '^round$' $((rounds + 5))
kill -TERM "$server"
wait "$server" || fail "the program ended with status $?: $(tail -n 5 "$work/program.log")"
ok "stopped" grep -q '^stopped$' "$work/program.log"
echo "$(grep -c '^round$' "$work/program.log") rounds beside 60 handshakes"
postgres_stop postgres
done_testing
