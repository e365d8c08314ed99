# Everything that ctest runs. Names are paths below tests/, so `ctest -R interop/` runs a folder of them.

enable_testing()
find_library(CRITERION criterion)
set(test_bin ${CMAKE_BINARY_DIR}/tests)

# Trees with sanitizers and fuzzers, built by tests/run below this one, report in this tree's summary.
file(WRITE ${CMAKE_BINARY_DIR}/more-tests.cmake "subdirs(asan tsan fuzz)\n")
set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${CMAKE_BINARY_DIR}/more-tests.cmake)

# A leak is a fault, except at the exit of a test that was stopped on purpose; all reports go where ctest shows them.
set(sanitizer_environment "ASAN_OPTIONS=detect_leaks=1:abort_on_error=1" "UBSAN_OPTIONS=print_stacktrace=1")

# Who builds by hand wants the programs: what only tests need is built as test-programs.
add_custom_target(test-programs)
function(only_for_tests name)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON RUNTIME_OUTPUT_DIRECTORY ${test_bin}
                          LIBRARY_OUTPUT_DIRECTORY ${test_bin})
    add_dependencies(test-programs ${name})
endfunction()

function(test_program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES")
    program(${name} SOURCES ${arg_SOURCES} USES ${arg_USES})
    only_for_tests(${name})
endfunction()

set(record_strip 0) # how many folders lead to this tree
if(CMPD_COVERAGE)
    string(REGEX MATCHALL "/" slashes ${CMAKE_BINARY_DIR})
    list(LENGTH slashes record_strip)
endif()

function(register name seconds)
    set(record)
    if(CMPD_COVERAGE)
        set(record ";GCOV_PREFIX=${CMAKE_BINARY_DIR}/record/${name};GCOV_PREFIX_STRIP=${record_strip}")
    endif()
    add_test(NAME ${CMPD_TEST_PREFIX}${name} COMMAND ${ARGN})
    set_tests_properties(${CMPD_TEST_PREFIX}${name} PROPERTIES TIMEOUT ${seconds}
                         SKIP_REGULAR_EXPRESSION "(^|\n)SKIPPED: "
                         ENVIRONMENT "CMPD_BIN=${CMAKE_BINARY_DIR}/bin;CMPD_TESTS=${test_bin};CMPD_SOURCE=${CMAKE_SOURCE_DIR};${sanitizer_environment}${record}")
endfunction()

# A token that tests can lose: a module as a vendor would ship it, so none of our own settings for programs.
if(NOT CMPD_FUZZ)
    add_library(fragile-token MODULE tests/token/fragile.c)
    set_target_properties(fragile-token PROPERTIES PREFIX "")
    only_for_tests(fragile-token)
    target_compile_options(fragile-token PRIVATE -Wall -Wextra -Werror)
    target_compile_definitions(fragile-token PRIVATE _GNU_SOURCE)
    target_include_directories(fragile-token SYSTEM PRIVATE ${P11_KIT_INCLUDE_DIRS})
    # What makes allocations and system calls of a server fail, preloaded.
    add_library(failing MODULE tests/hostile/failing.c)
    set_target_properties(failing PROPERTIES PREFIX "")
    only_for_tests(failing)
    target_compile_options(failing PRIVATE -Wall -Wextra -Werror)
    # What makes threads of a server hang, preloaded.
    add_library(hanging MODULE tests/server/hanging.c)
    set_target_properties(hanging PROPERTIES PREFIX "")
    only_for_tests(hanging)
    target_compile_options(hanging PRIVATE -Wall -Wextra -Werror)
    target_compile_definitions(hanging PRIVATE _GNU_SOURCE)
    if(CMPD_SANITIZE STREQUAL "thread") # see third-party.cmake: its atomics are all that it shares
        target_link_libraries(fragile-token PRIVATE tsan-volatile)
    endif()
endif()

# ThreadSanitizer is for the programs: Criterion shares memory at an address that it does not allow.
if(CMPD_SANITIZE STREQUAL "thread")
    test_program(close-store SOURCES tests/threads/close_store.c USES room-storage room-base)
    file(GLOB thread_scripts CONFIGURE_DEPENDS tests/threads/test_*.sh)
    foreach(script ${thread_scripts})
        file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/tests ${script})
        string(REGEX REPLACE "\\.sh$" "" name ${name})
        register(${name} 7200 ${script})
        set_tests_properties(${CMPD_TEST_PREFIX}${name} PROPERTIES RUN_SERIAL ON)
    endforeach()
    return()
