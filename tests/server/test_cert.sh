#!/bin/bash
# cmpctl cert: the operator revokes, holds and releases while a node serves, which takes it at once; lists, shows and counts.
. "$(dirname "$0")/../lib.sh"

demo cmpd
credentials
. "$(dirname "$0")/../operate.sh"
ctl=$CMPD_BIN/cmpctl
log=$work/server.log
me=$(id -nr -u)
start_server cmpd "$dir/cmpd.yaml" "$log"

cert() {
    "$ctl" cert "$1" --config "$dir/cmpd.yaml" "${@:2}"
}

# by_own NAME COMMAND ARG...: a request that is signed with the certificate of NAME.
by_own() {
    cmp -cmd "$2" -cert "$work/$1.pem" -key "$work/new.key" -extracerts "$dir/ca/issuing.pem" -trusted "$dir/ca/root.pem" "${@:3}"
}

update() {
    new_key "$work/next.key" P-256
    by_own "$1" kur -newkey "$work/next.key" -certout "$work/$1-next.pem"
}

for name in gnb-1 gnb-2 gnb-3; do
    ok "enrolled" enroll "$name"
done
one=$(serial_of "$work/gnb-1.pem")
two=$(serial_of "$work/gnb-2.pem")
three=$(serial_of "$work/gnb-3.pem")

# ---- revoke ----

same "revoked, by the serial as openssl prints it" \
    "$(SUDO_USER=alice cert revoke "$(openssl x509 -in "$work/gnb-1.pem" -noout -serial)" --reason affiliationChanged \
        --comment 'stolen at site 7' 2>/dev/null)" "$one revoked affiliationChanged: CN=gnb-1"
same "stored" "$(stored_status "$work/gnb-1.pem") $(stored serial "$one" reason)" "revoked affiliationChanged"
refused "its kur" 'signerNotTrusted' update gnb-1
ok "why" grep -Eq 'event="request refused".*the protecting certificate is revoked' "$log"
refused "its rr for another" 'signerNotTrusted|certRevoked' by_own gnb-1 rr -oldcert "$work/gnb-2.pem"
refused "its rr for itself (RFC 9483 5.1.3)" 'certRevoked' by_own gnb-1 rr -oldcert "$work/gnb-1.pem"
refused "twice" "$one is revoked already, since 20[-0-9T:]*Z for affiliationChanged" cert revoke "$one"
"$ctl" audit list --config "$dir/cmpd.yaml" >"$work/audit"
ok "who, and why" grep -Eq "  revoke  revoked  cmpctl by $me, sudo says for alice  $one  reason=affiliationChanged comment=stolen at site 7\$" \
    "$work/audit"

# ---- hold and release ----

same "held" "$(cert hold "$two" --comment 'where is it?' 2>/dev/null)" "$two held: CN=gnb-2"
refused "its kur" 'signerNotTrusted' update gnb-2
refused "not held twice" "$two is on hold already, since 20" cert hold "$two"
same "released" "$(cert release "$two" 2>/dev/null)" "$two released: CN=gnb-2"
refused "not released twice" "$two is not on hold: it is valid" cert release "$two"
ok "its kur" update gnb-2
"$ctl" audit list --config "$dir/cmpd.yaml" >"$work/audit"
ok "who held it" grep -Eq "  hold  held  cmpctl by $me(, sudo says for [a-z]+)?  $two  reason=certificateHold comment=where is it\?\$" "$work/audit"
ok "who released it" grep -Eq "  release  released  cmpctl by $me(, sudo says for [a-z]+)?  $two  reason=removeFromCRL\$" "$work/audit"

# ---- what awaits certConf ----

ok "without certConf" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=gnb-4 of a site with a long name" "${by_device[@]}" \
    -disable_confirm -certout "$work/gnb-4.pem"
