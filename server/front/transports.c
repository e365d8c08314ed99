/* The table of transports. */
#include "server/front/http/http.h"

const struct transport *const transports[] = {&http_transport, NULL};
