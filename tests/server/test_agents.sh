#!/bin/bash
# Enrollment agents: who enrolls for others by a certificate without id-kp-cmcRA, for names by pattern and so often a day;
# and a p10cr that counts as an update, as those send it who know nothing else.
. "$(dirname "$0")/../lib.sh"

demo agents
credentials
config=$dir/cmpd.yaml
log=$work/agents.log

# An agent of a CA that nobody trusts, and another one that this CA enrolls under a profile for that.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" \
    -days 2 -subj "/CN=CA of managers" 2>/dev/null
new_key "$work/manager.key" P-256
printf 'keyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\n' >"$work/ext"
openssl req -new -key "$work/manager.key" -subj "/CN=DU manager" |
    openssl x509 -req -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 -extfile "$work/ext" \
        -out "$dir/manager.pem" 2>/dev/null
agents='[]
      agents:
        - name: manager
          certificate: manager.pem
          names: ["CN=*.du.example", "DNS:*.du.example", "IP:192.0.2.*"]
          per_day: 4
        - name: issuer
          profile: managers
          names: ["CN=*.svc.example", "DNS:*.svc.example", O=Operator]'
add_profile managers
add_profile du "accept.ras: $agents" "accept.vendors: []" "names.subject_bound: true" "update.by_request: true" "update.predecessor: revoke"
start_server cmpd "$config" "$log"

by_manager=(-cert "$dir/manager.pem" -key "$work/manager.key" -trusted "$dir/ca/root.pem" -path .well-known/cmp/p/du)
new_key "$work/new.key" P-256

