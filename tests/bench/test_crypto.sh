#!/bin/bash
# cmpbench crypto: how fast each engine is, and what each scenario takes at least.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../bench.sh"

"$bench" crypto --json --key P-521 >"$work/result"
holds "floors are the sums of their operations" "all(abs(f['floor_us'] - sum(o['us'] for o in f['operations'])) < 0.1
 for f in r['floors'])"
holds "every scenario has one" "{f['scenario'] for f in r['floors']} == {'ir', 'ir-confirm', 'cr', 'p10cr', 'kur', 'rr',
 'cr-confirm', 'p10cr-confirm', 'kur-confirm', 'p10cr-own-confirm', 'ocsp', 'ocsp-nonce', 'crl'}"
# 3 verifications and 2 signatures: RFC 9483 4.1.1 with the vendor's certificate below a trusted intermediate.
holds "what an ir takes" "[o['operation'].split(',')[0] for o in r['floors'][0]['operations'] if 'octets' not in o['operation']]
 == ['verification'] * 3 + ['signature'] * 2"

holds "by a signature, or by a secret where that can be" "[(f['scenario'], f['protection']) for f in r['floors']] ==
 [(s, 'signature') for s in ('ir', 'ir-confirm', 'cr', 'p10cr', 'kur', 'rr', 'cr-confirm', 'p10cr-confirm',
  'kur-confirm', 'p10cr-own-confirm', 'ocsp', 'ocsp-nonce', 'crl')] +
 [(s, p) for p in ('pbm', 'pbmac1') for s in ('ir', 'ir-confirm', 'cr', 'p10cr', 'cr-confirm', 'p10cr-confirm')]"
holds "every kind of key has its rates" "{x['key'] for x in r['rates'] if x['engine'] == 'boringssl' and x['lanes'] == 1} ==
 {'P-256', 'P-384', 'P-521', 'RSA', 'Ed25519'}"
holds "rates are those of their times" "all(abs(x[w + '_rate'] * x[w + '_us'] / 1e6 - 1) < 0.05 for x in r['rates'] for w in ('verify', 'sign'))"
holds "keys of the type that was asked for, but for a responder's" "all(', P-521, ' in o['operation']
 for f in r['floors'] if f['scenario'] != 'ocsp-nonce' for o in f['operations']
 if o['operation'].startswith(('verification', 'signature')))"
holds "what a responder signs" "[o['operation'].split(',')[:2] for f in r['floors'] if f['scenario'] == 'ocsp-nonce'
 for o in f['operations']][0] == ['signature', ' P-256']"
ends 0 stdout '^P-256 +boringssl +1 ' "$bench" crypto
ok "the floors in words" grep -Eq '^every key is of type P-256$' "$work/stdout"
ok "the sum of a floor" grep -Eq '^ir by signature: [0-9.]+ us$' "$work/stdout"
done_testing