endif()

# Unit tests and tests of conformance: one program a file, of Criterion. It may include the .c file that it tests: the linker then takes
# nothing from that file's place in the library.
file(GLOB unit_tests CONFIGURE_DEPENDS tests/unit/*/test_*.c tests/conformance/test_*.c tests/refusals/test_*.c
     tests/fault/test_*.c)
if(CMPD_SANITIZE)
    # Locks memory, and reads all that the process has: a sanitizer's mlock does nothing, and its shadow is not to be read.
    list(FILTER unit_tests EXCLUDE REGEX "crypto/test_secret_memory")
endif()
file(GLOB refusals CONFIGURE_DEPENDS tests/refusals/table_*.c tests/refusals/damage.c)
file(GLOB support CONFIGURE_DEPENDS tests/support/*.c)
add_library(test-support STATIC EXCLUDE_FROM_ALL ${support})
target_link_libraries(test-support PUBLIC common room-ctl room-policy room-cmp room-pki room-crypto room-storage room-base)
if(CRITERION AND NOT CMPD_FUZZ)
    foreach(source ${unit_tests})
        file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/tests ${source})
        string(REGEX REPLACE "\\.c$" "" name ${name})
        string(REPLACE "/" "-" target ${name})
        test_program(${target} SOURCES ${source} USES test-support room-ctl room-front room-admin room-crl room-ocsp room-upkeep room-pipeline room-policy room-cmp
                     room-pki room-sandbox room-service room-crypto room-storage room-base ${CRITERION})
        if(name MATCHES "^unit/bench/")
            target_link_libraries(${target} PRIVATE room-bench)
        endif()
        if(name MATCHES "^unit/front/")
            target_link_libraries(${target} PRIVATE h2o)
        endif()
        if(name MATCHES "^refusals/")
            target_sources(${target} PRIVATE ${refusals})
            target_compile_options(${target} PRIVATE -Wno-missing-field-initializers) # rows end where they may
        endif()
        # Criterion's own macros declare functions without prototypes.
        target_compile_options(${target} PRIVATE -Wno-missing-prototypes -Wno-strict-prototypes)
        target_compile_definitions(${target} PRIVATE CMPD_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
        register(${name} 600 ${test_bin}/${target})
    endforeach()
elseif(unit_tests AND NOT CMPD_FUZZ)
    message(WARNING "libcriterion-dev is missing: no unit tests (deploy/packages test installs it)")
endif()

# The front by itself: the front's files and a pipeline that only echoes.
file(GLOB front_server CONFIGURE_DEPENDS tests/front/*.c)
if(front_server AND TARGET room-front AND NOT CMPD_FUZZ)
    test_program(front-echo SOURCES ${front_server} USES room-front room-base)
    test_program(front-echo-epoll SOURCES ${front_server} USES room-front-epoll room-base)
endif()

# Runs a program as where io_uring is forbidden.
if(NOT CMPD_FUZZ)
    test_program(without_uring SOURCES tests/server/without_uring.c)
endif()

# Engines against vectors and against each other.
if(NOT CMPD_FUZZ)
    test_program(wycheproof SOURCES tests/engines/wycheproof.c USES room-crypto room-base)
    test_program(agreement SOURCES tests/engines/agreement.c USES room-crypto room-base)
    test_program(hashing SOURCES tests/engines/hashing.c USES room-crypto room-base)
endif()

# Other implementations read names and certificates: the system's OpenSSL and GnuTLS, in a program without BoringSSL.
if(NOT CMPD_FUZZ)
    test_program(names SOURCES tests/interop/names.c USES room-crypto room-base)
    test_program(requests SOURCES tests/interop/requests.c USES test-support room-ctl room-policy room-cmp room-pki room-crypto room-storage
                 room-base)
    test_program(kinds SOURCES tests/interop/kinds.c USES test-support room-ctl room-policy room-cmp room-pki room-crypto room-storage
                 room-base)
    test_program(readers SOURCES tests/interop/readers.c USES gnutls crypto)
endif()

# The front, the engines and libpq in one process.
if(TARGET room-front AND NOT CMPD_SANITIZE AND NOT CMPD_FUZZ)
    test_program(two-openssls SOURCES tests/build/two_openssls.c tests/front/fake_pipeline.c
                 USES room-front room-crypto room-base libpq)
endif()

# Fuzz targets: with CMPD_FUZZ a run of libFuzzer from the kept corpus, without it the corpus once.
# fuzz_front is there twice, with the loop on io_uring and with the other.
file(GLOB fuzz_targets RELATIVE ${CMAKE_SOURCE_DIR}/tests/fuzz CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
foreach(target ${fuzz_targets} fuzz_front_epoll.c)
    string(REPLACE ".c" "" target ${target})
    string(REPLACE "_epoll" "" origin ${target})
    set(source ${CMAKE_SOURCE_DIR}/tests/fuzz/${origin}.c)
    string(REPLACE "fuzz_" "" subject ${target})
    string(REPLACE "fuzz_" "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/" corpus ${origin})
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/corpus/${subject})
    set(uses test-support room-authorize room-ocsp room-ctl room-policy room-cmp room-pki room-crypto room-storage room-base)
    if(origin STREQUAL "fuzz_front")
        string(REPLACE "_" "-" backend ${subject})
        set(uses room-${backend} room-base h2o nghttp2)
        list(APPEND source ${CMAKE_SOURCE_DIR}/tests/front/fake_pipeline.c ${CMAKE_SOURCE_DIR}/tests/fuzz/judge.c
             ${CMAKE_SOURCE_DIR}/bench/tls.c)
    elseif(subject STREQUAL "proxy")
        set(uses room-front room-base)
    elseif(subject STREQUAL "transaction")
        list(APPEND source ${CMAKE_SOURCE_DIR}/tests/fuzz/bodies.c ${CMAKE_SOURCE_DIR}/tests/fuzz/change.c
             ${CMAKE_SOURCE_DIR}/tests/fuzz/outcome.c ${CMAKE_SOURCE_DIR}/tests/fuzz/stage.c)
    endif()
    if(CMPD_FUZZ)
        test_program(${target} SOURCES ${source} USES ${uses})
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
        # A day: five million transactions of --soak.
        register(fuzz/${subject} 86400 ${CMAKE_SOURCE_DIR}/tests/fuzz/run ${test_bin}/${target}
                 ${CMAKE_BINARY_DIR}/corpus/${subject} ${corpus})
    else()
        test_program(${target} SOURCES ${source} tests/fuzz/replay.c USES ${uses})
        register(fuzz/${subject} 600 ${test_bin}/${target} ${corpus})
    endif()
    target_compile_options(${target} PRIVATE -Wno-missing-prototypes)
endforeach()

# Scripts. In a tree with sanitizers those that make the server do all that it can.
file(GLOB_RECURSE scripts CONFIGURE_DEPENDS tests/*/test_*.sh)
if(CMPD_FUZZ)
    set(scripts)
