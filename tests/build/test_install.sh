#!/bin/bash
# cmake --install, below DESTDIR: what it puts there works, and nothing else is touched.
. "$(dirname "$0")/../lib.sh"

ok "cmake --install" env DESTDIR="$work/root" cmake --install "$CMPD_BIN/.." --prefix /opt/cmpd
same "the top" "$(cd "$work/root/opt/cmpd" && echo *)" "bin lib share"
cd "$work/root/opt/cmpd/bin"
same "the programs" "$(echo *)" "cmpbench cmpctl cmpd cmpd-epoll"
for program in cmpctl cmpd cmpd-epoll; do
    ok "$program" "./$program" --version
done
refused "cmpbench" '^usage: cmpbench' ./cmpbench
cd ../share
for page in man1/cmpctl.1 man1/cmpctl-cert-list.1 man1/cmpbench.1 man5/cmpd.yaml.5 man8/cmpd.8; do ok "$page" test -s "man/$page"; done
ok "completion" test -s bash-completion/completions/cmpctl
cd doc/cmpd
for file in deploy/manual/README.md deploy/manual/settings.md deploy/SCALING.md deploy/postgres/roles.sql \
    deploy/haproxy/haproxy.cfg deploy/prometheus/alerts.yml deploy/grafana/cmpd.json; do
    ok "$file" diff "$CMPD_SOURCE/$file" "$file"
done
ok "licences of others" test -s licenses/h2o/LICENSE -a -s licenses/uplot/LICENSE
ok "a script can be run" test -x deploy/postgres/backup
# A link from one document to another leads to a file.
for link in $(grep -ho '](\(\.\./\|\)[A-Za-z/_-]*\.md' deploy/manual/*.md | sed 's/^](//' | sort -u); do
    ok "the link to $link" test -f "deploy/manual/$link"
done

# As it is installed, it serves: also by the other build, which it finds beside itself.
CMPD_BIN=$work/root/opt/cmpd/bin
demo installed
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
same "ready" "$(ready)" 200
stop_server
sed -i 's/^front: auto/front: epoll/' "$dir/cmpd.yaml"
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd-epoll.log"
ok "by epoll" grep -q 'event=serving.*front=epoll' "$work/cmpd-epoll.log"
stop_server
done_testing
