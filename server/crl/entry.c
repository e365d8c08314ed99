/* entry.c: see entry.h. */
#include "server/crl/entry.h"

#include <errno.h>
#include <lber.h>
#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crl.h"
#include "server/base/bounds.h"
#include "server/base/file.h"

#define CA_NAMED "${ca}"

enum { PASSWORD_MAX = 1024 };

static int copy_text(char **out, const char *text)
{
    *out = text != NULL ? strdup(text) : NULL;
    return text == NULL || *out != NULL;
}

static int copy_all(struct entry_access *out, const char *url, const char *bind_dn, const char *password_file)
{
    *out = (struct entry_access){.url = NULL};
    if (copy_text(&out->url, url) && copy_text(&out->bind_dn, bind_dn) &&
        copy_text(&out->password_file, password_file))
        return 1;
    entry_access_free(out);
    return 0;
}

int entry_access_copy(struct entry_access *out, const struct config_ldap *config)
{
    return copy_all(out, config->url, config->bind_dn, config->password_file);
}

int entry_access_again(struct entry_access *out, const struct entry_access *from)
{
    return copy_all(out, from->url, from->bind_dn, from->password_file);
}

void entry_access_free(struct entry_access *access)
{
    free(access->url);
    free(access->bind_dn);
    free(access->password_file);
    *access = (struct entry_access){.url = NULL};
}

char *entry_name(const char *form, const char *ca)
{
    const char *at = strstr(form, CA_NAMED);
    char *out = NULL;

    /* A CA's name has nothing in it that a DN would want escaped: letters, digits, '.', '_', '-'. */
    if (at == NULL)
        return strdup(form);
    return asprintf(&out, "%.*s%s%s", (int)(at - form), form, ca, at + strlen(CA_NAMED)) >= 0 ? out : NULL;
}

static int failed(struct entry_result *result, const char *doing, int code)
{
    snprintf(result->why, sizeof result->why, "%s: %s", doing, ldap_err2string(code));
    return 0;
}

