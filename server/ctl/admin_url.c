/* admin_url.c: see admin_url.h. */
#include "server/ctl/admin_url.h"

#include <stdio.h>
#include <string.h>

/* One without TLS first of all: who has its certificate from nobody public is not believed here. */
static const struct config_listener *listener_of(const struct config *config)
{
    const struct config_listener *found = NULL;

    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];
        if ((listener->serves & CONFIG_SERVE_ADMIN) != 0 && !listener->proxy_protocol &&
            (found == NULL || (found->tls != NULL && listener->tls == NULL)))
            found = listener;
    }
    return found;
}

/* An address that stands for every one of this machine is this machine's own. */
int admin_url(char out[ADMIN_URL_MAX], const struct config *config, const char *path)
{
    static const struct {
        const char *any, *here;
    } hosts[] = {{":", "127.0.0.1:"}, {"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}, {"", ""}};
    const struct config_listener *listener = listener_of(config);
    size_t i = 0;

    if (listener == NULL)
        return 0;
    while (strncmp(listener->address, hosts[i].any, strlen(hosts[i].any)) != 0)
        i++;
    snprintf(out, ADMIN_URL_MAX, "%s://%s%s%s", listener->tls != NULL ? "https" : "http", hosts[i].here,
             listener->address + strlen(hosts[i].any), path);
    return 1;
}
