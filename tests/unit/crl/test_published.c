/* published.c: documents, and who reads them while they are replaced. */
#include "server/crl/published.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(published);

static struct bytes octets(const char *text)
{
    return bytes_of((const uint8_t *)strdup(text), strlen(text));
}

Test(published, a_document_is_found_by_its_path)
{
    struct publication *publication = publication_new();
    struct published *document;

    cr_assert_null(publication_find(publication, bytes_str("/crl/a.crl")));
    cr_assert(publication_put(publication, "/crl/a.crl", "application/pkix-crl", octets("one"), 5, 9));
    cr_assert(publication_put(publication, "/crl/b.crl", "application/pkix-crl", octets("two"), 6, 0));
    document = publication_find(publication, bytes_str("/crl/a.crl"));
    cr_assert(bytes_equal(document->body, bytes_str("one")));
    cr_assert_str_eq(document->content_type, "application/pkix-crl");
    cr_assert_eq(document->modified, 5);
    cr_assert_eq(document->expires, 9);
    /* SHA-256 of "one" */
    cr_assert_str_eq(document->tag, "\"7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed\"");
    published_release(document);
    cr_assert_null(publication_find(publication, bytes_str("/crl/a")));
    publication_free(publication);
}

/* Who fetches during an update gets the old one or the new, never half. */
Test(published, who_reads_the_former_one_keeps_it)
{
    struct publication *publication = publication_new();
    struct published *former, *now;

    cr_assert(publication_put(publication, "/a", "text/plain", octets("former"), 1, 0));
    former = publication_find(publication, bytes_str("/a"));
    cr_assert(publication_put(publication, "/a", "text/plain", octets("newer"), 2, 0));
    now = publication_find(publication, bytes_str("/a"));
    cr_assert(bytes_equal(former->body, bytes_str("former")));
    cr_assert(bytes_equal(now->body, bytes_str("newer")));
    publication_free(publication);
    cr_assert(bytes_equal(former->body, bytes_str("former")), "even when the publication is gone");
    published_release(former);
    published_release(now);
    published_release(NULL);
    publication_free(NULL);
}

Test(published, the_same_octets_change_nothing)
{
    struct publication *publication = publication_new();
    struct published *first, *second;

    cr_assert(publication_put(publication, "/a", "text/plain", octets("same"), 1, 0));
    first = publication_find(publication, bytes_str("/a"));
    cr_assert(publication_put(publication, "/a", "text/plain", octets("same"), 2, 0));
    second = publication_find(publication, bytes_str("/a"));
    cr_assert_eq(first, second);
    published_release(first);
    published_release(second);
    publication_free(publication);
}
