/* calls.c: system calls, by libseccomp. What is not allowed is answered as if the kernel did not have it
 * (ENOSYS): libraries then do without, where they can. The kernel writes a line into its own log. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/sandbox/internal.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WITH_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WITH_SANITIZER
#endif

int sandbox_is_possible(void)
{
#ifdef WITH_SANITIZER
    return 0;
#else
    return 1;
#endif
}

/* A call of another machine has no number here. */
static int number_of(const char *name)
{
    return seccomp_syscall_resolve_name(name);
}

static int allow_calls(scmp_filter_ctx filter, unsigned parts)
{
    int ret = 0;
    for (const struct sandbox_call *row = sandbox_calls; ret == 0 && row->name != NULL; row++)
        if ((row->parts & parts) != 0 && number_of(row->name) >= 0)
            ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number_of(row->name), 0);
    for (const struct sandbox_argument *row = sandbox_arguments; ret == 0 && row->name != NULL; row++)
        if ((row->parts & parts) != 0 && number_of(row->name) >= 0)
            ret = seccomp_rule_add(
                filter, SCMP_ACT_ALLOW, number_of(row->name), 1,
                (struct scmp_arg_cmp){
                    .arg = row->at, .op = SCMP_CMP_MASKED_EQ, .datum_a = row->mask, .datum_b = row->value});
    /* abort() reaches this process and no other. */
    return ret != 0 ? ret
                    : seccomp_rule_add(filter, SCMP_ACT_ALLOW, number_of("tgkill"), 1,
                                       (struct scmp_arg_cmp){.arg = 0,
                                                             .op = SCMP_CMP_MASKED_EQ,
                                                             .datum_a = ~0ULL,
                                                             .datum_b = (scmp_datum_t)getpid()});
}

static int forbid_calls(scmp_filter_ctx filter)
{
    int ret = 0;
    for (const char *const *name = sandbox_forbidden; ret == 0 && *name != NULL; name++)
        if (number_of(*name) >= 0)
            ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number_of(*name), 0);
    return ret;
}

int sandbox_confine_calls(struct sandbox *sandbox, char *why, size_t len)
{
    int has_token = (sandbox->parts & SANDBOX_TOKEN) != 0;
    scmp_filter_ctx filter = seccomp_init(has_token ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS));
    if (filter == NULL) {
        snprintf(why, len, "seccomp: out of memory");
        return 0;
    }
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* hot calls cost no more than others */
    int ret = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (ret == 0)
        ret = has_token ? forbid_calls(filter) : allow_calls(filter, sandbox->parts);
    if (ret == 0)
        ret = seccomp_load(filter);
    seccomp_release(filter);
    if (ret != 0)
        snprintf(why, len, "seccomp: %s", strerror(-ret));
    return ret == 0;
}
