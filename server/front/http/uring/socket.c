/* socket.c: libh2o's socket layer (TLS included), compiled once more with our binding instead of its event
 * loop.
 *
 * The patch socket-binding makes lib/common/socket.c include what H2O_SOCKET_BINDING_C names. This object
 * defines all that the library's own socket.o defines, so the linker takes nothing from that one. */
#define H2O_SOCKET_BINDING_C "server/front/http/uring/binding.h"
#include <lib/common/socket.c> // NOLINT(bugprone-suspicious-include): that is the idea
