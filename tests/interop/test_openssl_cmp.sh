#!/bin/bash
# Debian's openssl cmp against cmpd: every request, both protections, both confirmations, both transports, both fronts.
. "$(dirname "$0")/../lib.sh"

# enroll TEXT COMMAND CONFIRMATION OUT ARGUMENTS...: one transaction, and what must be true of its certificate.
enroll() {
    local text=$1 command=$2 confirmation=$3 out=$4 request=()
    shift 4
    if [ "$command" = p10cr ]; then
        request=(-csr "$work/request.csr")
    else
        request=(-newkey "$work/new.key" -subject "/O=Operator/CN=gnb-1")
    fi
    if [ "$confirmation" = implicit ]; then request+=(-implicit_confirm); fi
    rm -f "$out"
    ok "$text" cmp -cmd "$command" "${request[@]}" -certout "$out" "$@"
    if [ "$confirmation" = implicit ]; then
        if grep -q 'sending CERTCONF' "$work/last.out"; then fail "$text: implicit confirmation was not granted"; fi
    else
        grep -q 'received PKICONF' "$work/last.out" || fail "$text: no pkiConf came"
    fi
    ok "$text: the chain" openssl verify -CAfile "$dir/ca/root.pem" -untrusted "$dir/ca/issuing.pem" "$out"
    same "$text: the key" "$(openssl x509 -in "$out" -noout -pubkey)" "$(openssl pkey -in "$work/new.key" -pubout)"
    same "$text: the subject" "$(openssl x509 -in "$out" -noout -subject)" "subject=O = Operator, CN = gnb-1"
    same "$text: in the store" "$(stored_status "$out")" valid
}

new_key "$work/new.key" P-256
openssl req -new -key "$work/new.key" -subj "/O=Operator/CN=gnb-1" -out "$work/request.csr"

for program in cmpd cmpd-epoll; do
    demo "$program"
    add_tls
    credentials
    start_server "$program" "$dir/cmpd.yaml" "$work/$program.log"
    for command in ir cr p10cr; do
        for confirmation in explicit implicit; do
            enroll "$program $command signature $confirmation" "$command" "$confirmation" "$work/out.pem" "${by_device[@]}"
            enroll "$program $command MAC $confirmation" "$command" "$confirmation" "$work/out.pem" "${by_secret[@]}"
            enroll "$program $command signature $confirmation TLS" "$command" "$confirmation" "$work/out.pem" \
                "${by_device[@]}" -server "127.0.0.1:$tls_port" -tls_used -tls_trusted "$dir/tls/server.pem"
            enroll "$program $command MAC $confirmation TLS" "$command" "$confirmation" "$work/out.pem" \
                "${by_secret[@]}" -server "127.0.0.1:$tls_port" -tls_used -tls_trusted "$dir/tls/server.pem"
        done
    done
    stop_server
done
done_testing
