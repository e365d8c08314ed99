#!/bin/bash
# cmpctl decode as an operator calls it, and over all messages of other implementations.
. "$(dirname "$0")/../lib.sh"

ctl=$CMPD_BIN/cmpctl
data=$CMPD_SOURCE/tests/data
message=$data/cmp/CR_protected_PBM_1234.der

# exits STATUS TEXT COMMAND...: the command's exit status; what it said is in $work/said.
exits() {
    local want=$1 text=$2 status=0
    shift 2
    "$@" >"$work/said" 2>&1 || status=$?
    same "$text" "$status" "$want"
}

# One message in every form, from a file and from standard input: after the first line all the same.
"$ctl" decode "$message" >"$work/der.txt"
base64 "$message" >"$work/base64"
base64 -w 0 "$message" >"$work/base64-line"
od -An -v -t x1 "$message" >"$work/hex-blanks"
tr -d ' \n' <"$work/hex-blanks" | tr a-f A-F >"$work/hex"
sed 's/../&:/g; s/:$//' "$work/hex" >"$work/hex-colons"
{
    echo "-----BEGIN ANY LABEL-----"
    base64 "$message"
    echo "-----END ANY LABEL-----"
} >"$work/pem"
for form in base64 base64-line hex hex-colons hex-blanks pem; do
    same "from $form" "$("$ctl" decode "$work/$form" | tail -n +2)" "$(tail -n +2 "$work/der.txt")"
    same "from $form on standard input" "$("$ctl" decode - <"$work/$form" | tail -n +2)" "$(tail -n +2 "$work/der.txt")"
done
same "DER on standard input" "$("$ctl" decode - <"$message")" "$(cat "$work/der.txt")"
ok "the form is told" grep -q '^PKIMessage  *420 octets from DER$' "$work/der.txt"
# What openssl asn1parse and the file's name say of it.
ok "the body" grep -Eq '^  body +cr$' "$work/der.txt"
ok "the sender" grep -Eq '^    sender +directoryName CN=sender$' "$work/der.txt"
ok "the protection" grep -Eq '^    protectionAlg +id-PasswordBasedMac$' "$work/der.txt"

# Exit statuses, and the place of a fault.
exits 0 "a whole message" "$ctl" decode "$message"
head -c 300 "$message" >"$work/cut"
exits 1 "a message that was cut" "$ctl" decode "$work/cut"
ok "its fault is the last line" sh -c "tail -n 1 '$work/said' | grep -qx 'fault at octet 0, PKIMessage: the input is cut off: 120 octets more are announced'"
ok "what is before the cut is shown" grep -q 'certReqId  *0$' "$work/said"
exits 1 "what is nothing" "$ctl" decode - <<<"hello, world"
ok "is told so" grep -q 'neither DER nor PEM' "$work/said"
exits 1 "an empty file" "$ctl" decode - </dev/null
exits 2 "no file" "$ctl" decode
exits 2 "two files" "$ctl" decode "$message" "$message"
exits 2 "a file that is not there" "$ctl" decode "$work/nothing"
exits 2 "a folder" "$ctl" decode "$work"
head -c $((1024 * 1024 + 1)) /dev/zero >"$work/large"
exits 2 "a file that is too large" "$ctl" decode "$work/large"
exits 2 "as much on standard input" "$ctl" decode - <"$work/large"
openssl genpkey -algorithm ED25519 -out "$work/key.pem"
exits 1 "a private key" "$ctl" decode "$work/key.pem"
same "is not shown" "$(wc -l <"$work/said")" 1

# The vectors: MANIFEST says what each is; openssl says the same.
bodies=(ir ip cr cp p10cr popdecc popdecr kur kup krr krp rr rp ccr ccp ckuann cann rann crlann pkiconf nested genm genp error
    certConf pollReq pollRep)

# body_by_openssl FILE: the name of the context tag of the second element, or "none".
body_by_openssl() {
    local tag
    tag=$(openssl asn1parse -inform DER -in "$1" 2>/dev/null |
        sed -n '/:d=1 /p' | sed -n '2s/.*cons: cont \[ \([0-9]*\) \].*/\1/p')
    echo "${bodies[${tag:-27}]:-none}"
}

seen=0
while IFS=$'\t' read -r file body fault _; do
    [[ $file != \#* ]] || continue
    seen=$((seen + 1))
    exits $([ "$fault" = - ] && echo 0 || echo 1) "$file" "$ctl" decode "$data/$file"
    case $body in
    certificate) ok "$file" grep -q '^Certificate .*(no PKIMessage)' "$work/said" ;;
    request) ok "$file" grep -q '^CertificationRequest .*(no PKIMessage)' "$work/said" ;;
    crl) ok "$file" grep -q '^CertificateList .*(no PKIMessage)' "$work/said" ;;
    template) ;;
    *)
        same "$file by openssl" "$(body_by_openssl "$data/$file")" "$body"
        [ "$body" = none ] || ok "$file is $body" grep -Eq "^  body +$body( |$)" "$work/said"
        ;;
    esac
    [ "$fault" = - ] || same "$file" "$(tail -n 1 "$work/said")" "fault at $fault"
done <"$data/vectors/MANIFEST"
same "every file is in MANIFEST" "$seen" \
    "$(find "$data/vectors" "$data/cmp" -type f ! -name README.md ! -name MANIFEST ! -name license.txt \
        ! -path "$data/cmp/*.pem" | wc -l)"
done_testing
