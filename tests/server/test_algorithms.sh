#!/bin/bash
# What a profile takes of algorithms: accepted, too weak, deprecated until a day, refused from it on (RFC 9481 section 7).
. "$(dirname "$0")/../lib.sh"

demo algorithms
credentials
day() {
    date -u -d "$1" +%F
}
add_profile few "accept.signatures: [ecdsa-with-SHA384, ecdsa-with-SHA512]" "accept.macs: [PBMAC1, hmacWithSHA512]"
add_profile strong "accept.min_strength: 192"
add_profile leaving "accept.deprecated: [ecdsa-with-SHA256 until $(day +10days), PasswordBasedMac]"
add_profile left "accept.deprecated: [ecdsa-with-SHA256 until $(day -1days)]"
for profile in few leaving; do
    printf 'a secret of %s' "$profile" >"$work/secret"
    ok "a secret for $profile" "$CMPD_BIN/cmpctl" secret add --config "$dir/cmpd.yaml" --reference "$profile" \
        --secret-file "$work/secret" --profile "$profile" --reusable
done
log=$work/algorithms.log
new_key "$work/new.key" P-256
ctl=$CMPD_BIN/cmpctl
use_client 3.5

# to PROFILE ARGUMENTS...: an ir there.
to() {
    cmp -path ".well-known/cmp/p/$1" -cmd ir -newkey "$work/new.key" -subject /CN=gnb -certout "$work/out.pem" "${@:2}"
}
# told PROFILE SETTING: the log names the setting of the last refusal.
told() {
    ok "$1: the log has $2" grep -Eq "event=\"request refused\".* failInfo=badAlg .* setting=profiles\[[0-9]+\].$2 profile=$1 " "$log"
}
by_secret_of() {
    by_this=(-ref "$1" -secret "pass:a secret of $1" -recipient /CN=x -trusted "$dir/ca/root.pem")
}

"$ctl" check "$dir/cmpd.yaml" >"$work/check" 2>&1 || true # with warnings
ok "the end is told ahead" grep -q "ecdsa-with-SHA256 is refused from $(day +10days) on" "$work/check"
start_server cmpd "$dir/cmpd.yaml" "$log"

refused "not accepted" 'protectionAlg: ecdsa-with-SHA256 is not accepted by this profile: use ecdsa-with-SHA384, ecdsa-with-SHA512' \
    to few "${by_device[@]}"
told few accept.signatures
ok "accepted" to few "${by_device[@]}" -digest sha384
by_secret_of few
refused "a scheme that is not accepted" 'PasswordBasedMac is not accepted by this profile: use PBMAC1, hmacWithSHA512' to few "${by_this[@]}"
told few accept.macs

refused "too weak an algorithm" 'ecdsa-with-SHA256: it has 128 bits of security, and this profile wants 192: use ecdsa-with-SHA384' \
    to strong "${by_device[@]}"
refused "too weak a key" 'P-256 with 256 bits, has 128 bits of security, and this profile wants 192' \
    to strong "${by_device[@]}" -digest sha384
told strong accept.min_strength

ok "deprecated, and taken" to leaving "${by_device[@]}"
ok "the log says so" grep -Eq 'event="certificate issued".* profile=leaving .* deprecated=ecdsa-with-SHA256 ' "$log"
ok "and warns of it" grep -Eq 'level=warn event="deprecated algorithm" algorithm=ecdsa-with-SHA256 profile=leaving ' "$log"
by_secret_of leaving
ok "deprecated without a day" to leaving "${by_this[@]}"
same "ir and certConf of both are counted, popo with them" \
    "$(curl -s "http://127.0.0.1:$port/tolerances" | sed 's/"since":[0-9]*,//')" \
    '{"profiles":{"leaving":{"deprecated ecdsa-with-SHA256":3,"deprecated PasswordBasedMac":2}},"vendors":{"demo":{"deprecated ecdsa-with-SHA256":1}}}'
ok "cmpctl shows it" grep -Eq '^tolerated +deprecated ecdsa-with-SHA256 3, deprecated PasswordBasedMac 2, since' \
    <("$ctl" profile show leaving --config "$dir/cmpd.yaml")

refused "from its day on" "protectionAlg: ecdsa-with-SHA256 is refused since $(day -1days): use ecdsa-with-SHA384" to left "${by_device[@]}"
told left accept.deprecated
ok "another is taken" to left "${by_device[@]}" -digest sha384
stop_server
