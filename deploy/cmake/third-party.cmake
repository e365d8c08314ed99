# Where BoringSSL and libh2o come from, and what everything is compiled and linked with.

if(NOT CMPD_PREFIX)
    set(ask ${CMAKE_SOURCE_DIR}/deploy/third-party/fetch-and-build)
    if(BORINGSSL_ROOT)
        # libh2o is compiled against the headers of the BoringSSL that it will be linked with.
        list(APPEND ask --boringssl ${BORINGSSL_ROOT})
    endif()
    execute_process(COMMAND ${ask} OUTPUT_VARIABLE CMPD_PREFIX OUTPUT_STRIP_TRAILING_WHITESPACE
                    COMMAND_ERROR_IS_FATAL ANY)
    # When what the parts are made from changes, the next build asks again.
    file(GLOB_RECURSE origin CONFIGURE_DEPENDS deploy/third-party/*)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${origin})
endif()
set(boringssl ${CMPD_PREFIX}/boringssl)
if(BORINGSSL_ROOT)
    set(boringssl ${BORINGSSL_ROOT})
endif()
set(h2o ${CMPD_PREFIX}/h2o)
if(H2O_ROOT)
    set(h2o ${H2O_ROOT})
endif()
foreach(needed ${boringssl}/include/openssl/base.h ${boringssl}/lib/libcrypto.a ${boringssl}/lib/libssl.a
        ${h2o}/include/h2o.h ${h2o}/src/lib/common/socket.c)
    if(NOT EXISTS ${needed})
        message(FATAL_ERROR "${needed} is missing")
    endif()
endforeach()
set(aws_lc ${CMPD_PREFIX}/aws-lc)
set(crypto_mb ${CMPD_PREFIX}/crypto_mb)
foreach(needed ${aws_lc}/include/openssl/base.h ${aws_lc}/lib/libcrypto.a)
    if(NOT EXISTS ${needed})
        message(FATAL_ERROR "${needed} is missing")
    endif()
endforeach()
message(STATUS "BoringSSL: ${boringssl}")
message(STATUS "libh2o: ${h2o}")

# The versions that cmpd --version tells; another BoringSSL has no version but where it came from.
file(STRINGS deploy/third-party/lock parts REGEX "^part ")
foreach(part ${parts})
    string(REPLACE " " ";" words "${part}")
    list(GET words 1 name)
    list(GET words 2 version)
    string(TOUPPER ${name} name)
    set(CMPD_${name}_VERSION ${version})
endforeach()
if(BORINGSSL_ROOT)
    set(CMPD_BORINGSSL_VERSION "of BORINGSSL_ROOT")
endif()
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBURING REQUIRED liburing>=2.3)
pkg_check_modules(CK REQUIRED ck)
pkg_check_modules(SECCOMP REQUIRED libseccomp)
pkg_check_modules(P11_KIT REQUIRED p11-kit-1)
pkg_check_modules(LIBPQ REQUIRED libpq>=15)
configure_file(deploy/cmake/versions.h.in ${CMAKE_BINARY_DIR}/generated/versions.h)

find_package(Threads REQUIRED)

add_library(boringssl INTERFACE)
target_include_directories(boringssl SYSTEM INTERFACE ${boringssl}/include)
target_link_libraries(boringssl INTERFACE ${boringssl}/lib/libssl.a ${boringssl}/lib/libcrypto.a Threads::Threads)

add_library(libpq INTERFACE)
target_include_directories(libpq SYSTEM INTERFACE ${LIBPQ_INCLUDE_DIRS})
target_link_libraries(libpq INTERFACE ${LIBPQ_LINK_LIBRARIES})

file(READ ${aws_lc}/prefix aws_lc_prefix)
string(STRIP "${aws_lc_prefix}" aws_lc_prefix)
add_library(aws-lc INTERFACE)
target_include_directories(aws-lc SYSTEM INTERFACE ${aws_lc}/include)
target_compile_definitions(aws-lc INTERFACE BORINGSSL_PREFIX=${aws_lc_prefix})

# Only for x86-64.
if(EXISTS ${crypto_mb}/lib/libcrypto_mb.a)
    add_library(crypto-mb INTERFACE)
    target_include_directories(crypto-mb SYSTEM INTERFACE ${crypto_mb}/include)
    target_compile_definitions(crypto-mb INTERFACE BN_OPENSSL_DISABLE)
endif()

# What all of our own files have in common.
add_library(common INTERFACE)
target_include_directories(common INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_options(common INTERFACE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes)
target_compile_definitions(common INTERFACE _GNU_SOURCE)
# libpq brings the system's OpenSSL into the process: none of our BoringSSL's symbols may capture its calls. clang's
# sanitizers are libraries, too, and must capture those of libc.
if(NOT CMPD_SANITIZE AND NOT CMPD_FUZZ)
    target_link_options(common INTERFACE -Wl,--exclude-libs,ALL)
endif()
target_link_options(common INTERFACE -Wl,--as-needed)

if(CMPD_FUZZ)
    set(CMPD_SANITIZE "address,undefined")
    add_compile_options(-fsanitize=fuzzer-no-link)
    # The corpora are worth most where asserts and sanitizers can see everything.
endif()
if(CMPD_SANITIZE)
    add_compile_options(-fsanitize=${CMPD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${CMPD_SANITIZE})
    if(CMPD_SANITIZE STREQUAL "thread")
        # Fences order only what is atomic anyway here (tests/threads/volatile.c tells of Concurrency Kit).
        add_compile_options(--param=tsan-distinguish-volatile=1 -Wno-tsan)
        add_compile_definitions(CK_USE_CC_BUILTINS=1)
        add_library(tsan-volatile STATIC tests/threads/volatile.c)
        target_link_libraries(common INTERFACE tsan-volatile)
    endif()
else()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS deploy/third-party/hardening.flags)
    file(STRINGS deploy/third-party/hardening.flags hardening REGEX "^[^#]")
    foreach(line ${hardening})
        string(REGEX MATCH "^(${CMAKE_HOST_SYSTEM_PROCESSOR}-)?compile (.*)" is_compile "${line}")
        if(is_compile)
            target_compile_options(common INTERFACE ${CMAKE_MATCH_2})
        elseif(line MATCHES "^link (.*)")
            target_link_options(common INTERFACE ${CMAKE_MATCH_1})
        endif()
    endforeach()
    if(CMAKE_C_COMPILER_ID STREQUAL "Clang" AND CMAKE_C_COMPILER_VERSION VERSION_LESS 16)
        # It wants to be told that this is meant.
        target_compile_options(common INTERFACE
            -enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
    endif()
endif()

# libh2o, on the event loop of its own. A sanitizer only sees what it compiled, so its builds compile libh2o too.
add_library(h2o-headers INTERFACE)
target_include_directories(h2o-headers SYSTEM INTERFACE ${h2o}/include ${h2o}/src ${h2o}/src/deps/cloexec
                           ${h2o}/src/deps/klib ${h2o}/src/deps/yoml ${h2o}/src/deps/picohttpparser
                           ${h2o}/src/deps/golombset ${h2o}/src/deps/libgkc ${h2o}/src/deps/libyrmcds)
target_compile_definitions(h2o-headers INTERFACE H2O_USE_LIBUV=0)
target_link_libraries(h2o-headers INTERFACE boringssl)
add_library(h2o INTERFACE)
target_link_libraries(h2o INTERFACE h2o-headers)
if(CMPD_SANITIZE)
    file(GLOB h2o_sources ${h2o}/src/lib/*.c ${h2o}/src/lib/common/*.c ${h2o}/src/lib/core/*.c ${h2o}/src/lib/http2/*.c
         ${h2o}/src/lib/handler/*.c ${h2o}/src/lib/handler/compress/gzip.c ${h2o}/src/lib/handler/status/*.c
         ${h2o}/src/lib/handler/configurator/*.c ${h2o}/src/deps/cloexec/cloexec.c ${h2o}/src/deps/libgkc/gkc.c
         ${h2o}/src/deps/libyrmcds/*.c ${h2o}/src/deps/picohttpparser/picohttpparser.c)
    list(FILTER h2o_sources EXCLUDE REGEX "mruby|libyrmcds/yc\\.c|-test\\.c|/test\\.c|bench\\.c")
    add_library(h2o-instrumented STATIC ${h2o_sources})
    target_link_libraries(h2o-instrumented PRIVATE h2o-headers)
    # Its habits with null pointers and alignment are its own; ours is what undefined behaviour is looked for in.
    target_compile_options(h2o-instrumented PRIVATE -w -fno-sanitize=undefined)
    target_compile_definitions(h2o-instrumented PRIVATE H2O_ROOT="/" H2O_CONFIG_PATH="" H2O_NO_RECYCLE)
    target_link_libraries(h2o INTERFACE h2o-instrumented)
else()
    target_link_libraries(h2o INTERFACE ${h2o}/lib/libh2o-evloop.a)
endif()
target_link_libraries(h2o INTERFACE boringssl wslay yaml z Threads::Threads dl m)
