/* Which algorithms a profile takes, of protection and of proof of possession. */
#include <time.h>

#include "server/cmp/internal.h"

/* What is taken by a tolerance alone, and which one that is: NULL if none would do. */
static const struct signature_algorithm *tolerable(enum tolerance *tolerance, struct bytes algorithm)
{
    CBS cbs = cbs_of(algorithm), again = cbs;
    const struct signature_algorithm *row = signature_parse_lenient(&cbs);

    *tolerance = TOLERANCE_ECDSA_NULL_PARAMETERS;
    if (row == NULL) {
        *tolerance = TOLERANCE_SHA1_SIGNATURES;
        row = signature_parse_sha1(&again);
    }
    return row;
}

const struct signature_algorithm *cmp_read_algorithm(struct cmp_message *m, struct bytes algorithm)
{
    CBS cbs = cbs_of(algorithm);
    const struct signature_algorithm *row = signature_parse(&cbs);
    enum tolerance tolerance;

    if (row == NULL && (row = tolerable(&tolerance, algorithm)) != NULL && !cmp_tolerates(m, tolerance))
        row = NULL;
    return row;
}

const char *cmp_algorithm_text(struct cmp_message *m, const char *what, struct bytes algorithm)
{
    enum tolerance tolerance;
    const char *fault = signature_fault(m->arena, algorithm),
               *text = tolerable(&tolerance, algorithm) != NULL
                           ? arena_printf(m->arena, "%s: %s, or have %s tolerated", what, fault,
                                          tolerance_name(tolerance))
                           : arena_printf(m->arena, "%s: %s", what, fault);

    return text != NULL ? text : "the signature algorithm is not supported";
}

/* ---- what the profile accepts ---- */

enum {
    NAMED = 6, /* algorithms that a refusal names as good ones */
    WHY = 256,
};

static int has_ended(const struct cmp_message *m, size_t number)
{
    int64_t until = m->profile->algorithms.until[number];
    /* Who has begun may end: a station that has its certificate has to confirm it. */
    int64_t now = m->has_tx && !cmp_has(m, CMP_BEGINS) ? m->tx.created_at : m->now;

    return until != 0 && now >= until;
}

/* Which of |bits| would be taken. */
static uint64_t good_ones(const struct cmp_message *m, uint64_t bits)
{
    uint64_t good = bits & m->profile->algorithms.accepted;

    for (size_t i = 0; algorithm_name(i) != NULL; i++)
        if (has_ended(m, i) ||
            (algorithm_strength(i) != 0 && algorithm_strength(i) < m->profile->config->accept.min_strength))
            good &= ~(UINT64_C(1) << i);
    return good;
}

/* Those of the same family come first: the device has its key already. */
static uint64_t instead_of(const struct cmp_message *m, const struct signature_algorithm *row)
{
    const struct signature_algorithm *other;
    uint64_t alike = 0, good = good_ones(m, algorithms_for(ALGORITHM_SIGNS));

    for (size_t i = 0; (other = signature_row(i)) != NULL; i++)
        if (other->family == row->family)
            alike |= good & UINT64_C(1) << i;
    return alike != 0 ? alike : good;
}

static size_t first_of(uint64_t bits)
{
    size_t number = 0;

    while ((bits & UINT64_C(1) << number) == 0)
        number++;
    return number;
}

/* Of |bits| those from the first one on that has ended; 0: none has. */
static uint64_t from_ended(const struct cmp_message *m, uint64_t bits)
{
    while (bits != 0 && !has_ended(m, first_of(bits)))
        bits &= bits - 1;
    return bits;
}

/* Of what is refused: |what| it was for, and which others are |good|. */
static const char *told(struct cmp_message *m, const char *what, const char *why, uint64_t good)
{
    char names[ALGORITHM_LIST_MAX];
    const char *list = algorithms_list(names, good, ", ", NAMED),
               *text = list != NULL ? arena_printf(m->arena, "%s: %s: use %s", what, why, list)
                                    : arena_printf(m->arena, "%s: %s", what, why);

    return text != NULL ? text : "the algorithm is not accepted by this profile";
}

