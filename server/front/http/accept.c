/* accept.c: what both loops say when they cannot accept. */
#include <string.h>

#include "server/base/log.h"
#include "server/front/http/loop.h"

void loop_log_accept(int error)
{
    if (log_take("connection not accepted", bytes_str("accept")))
        log_line(LOG_ERROR, "connection not accepted", log_text("reason", strerror(error)),
                 log_text("text", "raise the limit of open files, or lower limits.connections"));
}
