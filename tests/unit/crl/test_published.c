/* published.c: documents, and who reads them while they are replaced. */
#include "server/crl/published.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/bounds.h"

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
    cr_assert(publication_put(publication, "/crl/a.crl", "application/pkix-crl", octets("one"), 5, 9, NULL));
    cr_assert(publication_put(publication, "/crl/b.crl", "application/pkix-crl", octets("two"), 6, 0, NULL));
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

/* A hash that is known is taken as it is. */
Test(published, a_hash_that_is_known_is_the_tag)
{
    struct publication *publication = publication_new();
    struct published *document;
    uint8_t hash[32];

    for (size_t i = 0; i < sizeof hash; i++)
        hash[i] = (uint8_t)(0xe0 + i);
    cr_assert(publication_put(publication, "/crl/a.crl", "application/pkix-crl", octets("one"), 5, 9, hash));
    document = publication_find(publication, bytes_str("/crl/a.crl"));
    cr_assert_str_eq(document->tag, "\"e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff\"");
    published_release(document);
    publication_free(publication);
}

/* Who fetches during an update gets the old one or the new, never half. */
Test(published, who_reads_the_former_one_keeps_it)
{
    struct publication *publication = publication_new();
    struct published *former, *now;

    cr_assert(publication_put(publication, "/a", "text/plain", octets("former"), 1, 0, NULL));
    former = publication_find(publication, bytes_str("/a"));
    cr_assert(publication_put(publication, "/a", "text/plain", octets("newer"), 2, 0, NULL));
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

    cr_assert(publication_put(publication, "/a", "text/plain", octets("same"), 1, 0, NULL));
    first = publication_find(publication, bytes_str("/a"));
    cr_assert(publication_put(publication, "/a", "text/plain", octets("same"), 2, 0, NULL));
    second = publication_find(publication, bytes_str("/a"));
    cr_assert_eq(first, second);
    published_release(first);
    published_release(second);
    publication_free(publication);
}

/* Who reads slowly enough reads each version that there was, and each stays in memory. */
Test(published, former_ones_have_a_bound_and_the_oldest_go)
{
    enum { QUARTER = BOUND_PUBLISHED_FORMER / 4, MANY = 7 };
    struct publication *publication = publication_new();
    struct published *read[MANY];

    for (int i = 0; i < MANY; i++) {
        uint8_t *body = calloc(1, QUARTER);
        body[0] = (uint8_t)i;
        cr_assert(publication_put(publication, "/a", "text/plain", bytes_of(body, QUARTER), 1, 0, NULL));
        read[i] = publication_find(publication, bytes_str("/a"));
    }
    publication_tidy(publication);
    /* The last is no former one, and of those four are within the bound. */
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(published_is_withdrawn(read[i]), i < MANY - 1 - 4, "%d", i);
    cr_assert_eq(read[0]->body.data[0], 0, "who has it may let it go himself");
    /* What nobody reads any more counts no more, and is gone. */
    for (int i = 2; i < MANY - 1; i++)
        published_release(read[i]);
    publication_tidy(publication);
    cr_assert(publication_put(publication, "/a", "text/plain", octets("newest"), 1, 0, NULL));
    publication_tidy(publication);
    cr_assert_not(published_is_withdrawn(read[MANY - 1]));
    published_release(read[0]);
    published_release(read[1]);
    published_release(read[MANY - 1]);
    publication_tidy(publication);
    publication_free(publication);
}

Test(published, what_is_removed_is_not_found_but_read_to_its_end)
{
    struct publication *publication = publication_new();
    struct published *document;

    cr_assert(publication_put(publication, "/a", "text/plain", octets("a"), 1, 0, NULL));
    cr_assert(publication_put(publication, "/b", "text/plain", octets("b"), 1, 0, NULL));
    document = publication_find(publication, bytes_str("/a"));
    publication_remove(publication, "/a");
    publication_remove(publication, "/c");
    publication_tidy(publication);
    cr_assert_null(publication_find(publication, bytes_str("/a")));
    cr_assert(bytes_equal(document->body, bytes_str("a")));
    published_release(document);
    document = publication_find(publication, bytes_str("/b"));
    cr_assert(bytes_equal(document->body, bytes_str("b")));
    published_release(document);
    publication_free(publication);
}
