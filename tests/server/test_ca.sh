#!/bin/bash
# cmpctl ca create, cross, rollover, show and export: the certificates of a CA with a new key, made offline; what OpenSSL says of them.
. "$(dirname "$0")/../lib.sh"

ctl=$CMPD_BIN/cmpctl
demo ca
cd "$dir"

# text FILE: what OpenSSL shows.
text() {
    openssl x509 -in "$1" -noout -text
}

# end FILE, begin FILE: in Unix seconds.
end() {
    date -d "$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)" +%s
}

begin() {
    date -d "$(openssl x509 -in "$1" -noout -startdate | cut -d= -f2)" +%s
}

verified() {
    openssl verify -x509_strict "$@"
}

# a_second_later: what begins now begins after the demo's root; both are dated back by the same time.
a_second_later() {
    [ "$(date +%s)" -gt "$(stat -c %Y ca/root.pem)" ]
}

# A root of the same name, with its key encrypted.
until_so "another second" a_second_later
echo 'a long sentence' >words
"$ctl" ca create ca/root-2.pem --like ca/root.pem --key ca/root-2.key --passphrase-file words >"$work/told"
ok "it is told" grep -q "^ca/root-2.pem: CN=Root CA,O=.*, until 20" "$work/told"
same "the name" "$(openssl x509 -in ca/root-2.pem -noout -subject)" "$(openssl x509 -in ca/root.pem -noout -subject)"
ok "it stands by itself" verified -CAfile ca/root-2.pem ca/root-2.pem
ok "its key is encrypted" grep -q 'BEGIN ENCRYPTED PRIVATE KEY' ca/root-2.key
same "by that passphrase" "$(openssl pkey -in ca/root-2.key -passin file:words -pubout)" "$(openssl x509 -in ca/root-2.pem -noout -pubkey)"
same "nobody else reads it" "$(stat -c %a ca/root-2.key)" 600
ok "as long as before" test $(($(end ca/root.pem) - $(begin ca/root.pem) - $(end ca/root-2.pem) + $(begin ca/root-2.pem))) -lt 86400
refused "nothing is replaced" 'cannot write ca/root-2.key: File exists' "$ctl" ca create ca/root-3.pem --like ca/root.pem --key ca/root-2.key
refused "not the certificate either" 'cannot write ca/root.pem: File exists' "$ctl" ca create ca/root.pem --like ca/root.pem --key ca/root-3.key
ok "and no key is left" test ! -e ca/root-3.key

# An issuing CA below it, of another name and kind; and who answers for that.
ok "a new issuing CA" "$ctl" ca create ca/issuing-2.pem --like ca/issuing.pem --name O=Demo --name 'CN=Issuing CA 2' --key ca/issuing-2.key \
    --key-type P-384 --issuer ca/root-2.pem --issuer-key ca/root-2.key --issuer-passphrase-file words
ok "its path" verified -CAfile ca/root-2.pem ca/issuing-2.pem
text ca/issuing-2.pem >"$work/text"
ok "its name" grep -q 'Subject: O = Demo, CN = Issuing CA 2' "$work/text"
ok "its kind" grep -q 'ASN1 OID: secp384r1' "$work/text"
ok "no CA below it" grep -q 'CA:TRUE, pathlen:0' "$work/text"
ok "who answers for it" "$ctl" ca create ca/cmp-2.pem --like ca/cmp.pem --key ca/cmp-2.key --issuer ca/issuing-2.pem --issuer-key ca/issuing-2.key
ok "its path" verified -CAfile ca/root-2.pem -untrusted ca/issuing-2.pem ca/cmp-2.pem
ok "its purpose" grep -q '1.3.6.1.5.5.7.3.27\|CMC Certificate Authority' <(text ca/cmp-2.pem)
ok "it lives no longer than the CA above" "$ctl" ca create "$work/short.pem" --role ca --name CN=Short --key "$work/short.key" --days 9000 \
    --issuer ca/root-2.pem --issuer-key ca/root-2.key --issuer-passphrase-file words
same "but as long" "$(end "$work/short.pem")" "$(end ca/root-2.pem)"
refused "no CA is below an issuing one" 'may have no CA below it' "$ctl" ca create "$work/x.pem" --role ca --name CN=x --key "$work/x.key" \
    --issuer ca/issuing-2.pem --issuer-key ca/issuing-2.key
openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=R -days 9 -addext 'nameConstraints=critical,permitted;DNS:a.example' \
    -out "$work/constrained.pem" 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=R -days 9 -out "$work/rsa.pem" 2>/dev/null