# csr NAME SUBJECT [SAN]: a request in $work/NAME.csr, with a key of its own.
csr() {
    local extension=()
    [ $# -lt 3 ] || extension=(-addext "subjectAltName=$3")
    new_key "$work/$1.key" P-256
    openssl req -new -key "$work/$1.key" -subj "$2" "${extension[@]}" -out "$work/$1.csr"
}

# p10cr NAME ARGUMENTS...: sends it; the certificate is in $work/NAME.pem.
p10cr() {
    cmp -cmd p10cr -csr "$work/$1.csr" -certout "$work/$1.pem" "${@:2}"
}

csr du1 "/CN=du1.du.example" "DNS:du1.du.example,IP:192.0.2.7"
ok "a p10cr of an agent" p10cr du1 "${by_manager[@]}"
ok "its name" test "$(openssl x509 -in "$work/du1.pem" -noout -ext subjectAltName | tail -n 1 | tr -d ' ')" = \
    "DNS:du1.du.example,IPAddress:192.0.2.7"
ok "an ir" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=DU2.du.example" -certout "$work/du2.pem" "${by_manager[@]}"
same "which device it is, nobody knows" "$(stored serial "$(serial_of "$work/du2.pem")" vendor)" ""

# What it may not.
for subject in /CN=du1.example /CN=du.example "/CN=a.du.example/CN=b.example" "/CN=a.du.example/O=Operator" "/CN=*.du.example"; do
    refused "subject $subject" 'notAuthorized.*this agent may not enroll for all of these names' \
        cmp -cmd ir -newkey "$work/new.key" -subject "$subject" -certout "$work/none.pem" "${by_manager[@]}"
done
wait_log "$log" 'agent manager: O=Operator looks like none of its names'
for san in DNS:other.example "DNS:*.du.example" IP:198.51.100.1 email:root@du.example URI:https://a.du.example DNS:a.du.example,dirName:dir; do
    printf '[dir]\nCN=a.du.example\n' >"$work/dir.cnf"
    new_key "$work/bad.key" P-256
    printf '[req]\ndistinguished_name=dn\nreq_extensions=ext\n[dn]\n[ext]\nsubjectAltName=%s\n[dir]\nCN=a.du.example\n' "$san" >"$work/bad.cnf"
    openssl req -new -config "$work/bad.cnf" -key "$work/bad.key" -subj /CN=a.du.example -out "$work/bad.csr"
    refused "subjectAltName $san" notAuthorized p10cr bad "${by_manager[@]}"
done
refused "raVerified" 'notAuthorized.*raVerified is for RAs' cmp -cmd ir -popo 0 -newkey "$work/new.key" \
    -subject /CN=a.du.example -certout "$work/none.pem" "${by_manager[@]}"
refused "a kur of what it got" signerNotTrusted cmp -cmd kur -newkey "$work/new.key" -oldcert "$work/du1.pem" \
    -certout "$work/none.pem" "${by_manager[@]}"
refused "an rr of what it got" signerNotTrusted cmp -cmd rr -oldcert "$work/du1.pem" -revreason 0 "${by_manager[@]}"
refused "in a profile that does not have it" signerNotTrusted cmp -cmd ir -newkey "$work/new.key" \
    -subject /CN=a.du.example -certout "$work/none.pem" "${by_manager[@]}" -path .well-known/cmp/p/managers
refused "a vendor's device is no agent" signerNotTrusted cmp -cmd ir -newkey "$work/new.key" \
    -subject /CN=a.du.example -certout "$work/none.pem" "${by_device[@]}" -path .well-known/cmp/p/du

# A new p10cr for the same names is an update; who holds the new certificate confirms it, and the old one goes.
same "before" "$(stored_status "$work/du1.pem")" valid
cp "$work/du1.pem" "$work/first.pem"
csr du1 "/CN=du1.du.example" "DNS:du1.du.example,IP:192.0.2.7"
ok "with another key" p10cr du1 "${by_manager[@]}"
same "the old one" "$(stored_status "$work/first.pem")" revoked
same "the new one" "$(stored_status "$work/du1.pem")" valid
cp "$work/du1.pem" "$work/second.pem"
ok "with the same key" p10cr du1 "${by_manager[@]}" -implicit_confirm
same "the second one" "$(stored_status "$work/second.pem")" revoked
same "the third one" "$(stored_status "$work/du1.pem")" valid
same "one for other names stays" "$(stored_status "$work/du2.pem")" valid

# Its quota is used up, on this node and on any other that shares the store.
refused "the fifth of a day" 'notAuthorized.*too many certificates today' p10cr du1 "${by_manager[@]}"
wait_log "$log" 'agent manager: per_day is 4'
wait_log "$log" 'accept.agents'
sed -i 's/per_day: 4/per_day: 5/' "$config"
reload
ok "it may have more" p10cr du1 "${by_manager[@]}"
stop_server
start_server cmpd-epoll "$config" "$log"
refused "that was not forgotten" 'notAuthorized' p10cr du1 "${by_manager[@]}"

# Those that this CA enrolls under another profile.
new_key "$work/issuer.key" P-256
ok "an agent enrolls" cmp -cmd ir -newkey "$work/issuer.key" -subject /CN=issuer -certout "$work/issuer.pem" \
    "${by_device[@]}" -path .well-known/cmp/p/managers
by_issuer=(-cert "$work/issuer.pem" -key "$work/issuer.key" -trusted "$dir/ca/root.pem" -path .well-known/cmp/p/du)
csr svc "/O=Operator/CN=a.svc.example" DNS:a.svc.example
ok "and for others" p10cr svc "${by_issuer[@]}"
refused "not for those of another agent" notAuthorized cmp -cmd ir -newkey "$work/new.key" -subject /CN=a.du.example \
    -certout "$work/none.pem" "${by_issuer[@]}"
by_svc=(-cert "$work/svc.pem" -key "$work/svc.key" -trusted "$dir/ca/root.pem" -path .well-known/cmp/p/du)
refused "what an agent got is no agent" notAuthorized cmp -cmd ir -newkey "$work/new.key" -subject /CN=b.svc.example \
    -certout "$work/none.pem" "${by_svc[@]}"
# Nor has it other names.
refused "another O beside its CN" 'notAuthorized.*same names alone' cmp -cmd cr -newkey "$work/new.key" -subject "/O=Others/CN=a.svc.example" \
    -certout "$work/none.pem" "${by_svc[@]}"
wait_log "$log" 'same names alone.*setting=profiles\[[0-9]\].accept.agents'
# A client that knows p10cr alone: it signs with what is to be updated.
cp "$work/svc.pem" "$work/old.pem"
cp "$work/svc.key" "$work/old.key"
csr svc "/O=Operator/CN=a.svc.example" DNS:a.svc.example
by_old=(-cert "$work/old.pem" -key "$work/old.key" -trusted "$dir/ca/root.pem" -path .well-known/cmp/p/du)
ok "the client's own update" p10cr svc "${by_old[@]}" -implicit_confirm
same "its old one" "$(stored_status "$work/old.pem")" revoked
same "its new one" "$(stored_status "$work/svc.pem")" valid
ok "its agent is revoked" "$CMPD_BIN/cmpctl" cert revoke --config "$config" "$(serial_of "$work/issuer.pem")"
refused "and is none any more" signerNotTrusted p10cr svc "${by_issuer[@]}"
stop_server

# What the operator is told.
"$CMPD_BIN/cmpctl" profile show --config "$config" du >"$work/show"
ok "profile show tells of one agent" grep -Eq '^agents +manager: certificate /.*/manager.pem, 5 a day, for CN=[*].du.example, DNS:' "$work/show"
ok "and of the other" grep -Eq '^agents +issuer: certificates of profile managers, 100 a day, for CN=' "$work/show"
ok "check" "$CMPD_BIN/cmpctl" check "$config"
sed 's|certificate: manager.pem|certificate: ca/root.pem|' "$config" >"$dir/wrong.yaml"
refused "a CA is no agent" "is a CA's" "$CMPD_BIN/cmpctl" check "$dir/wrong.yaml"
done_testing
