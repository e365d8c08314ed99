# What is compiled of libh2o: HTTP/1 and HTTP/2, sockets with TLS, requests. No handler, no proxy, nothing that reads a
# configuration; strangers cannot feed what is not there. HTTP/2 without push, cache digests, priorities and upgrade:
# patches/h2o/10-unused-code.patch. Read by CMakeLists.txt beside it, and where sanitizers compile it once more.
set(h2o_sources
    deps/cloexec/cloexec.c
    deps/picohttpparser/picohttpparser.c
    lib/common/cache.c
    lib/common/memory.c
    lib/common/multithread.c
    lib/common/socket.c
    lib/common/string.c
    lib/common/time.c
    lib/common/timeout.c
    lib/common/url.c
    lib/core/config.c
    lib/core/context.c
    lib/core/headers.c
    lib/core/request.c
    lib/core/token.c
    lib/core/util.c
    lib/handler/mimemap.c
    lib/http1.c
    lib/http2/connection.c
    lib/http2/frame.c
    lib/http2/hpack.c
    lib/http2/scheduler.c
    lib/http2/stream.c)
set(h2o_includes include deps/cloexec deps/klib deps/picohttpparser deps/yoml)
set(h2o_definitions H2O_USE_LIBUV=0)
