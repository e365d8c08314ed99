#!/bin/bash
# Messages of devices of the field (tests/data/field), sent to a server as they are.
. "$(dirname "$0")/../lib.sh"

field=$CMPD_SOURCE/tests/data/field
demo field
for stem in vendor-root vendor-intermediate; do
    openssl x509 -inform DER -in "$field/$stem.der" -out "$dir/$stem.pem"
done
sed -i 's|^vendors:|vendors:\n  - name: field\n    anchors: [vendor-root.pem]\n    intermediates: [vendor-intermediate.pem]|' \
    "$dir/cmpd.yaml"
sent_as_they_are=("accept.vendors: [field]" "accept.message_time_seconds: 0")
add_profile plain "${sent_as_they_are[@]}"
add_profile lenient "${sent_as_they_are[@]}" "tolerate: [ecdsa-null-parameters, sha1-signatures]"
add_profile strict "${sent_as_they_are[@]}" "accept.header: rfc9483"
start_server cmpd "$dir/cmpd.yaml" "$work/field.log"

# Message, profile, HTTP status, body, and the answer: what is in the certificate, or failInfo and words of statusString.
# They are extended regular expressions. What is granted comes after what is refused: it is answered again, whoever asks.
declare -A sent=()
while IFS='|' read -r file profile http body answer words; do
    what="$file under $profile"
    sent[$file]=1
    same "$what, HTTP" "$(curl -s -o "$work/answer" -w '%{http_code}' -H 'Content-Type: application/pkixcmp' \
        --data-binary "@$field/$file.der" "http://127.0.0.1:$port/.well-known/cmp/p/$profile")" "$http"
    ok "$what, an answer that can be read" "$CMPD_BIN/cmpctl" decode "$work/answer"
    mv "$work/last.out" "$work/answer.txt"
    ok "$what, the body" grep -Eqx "  body +$body" "$work/answer.txt"
    if [ "$answer" = granted ]; then
        ok "$what, granted" grep -Eq '^ +status +0 \(accepted\)$|^ +status +1 \(grantedWithMods\)$' "$work/answer.txt"
        ok "$what, the certificate" grep -Eq "$words" "$work/answer.txt"
    else
        ok "$what, refused" grep -Eq '^ +status +2 \(rejection\)$' "$work/answer.txt"
        same "$what, failInfo" "$(sed -n 's/^ *failInfo  *//p' "$work/answer.txt")" "$answer"
        ok "$what, statusString" grep -Eq "^ +statusString +\".*($words)" "$work/answer.txt"
    fi
done <<'CASES'
01-sender-printable|plain|200|ip|granted|subject +CN=device,O=Demo Operator$
13-extra-20|plain|200|error|badMessageCheck|first 16
23-time-fraction-000|plain|400|error|badDataFormat|messageTime at octet 86.*ends in 0
40-sha1-ecdsa|plain|200|error|badAlg|ecdsa-with-SHA1.*SHA-1.*sha1-signatures tolerated
40-sha1-ecdsa|lenient|200|ip|granted|subject +CN=device,O=Demo Operator$
42-ecdsa-null|plain|200|error|badAlg|ecdsa-with-SHA256.*NULL.*ecdsa-null-parameters tolerated
42-ecdsa-null|lenient|200|ip|granted|subject +CN=device,O=Demo Operator$
4d-compressed|plain|200|ip|badCertTemplate|compressed
4e-spki-empty|plain|200|ip|badCertTemplate|no key.*central key generation
52-popo-input-nosubject|plain|200|ip|granted|subject +CN=device,serialNumber=964D94C88DDF7CF6,O=Demo Vendor$
6b-san-ip3|plain|200|ip|badCertTemplate|subjectAltName: iPAddress.*4 or 16 octets
72-subj-bmp-odd|plain|200|ip|badCertTemplate|subject: commonName.*string type
74-subj-nul|plain|200|ip|badCertTemplate|subject: commonName.*control character
75-subj-long|plain|200|ip|badCertTemplate|subject: commonName.*too long
76-subj-c3|plain|200|ip|badCertTemplate|subject: countryName.*two letters
f1-two-same-key|plain|200|ip|granted|subject +CN=device,O=Demo Operator$
f3-issuer-printable|plain|200|ip|granted|subject +CN=device,O=Demo Operator$
f5-crit-policies|plain|200|ip|granted|subject +CN=device,O=Demo Operator$
g7-absent-subject-san|strict|200|ip|badCertTemplate|subject is missing.*empty name
g7-absent-subject-san|plain|200|ip|granted|subjectAltName +critical dNSName "gnb1.ran.example"$
g8-dup-san|plain|200|ip|badCertTemplate|subjectAltName stands twice
ga-san-badoid|plain|200|ip|badCertTemplate|subjectAltName: registeredID
CASES
for tolerance in ecdsa-null-parameters sha1-signatures; do
    ok "the log names $tolerance" grep -Eq "^.*certificate issued.* tolerated=$tolerance( |\$)" "$work/field.log"
done
same "and none of the others" "$(grep -c 'tolerated=[a-z]' "$work/field.log")" 2
same "each message was sent" "$(printf '%s.der\n' "${!sent[@]}" | sort)" "$(cd "$field" && printf '%s\n' [0-9a-z][0-9a-z]-*.der | sort)"

# What is no DER has its place and the reason in the log, too.
ok "a fraction of zeros" grep -Eq 'event="request unreadable".*messageTime at octet 86: .*X\.690 11\.7\.3' "$work/field.log"
stop_server
done_testing
