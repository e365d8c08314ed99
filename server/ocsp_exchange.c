/* ocsp_exchange.c: requests of OCSP from the front, and what is at hand for them (RFC 6960 A, RFC 9919
 * section 6).
 */
#include "server/ocsp_exchange.h"

#include <time.h>

#include "crypto/ocsp.h"

static void page_of(struct front_page *page, const struct ocsp_kept *kept)
{
    page->body = kept->der;
    if (kept->tag[0] == 0)
        return;
    page->tag = kept->tag;
    page->modified = kept->times.this_update;
    page->fresh_until = kept->times.renew_at;
    page->expires = kept->times.next_update;
}

static void error_page(struct front_page *page, enum ocsp_status status)
{
    page->body = ocsp_error(status);
}

static int look(void *arg, struct front_page *page, struct bytes *request,
                const struct front_question *question, int is_last)
{
    static _Thread_local uint8_t decoded[OCSP_OF_PATH_MAX], octets[OCSP_KEPT_MAX];
    static _Thread_local struct ocsp_kept kept;
    size_t len;

    *request = question->octets;
    if (is_last && question->octets.len == 0) { /* nobody has it any more */
        error_page(page, OCSP_TRY_LATER);
        return 1;
    }
    if (question->by_get && !ocsp_of_path(decoded, &len, question->octets)) {
        error_page(page, OCSP_MALFORMED_REQUEST);
        return 1;
    }
    if (question->by_get)
        *request = bytes_of(decoded, len);
    if (ocsp_look(arg, &kept, octets, *request, time(NULL), !is_last)) {
        page_of(page, &kept);
        return 1;
    }
    error_page(page, OCSP_TRY_LATER);
    return is_last;
}

struct front_exchange ocsp_exchange(struct ocsp_service *ocsp)
{
    return (struct front_exchange){.path = "/ocsp",
                                   .service = CONFIG_SERVE_OCSP,
                                   .kind = JOB_OCSP,
                                   .request_type = "application/ocsp-request",
                                   .answer_type = "application/ocsp-response",
                                   .look = look,
                                   .arg = ocsp,
                                   .directives = ", no-transform, must-revalidate"};
}
