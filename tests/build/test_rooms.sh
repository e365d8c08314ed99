#!/bin/bash
# The build refuses an include or a call against the order of rooms, and files that call each other in a circle.
. "$(dirname "$0")/../lib.sh"

rules=$CMPD_SOURCE/deploy/cmake
mkdir -p "$work"/tree/{server/base,server/cmp,crypto,storage,bench,tests,deploy/cmake}
cp "$rules"/rooms.order "$work/tree/deploy/cmake/"

# includes FILE LINE: what check-rooms says of a tree whose only file is FILE, with LINE in it.
includes() {
    find "$work/tree" -name '*.c' -delete
    printf '%s\n' "$2" >"$work/tree/$1"
    "$rules/check-rooms" "$work/tree" 2>&1
}
includes server/cmp/x.c '#include "crypto/der.h"' || fail "an include of a room below is refused"
for bad in 'server/base/x.c:#include "crypto/der.h"' 'crypto/x.c:#include "server/cmp/cmp.h"' \
    'storage/x.c:#include "crypto/der.h"' 'bench/x.c:#include "server/cmp/cmp.h"' \
    'server/cmp/x.c:if (body == PKI_RR)' \
    'server/cmp/x.c:#  include <openssl/evp.h>' 'crypto/x.c:#include <p11-kit/p11-kit.h>'; do
    if said=$(includes "${bad%%:*}" "${bad#*:}"); then fail "not refused: $bad"; fi
    [[ $said == *"${bad%%:*}"* ]] || fail "the file is not named: $said"
done

# calls ROOM CODE ROOM CODE...: what check-calls says of rooms with such object files.
calls() {
    local archives=() n=0
    rm -f "$work"/*.a "$work"/*.o
    while [ $# -gt 0 ]; do
        n=$((n + 1))
        printf '%s\n' "$2" | gcc -x c -c -o "$work/f$n.o" -
        ar rc "$work/${1//\//-}.a" "$work/f$n.o"
        archives+=("$1=$work/${1//\//-}.a")
        shift 2
    done
    mapfile -t archives < <(printf '%s\n' "${archives[@]}" | sort -u)
    "$rules/check-calls" "$CMPD_SOURCE" "${archives[@]}" 2>&1
}
calls crypto 'void below(void); void above(void){below();}' server/base 'void below(void){}' ||
    fail "a call of a room below is refused"
if said=$(calls server/base 'void above(void); void below(void){above();}' crypto 'void above(void){}'); then
    fail "a call of a room above is not refused"
fi
[[ $said == *"server/base/f1 calls above"* ]] || fail "the call is not named: $said"
calls server/pki 'void b(void); void a(void){b();}' server/pki 'void b(void){}' || fail "a call without a circle is refused"
if said=$(calls server/pki 'void b(void); void a(void){b();}' server/pki 'void a(void); void b(void){a();}'); then
    fail "a circle is not refused"
fi
[[ $said == *circle* ]] || fail "the circle is not named: $said"
