/* commands.c: all commands of cmpctl, in the order in which its help shows them. */
#include "server/ctl/command.h"

#define COMMANDS(X)                                                                                          \
    X(init)                                                                                                  \
    X(check)                                                                                                 \
    X(settings)                                                                                              \
    X(profile_kinds)                                                                                         \
    X(profile_list)                                                                                          \
    X(profile_show)                                                                                          \
    X(profile_test)                                                                                          \
    X(vendor_list)                                                                                           \
    X(vendor_show)                                                                                           \
    X(handout)                                                                                               \
    X(cert_list)                                                                                             \
    X(cert_show)                                                                                             \
    X(cert_export)                                                                                           \
    X(cert_count)                                                                                            \
    X(cert_lint)                                                                                             \
    X(cert_revoke)                                                                                           \
    X(cert_hold)                                                                                             \
    X(cert_release)                                                                                          \
    X(certificate_list)                                                                                      \
    X(certificate_renew)                                                                                     \
    X(ca_create)                                                                                             \
    X(ca_cross)                                                                                              \
    X(ca_rollover)                                                                                           \
    X(ca_show)                                                                                               \
    X(ca_export)                                                                                             \
    X(ca_crl)                                                                                                \
    X(key_block)                                                                                             \
    X(key_unblock)                                                                                           \
    X(key_list)                                                                                              \
    X(secret_create)                                                                                         \
    X(secret_add)                                                                                            \
    X(secret_list)                                                                                           \
    X(secret_withdraw)                                                                                       \
    X(device_add)                                                                                            \
    X(device_import)                                                                                         \
    X(device_export)                                                                                         \
    X(device_list)                                                                                           \
    X(device_overdue)                                                                                        \
    X(device_count)                                                                                          \
    X(device_show)                                                                                           \
    X(device_block)                                                                                          \
    X(device_unblock)                                                                                        \
    X(device_allow)                                                                                          \
    X(device_remove)                                                                                         \
    X(request_list)                                                                                          \
    X(request_show)                                                                                          \
    X(request_approve)                                                                                       \
    X(request_deny)                                                                                          \
    X(announcement_list)                                                                                     \
    X(announcement_show)                                                                                     \
    X(announcement_deliveries)                                                                               \
    X(audit_list)                                                                                            \
    X(audit_verify)                                                                                          \
    X(db_migrate)                                                                                            \
    X(db_status)                                                                                             \
    X(db_check)                                                                                              \
    X(db_purge)                                                                                              \
    X(backup)                                                                                                \
    X(restore)                                                                                               \
    X(decode)                                                                                                \
    X(top)                                                                                                   \
    X(engines)                                                                                               \
    X(man)                                                                                                   \
    X(completion)                                                                                            \
    X(demo_device)

#define DECLARED(name) extern const struct ctl_command ctl_##name;
#define LISTED(name) &ctl_##name,

COMMANDS(DECLARED)

const struct ctl_command *const *ctl_commands(void)
{
    static const struct ctl_command *const all[] = {COMMANDS(LISTED) NULL};

    return all;
}
