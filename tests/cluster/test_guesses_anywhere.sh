#!/bin/bash
# Who guesses a secret at one node is refused at the others, too: they tell each other of wrong MACs.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

cluster_start 3
credentials
new_key "$work/new.key" P-256
"$CMPD_BIN/cmpctl" secret create --config "$dir/cmpd.yaml" --count 1 --profile demo --out "$work/other" >/dev/null
read -r other secret <"$work/other"

# asks NODE REFERENCE SECRET: an ir at that node.
asks() {
    port=${node_port[$1]} cmp -cmd ir -ref "$2" -secret "pass:$3" -newkey "$work/new.key" -subject /CN=guessed \
        -trusted "$dir/ca/root.pem" -certout "$work/guessed.pem"
}
right=$(cat "$dir/demo/mac-secret")
reference=$(cat "$dir/demo/mac-reference")
for node in 1 2; do
    for _ in 1 2 3 4 5; do refused "a guess at node $node" 'badMessageCheck' asks "$node" "$reference" wrong; done
done
until_so "node 3 hears of ten" grep -q 'event="secrets are being guessed"' "$work/node3.log"
refused "node 3 takes none, not even the right one" 'badMessageCheck' asks 3 "$reference" "$right"
ok "another reference is not concerned" asks 3 "$other" "$secret"
same "what nodes tell is short, and no address or reference" \
    "$(database_sql cmpd_node db "select count(*) from cmpd.nodes where length(guesses) > 13 * 256 or position('$reference'::bytea in guesses) > 0")" 0
done_testing