refused "what would be left out" 'has policies or name constraints' "$ctl" ca create "$work/x.pem" --like "$work/constrained.pem" --key "$work/x.key"
ok "a root with RSA" "$ctl" ca create "$work/rsa-2.pem" --like "$work/rsa.pem" --key "$work/rsa-2.key"
ok "as large as the one before" grep -q '(2048 bit)' <(openssl x509 -in "$work/rsa-2.pem" -noout -text)
refused "another key" 'is not the key of ca/root.pem' "$ctl" ca create "$work/x.pem" --like ca/issuing.pem --key "$work/x.key" \
    --issuer ca/root.pem --issuer-key ca/issuing.key
refused "no passphrase" 'is encrypted: name' "$ctl" ca create "$work/x.pem" --like ca/issuing.pem --key "$work/x.key" \
    --issuer ca/root-2.pem --issuer-key ca/root-2.key
refused "a root above a root" 'a root signs itself' "$ctl" ca create "$work/x.pem" --role root --name CN=x --key "$work/x.key" \
    --issuer ca/root.pem --issuer-key ca/root.key
refused "no name" 'whose certificate it is' "$ctl" ca create "$work/x.pem" --key "$work/x.key"
refused "no key" '--key says' "$ctl" ca create "$work/x.pem" --name CN=x
refused "what is no name" "has no '='" "$ctl" ca create "$work/x.pem" --name Root --key "$work/x.key"
refused "what is no attribute" 'not known' "$ctl" ca create "$work/x.pem" --name XYZ=Root --key "$work/x.key"
refused "what is no role" 'root, ca or cmp' "$ctl" ca create "$work/x.pem" --role king --name CN=x --key "$work/x.key"
refused "what is no time" 'write a number' "$ctl" ca create "$work/x.pem" --days 0 --name CN=x --key "$work/x.key"
refused "what signs nothing" 'is no certificate of a CA' "$ctl" ca create "$work/x.pem" --role cmp --name CN=x --key "$work/x.key" \
    --issuer ca/cmp.pem --issuer-key ca/cmp.key
ok "none of them left a file" test ! -e "$work/x.key" -a ! -e "$work/x.pem"

# A CA that signs its answers itself goes on to do so.
openssl req -new -key ca/issuing.key -subj '/CN=Signs itself' -out "$work/itself.csr"
openssl x509 -req -in "$work/itself.csr" -CA ca/root.pem -CAkey ca/root.key -days 9 -out "$work/itself.pem" 2>/dev/null \
    -extfile <(printf '%s\n' basicConstraints=critical,CA:TRUE,pathlen:0 keyUsage=critical,keyCertSign,cRLSign,digitalSignature)
ok "after one that signs itself" "$ctl" ca create "$work/itself-2.pem" --like "$work/itself.pem" --key "$work/itself-2.key" \
    --issuer ca/root.pem --issuer-key ca/root.key
same "its usage" "$(openssl x509 -in "$work/itself-2.pem" -noout -ext keyUsage | tail -1 | xargs)" "Digital Signature, Certificate Sign, CRL Sign"

# A key that is made elsewhere comes as a request.
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/far.key" -out "$work/far.csr" -subj /CN=x 2>/dev/null
openssl req -in "$work/far.csr" -verify -noout -pubkey >"$work/far.pub" 2>/dev/null
ok "a certificate for it" "$ctl" ca create "$work/far.pem" --like ca/issuing.pem --name O=Demo --name 'CN=Far CA' --public-key "$work/far.pub" \
    --issuer ca/root.pem --issuer-key ca/root.key
same "of that key" "$(openssl x509 -in "$work/far.pem" -noout -pubkey)" "$(cat "$work/far.pub")"
ok "its path" verified -CAfile ca/root.pem "$work/far.pem"
refused "a request is none" 'holds no public key in PEM; make it with' "$ctl" ca create "$work/x.pem" --like ca/issuing.pem \
    --public-key "$work/far.csr" --issuer ca/root.pem --issuer-key ca/root.key
refused "it cannot sign for itself" 'is in a token' "$ctl" ca create "$work/x.pem" --name CN=x --public-key "$work/far.pub"

# From one root to the other, and no longer than either.
ok "across" "$ctl" ca cross --old ca/root.pem --new ca/root-2.pem --old-key ca/root.key --new-key ca/root-2.key --new-passphrase-file words \
    --new-with-old ca/new-with-old.pem --old-with-new ca/old-with-new.pem
