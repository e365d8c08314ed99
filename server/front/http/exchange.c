/* exchange.c: requests of other protocols than CMP, by GET and POST (struct front_exchange). */
#include <string.h>

#include "internal.h"

const struct front_exchange *front_find_exchange(const struct front *front, unsigned serves,
                                                 struct bytes path, struct bytes *rest)
{
    for (size_t i = 0; i < front->exchange_count; i++) {
        size_t len = strlen(front->exchanges[i].path);
        if ((front->exchanges[i].service & serves) == 0 || path.len < len ||
            memcmp(path.data, front->exchanges[i].path, len) != 0 ||
            (path.len > len && path.data[len] != '/'))
            continue;
        *rest = path.len > len ? bytes_of(path.data + len + 1, path.len - len - 1) : bytes_of(NULL, 0);
        return &front->exchanges[i];
    }
    return NULL;
}

int front_answer_last(const struct front_request *request, const struct front_question *question)
{
    const struct front_exchange *exchange = request->exchange;
    struct front_page page = {
        .status = 200, .content_type = exchange->answer_type, .directives = exchange->directives};
    struct bytes ignored;

    exchange->look(exchange->arg, &page, &ignored, question, 1);
    return front_answer_page(request->req, &page);
}

void front_answer_exchange(const struct front_request *request, const struct job *job)
{
    const struct front_exchange *exchange = request->exchange;
    const struct job_validity *validity = job->validity;
    struct front_page page = {.status = 200, .content_type = exchange->answer_type, .body = job->reply};

    if (validity != NULL) {
        page.tag = validity->tag;
        page.modified = validity->modified;
        page.fresh_until = validity->fresh_until;
        page.expires = validity->expires;
        page.directives = exchange->directives;
    }
    front_answer_page(request->req, &page);
}

static void allow_methods(h2o_req_t *req, const char *allow)
{
    h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("allow"), 0, NULL, allow, strlen(allow));
}

static int refuse_question(struct front_request *request, int status, const char *text)
{
    front_note_own_answer(request);
    front_answer(request->req, status, "text/plain", bytes_str(text));
    return 0;
}

int front_serve_exchange(struct front_request *request, const struct front_exchange *exchange,
                         struct bytes rest)
{
    h2o_req_t *req = request->req;
    const char *const types[] = {exchange->request_type, NULL};
    int by_get = front_is_method(req, "GET") || front_is_method(req, "HEAD");
    struct front_question question = {by_get, by_get ? rest : bytes_of(req->entity.base, req->entity.len)};
    struct front_page page = {
        .status = 200, .content_type = exchange->answer_type, .directives = exchange->directives};
    struct bytes octets;

    request->exchange = exchange;
    if (!by_get && !front_is_method(req, "POST")) {
        allow_methods(req, "GET, HEAD, POST");
        return refuse_question(request, 405, "requests are sent by GET or POST\n");
    }
    if (!by_get && rest.len != 0)
        return refuse_question(request, 404, "requests are sent by POST to the path above\n");
    if (!by_get && !front_has_type(req, types))
        return refuse_question(request, 415, "this is another content type than that of a request\n");
    if (!exchange->look(exchange->arg, &page, &octets, &question, 0))
        return front_submit(request, &question, octets, bytes_str(exchange->path));
    /* What is known already costs no more than handing it over would. */
    if (page.tag != NULL)
        front_note_answer(request);
    else
        front_note_own_answer(request);
    return front_answer_page(req, &page);
}
