/* front.h: HTTP in, jobs out; and answers back.
 *
 * One thread has one event loop, one h2o context and its own SO_REUSEPORT listeners. Two builds of the same
 * sources: cmpd on io_uring, cmpd-epoll on libh2o's own loop. */
#ifndef CMPD_FRONT_FRONT_H
#define CMPD_FRONT_FRONT_H

#include "server/base/config.h"
#include "server/pipeline/pipeline.h"

struct front;

/* struct front_page is what a page handler answers with. |body| must stay valid until the next call on the
 * same thread; it is copied. */
struct front_page {
    int status;
    const char *content_type;
    struct bytes body;
};

/* struct front_handler answers GET and HEAD of exactly |path|, on the front's thread: it must not block. The
 * table is made by main: the front does not know who answers. */
struct front_handler {
    const char *path;
    void (*handle)(void *arg, struct front_page *page);
    void *arg;
};

/* front_backend returns "io_uring" or "epoll": which build this is. */
const char *front_backend(void);

/* front_probe tries every operation that this build needs from the kernel. Returns 1, or 0 with |why| (|len|
 * octets) telling which is missing, for what likely reason, and the remedy. */
int front_probe(char *why, size_t len);

/* front_new binds every listener of |config| on every thread and loads TLS files. |handlers| must outlive the
 * front. Returns NULL with |fault| written (listener and reason). */
struct front *front_new(struct config_fault *fault, const struct config *config, struct pipeline *pipeline,
                        const struct front_handler *handlers, size_t handler_count);

/* front_start starts the threads: from now on connections are accepted. Returns 1, or 0 when a thread could
 * not be started. */
int front_start(struct front *front);

/* front_drain makes every later answer carry Connection: close or GOAWAY; accepting goes on. */
void front_drain(struct front *front);

/* front_stop closes the listeners, waits until what is in flight is answered, at most |seconds|, closes what
 * is left, joins the threads and frees |front|. Returns the number of requests that were cut off. */
unsigned front_stop(struct front *front, unsigned seconds);

/* front_versions returns one line that names the libraries of the front and their versions. */
const char *front_versions(void);

#endif