ok "who trusts the old root finds to the new CA" verified -CAfile ca/root.pem -untrusted <(cat ca/new-with-old.pem ca/issuing-2.pem) ca/cmp-2.pem
ok "who trusts the new root finds to the old CA" verified -CAfile ca/root-2.pem -untrusted <(cat ca/old-with-new.pem ca/issuing.pem) ca/cmp.pem
same "new with old begins with the new root" "$(begin ca/new-with-old.pem)" "$(begin ca/root-2.pem)"
same "and ends with the old one" "$(end ca/new-with-old.pem)" "$(end ca/root.pem)"
same "old with new begins with the old root" "$(begin ca/old-with-new.pem)" "$(begin ca/root.pem)"
same "and ends with it" "$(end ca/old-with-new.pem)" "$(end ca/root.pem)"
refused "the wrong way round" 'the wrong way round' "$ctl" ca cross --old ca/root-2.pem --new ca/root.pem --old-key ca/root-2.key \
    --old-passphrase-file words --new-with-old "$work/x.pem"
refused "the same" 'the same key' "$ctl" ca cross --old ca/root.pem --new ca/root.pem --old-key ca/root.key --new-with-old "$work/x.pem"
refused "what is no root" 'is no root' "$ctl" ca cross --old ca/root.pem --new ca/issuing.pem --old-key ca/root.key --new-with-old "$work/x.pem"
refused "without the key" 'name it by --old-key' "$ctl" ca cross --old ca/root.pem --new ca/root-2.pem --new-with-old "$work/x.pem"
refused "nothing" 'nothing is to be made' "$ctl" ca cross --old ca/root.pem --new ca/root-2.pem
ok "a root that ends soon" "$ctl" ca create "$work/brief.pem" --name CN=Brief --key "$work/brief.key" --days 3
ok "across from the demo's" "$ctl" ca cross --old ca/root.pem --new "$work/brief.pem" --old-key ca/root.key --new-key "$work/brief.key" \
    --new-with-old "$work/brief-1.pem" --old-with-new "$work/brief-2.pem"
same "no link outlives it" "$(end "$work/brief-1.pem") $(end "$work/brief-2.pem")" "$(end "$work/brief.pem") $(end "$work/brief.pem")"

# All of it by one command, in one folder: the next root, and what is below it. No key lies there open.
as_it_is=(--root ca/root.pem --root-key ca/root.key --issuing ca/issuing.pem --cmp ca/cmp.pem)
echo 'a word for the nodes' >node-words
made=$work/made
mkdir "$made"
"$ctl" ca rollover "$made/next/" "${as_it_is[@]}" --next-root --next-root-passphrase-file words --node-passphrase-file node-words \
    --name O=Demo --name 'CN=Issuing CA 2' --profile demo --profile other-2 >"$work/told" || fail "the next generation: status $?"
same "what is there" "$(cd "$made" && find . -type f | sort | xargs)" "$(printf './next/%s ' ca/{cmp-issuing2.{key,pem},issuing2.{key,pem},root-2-by-root.pem,root-2.{crl,pem},root-by-root-2.pem} root-2.key steps.yaml | xargs)"
same "nobody else reads the keys" "$(stat -c %a "$made"/next/{,ca/}*.key | sort -u) $(stat -c %a "$made/next")" "600 700"
same "the root's passphrase" "$(openssl pkey -in "$made/next/root-2.key" -passin file:words -pubout)" "$(openssl x509 -in "$made/next/ca/root-2.pem" -noout -pubkey)"
same "the nodes' passphrase" "$(openssl pkey -in "$made/next/ca/issuing2.key" -passin file:node-words -pubout)" \
    "$(openssl x509 -in "$made/next/ca/issuing2.pem" -noout -pubkey)"
