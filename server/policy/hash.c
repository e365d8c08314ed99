/* hash.c: what nodes compare to know that they serve alike: all of the configuration but what is a node's
 * own, the certificates in the files that it names, and which key seals secrets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/seal.h"
#include "server/policy/internal.h"

/* Each step covers those before it. */
static void add(struct policy *policy, struct bytes data)
{
    uint8_t both[2 * DIGEST_MAX];

    memcpy(both, policy->digest, POLICY_DIGEST);
    digest_compute(both + POLICY_DIGEST, DIGEST_SHA256, data);
    digest_compute(policy->digest, DIGEST_SHA256, bytes_of(both, (size_t)2 * POLICY_DIGEST));
}

void policy_hash_file(struct policy *policy, struct bytes certificate)
{
    add(policy, certificate);
}

static int is_of_the_node(const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);

    return colon != NULL && config_of_node(bytes_of(line, (size_t)(colon - line)));
}

/* A setting begins at the left edge and takes the lines below it that do not. Empty lines, and those with a
 * comment alone, say nothing to a node. A comment behind a setting does: one in quotes may look like it. */
static void add_text(struct policy *policy, const char *text, size_t len)
{
    int skipping = 0;

    for (const char *line = text, *end = text + len; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t line_len = newline != NULL ? (size_t)(newline - line) : (size_t)(end - line);
        size_t indent = 0;
        while (indent < line_len && line[indent] == ' ')
            indent++;
        if (indent == 0 && line_len > 0 && line[0] != '#' && line[0] != '-')
            skipping = is_of_the_node(line, line_len);
        if (!skipping && indent < line_len && line[indent] != '#')
            add(policy, bytes_of(line, line_len));
        line += line_len + 1;
    }
}

void policy_hash_finish(struct policy *policy)
{
    const char *text;
    size_t len;

    config_text(policy->config, &text, &len);
    add_text(policy, text, len);
    if (policy->seal_key != NULL)
        add(policy, seal_key_id(policy->seal_key));
    for (size_t i = 0; i < POLICY_DIGEST; i++)
        snprintf(policy->hash + 2 * i, 3, "%02x", policy->digest[i]);
}
