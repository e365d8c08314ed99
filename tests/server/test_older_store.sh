#!/bin/bash
# A store that was restored from a backup, or copied back, is older than what the node has signed: no node starts with it, and
# both checks say so, until the newer one is back, or somebody takes it as it is, which the audit log has.
. "$(dirname "$0")/../lib.sh"

ctl=$CMPD_BIN/cmpctl
demo ca
credentials
new_key "$work/new.key" P-256
config=$dir/cmpd.yaml

# serve_and_enroll NAME: a node starts, a station enrolls, the node ends.
serve_and_enroll() {
    start_server cmpd "$config" "$work/$1.log"
    ok "$1 enrolls" cmp -cmd ir "${by_device[@]}" -newkey "$work/new.key" -subject "/CN=$1" -certout "$work/$1.pem"
    stop_server
}

# told PATTERN: the last call said it.
told() {
    cp "$work/last.out" "$work/told.out"
    ok "told: $1" grep -Eq -- "$1" "$work/told.out"
    cp "$work/told.out" "$work/last.out"
}

count() {
    "$ctl" cert count --config "$config" --by status | awk '{ n += $1 } END { print n + 0 }'
}

ok "before anything was sealed" "$ctl" check "$config"
serve_and_enroll first
same "the last seal is beside the others" "$(cat "$dir/audit/seals.log.last")" "$(tail -n 1 "$dir/audit/seals.log")"
same "nobody else reads it" "$(stat -c %a "$dir/audit/seals.log.last")" 600
cp -a "$dir/store" "$work/backup"
serve_and_enroll second
cp -a "$dir/store" "$work/newer"
ok "as new as the last seal" "$ctl" check "$config"
ok "all is well" "$ctl" db check --config "$config"

older='the store is older than what this node sealed at 20[-0-9]*T[0-9:]*Z .*Put the newer store in its place.*cmpctl db check --accept-older'
restore() {
    rm -r "$dir/store"
    cp -a "$work/$1" "$dir/store"
}
restore backup
refused "cmpd" "cmpd\.yaml:[0-9]*: $older" "$CMPD_BIN/cmpd" --config "$config"
refused "check" "cmpd\.yaml:[0-9]*: $older" "$ctl" check "$config"
refused "db check" "$older" "$ctl" db check --config "$config"
told '^NOT WELL, 1 findings'
ok "by its URL nobody's seal is asked for" "$ctl" db check --config "$config" --store "sqlite:$dir/store/cmpd.db"

# The newer one is put back.
restore newer
ok "check, with the newer one" "$ctl" check "$config"
serve_and_enroll third

# There is no newer one. Nor does it pass for one because somebody changed it, and sealed that.
restore backup
serial=$("$ctl" cert list --config "$config" | awk 'NR == 1 { print $1 }')
refused "who would change it" "$older" "$ctl" cert revoke --config "$config" "$serial"
refused "or add to it" "$older" "$ctl" secret create --config "$config" --count 1 --out "$work/secrets"
refused "cmpd, again" "$older" "$CMPD_BIN/cmpd" --config "$config"
refused "for another store" 'leave out --store' "$ctl" db check --accept-older --config "$config" --store "sqlite:$dir/store/cmpd.db"
ok "it is taken" "$ctl" db check --accept-older --config "$config"
told '^accepted, and recorded in the audit log'
told '^all is well'
ok "the audit log has who" grep -q 'store.*older-accepted.*cmpctl by' <("$ctl" audit list --config "$config")
ok "check, when it was taken" "$ctl" check "$config"
same "the second is lost" "$(count)" 1
serve_and_enroll fourth
same "and there are two" "$(count)" 2
ok "nothing is taken twice" "$ctl" db check --accept-older --config "$config"
same "nor recorded" "$("$ctl" audit list --config "$config" | grep -c older-accepted)" 1

# An empty store, and what is no seal.
mv "$dir/store" "$work/gone"
"$ctl" init "$work/other" --demo --listen 127.0.0.1:1 --admin-listen 127.0.0.1:1 >/dev/null
cp -a "$work/other/store" "$dir/store"
refused "an empty one" "$older" "$ctl" check "$config"
rm -r "$dir/store"
mv "$work/gone" "$dir/store"
cp "$dir/audit/seals.log.last" "$work/kept"
echo x >"$dir/audit/seals.log.last"
refused "what is no seal" 'seals.log.last holds no seal' "$ctl" check "$config"
cp "$work/kept" "$dir/audit/seals.log.last"

# It is kept where the others were moved away.
mv "$dir/audit/seals.log" "$work/archived.log"
restore backup
refused "older, with its seals archived" "$older" "$ctl" check "$config"
done_testing