same "all of them are encrypted" "$(grep -l 'BEGIN ENCRYPTED PRIVATE KEY' "$made"/next/{,ca/}*.key | wc -l)" 3
ok "who trusts the next root" verified -CAfile "$made/next/ca/root-2.pem" -untrusted "$made/next/ca/issuing2.pem" "$made/next/ca/cmp-issuing2.pem"
ok "who trusts the old one" verified -CAfile ca/root.pem -untrusted <(cat "$made"/next/ca/{root-2-by-root,issuing2}.pem) "$made/next/ca/cmp-issuing2.pem"
ok "the way back" verified -CAfile "$made/next/ca/root-2.pem" -untrusted <(cat "$made/next/ca/root-by-root-2.pem" ca/issuing.pem) ca/cmp.pem
ok "the CRL" grep -q 'verify OK' <(openssl crl -inform DER -in "$made/next/ca/root-2.crl" -CAfile "$made/next/ca/root-2.pem" -noout 2>&1)
ok "each certificate is told" grep -q "^$made/next/ca/issuing2.pem: CN=Issuing CA 2,O=Demo, until 20" "$work/told"
same "the steps, too" "$(sed "1,/^\/.*steps.yaml:\$/d" "$work/told")" "$(echo && cat "$made/next/steps.yaml")"
ok "for each profile" grep -q '^  - name: other-3 .* other-2 has it' "$made/next/steps.yaml"
ok "another generation, of another kind" "$ctl" ca rollover "$made/third" --root "$made/next/ca/root-2.pem" --root-key "$made/next/root-2.key" \
    --root-passphrase-file words --issuing "$made/next/ca/issuing2.pem" --cmp "$made/next/ca/cmp-issuing2.pem" --next-root --key-type P-384
ok "its path" verified -CAfile "$made/third/ca/root-3.pem" -untrusted "$made/third/ca/issuing3.pem" "$made/third/ca/cmp-issuing3.pem"
ok "its kind" grep -q 'ASN1 OID: secp384r1' <(text "$made/third/ca/root-3.pem")
ok "the root stays" "$ctl" ca rollover "$made/same" "${as_it_is[@]}" --ca north
same "then there is less" "$(cd "$made/same" && find . -type f | sort | xargs)" "./ca/cmp-north2.key ./ca/cmp-north2.pem ./ca/north2.key ./ca/north2.pem ./steps.yaml"
ok "its path" verified -CAfile ca/root.pem -untrusted "$made/same/ca/north2.pem" "$made/same/ca/cmp-north2.pem"

# What goes wrong leaves nothing, whenever it does.
rm -r "$made" && mkdir "$made" "$work/empty"
: >"$work/no-words"
cp ca/root.pem "$work/a root.pem"
refused "a folder that is there" "$work/empty is there already" "$ctl" ca rollover "$work/empty/" "${as_it_is[@]}"
refused "a file that is there" 'words is there already' "$ctl" ca rollover words "${as_it_is[@]}"
refused "a folder in none" 'cannot make a folder beside nowhere/next: No such file' "$ctl" ca rollover nowhere/next "${as_it_is[@]}"
refused "no passphrase" 'root-2.key is encrypted: name' "$ctl" ca rollover "$made/next" --root ca/root-2.pem --root-key ca/root-2.key \
    --issuing ca/issuing-2.pem --cmp ca/cmp-2.pem
refused "another passphrase" 'first line of node-words does not open ca/root-2.key' "$ctl" ca rollover "$made/next" --root ca/root-2.pem \
    --root-key ca/root-2.key --root-passphrase-file node-words --issuing ca/issuing-2.pem --cmp ca/cmp-2.pem
refused "another key" 'ca/issuing.key is not the key of ca/root.pem' "$ctl" ca rollover "$made/next" --root ca/root.pem --root-key ca/issuing.key \
    --issuing ca/issuing.pem --cmp ca/cmp.pem
refused "another root" 'ca/issuing.pem is no CA that ca/root-2.pem has certified' "$ctl" ca rollover "$made/next" --root ca/root-2.pem \
    --root-key ca/root-2.key --root-passphrase-file words --issuing ca/issuing.pem --cmp ca/cmp.pem
refused "who answers for another" 'ca/cmp-2.pem does not answer for ca/issuing.pem' "$ctl" ca rollover "$made/next" --root ca/root.pem --root-key ca/root.key \
    --issuing ca/issuing.pem --cmp ca/cmp-2.pem
refused "what is no root" 'ca/issuing.pem is no root' "$ctl" ca rollover "$made/next" --root ca/issuing.pem --root-key ca/issuing.key \
    --issuing ca/issuing.pem --cmp ca/cmp.pem
refused "a name that suits no path" 'a root.pem has a name that does not suit' "$ctl" ca rollover "$made/next" --root "$work/a root.pem" --root-key ca/root.key \
    --issuing ca/issuing.pem --cmp ca/cmp.pem
