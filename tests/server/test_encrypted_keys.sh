#!/bin/bash
# Key files that are encrypted (PKCS #8, RFC 5958): opened by the passphrase that key_passphrase_file names, or that systemd hands over; what
# does not open them is told with the setting, and no passphrase is in the log.
. "$(dirname "$0")/../lib.sh"

ctl=$CMPD_BIN/cmpctl
demo ca
add_tls
credentials
new_key "$work/new.key" P-256
config=$dir/cmpd.yaml
words="correct horse é 42"
(umask 077 && printf '%s\n' "$words" >"$dir/passphrase")
mkdir "$work/credentials"
(umask 077 && printf '%s' "$words" >"$work/credentials/words")

# encrypt FILE ARG...: it is encrypted then.
encrypt() {
    local file=$1
    shift
    openssl pkcs8 -topk8 "$@" -in "$file" -out "$file.new" -passout "pass:$words" 2>/dev/null
    chmod 600 "$file.new"
    mv "$file.new" "$file"
}
cp "$dir/ca/issuing.key" "$work/plain.key"
encrypt "$dir/ca/issuing.key" -v2 aes-256-cbc
encrypt "$dir/ca/cmp.key" -v2 aes-128-cbc -iter 5000
encrypt "$dir/tls/server.key" -v2 aes-256-cbc
same "they are encrypted" "$(cat "$dir/ca/issuing.key" "$dir/ca/cmp.key" "$dir/tls/server.key" | grep -c 'BEGIN ENCRYPTED PRIVATE KEY')" 3

fault="cmpd\.yaml:[0-9]*: .*"
refused "without a passphrase" "${fault}server.key is encrypted; name the file with its passphrase: key_passphrase_file" "$ctl" check "$config"
sed -i '1i key_passphrase_file: passphrase' "$config"
ok "with it" "$ctl" check "$config"
start_server cmpd "$config" "$work/cmpd.log"
ok "it enrolls" cmp -cmd ir "${by_device[@]}" -newkey "$work/new.key" -subject /CN=one -certout "$work/one.pem"
ok "over TLS, too" curl -sf --cacert "$dir/tls/server.pem" "https://127.0.0.1:$tls_port/healthz"
kill -HUP "$server"
wait_log "$work/cmpd.log" 'event="configuration loaded"'
stop_server

# As systemd does it.
sed -i 's/^key_passphrase_file: .*/key_passphrase_file: credential:words/' "$config"
refused "without systemd" "/run/credentials/cmpd.service/words" "$ctl" check "$config"
export CREDENTIALS_DIRECTORY=$work/credentials
ok "from the folder of credentials, without a line's end" "$ctl" check "$config"
start_server cmpd "$config" "$work/cmpd.log"
ok "it enrolls by that" cmp -cmd ir "${by_device[@]}" -newkey "$work/new.key" -subject /CN=two -certout "$work/two.pem"
stop_server

# What is wrong is told.
cannot="${fault}[a-z]*.key cannot be opened by the first line of .*/words"
echo "other words" >"$work/credentials/words"
refused "other words" "$cannot" "$ctl" check "$config"
: >"$work/credentials/words"
refused "no words" "$cannot" "$ctl" check "$config"
printf '%s' "$words" >"$work/credentials/words"
chmod 644 "$work/credentials/words"
refused "others can read it" "others can read .*words; run chmod 600" "$ctl" check "$config"
chmod 600 "$work/credentials/words"
cp "$dir/ca/issuing.key" "$work/encrypted.key"
head -c 300 "$work/encrypted.key" >"$dir/ca/issuing.key"
refused "half a key" "${fault}issuing.key" "$ctl" check "$config"
cp "$work/plain.key" "$dir/ca/issuing.key"
encrypt "$dir/ca/issuing.key" -scrypt
refused "scrypt, which BoringSSL lacks" "${cannot}.*openssl pkcs8 -topk8 -v2 aes-256-cbc" "$ctl" check "$config"
openssl ec -in "$work/plain.key" -aes256 -passout "pass:$words" -out "$dir/ca/issuing.key" 2>/dev/null
refused "the older form, which has no PKCS #8 around it" "an encrypted one is PKCS #8" "$ctl" check "$config"
cp "$work/encrypted.key" "$dir/ca/issuing.key"
ok "and well again" "$ctl" check "$config"

# Tools of people: the root's key, for its CRL.
(umask 077 && printf '%s\nmore\n' "$words" >"$work/words")
encrypt "$dir/ca/root.key" -v2 aes-256-cbc
refused "the root's key is encrypted" 'root.key is encrypted: name .* --passphrase-file' "$ctl" ca crl --certificate "$dir/ca/root.pem" \
    --key "$dir/ca/root.key" "$work/root.crl"
ok "by its passphrase" "$ctl" ca crl --certificate "$dir/ca/root.pem" --key "$dir/ca/root.key" --passphrase-file "$work/words" "$work/root.crl"
ok "a CRL" openssl crl -in "$work/root.crl" -noout -CAfile "$dir/ca/root.pem"

same "no passphrase in the log" "$(lines_of "$words" "$work/cmpd.log" -F)" 0
done_testing
