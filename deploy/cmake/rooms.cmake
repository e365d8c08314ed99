# One static library a room; each may only use those below it. A room without sources yet is left out.

file(GLOB_RECURSE all_sources CONFIGURE_DEPENDS server/*.[ch] crypto/*.[ch] storage/*.[ch] bench/*.[ch] tests/*.[ch])
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/rooms-checked
                   COMMAND ${CMAKE_SOURCE_DIR}/deploy/cmake/check-rooms ${CMAKE_SOURCE_DIR}
                   COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/rooms-checked
                   DEPENDS ${all_sources} deploy/cmake/check-rooms deploy/cmake/rooms.order COMMENT "checking who may know whom")
add_custom_target(check-rooms ALL DEPENDS ${CMAKE_BINARY_DIR}/rooms-checked)

set(rooms)
set(room_archives) # FOLDER=ARCHIVE

# room(NAME FOLDER USES...): the library NAME from FOLDER's sources (or those of several, as a list), except its main.c.
function(room name folder)
    list(TRANSFORM folder APPEND /*.c)
    file(GLOB sources CONFIGURE_DEPENDS ${folder})
    list(FILTER sources EXCLUDE REGEX "/(main|engine_aws_lc|hashing_aws_lc|engine_crypto_mb)\\.c$")
    if(NOT sources)
        return()
    endif()
    add_library(${name} STATIC ${sources})
    add_dependencies(${name} check-rooms)
    target_link_libraries(${name} PUBLIC common)
    foreach(use ${ARGN})
        if(TARGET ${use} OR NOT use MATCHES "^room-")
            target_link_libraries(${name} PUBLIC ${use})
        endif()
    endforeach()
    list(GET folder 0 first)
    string(REPLACE "/*.c" "" first ${first})
    set(rooms ${rooms} ${name} PARENT_SCOPE)
    set(room_archives ${room_archives} ${first}=$<TARGET_FILE:${name}> PARENT_SCOPE)
endfunction()

room(room-base server/base yaml Threads::Threads)
room(room-sandbox server/sandbox room-base seccomp)
room(room-service server/service room-base libsystemd)
room(room-crypto crypto room-base boringssl ck p11-kit utf8proc)
# One file an engine, each with its own headers: those of another must not even be found.
set_source_files_properties(crypto/pkcs11.c crypto/pkcs11_generate.c PROPERTIES INCLUDE_DIRECTORIES "${P11_KIT_INCLUDE_DIRS}")
# Two engines, each against headers of its own: those of AWS-LC have the names of BoringSSL's.
add_library(engine-aws-lc OBJECT crypto/engine_aws_lc.c crypto/hashing_aws_lc.c)
target_link_libraries(engine-aws-lc PRIVATE common aws-lc)
target_link_libraries(room-crypto PRIVATE $<TARGET_OBJECTS:engine-aws-lc> ${aws_lc}/lib/libcrypto.a)
if(TARGET crypto-mb)
    add_library(engine-crypto-mb OBJECT crypto/engine_crypto_mb.c)
    target_link_libraries(engine-crypto-mb PRIVATE common boringssl crypto-mb)
    target_compile_definitions(room-crypto PRIVATE CMPD_CRYPTO_MB)
    target_link_libraries(room-crypto PRIVATE $<TARGET_OBJECTS:engine-crypto-mb> ${crypto_mb}/lib/libcrypto_mb.a)
endif()
room(room-pki server/pki room-crypto room-base)
room(room-storage "storage;storage/postgres;storage/sqlite" room-crypto room-base sqlite3 ck libpq)
room(room-cmp server/cmp room-pki room-crypto room-storage room-base)
room(room-policy server/policy room-cmp room-crypto room-storage room-base)
room(room-authorize server/authorize room-cmp room-pki room-crypto room-base libcurl jansson)
room(room-ocsp server/ocsp room-policy room-cmp room-crypto room-storage room-base)
room(room-pipeline server/pipeline room-authorize room-ocsp room-policy room-cmp room-crypto room-storage room-base ck)
room(room-fetch server/fetch room-base libcurl)
room(room-upkeep server/upkeep room-fetch room-policy room-cmp room-crypto room-storage room-base)
room(room-crl server/crl room-policy room-cmp room-crypto room-storage room-base libldap)
room(room-admin server/admin room-crl room-upkeep room-pipeline room-storage room-base)
# picohttpparser is part of libh2o.
room(room-bench bench room-pki room-crypto room-base boringssl h2o nghttp2 m)
# It embeds these.
file(GLOB page CONFIGURE_DEPENDS bench/page.css bench/page.js bench/uplot/*.js bench/uplot/*.css)
set_source_files_properties(bench/page.c PROPERTIES OBJECT_DEPENDS "${page}")
room(room-ctl server/ctl room-upkeep room-fetch room-policy room-cmp room-crypto room-storage room-base jansson)

# The front is built twice from the same sources; what differs, how HTTP is read, is behind server/front/http/loop.h.
function(front name backend)
    file(GLOB shared CONFIGURE_DEPENDS server/front/*.c server/front/*/*.c)
    file(GLOB own CONFIGURE_DEPENDS server/front/http/${backend}/*.c)
    if(NOT shared OR NOT own)
        return()
    endif()
    add_library(${name} STATIC ${shared} ${own})
    add_dependencies(${name} check-rooms)
    target_link_libraries(${name} PUBLIC common)
    target_link_libraries(${name} PRIVATE h2o ${ARGN})
    target_link_libraries(${name} PUBLIC room-crypto room-base)
    set(rooms ${rooms} ${name} PARENT_SCOPE)
    set(room_archives ${room_archives} server/front=$<TARGET_FILE:${name}> PARENT_SCOPE)
endfunction()
front(room-front uring uring)
if(TARGET room-front)
    target_compile_definitions(room-front PRIVATE CMPD_FRONT_URING)
endif()
front(room-front-epoll epoll)

# Calls need no include: what was declared by hand is found in the object files. Not where instrumentation or another
# linker's objects hide them.
if(NOT CMPD_FUZZ AND NOT CMPD_SANITIZE)
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/calls-checked
                       COMMAND ${CMAKE_SOURCE_DIR}/deploy/cmake/check-calls ${CMAKE_SOURCE_DIR} ${room_archives}
                       COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/calls-checked
                       DEPENDS ${rooms} deploy/cmake/check-calls deploy/cmake/rooms.order COMMENT "checking who calls whom")
    add_custom_target(check-calls ALL DEPENDS ${CMAKE_BINARY_DIR}/calls-checked)
endif()

# program(NAME SOURCES... USES ...)
function(program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES")
    add_executable(${name} ${arg_SOURCES})
    add_dependencies(${name} check-rooms)
    target_link_libraries(${name} PRIVATE common)
    foreach(use ${arg_USES})
        if(TARGET ${use} OR NOT use MATCHES "^room-")
            target_link_libraries(${name} PRIVATE ${use})
        endif()
    endforeach()
endfunction()

file(GLOB main_sources CONFIGURE_DEPENDS server/*.c)
if(main_sources AND TARGET room-front)
    program(cmpd SOURCES ${main_sources} USES room-front room-admin room-crl room-ocsp room-upkeep room-pipeline room-policy room-sandbox room-service h2o-headers)
    program(cmpd-epoll SOURCES ${main_sources} USES room-front-epoll room-admin room-crl room-ocsp room-upkeep room-pipeline room-policy room-sandbox room-service h2o-headers)
endif()
if(EXISTS ${CMAKE_SOURCE_DIR}/server/ctl/main.c AND TARGET room-ctl)
    program(cmpctl SOURCES server/ctl/main.c server/version.c USES room-ctl)
endif()
if(EXISTS ${CMAKE_SOURCE_DIR}/bench/main.c AND TARGET room-bench)
    program(cmpbench SOURCES bench/main.c USES room-bench)
endif()
