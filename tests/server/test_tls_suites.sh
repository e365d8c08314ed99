#!/bin/bash
# Which TLS is spoken: 1.3, and of 1.2 only suites with AEAD and ECDHE; RSA key exchange where a listener's setting says so.
. "$(dirname "$0")/../lib.sh"

# hello ARGUMENTS...: what a handshake came to, "VERSION SUITE"; "refused" where the server answers with an alert, and else
# what the client said.
hello() {
    local agreed status=0
    timeout "$patience" openssl s_client -connect "127.0.0.1:$tls_port" "$@" </dev/null >"$work/hello" 2>&1 || status=$?
    agreed=$(sed -n 's/^New, \(TLSv[0-9.]*\), Cipher is \(.*\)/\1 \2/p' "$work/hello")
    if [ "$status" -eq 0 ] && [ -n "$agreed" ]; then
        echo "$agreed"
    elif grep -Eq 'tlsv1 alert protocol version|alert handshake failure' "$work/hello"; then
        echo refused
    else
        cat "$work/hello"
    fi
}

for program in cmpd cmpd-epoll; do
    demo "$program"
    add_tls
    start_server $program "$dir/cmpd.yaml" "$work/$program.log"
    same "$program: at best" "$(hello)" "TLSv1.3 TLS_AES_256_GCM_SHA384"
    same "$program: 1.2" "$(hello -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256)" "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256"
    same "$program: 1.2 with ChaCha20" "$(hello -tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305)" \
        "TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305"
    same "$program: 1.2 without AEAD" "$(hello -tls1_2 -cipher 'ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA256')" refused
    same "$program: 1.1" "$(hello -tls1_1 -cipher 'ALL:@SECLEVEL=0')" refused
    stop_server

    # Key exchange by RSA takes an RSA key.
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/tls/server.key" -out "$dir/tls/server.pem" -days 2 \
        -subj /CN=localhost 2>/dev/null
    chmod 600 "$dir/tls/server.key"
    start_server $program "$dir/cmpd.yaml" "$work/$program.log"
    same "$program: an RSA certificate" "$(hello -tls1_2)" "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"
    same "$program: RSA key exchange" "$(hello -tls1_2 -cipher 'AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:AES256-SHA')" refused
    stop_server
    sed -i 's,key: tls/server.key},key: tls/server.key\, rsa_key_exchange: true},' "$dir/cmpd.yaml"
    start_server $program "$dir/cmpd.yaml" "$work/$program.log"
    same "$program: RSA key exchange by setting" "$(hello -tls1_2 -cipher AES128-GCM-SHA256)" "TLSv1.2 AES128-GCM-SHA256"
    same "$program: and not without AEAD" "$(hello -tls1_2 -cipher 'AES128-SHA:AES256-SHA')" refused
    same "$program: nor by choice" "$(hello -tls1_2)" "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"
    stop_server
done
done_testing
