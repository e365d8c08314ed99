# several.sh: messages that ask for several, for tests of several folders; after nested.sh.

# several KIND OUT ARGUMENTS...: what the device of the demo sends, in $work/OUT (several.py).
several() {
    [ -e "$work/device-only.pem" ] || openssl x509 -in "$dir/demo/device-chain.pem" -out "$work/device-only.pem"
    "$CMPD_SOURCE/tests/several.py" "$1" "$dir/demo/device.key" "$work/device-only.pem" "$dir/demo/device-chain.pem" "$work/$2" "${@:3}"
}

# parts FILE: the status of each response in an answer, or of each certificate of an rp, "accepted accepted rejection".
parts() {
    "$CMPD_BIN/cmpctl" decode "$1" | sed -n 's/^ *status  *[0-9]* (\([a-zA-Z]*\)).*/\1/p' | tr '\n' ' ' | sed 's/ $//'
}
