#!/bin/bash
# Pages for man(1) and completion for bash: made from the tables of commands and settings, so each of these has its place there,
# and groff and bash take them.
. "$(dirname "$0")/../lib.sh"

ctl=$CMPD_BIN/cmpctl
mkdir "$work/man"
ok "the pages" "$ctl" man "$work/man"
"$CMPD_BIN/cmpbench" --man >"$work/man/cmpbench.1"
cp "$CMPD_SOURCE/deploy/man/cmpd.8" "$work/man"
for page in "$work"/man/*; do
    groff -K utf8 -man -Tutf8 -ww -Wbreak "$page" >"$work/shown" 2>"$work/last.out" || fail "$page: $(cat "$work/last.out")"
    same "${page##*/}: groff has nothing to say" "$(cat "$work/last.out")" ""
done
refused "a folder that is not there" "nowhere/cmpctl.1 cannot be written: No such file" "$ctl" man "$work/nowhere"

# shown PAGE: as a reader has it, on one line.
shown() {
    groff -K utf8 -man -Tascii -P-cbou "$work/man/$1" 2>/dev/null | tr -s ' \n' ' '
}

# Every command has a page, and every option its place there, as --help has them; every setting has one in cmpd.yaml(5).
"$ctl" --help | sed -n 's/^  \([a-z ]*[a-z]\)  .*/\1/p' >"$work/commands"
[ "$(wc -l <"$work/commands")" -gt 50 ] || fail "only these commands: $(cat "$work/commands")"
overview=$(shown cmpctl.1)
while read -r command; do
    page=cmpctl-${command// /-}.1
    text=$(shown "$page")
    [[ $overview == *"see ${page%.1}(1)"* ]] || fail "$page is not in the overview"
    # shellcheck disable=SC2086
    for option in $("$ctl" $command --help | grep -o '^ *--[a-z0-9-]*'); do
        [[ $text == *"$option"* ]] || fail "$page does not have $option"
    done
done <"$work/commands"
same "a page for each, and two more" "$(find "$work/man" -name 'cmpctl-*.1' | wc -l)" "$(wc -l <"$work/commands")"
settings=$(shown cmpd.yaml.5)
for setting in $("$ctl" settings | sed -n 's/^| `\([a-z0-9_]*\)`.*/\1/p' | sort -u); do
    [[ $settings == *" $setting "* ]] || fail "cmpd.yaml(5) does not have $setting"
done
daemon=$(shown cmpd.8)
for option in $("$CMPD_BIN/cmpd" --help | grep -o -- '--[a-z]*' | sort -u) SIGTERM SIGINT SIGHUP; do
    [[ $daemon == *"$option"* ]] || fail "cmpd(8) does not have $option"
done
bench=$(shown cmpbench.1)
for option in $("$CMPD_BIN/cmpbench" --help | grep -o '^ *--[a-z0-9-]*'); do
    [[ $bench == *"$option"* ]] || fail "cmpbench(1) does not have $option"
done

# offered WORD...: what bash offers for the last of them.
"$ctl" completion >"$work/completion"
offered() {
    bash -c '. "$0"; COMP_WORDS=(cmpctl "$@"); COMP_CWORD=$#; _cmpctl; echo "${COMPREPLY[*]}"' "$work/completion" "$@"
}
same "a command" "$(offered sec)" secret
same "commands of a group" "$(offered audit '')" "list verify"
same "two words that begin alike" "$(offered de)" "decode demo device"
same "options" "$(offered db purge --)" "--config --help --store"
same "the rest of one" "$(offered cert list --revoked-)" "--revoked-after --revoked-before"
same "options behind others" "$(offered cert list --json --subject x --sa)" --san
same "its value is the name of a file, which bash finds" "$(offered cert list --config '')" ""
same "nothing for what is no command" "$(offered certt li)" ""
done_testing
