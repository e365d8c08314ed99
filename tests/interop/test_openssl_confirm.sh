#!/bin/bash
# What becomes of a certificate that the client rejects, or never confirms (RFC 9483 4.1.1), with openssl cmp.
. "$(dirname "$0")/../lib.sh"

demo confirm
credentials
for word in revoke hold keep; do add_profile "$word" "confirm.wait_seconds: 1" "confirm.unconfirmed: $word"; done
start_server cmpd "$dir/cmpd.yaml" "$work/confirm.log"
new_key "$work/new.key" P-256

# becomes SUBJECT STATUS: within some seconds, the certificate of that subject has that status in the store.
becomes() {
    local i
    for ((i = 0; i < 100; i++)); do
        [ "$(stored subject "$1" status)" = "$2" ] && break
        sleep 0.1
    done
    same "$1 in the end" "$(stored subject "$1" status)" "$2"
}

for version in 3.0 3.5; do
    use_client "$version"
    request=(-cmd ir -newkey "$work/new.key" -certout "$work/out.pem")
    # No path leads from the certificate to what the client trusts for it: certConf with the status rejection.
    for protection in by_device by_secret; do
        declare -n arguments=$protection
        name=rejected-$version-$protection
        refused "$version, $protection: rejected by the client" 'certificate not accepted' cmp "${request[@]}" \
            -subject "/CN=$name" "${arguments[@]}" -out_trusted "$dir/demo/vendor-root.pem"
        grep -q 'received PKICONF' "$work/last.out" || fail "$version, $protection: its certConf was not answered"
        same "$version, $protection: what was rejected is revoked" "$(stored subject "CN=$name" status)" revoked
    done
    ok "$version: asked for nothing, told nothing" cmp "${request[@]}" -subject "/CN=silent-$version" "${by_device[@]}" \
        -disable_confirm
    same "$version: it waits for a certConf" "$(stored_status "$work/out.pem")" unconfirmed
    for word in revoke hold keep; do
        ok "$version: never confirmed, $word" cmp "${request[@]}" -subject "/CN=$word-$version" "${by_device[@]}" \
            -disable_confirm -path ".well-known/cmp/p/$word"
    done
done
for version in 3.0 3.5; do
    becomes "CN=revoke-$version" revoked
    becomes "CN=hold-$version" hold
    becomes "CN=keep-$version" valid
    same "$version: where the profile says so, it waits longer" "$(stored subject "CN=silent-$version" status)" unconfirmed
done
stop_server
done_testing