refused "nor a CA" "'a CA', which is no name" "$ctl" ca rollover "$made/next" "${as_it_is[@]}" --ca 'a CA'
refused "nor a profile" "'a: b', which is no name" "$ctl" ca rollover "$made/next" "${as_it_is[@]}" --profile 'a: b'
refused "a passphrase for no key" 'goes with --next-root' "$ctl" ca rollover "$made/next" "${as_it_is[@]}" --next-root-passphrase-file words
refused "a passphrase that is none, found late" 'first line of .*no-words is empty' "$ctl" ca rollover "$made/next" "${as_it_is[@]}" \
    --next-root --node-passphrase-file "$work/no-words"
refused "no room for the last file" 'cannot write .*/steps.yaml: File too large' bash -c 'trap "" XFSZ && ulimit -f 1 && exec "$@"' - \
    "$ctl" ca rollover "$made/next" "${as_it_is[@]}" --next-root
same "none of them left anything" "$(ls -A "$made" "$work/empty")" "$(printf '%s:\n\n%s:' "$work/empty" "$made")"

# What they are.
"$ctl" ca show --json ca/root.pem ca/root-2.pem ca/new-with-old.pem ca/issuing.pem ca/cmp.pem >"$work/shown"
same "kinds" "$(jq -r .kind "$work/shown" | xargs)" "root root link CA no CA"
same "a link has the key of the new root" "$(jq -r 'select(.kind == "link") | .store' "$work/shown")" \
    "$(jq -r 'select(.file == "ca/root-2.pem") | .store' "$work/shown")"
same "signed by that of the old" "$(jq -r 'select(.kind == "link") | .issuer_key_id' "$work/shown")" \
    "$(jq -r 'select(.file == "ca/root.pem") | .key_id' "$work/shown")"
sed -i 's|^\( *\)chain: \[ca/root.pem\]|&\n\1next: {certificate: ca/root-2.pem, new_with_old: ca/new-with-old.pem, old_with_new: ca/old-with-new.pem}|' cmpd.yaml
ok "the configuration takes them" "$ctl" check cmpd.yaml
"$ctl" ca show --config cmpd.yaml --json >"$work/shown"
same "roles" "$(jq -r .role "$work/shown" | xargs)" "certificate chain next root next new with old next old with new signs answers"
"$ctl" ca show --config cmpd.yaml >"$work/shown"
ok "for a reader" grep -q '^issuing, next root: root, CN=Root CA' "$work/shown"
"$ctl" ca export issuing --config cmpd.yaml >"$work/chain.pem"
ok "the chain" diff "$work/chain.pem" <(cat ca/issuing.pem ca/root.pem)
"$ctl" ca export issuing --roots --config cmpd.yaml >"$work/roots.pem"
ok "the roots" diff "$work/roots.pem" <(cat ca/root.pem ca/root-2.pem)
"$ctl" ca export issuing --links --config cmpd.yaml >"$work/links.pem"
ok "the links" diff "$work/links.pem" <(cat ca/new-with-old.pem ca/old-with-new.pem)
refused "no such CA" "no CA named 'other'" "$ctl" ca export other --config cmpd.yaml

# The root's key in a token: it signs there, also for itself.
new_token
openssl pkey -in ca/root.key -pubout -out "$work/root.pub"
softhsm2-util --import ca/root.key --token 'cmpd test' --label root --id 01 --pin open-sesame >/dev/null
ok "below a root in a token" "$ctl" ca create "$work/below.pem" --like ca/issuing.pem --key "$work/below.key" --issuer ca/root.pem \
    --issuer-key "$(token_uri root)"
ok "its path" verified -CAfile ca/root.pem "$work/below.pem"
ok "a root in a token" "$ctl" ca create "$work/held.pem" --like ca/root.pem --public-key "$work/root.pub" --key "$(token_uri root)"
ok "it stands by itself" verified -CAfile "$work/held.pem" "$work/held.pem"
ok "across, from the token" "$ctl" ca cross --old ca/root.pem --old-key "$(token_uri root)" --new ca/root-2.pem --new-with-old "$work/held-2.pem"
ok "its path" verified -CAfile ca/root.pem -untrusted "$work/held-2.pem" ca/issuing-2.pem
ok "all of it, from the token" "$ctl" ca rollover "$work/rolled" --root ca/root.pem --root-key "$(token_uri root)" --issuing ca/issuing.pem --cmp ca/cmp.pem --next-root
ok "its path" verified -CAfile ca/root.pem -untrusted <(cat "$work"/rolled/ca/{root-2-by-root,issuing2}.pem) "$work/rolled/ca/cmp-issuing2.pem"
refused "which of its keys" 'say by --public-key' "$ctl" ca create "$work/x.pem" --name CN=x --key "$(token_uri root)"
done_testing
