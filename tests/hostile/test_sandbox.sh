#!/bin/bash
# The servers as they are started, in their sandbox: what the kernel says of them, and that a new configuration cannot lead them
# out of it. (tests/unit/sandbox tries what must not work; every other test of the servers runs in it.)
. "$(dirname "$0")/../lib.sh"

status() {
    awk -v key="$1:" '$1 == key {print $2}' "/proc/$server/task/$2/status"
}

for program in cmpd cmpd-epoll; do
    log=$work/$program.log
    demo "$program"
    credentials
    start_server $program "$dir/cmpd.yaml" "$log"
    same "$program: complaints" "$(lines_of 'not confined|hardening is off' "$log")" 0
    for task in $(ls "/proc/$server/task"); do
        same "$program: filter of thread $task" "$(status Seccomp "$task")" 2
        same "$program: privileges of thread $task" "$(status NoNewPrivs "$task")" 1
    done
    ok "$program: enrolls" cmp -cmd ir "${by_device[@]}" -subject /CN=inside -newkey "$dir/demo/device.key" \
        -certout "$work/inside.pem"

    # What is beside the configuration is read; what is elsewhere is not, whatever the file says.
    cp "$dir/demo/vendor-root.pem" "$work/elsewhere.pem"
    sed -i "s,anchors: \[demo/vendor-root.pem\],anchors: [$work/elsewhere.pem]," "$dir/cmpd.yaml"
    kill -HUP "$server"
    wait_log "$log" 'event="configuration refused" .*elsewhere.pem.*restart to use it'
    mkdir "$dir/vendors"
    mv "$work/elsewhere.pem" "$dir/vendors/"
    sed -i "s,$work/elsewhere.pem,vendors/elsewhere.pem," "$dir/cmpd.yaml"
    kill -HUP "$server"
    wait_log "$log" 'event="configuration loaded"'
    # The first key in a token would bring a module along.
    cp "$dir/cmpd.yaml" "$work/without.yaml"
    sed -i 's,^    key: .*,    key: "pkcs11:token=t;object=k?module-path=/nowhere.so\&pin-source=file:/nowhere",' "$dir/cmpd.yaml"
    kill -HUP "$server"
    wait_log "$log" 'event="configuration refused" .*token.*restart to use it'
    cp "$work/without.yaml" "$dir/cmpd.yaml"
    # The seals' file is made anew where it was moved away.
    mv "$dir/audit/seals.log" "$dir/audit/seals.1"
    stop_server
    ok "$program: seals after that" grep -q 'event="audit seal"' "$dir/audit/seals.log"

    sed -i 's/^hardening: on/hardening: off/' "$dir/cmpd.yaml"
    start_server $program "$dir/cmpd.yaml" "$log"
    wait_log "$log" 'event="hardening is off"'
    same "$program: without a filter" "$(status Seccomp "$server")" 0
    stop_server
done
done_testing
