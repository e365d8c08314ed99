/* accept.c: what both loops say when they cannot accept. */
#include <string.h>

#include "server/base/log.h"
#include "server/front/http/loop.h"

void loop_log_accept(int error)
{
    char text[128];
    if (log_take("connection not accepted", bytes_str("accept")))
        log_event(LOG_ERROR, "connection not accepted",
                  "reason=%s text=\"raise the limit of open files, or lower "
                  "limits.connections\"",
                  log_quote(text, sizeof(text), bytes_str(strerror(error))));
}
