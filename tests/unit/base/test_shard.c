/* shard.c: into which part a certificate falls, and the URL of its CRL. */
#include "server/base/shard.h"

#include <criterion/criterion.h>

static const char *url_of(struct arena *arena, const char *url, unsigned shard)
{
    struct bytes out;

    cr_assert(shard_url(&out, arena, bytes_str(url), shard));
    cr_assert_eq(strlen((const char *)out.data), out.len);
    return (const char *)out.data;
}

Test(shard, its_number_stands_where_the_URL_says)
{
    struct arena *arena = arena_new(64 * 1024);

    cr_assert_str_eq(url_of(arena, "http://h/${shard}.crl", 7), "http://h/7.crl");
    cr_assert_str_eq(url_of(arena, "${shard}", 128), "128");
    cr_assert_str_eq(url_of(arena, "http://h/a-${shard}", 1), "http://h/a-1");
    cr_assert_str_eq(url_of(arena, "http://h/a.crl", 1), "http://h/a.crl");
    cr_assert_str_eq(url_of(arena, "", 1), "");
    cr_assert(shard_is_named("a${shard}"));
    cr_assert_not(shard_is_named("a{shard}"));
    arena_free(arena);
}

/* Every certificate is in one, and each has its share. */
Test(shard, all_are_used)
{
    unsigned counts[5] = {0};

    for (unsigned i = 0; i < 10000; i++) {
        const uint8_t end[4] = {0xff, 0xff, (uint8_t)(i >> 8), (uint8_t)i};
        unsigned shard = shard_of(end, 5);
        cr_assert(shard >= 1 && shard <= 5);
        counts[shard - 1]++;
    }
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(counts[i], 2000);
    cr_assert_eq(shard_of((const uint8_t[4]){0xff, 0xff, 0xff, 0xff}, 1), 1);
}

/* The other way round, as who reads a distribution point needs it. */
Test(shard, its_number_is_found_in_the_URL)
{
    static const struct {
        const char *template, *url;
        int number;
    } cases[] = {
        {"http://a/${shard}.crl", "http://a/1.crl", 1},
        {"http://a/${shard}.crl", "http://a/128.crl", 128},
        {"http://a/${shard}", "http://a/7", 7},
        {"${shard}", "12", 12},
        {"http://a/full.crl", "http://a/full.crl", 0},
        {"http://a/full.crl", "http://a/full", -1},
        {"http://a/${shard}.crl", "http://a/.crl", -1},
        {"http://a/${shard}.crl", "http://a/0.crl", -1},
        {"http://a/${shard}.crl", "http://a/01.crl", -1},
        {"http://a/${shard}.crl", "http://a/x.crl", -1},
        {"http://a/${shard}.crl", "http://a/1x.crl", -1},
        {"http://a/${shard}.crl", "http://a/1000.crl", -1},
        {"http://a/${shard}.crl", "http://b/1.crl", -1},
        {"http://a/${shard}.crl", "http://a/1.cr", -1},
        {"http://a/${shard}.crl", "http://a/1", -1},
        {"http://a/${shard}.crl", "", -1},
        {"", "", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(shard_in_url(bytes_str(cases[i].template), bytes_str(cases[i].url)), cases[i].number,
                     "case %zu", i);
}
