#!/bin/bash
# TLS files of listeners are taken up when they change, without a signal: symbolic links that are switched, as Kubernetes does,
# and files that are replaced one after the other, as ACME clients do. A pair that does not fit is an alarm until it does.
. "$(dirname "$0")/../lib.sh"

# subject: of the certificate that a new connection sees.
subject() {
    openssl s_client -connect "127.0.0.1:$tls_port" </dev/null 2>/dev/null | openssl x509 -noout -subject -nameopt multiline |
        sed -n 's/ *commonName *= //p'
}

sees() {
    [ "$(subject)" = "$1" ]
}

# asks_for CA: it takes clients below that one.
asks_for() {
    openssl s_client -connect "127.0.0.1:$tls_port" </dev/null 2>/dev/null | grep -q "^CN = $1\$"
}

# pair FOLDER NAME: certificate and key of NAME, and who vouches for clients.
pair() {
    mkdir -p "$1"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1/server.key" -out "$1/server.pem" \
        -days 2 -subj "/CN=$2" 2>/dev/null
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null -out "$1/clients.pem" -days 2 \
        -subj "/CN=clients of $2" 2>/dev/null
    chmod 600 "$1/server.key"
}

# alarm VALUE: what /metrics says of it.
alarm() {
    curl -s "http://127.0.0.1:$port/metrics" | grep -q "^cmpd_alarm{alarm=\"tls\"} $1\$"
}

demo tls
add_tls
sed -i 's|key: tls/server.key}|key: tls/server.key, client_ca: tls/clients.pem}|' "$dir/cmpd.yaml"
tls=$dir/tls
log=$work/server.log
rm "$tls/server.pem" "$tls/server.key"
pair "$tls/..1" first
ln -s ..1 "$tls/..data"
for file in server.pem server.key clients.pem; do
    ln -s "..data/$file" "$tls/$file"
done
start_server cmpd "$dir/cmpd.yaml" "$log"
ok "the first certificate" sees first
ok "and whom it asks for" asks_for 'clients of first'

# One link for all of them.
pair "$tls/..2" second
ln -s ..2 "$tls/..next"
mv -T "$tls/..next" "$tls/..data"
until_so "the second certificate" sees second
ok "and whom it asks for" asks_for 'clients of second'
ok "the log has it" grep -q 'event="TLS files taken up"' "$log"

# One file after the other. In between it is the former pair that serves.
pair "$work/third" third
mv "$work/third/server.pem" "$tls/server.pem"
wait_log "$log" 'TLS files refused" alarm=tls.*cmpd.yaml:[0-9]+: .*the key does not belong'
until_so "the alarm" alarm 1
ok "the second one still" sees second
mv "$work/third/server.key" "$tls/server.key"
until_so "the third certificate" sees third
until_so "no alarm any more" alarm 0
ok "the log has it" grep -q 'TLS files are in order again' "$log"
same "it was told once" "$(lines_of 'TLS files refused' "$log")" 1
same "nobody sent a signal" "$(lines_of 'configuration (loaded|refused)' "$log")" 0
stop_server
done_testing