/* Writes |why| |bits|, of |strength| bits of security, are refused, and by which setting. 1, or 0: they are
 * taken. */
static int is_refused(struct cmp_message *m, char why[WHY], const char **setting, uint64_t bits,
                      unsigned strength)
{
    const struct cmp_algorithms *policy = &m->profile->algorithms;
    const unsigned wanted = m->profile->config->accept.min_strength;
    const uint64_t ended = from_ended(m, bits);
    char day[sizeof "YYYY-MM-DD"] = "";
    struct tm utc;

    if ((bits & ~policy->accepted) != 0) {
        *setting = (bits & algorithms_for(ALGORITHM_SIGNS)) != 0 ? "accept.signatures" : "accept.macs";
        snprintf(why, WHY, "%s is not accepted by this profile",
                 algorithm_name(first_of(bits & ~policy->accepted)));
        return 1;
    }
    if (ended != 0) {
        time_t at = (time_t)policy->until[first_of(ended)];
        *setting = "accept.deprecated";
        if (gmtime_r(&at, &utc) != NULL)
            strftime(day, sizeof day, "%Y-%m-%d", &utc);
        snprintf(why, WHY, "%s is refused since %s", algorithm_name(first_of(ended)), day);
        return 1;
    }
    if (strength < wanted) {
        *setting = "accept.min_strength";
        snprintf(why, WHY, "it has %u bits of security, and this profile wants %u", strength, wanted);
        return 1;
    }
    m->deprecated |= bits & policy->deprecated;
    return 0;
}

const char *cmp_signature_policy(struct cmp_message *m, const char *what,
                                 const struct signature_algorithm *row, const char **setting)
{
    const uint64_t bits = algorithms_of_signature(row);
    char why[WHY], name[96];

    if (bits == 0 || !is_refused(m, why, setting, bits, signature_strength(row)))
        return NULL;
    snprintf(name, sizeof name, "%s %s", what, row->name);
    return told(m, signature_strength(row) < m->profile->config->accept.min_strength ? name : what, why,
                instead_of(m, row));
}

enum cmp_turn cmp_check_signature(struct cmp_message *m)
{
    const char *setting, *text = cmp_signature_policy(m, "protectionAlg", m->signature_algorithm, &setting);

    return text == NULL ? CMP_ON : cmp_by(m, setting, cmp_refuse(m, PKI_BAD_ALG, text, NULL));
}

enum cmp_turn cmp_check_mac_policy(struct cmp_message *m, const struct mac_algorithm *mac)
{
    const char *setting;
    char why[WHY];

    if (!is_refused(m, why, &setting, algorithms_of_mac(mac), mac_strength(mac)))
        return CMP_ON;
    return cmp_by(
        m, setting,
        cmp_refuse(m, PKI_BAD_ALG, told(m, "MAC", why, good_ones(m, algorithms_for(ALGORITHM_MACS))), NULL));
}

enum cmp_turn cmp_check_key(struct cmp_message *m)
{
    const unsigned wanted = m->profile->config->accept.min_strength;
    const enum key_kind kind = public_key_kind(m->signer_key);
    const unsigned bits = public_key_bits(m->signer_key), strength = key_strength(kind, bits);
    const char *text;

    if (strength >= wanted)
        return CMP_ON;
    text =
        arena_printf(m->arena,
                     "the protecting key, %s with %u bits, has %u bits of security, and this profile wants "
                     "%u: use a stronger one",
                     key_algorithm(kind)->name, bits, strength, wanted);
    return cmp_by(m, "accept.min_strength",
                  cmp_refuse(m, PKI_BAD_ALG,
                             text != NULL ? text : "the protecting key is too weak for this profile", NULL));
}