static int set_limits(LDAP *ldap)
{
    const int version = LDAP_VERSION3;
    const struct timeval limit = {.tv_sec = BOUND_LDAP_SECONDS};
    ber_len_t most = BOUND_LDAP_ANSWER;
    Sockbuf *buffer = NULL;

    /* No other server is asked because this one says so. */
    return ldap_set_option(ldap, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_OPT_SUCCESS &&
           ldap_set_option(ldap, LDAP_OPT_NETWORK_TIMEOUT, &limit) == LDAP_OPT_SUCCESS &&
           ldap_set_option(ldap, LDAP_OPT_TIMEOUT, &limit) == LDAP_OPT_SUCCESS &&
           ldap_set_option(ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS &&
           /* libldap alone would take whatever length an answer tells. */
           ldap_get_option(ldap, LDAP_OPT_SOCKBUF, &buffer) == LDAP_OPT_SUCCESS &&
           ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &most) == 1;
}

/* Read each time: it may be replaced. */
static int bind_with_password(struct entry_result *result, LDAP *ldap, const struct entry_access *access)
{
    struct berval password = {0, NULL};
    uint8_t *text = NULL;
    size_t len = 0;
    int code;

    if (access->password_file != NULL && !file_read(&text, &len, access->password_file, PASSWORD_MAX)) {
        snprintf(result->why, sizeof result->why, "reading %s: %s", access->password_file, strerror(errno));
        return 0;
    }
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    password.bv_val = (char *)text;
    password.bv_len = len;
    code = ldap_sasl_bind_s(ldap, access->bind_dn, LDAP_SASL_SIMPLE, &password, NULL, NULL, NULL);
    file_free(text, len);
    return code == LDAP_SUCCESS || failed(result, "binding", code);
}

static LDAP *open_directory(struct entry_result *result, const struct entry_access *access)
{
    LDAP *ldap = NULL;
    int code = ldap_initialize(&ldap, access->url);

    if (code != LDAP_SUCCESS) {
        failed(result, "the URL", code);
        return NULL;
    }
    if (set_limits(ldap) && (access->bind_dn == NULL || bind_with_password(result, ldap, access)))
        return ldap;
    if (result->why[0] == 0)
        failed(result, "opening", LDAP_OTHER);
    ldap_unbind_ext_s(ldap, NULL, NULL);
    return NULL;
}

static int64_t number_of(struct bytes der)
{
    struct crl crl;

    return crl_parse(&crl, der) && crl.number > 0 && crl.number < INT64_MAX / 2 ? crl.number : 0;
}

/* What is there: whether it is |value|, and its number if it is a CRL. */
struct seen {
    int is_same;
    int64_t number;
};

static void look_at(struct seen *seen, LDAP *ldap, LDAPMessage *entry, const char *attribute,
                    struct bytes value)
{
    struct berval **values = ldap_get_values_len(ldap, entry, attribute);

    for (int i = 0; values != NULL && values[i] != NULL; i++) {
        struct bytes there = bytes_of((const uint8_t *)values[i]->bv_val, values[i]->bv_len);
        int64_t number = number_of(there);
        seen->is_same |= bytes_equal(there, value);
        seen->number = number > seen->number ? number : seen->number;
    }
    ldap_value_free_len(values);
}

static int read_back(struct seen *seen, struct entry_result *result, LDAP *ldap, const char *dn,
                     const char *attribute, struct bytes value)
{
    char wanted[64];
    char *attributes[] = {wanted, NULL};
    struct timeval limit = {.tv_sec = BOUND_LDAP_SECONDS};
    LDAPMessage *answer = NULL, *entry;
    int code;

    *seen = (struct seen){.is_same = 0};
    snprintf(wanted, sizeof wanted, "%s", attribute);
    code = ldap_search_ext_s(ldap, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0, NULL, NULL, &limit,
                             1, &answer);
    entry = code == LDAP_SUCCESS ? ldap_first_entry(ldap, answer) : NULL;
    if (entry != NULL)
        look_at(seen, ldap, entry, attribute, value);
    ldap_msgfree(answer);
    return code == LDAP_SUCCESS || failed(result, "reading the entry", code);
}

static int replace(struct entry_result *result, LDAP *ldap, const char *dn, const char *attribute,
                   struct bytes value)
{
    char type[64];
    struct berval octets = {value.len, (char *)(uintptr_t)value.data}, *values[] = {&octets, NULL};
    LDAPMod change = {.mod_op = LDAP_MOD_REPLACE | LDAP_MOD_BVALUES, .mod_type = type},
            *changes[] = {&change, NULL};
    int code;

    change.mod_bvalues = values;
    snprintf(type, sizeof type, "%s", attribute);
    code = ldap_modify_ext_s(ldap, dn, changes, NULL, NULL);
    return code == LDAP_SUCCESS || failed(result, "writing", code);
}

static void write_if_newer(struct entry_result *result, LDAP *ldap, const char *dn, const char *attribute,
                           struct bytes value)
{
    int64_t own = number_of(value);
    struct seen seen;

    if (!read_back(&seen, result, ldap, dn, attribute, value))
        return;
    result->number = seen.number;
    if (seen.is_same || (own != 0 && seen.number >= own))
        return;
    if (!replace(result, ldap, dn, attribute, value) || !read_back(&seen, result, ldap, dn, attribute, value))
        return;
    result->number = seen.number;
    if (!seen.is_same)
        snprintf(result->why, sizeof result->why, "the entry does not have what was written to it");
}

void entry_write(struct entry_result *result, const struct entry_access *access, const char *dn,
                 const char *attribute, struct bytes value)
{
    LDAP *ldap;

    *result = (struct entry_result){.number = 0};
    if (value.len > BOUND_LDAP_VALUE) {
        snprintf(result->why, sizeof result->why, "%zu octets are more than a directory is given", value.len);
        return;
    }
    ldap = open_directory(result, access);
    if (ldap == NULL)
        return;
    write_if_newer(result, ldap, dn, attribute, value);
    ldap_unbind_ext_s(ldap, NULL, NULL);
}
