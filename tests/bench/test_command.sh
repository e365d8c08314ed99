#!/bin/bash
# cmpbench as a command: how it is called, what it prints, and the exit status that it ends with.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../bench.sh"

demo ca
start_server cmpd "$dir/cmpd.yaml" "$work/server.log"
url=http://127.0.0.1:$port/.well-known/cmp/p/demo

# ---- how it is called ----

ends 0 stdout '^usage: cmpbench run' "$bench" --help
ok "it names who can be played" grep -Eq '^  cmp-issuer +cert-manager' "$work/stdout"
ends 2 stderr '^usage: cmpbench run' "$bench"
ends 2 stderr '^cmpbench: a walk needs --persona' "$bench" walk --setup "$dir" --url "$url"
ends 1 stderr 'is no setup' "$bench" walk --setup "$work" --url "$url" --persona junos
ends 2 stderr '^usage: cmpbench run' "$bench" fly
ends 2 stderr '^cmpbench: --nonsense is no option' "$bench" run --nonsense
ends 2 stderr '^usage: cmpbench run' "$bench" run --nonsense
ends 2 stderr '^usage: cmpbench run' "$bench" crypto --key P-255
ends 2 stderr '^usage: cmpbench run' "$bench" crypto --nonsense
ends 1 stderr 'begins with no serial number' "$bench" run --setup "$dir" --url "$url" --scenario ocsp --serials "$dir/cmpd.yaml"
ends 1 stderr 'cannot write /nowhere/held' "$bench" run --setup "$dir" --url "$url" --held /nowhere/held

# ---- how it ends ----

ends 0 stdout '^4 enrollments in .* 0 errors' "$bench" run --setup "$dir" --url "$url" --count 4
ends 0 stderr '^enrolled first: 2 of 2' "$bench" run --setup "$dir" --url "$url" --count 4 --scenario ir=1,kur=1
ends 0 stderr '^enrolled first: 2 of 2' "$bench" run --setup "$dir" --url "$url" --count 2 --scenario rr
ok "what needs no certificate first asks for none" sh -c \
    "! '$bench' run --setup '$dir' --url '$url' --count 1 2>&1 | grep 'enrolled first'"
ends 1 stdout '^0 enrollments in .* 1 errors' "$bench" run --setup "$dir" --url "${url%demo}nobody" --count 1
ends 1 stdout '^0 enrollments in .* 0 errors' "$bench" run --setup "$dir" --url "$url" --count 1 --warmup 1
run --url "$url" --count 2
holds "what a server cannot do without is known" "r['floor_us'] > 0"

# ---- reports ----

ok "the text" "$bench" run --setup "$dir" --url "$url" --count 50 --scenario ir=1,ir-confirm=1 \
    --server-pid "$server" --server-version "a <server>" --report "$work/report.html"
ok "the page is whole, and needs nothing from elsewhere" python3 - "$work/report.html" <<'PY'
import json, sys
from html.parser import HTMLParser
text = open(sys.argv[1]).read()
class Page(HTMLParser):
    stack, seen, data = [], [], ""
    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        assert not {"src", "href"} & {name for name, _ in attrs}, (tag, attrs)
        if tag not in ("meta",):
            self.stack.append(tag)
    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)
    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, tag
    def handle_data(self, text):
        if self.stack and self.stack[-1] == "script" and self.seen.count("script") == 1:
            self.data += text
page = Page()
page.feed(text)
assert not page.stack, page.stack
assert page.seen.count("script") == 3 and page.seen.count("table") == 5, page.seen
for foreign in ("url(", "@import", "import("):
    assert foreign not in text, foreign
def number(word):
    raise AssertionError(word)
plots = json.loads(page.data, parse_constant=number) # NaN and Infinity are no points
assert plots["slots"] and sorted(curve["name"] for curve in plots["curves"]) == ["certConf", "ir", "whole"], plots
for curve in plots["curves"]:
    assert len(curve["us"]) == len(plots["nines"]) and 0 < curve["us"][0] and curve["us"] == sorted(curve["us"])
for told in (">CPU of cmpbench</th>", ">command line</th>", "cmpbench run --setup ", "a &#60;server&#62;"):
    assert told in text, told
PY
refused "a page that cannot be written" 'cannot write' "$bench" run --setup "$dir" --url "$url" --count 2 \
    --report "$work/nowhere/report.html"

# ---- a server that is gone ----

stop_server
run --url "$url" --count 4 --seconds 5
holds "nobody there" "r['completed'] == 0 and r['errors'] == {'connect': 4} and r['p50_us'] == 0"
run --url "$url" --count 4 --seconds 5 --retries 3
holds "nobody there, asked again" "r['completed'] == 0 and r['errors'] == {'connect': 4} and r['retries'] == 12"
refused "certificates first, from nobody" 'not all could be enrolled' "$bench" run --setup "$dir" --url "$url" --count 2 \
    --scenario kur
refused "no setup" 'is no setup' "$bench" run --setup "$work" --url "$url"
refused "an option that is none" 'usage' "$bench" run --nonsense
done_testing
