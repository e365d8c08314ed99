#!/bin/bash
# Whatever a path is written like, it reaches the profile that its normal form names, or none (RFC 3986 6.2.2); and the log
# tells of what leads nowhere and of what cannot be read, harmlessly. On both fronts, over HTTP/1.1 and HTTP/2.
. "$(dirname "$0")/../lib.sh"

# code PATH [OPTION...]: of HTTP, for what is no PKIMessage: 400 where there is CMP, 404 where not.
code() {
    curl -s -o /dev/null -w '%{http_code}' --path-as-is -H 'Content-Type: application/pkixcmp' --data-binary x "${@:2}" \
        "http://127.0.0.1:$port$1"
}

reach=(/.well-known/cmp /.well-known/cmp/ /.well-known/cmp/p/demo/initialization /%2ewell-known/%63%6D%70/p/dem%6f
    /.well-known/./cmp/p/demo /x/../.well-known/cmp /../../.well-known/cmp //.well-known//cmp// /pkix /pkix/ /pkix/?a=/..%2f)
miss=(/ /x /.well-known/cmp/p/Demo /.WELL-KNOWN/cmp /.well-known/cmp/p/demo/.. /.well-known/cmp/p%2Fdemo
    /.well-known/cmp%2f /.well-known/cmp/p/demo%00 /.well-known/cmp/p/%64emo%20 /.well-known/cmp/p/%2564emo
    /x/..%2f.well-known/cmp '/x/..\.well-known/cmp' /%252e%252e/pkix /pkix/% /pkix/%7 /pkix/..%2fpkix /pkix%3f /readyz/x)

# pvno 2, sender and recipient the NULL-DN, messageTime 20270115080000.000Z; pkiconf.
printf '\x30\x28\x30\x22\x02\x01\x02\xa4\x02\x30\x00\xa4\x02\x30\x00\xa0\x15\x18\x1320270115080000.000Z\xb3\x02\x05\x00' \
    >"$work/fraction.der"

for program in cmpd cmpd-epoll; do
    demo "$program"
    log=$work/$program.log
    start_server "$program" "$dir/cmpd.yaml" "$log"
    for version in --http1.1 --http2-prior-knowledge; do
        for path in "${reach[@]}"; do
            same "$program, $version: $path" "$(code "$path" "$version")" 400
        done
        for path in "${miss[@]}"; do
            same "$program, $version: $path" "$(code "$path" "$version")" 404
        done
    done
    same "$program: /healthz by another spelling" "$(curl -s -o /dev/null -w '%{http_code}' --path-as-is \
        "http://127.0.0.1:$port/x/../%68ealthz/")" 200
    same "$program: and by none" "$(curl -s -o /dev/null -w '%{http_code}' --path-as-is "http://127.0.0.1:$port/x%2f..%2fhealthz")" 405
    wait_log "$log" 'level=warn event="path not served" path="/\.well-known/cmp/p/Demo" text=".*" peer=127\.0\.0\.1:'
    ok "$program: as it came, where it has no normal form" grep -q 'path="/.well-known/cmp/p%2Fdemo" text="the path has %2F' "$log"

    # What cannot be read is told with the place (X.690 11.7.3).
    same "$program: a message that is none" "$(curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/pkixcmp' \
        --data-binary "@$work/fraction.der" "http://127.0.0.1:$port/pkix/")" 400
    wait_log "$log" 'event="request unreadable".*messageTime at octet 17: GeneralizedTime has a fraction that ends in 0 \(X\.690 11\.7\.3\)'
    stop_server
done
done_testing
