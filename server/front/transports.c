/* The table of transports. */
#include "server/front/http/http.h"

const struct transport *const transports[] = {&http_transport, NULL};

_Static_assert(sizeof transports / sizeof transports[0] <= TRANSPORTS_MAX + 1, "main has a place for each");
