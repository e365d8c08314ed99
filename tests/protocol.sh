# protocol.sh: the tests of the protocol with a real store beside the world's memory (tests/support/mirror.h). Sourced
# after lib.sh.

# over_store URL: every program that has a world in it, and the kept transactions of the fuzzer. Each must have run its
# tests, and must have compared.
over_store() {
    local program name programs=0 worlds fetches commits all_commits=0
    export CMPD_WORLD_STORE=$1 CMPD_WORLD_COUNTS=$work/counts
    for program in "${CMPD_TESTS:?set by ctest}"/{unit,conformance,refusals,fault}-*; do
        [[ $(nm "$program") == *' mirror_fetch'* ]] || continue
        name=$(basename "$program")
        # These take the keys of a world, and nobody enrolls there.
        case $name in unit-bench-test_status | unit-ctl-test_profile_test) continue ;; esac
        # And these ask nothing of the store.
        case $name in unit-cmp-test_info_certs | unit-cmp-test_info_keys | unit-cmp-test_info_language | unit-cmp-test_language) continue ;; esac
        run_over "$name" "$program"
        grep -Eq 'Synthesis: Tested: ([1-9][0-9]*) \| Passing: \1 ' "$work/last.out" || fail "$name: not all tests passed"
    done
    [ "$programs" -ge 20 ] || fail "only $programs programs have a world"
    run_over fuzz_transaction "$CMPD_TESTS/fuzz_transaction" "${CMPD_SOURCE:?set by ctest}/tests/fuzz/corpus/transaction"
    [ "$all_commits" -ge 4000 ] || fail "only $all_commits commits were compared"
}

run_over() {
    local name=$1
    shift
    rm -f "$work/counts"
    ok "$name" "$@"
    [ -s "$work/counts" ] || fail "$name: nothing was compared"
    read -r worlds fetches commits < <(awk '{f += $2; c += $4} END {print NR, f, c}' "$work/counts")
    [ "$fetches" -gt 0 ] || fail "$name: no fetch was compared"
    echo "$name: $worlds worlds, $fetches fetches, $commits commits"
    programs=$((programs + 1))
    all_commits=$((all_commits + commits))
}