elseif(CMPD_SANITIZE)
    list(FILTER scripts INCLUDE REGEX "/tests/(engines|front|server|interop)/|/tests/hostile/test_http|/tests/postgres/test_(suites|faults)")
    # These wait long for what others bring about, too; or they drive cmpctl, whose parts have unit tests and fuzzers here.
    list(FILTER scripts EXCLUDE REGEX "/tests/server/test_(alarms|cmpctl|decode|incident|notify|top)\\.sh")
else()
    list(FILTER scripts EXCLUDE REGEX "/tests/threads/")
endif()
if(CMPD_COVERAGE) # they look at how programs are built, and run nothing of a room
    list(FILTER scripts EXCLUDE REGEX "/tests/build/")
endif()
foreach(script ${scripts})
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/tests ${script})
    string(REGEX REPLACE "\\.sh$" "" name ${name})
    set(seconds 3600)
    if(name MATCHES "^(fault|engines|cluster|postgres|mutation|conformance)/|^hostile/test_failing$")
        set(seconds 36000) # the sizes of --soak
    endif()
    register(${name} ${seconds} ${script})
    # Those that load both cores, count what other programs share, have bounds in time, or kill what is slow to answer are
    # alone on the machine. The others wait for much of their time: another one runs beside them.
    if(name MATCHES "^(bench|build|cluster|conformance|fault|threads)/|^hostile/|^deploy/test_(package|quickstart)$")
        set_tests_properties(${CMPD_TEST_PREFIX}${name} PROPERTIES RUN_SERIAL ON)
    endif()
endforeach()
