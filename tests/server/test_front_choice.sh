#!/bin/bash
# front: auto, io_uring and epoll, where io_uring is there and where it is forbidden.
. "$(dirname "$0")/../lib.sh"

demo choice
credentials
new_key "$work/new.key" P-256
config=$dir/cmpd.yaml

# serves_on BACKEND LOG: the log tells which front serves, and an enrollment works.
serves_on() {
    ok "$1 is named in the log" grep -q "event=serving.*front=$1" "$2"
    ok "enrolled over $1" cmp -cmd ir -newkey "$work/new.key" -subject /CN=x "${by_device[@]}" -certout "$work/out.pem"
}

start_server cmpd "$config" "$work/auto.log"
serves_on io_uring "$work/auto.log"
stop_server

sed -i 's/^front: auto/front: epoll/' "$config"
start_server cmpd "$config" "$work/epoll.log"
serves_on epoll "$work/epoll.log"
stop_server

# Forbidden: on auto the server says why, with a remedy, and goes on; on io_uring it refuses to start.
for program in cmpd cmpd-epoll; do
    printf '#!/bin/sh\nexec "%s/without_uring" "%s/%s" "$@"\n' "$CMPD_TESTS" "$CMPD_BIN" "$program" >"$work/$program"
    chmod +x "$work/$program"
done
real_bin=$CMPD_BIN
CMPD_BIN=$work
sed -i 's/^front: epoll/front: auto/' "$config"
start_server cmpd "$config" "$work/forbidden.log"
CMPD_BIN=$real_bin
ok "it says that it goes on" grep -q 'event="going on as cmpd-epoll" why=".*io_uring' "$work/forbidden.log"
ok "and names a remedy" grep -Eq 'seccomp|io_uring_disabled' "$work/forbidden.log"
serves_on epoll "$work/forbidden.log"
stop_server
sed -i 's/^front: auto/front: io_uring/' "$config"
refused "io_uring where it is forbidden" 'cmpd.yaml:[0-9]+: .*io_uring' "$work/cmpd" --config "$config"
refused "cmpd-epoll with front: io_uring" 'cmpd.yaml:[0-9]+: .*start cmpd' "$real_bin/cmpd-epoll" --config "$config"
done_testing
