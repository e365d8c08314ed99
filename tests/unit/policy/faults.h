/* faults.h: a demo's configuration with something wrong in it, and where its fault is told. Included once by
 * a test, after which TestSuite takes set_up and tear_down. */
#ifndef CMPD_TESTS_UNIT_POLICY_FAULTS_H
#define CMPD_TESTS_UNIT_POLICY_FAULTS_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/file.h"
#include "tests/support/demo.h"

static struct demo demo;

static void set_up(void)
{
    demo_new(&demo);
}

static void tear_down(void)
{
    demo_free(&demo);
}

static inline void edit(const char *from, const char *to)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, from, to), "%s", fault.text);
}

/* Replaces |from| by |to|, which does not load: the fault says |what|, in the line where |at| stands first
 * behind the beginning of |to|. Then it is as before. */
static inline void refuse_at(const char *from, const char *to, const char *at, const char *what)
{
    struct config_fault fault, ignored;
    char place[32];
    uint8_t *text;
    size_t len, line = 1;

    cr_assert_not(demo_edit(&demo, &fault, from, to), "%s", to);
    cr_assert_not_null(strstr(fault.text, what), "'%s' does not say '%s'", fault.text, what);
    cr_assert(file_read(&text, &len, demo.config, 1024 * 1024));
    const char *found = strstr(strstr((char *)text, to), at);
    cr_assert_not_null(found);
    for (const char *c = (char *)text; c < found; c++)
        line += *c == '\n';
    snprintf(place, sizeof place, ":%zu: ", line);
    cr_assert_not_null(strstr(fault.text, place), "'%s' is not at line %zu", fault.text, line);
    free(text);
    cr_assert(demo_edit(&demo, &ignored, to, from), "%s", ignored.text);
}

/* The file |name| of the demo, anew. */
static inline void put_file(const char *name, const void *data, size_t len, unsigned mode)
{
    char path[2 * DEMO_PATH_MAX + 64];

    snprintf(path, sizeof path, "%s/%s", demo.dir, name);
    cr_assert(file_write(path, data, len, mode, 0));
}

/* What is in it, with room for |more| octets behind; to be freed. */
static inline char *take_file(const char *name, size_t *len, size_t more)
{
    char path[2 * DEMO_PATH_MAX + 64], *out;
    uint8_t *data;

    snprintf(path, sizeof path, "%s/%s", demo.dir, name);
    cr_assert(file_read(&data, len, path, 1024 * 1024));
    out = malloc(*len + more);
    memcpy(out, data, *len);
    file_free(data, *len);
    return out;
}

#endif
