#!/bin/bash
# openssl cmp of this Debian and of the next against cmpd: the cases of matrix.py, a selection or, in soak, all of them.
. "$(dirname "$0")/../lib.sh"

name=/O=Operator/CN=gnb-1
new_key "$work/new.key" P-256
new_key "$work/own.key" P-256
openssl req -new -key "$work/new.key" -subj "$name" -out "$work/request.csr"

# use_own_certificate: a certificate of this CA in $work/own.pem, and by_own, the arguments that protect a request with it.
use_own_certificate() {
    ok "$title: a certificate to begin with" cmp -cmd ir -newkey "$work/own.key" -subject "$name" -implicit_confirm \
        "${by_device[@]}" -certout "$work/own.pem"
    by_own=(-cert "$work/own.pem" -key "$work/own.key" -trusted "$dir/ca/root.pem")
}

# enroll COMMAND CONFIRMATION ARGUMENTS...: one transaction, and what must be true of its certificate.
enroll() {
    local command=$1 confirmation=$2 out=$work/out.pem request=()
    shift 2
    case $command in
    p10cr) request=(-csr "$work/request.csr") ;;
    kur) request=(-newkey "$work/new.key") ;; # the subject is the old one (RFC 9483 4.1.3)
    *) request=(-newkey "$work/new.key" -subject "$name") ;;
    esac
    if [ "$confirmation" = implicit ]; then request+=(-implicit_confirm); fi
    rm -f "$out"
    ok "$title" cmp -cmd "$command" "${request[@]}" -certout "$out" "$@"
    if [ "$confirmation" = implicit ]; then
        if grep -q 'sending CERTCONF' "$work/last.out"; then fail "$title: implicit confirmation was not granted"; fi
    else
        grep -q 'received PKICONF' "$work/last.out" || fail "$title: no pkiConf came"
    fi
    ok "$title: the chain" openssl verify -CAfile "$dir/ca/root.pem" -untrusted "$dir/ca/issuing.pem" "$out"
    same "$title: the key" "$(openssl x509 -in "$out" -noout -pubkey)" "$(openssl pkey -in "$work/new.key" -pubout)"
    same "$title: the subject" "$(openssl x509 -in "$out" -noout -subject)" "subject=O = Operator, CN = gnb-1"
    same "$title: in the store" "$(stored_status "$out")" valid
}

# revoke ARGUMENTS...: the certificate $work/own.pem, once and for all.
revoke() {
    ok "$title" cmp -cmd rr -oldcert "$work/own.pem" -revreason 5 "${by_own[@]}" "$@"
    same "$title: in the store" "$(stored_status "$work/own.pem")" revoked
    refused "$title: again" 'certRevoked' cmp -cmd rr -oldcert "$work/own.pem" "${by_own[@]}" "$@"
    refused "$title: it enrolls no more" 'signerNotTrusted' cmp -cmd cr -newkey "$work/new.key" -subject "$name" \
        -certout "$work/none.pem" "${by_own[@]}" "$@"
    refused "$title: nor is it updated" 'signerNotTrusted' cmp -cmd kur -newkey "$work/new.key" \
        -certout "$work/none.pem" "${by_own[@]}" "$@"
}

# kur and rr must be signed with the certificate that they are about (RFC 9483 4.1.3, 4.2); who signs with another one
# is told what is wrong: the certificate (kur), or his right to ask for that (rr).
refuse_protection() {
    local command=$1 protection=$2 says before
    shift 2
    case $protection,$command in
    mac,*) says=wrongIntegrity ;;
    *,kur) says=badCertId ;;
    *,rr) says=notAuthorized ;;
    esac
    before=$("$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml")
    refused "$title" "$says" cmp -cmd "$command" -oldcert "$work/own.pem" -newkey "$work/new.key" -certout "$work/none.pem" "$@"
    same "$title: nothing has changed" "$("$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml")" "$before"
}

# run_case VERSION COMMAND PROTECTION CONFIRMATION TRANSPORT
run_case() {
    local version=$1 command=$2 protection=$3 confirmation=$4 transport=$5 arguments=()
    use_client "$version"
    if [ "$transport" = https ]; then
        arguments+=(-server "127.0.0.1:$tls_port" -tls_used -tls_trusted "$dir/tls/server.pem")
    fi
    if [ "$protection" = own ] || [ "$command" = kur ] || [ "$command" = rr ]; then use_own_certificate; fi
    case $protection in
    vendor) arguments+=("${by_device[@]}") ;;
    own) arguments+=("${by_own[@]}") ;;
    mac) arguments+=("${by_secret[@]}") ;;
    esac
    case $protection,$command in
    own,rr) revoke "${arguments[@]}" ;;
    own,* | *,ir | *,cr | *,p10cr) enroll "$command" "$confirmation" "${arguments[@]}" ;;
    # This refusal is signed: the client needs an anchor for it.
    *) refuse_protection "$command" "$protection" "${arguments[@]}" -trusted "$dir/ca/root.pem" ;;
    esac
}

selection=pairs
if [ -n "${CMPD_SOAK:-}" ]; then selection=all; fi
"$(dirname "$0")/matrix.py" "$selection" >"$work/matrix"
for program in cmpd cmpd-epoll; do
    demo "$program"
    add_tls
    credentials
    start_server "$program" "$dir/cmpd.yaml" "$work/$program.log"
    while read -r front rest <&3; do
        title="$front $rest"
        if [ "$front" = "$program" ]; then run_case $rest; fi
    done 3<"$work/matrix"
    stop_server
done
echo "$(wc -l <"$work/matrix") cases"
done_testing