same "unconfirmed" "$(stored_status "$work/gnb-4.pem")" unconfirmed
four=$(serial_of "$work/gnb-4.pem")
refused "it may not be held" 'is unconfirmed: it may be revoked' cert hold "$four"
# Of several, those that can be are changed; the exit status tells that not all were.
same "the exit status" "$(status_of cert revoke "$one" "$four" "${one//[0-9]/0}")" 1
same "it may be revoked" "$(stored_status "$work/gnb-4.pem")" revoked

# ---- what is refused ----

refused "aACompromise" 'attribute certificates' cert revoke "$three" --reason aACompromise
refused "certificateHold" 'use cert hold' cert revoke "$three" --reason certificateHold
refused "the future" 'lies in the future' cert revoke "$three" --invalidity-date 2100-01-01
ok "by a list, as cert list prints it" grep -Eq '^[0-9a-f]{32} would be revoked: CN=gnb-3$' <(
    cert list --subject '*gnb-3' | cert revoke --file - --dry-run 2>/dev/null)
refused "no serial" 'name certificates by their serials, or a list of them by --file' cert revoke
mv "$dir/ca/cmp.key" "$work"
refused "without the key that seals the audit log" 'cmp.key' cert revoke "$three"
same "nothing was changed" "$(stored_status "$work/gnb-3.pem")" valid

# ---- list, show, count: without keys ----

serials() {
    cert list "$@" | tail -n +2 | cut -d' ' -f1 | xargs
}
next=$(serial_of "$work/gnb-2-next.pem")
same "the header" "$(cert list | head -n 1)" "SERIAL                           STATUS      ISSUED     EXPIRES    SUBJECT"
same "all" "$(serials)" "$one $two $three $next $four"
same "by subject" "$(serials --subject '*GNB-2*')" "$two $next"
same "by status" "$(serials --status revoked)" "$one $four"
same "by profile" "$(serials --profile other)" ""
same "by time" "$(serials --issued-after 2020-01-01 --revoked-after 2020-01-01T00:00:00Z --expires-before 2100-01-01)" "$one $four"
same "by transaction" "$(serials --transaction "$(stored serial "$three" transactionID)")" "$three"
refused "a time that is none" 'wants a date or a time in UTC' cert list --issued-after yesterday
same "what is no terminal gets all of a subject" "$(cert list --subject '*gnb-4*' | tail -n 1 | cut -c68-)" \
    "CN=gnb-4 of a site with a long name"
same "a terminal of 80 columns what fits" \
    "$(script -qec "stty cols 80; $ctl cert list --config $dir/cmpd.yaml --subject '*gnb-4*'" /dev/null | tr -d '\r' | tail -n 1 | cut -c68-)" \
    "CN=gnb-4 of …"
cert show "$next" >"$work/shown"
for line in "serial +$next" "subject +CN=gnb-2" "status +valid" "issuer +CN=Issuing CA,O=Demo Operator" "request +kur" \
    "transaction_state +confirmed" "protected_by +signature" "signer +CN=gnb-2" "signer_serial +$two" "predecessors +$two"; do
    ok "shown: $line" grep -Eq "^$line\$" "$work/shown"
done
ok "its predecessor" grep -Eq "^successors +$next\$" <(cert show "$two")
same "in JSON" "$(cert show "$one" --json | python3 -c '
import json, sys
row = json.load(sys.stdin)
print(row["status"], row["reason"], row["revoked_at"][:2], row["predecessors"])')" "revoked affiliationChanged 20 []"
same "counted" "$(cert count --by status --json | xargs -d '\n')" '{"status":"revoked","count":2} {"status":"valid","count":3}'
same "by profile" "$(cert count --by profile | xargs)" "5 demo"
same "none breaks a rule" "$(cert lint | xargs)" "5 certificates, 0 break a rule"
mv "$work/cmp.key" "$dir/ca/cmp.key"

# ---- and all of it is whole ----

ok "well" db check
kill -TERM "$server"
ended "by SIGTERM" "$server" 0
ok "whole" verify --log "$log"
untold 'entries come after'
done_testing
