/* genm (RFC 9810 5.3.19, RFC 9483 4.3): a question and its answer. It changes nothing, so it has no row in
 * the store: sent again it is answered again, and under the transactionID of others it does not touch what is
 * theirs. */
#include "server/cmp/info.h"

#define LISTED(name) &cmp_info_##name,

static const struct cmp_info *const infos[] = {CMP_INFOS(LISTED)};
enum { INFOS = sizeof infos / sizeof infos[0] };

_Static_assert((int)INFOS <= (int)BOUND_GENERAL_INFO, "all of them may be asked for");

struct questions {
    struct general_info read[BOUND_GENERAL_INFO];
    size_t read_count;
    struct cmp_info_item items[BOUND_GENERAL_INFO];
    size_t count;
    int of_all; /* 1: none is named: what there is, is told */
};

static const struct cmp_info *info_of(int number)
{
    for (size_t i = 0; i < INFOS; i++)
        if ((int)infos[i]->asked == number)
            return infos[i];
    return NULL;
}

/* RFC 9810 D.5: an empty GenMsgContent asks for "all relevant information". */
static void ask_all(struct questions *own)
{
    own->of_all = 1;
    for (size_t i = 0; i < INFOS; i++)
        if ((infos[i]->flags & CMP_INFO_OF_ALL) != 0)
            own->items[own->count++].info = infos[i];
}

static int decode(struct cmp_message *m)
{
    struct questions *own = m->state = cmp_alloc(m, sizeof *own);
    const char *why = NULL;

    if (own == NULL)
        return 0;
    if (!pki_decode_general(own->read, &own->read_count, &why, m->in.body)) {
        cmp_fault(m, PKI_BAD_DATA_FORMAT, why);
        return 1;
    }
    for (; own->count < own->read_count; own->count++) {
        const struct general_info *read = &own->read[own->count];
        struct cmp_info_item *item = &own->items[own->count];
        *item =
            (struct cmp_info_item){.info = info_of(read->number), .type = read->type, .value = read->value};
        if (item->info != NULL && item->info->price != NULL)
            m->price_us += item->info->price(item->value);
    }
    if (own->count == 0)
        ask_all(own);
    return 1;
}

/* ---- may it be asked ---- */

static enum cmp_turn refuse(struct cmp_message *m, enum pki_failure fail_info, const char *format,
                            const char *name) __attribute__((format(printf, 3, 0)));

static enum cmp_turn refuse(struct cmp_message *m, enum pki_failure fail_info, const char *format,
                            const char *name)
{
    const char *text = arena_printf(m->arena, format, name);

    m->starved |= text == NULL;
    return cmp_refuse_body(m, fail_info, text != NULL ? text : name);
}

static int is_asked_before(const struct questions *own, const struct cmp_info_item *item)
{
    for (const struct cmp_info_item *other = own->items; other < item; other++)
        if (other->info == item->info)
            return 1;
    return 0;
}

static enum cmp_turn check_item(struct cmp_message *m, const struct questions *own,
                                const struct cmp_info_item *item)
{
    const struct cmp_info *info = item->info;

    if (m->route.info != PKI_INFO_OTHER && (info == NULL || (int)info->asked != m->route.info))
        return cmp_refuse_body(m, PKI_BAD_REQUEST,
                               "the URL path is for another infoType than the message asks for");
    if (info == NULL)
        return CMP_ON;
    if ((info->flags & CMP_INFO_PROVEN) != 0 && !m->authenticated)
        return refuse(m, PKI_NOT_AUTHORIZED, "protect the message: %s is told to known ones alone",
                      info->name);
    if (info->value == CMP_VALUE_ABSENT && item->value.len != 0)
        return refuse(m, PKI_BAD_DATA_FORMAT, "infoValue of %s must be absent", info->name);
    if (info->value == CMP_VALUE_REQUIRED && item->value.len == 0)
        return refuse(m, PKI_BAD_DATA_FORMAT, "infoValue of %s is missing", info->name);
    if ((info->flags & CMP_INFO_REPEATS) == 0 && is_asked_before(own, item))
        return refuse(m, PKI_BAD_REQUEST, "ask for %s once", info->name);
    return CMP_ON;
}

/* RFC 9810 5.1.1.4: certProfile names a profile for each, in their order; an empty name, or none, stands for
 * no name. Who may ask was found out for one CA, which is that of them all. */
static enum cmp_turn choose_profile(struct cmp_message *m, struct cmp_info_item *item, size_t n)
{
    struct bytes name = pki_nth_text(cbs_of(m->in.header.cert_profiles), n);

    item->profile = m->profile;
    if (name.len == 0)
        return CMP_ON;
    if ((item->profile = cmp_profile_named(m->settings, name)) == NULL)
        return cmp_refuse_body(m, PKI_BAD_REQUEST, CMP_NO_SUCH_PROFILE);
    if (m->route.profile != NULL && item->profile != m->route.profile)
        return cmp_refuse_body(m, PKI_BAD_REQUEST,
                               "the URL path and certProfile name different profiles: make them agree");
    if (!m->authenticated && !item->profile->config->general.unprotected)
        return cmp_by(m, "general.unprotected",
                      cmp_refuse_body(m, PKI_NOT_AUTHORIZED,
                                      "protect the message: one of the profiles tells known ones alone"));
    if (item->profile->ca != m->profile->ca)
        return cmp_refuse_body(m, PKI_BAD_REQUEST,
                               "certProfile names profiles of several CAs: send a message for each");
    return CMP_ON;
}

static enum cmp_turn check(struct cmp_message *m)
{
    struct questions *own = m->state;

    if (m->body_fault != NULL)
        return cmp_refuse_body(m, m->body_fail_info, m->body_fault);
    /* RFC 9483 4.3: "MUST contain a sequence of one element" */
    if (cmp_to_the_letter(m) && own->read_count != 1) {
        cmp_refuse_body(m, PKI_BAD_REQUEST, "send one infoType in a message");
        m->refusal.detail = cmp_of_rfc9483;
        return cmp_by(m, "accept.header", CMP_REFUSED);
    }
    if (m->in.header.cert_profile_count > own->count)
        return cmp_refuse_body(m, PKI_BAD_REQUEST,
                               "certProfile has more names than the message has infoTypes");
    for (size_t i = 0; i < own->count; i++)
        if (check_item(m, own, &own->items[i]) != CMP_ON || choose_profile(m, &own->items[i], i) != CMP_ON)
            return CMP_REFUSED;
    return CMP_ON;
}

/* ---- the answer ---- */

static enum cmp_turn look(struct cmp_message *m)
{
    struct questions *own = m->state;
    enum cmp_turn turn = CMP_ON, of_item;

    for (size_t i = 0; i < own->count; i++) {
        struct cmp_info_item *item = &own->items[i];
        of_item = item->info != NULL && item->info->look != NULL ? item->info->look(m, item) : CMP_ON;
        if (of_item == CMP_REFUSED)
            return CMP_REFUSED;
        if (of_item == CMP_STAY)
            turn = CMP_STAY;
    }
    return turn;
}

/* RFC 9810 5.3.19.7 */
static int add_unsupported(struct cmp_message *m, struct general_info *out, const struct bytes *types,
                           size_t count)
{
    struct bytes oids[BOUND_GENERAL_INFO];
    CBB cbb;

    out->number = PKI_INFO_UNSUPPORTED_OIDS;
    for (size_t i = 0; i < count; i++)
        if (!der_finish(&oids[i], m->arena, &cbb, CBB_init(&cbb, 16) && der_add_oid(&cbb, types[i])))
            return 0;
    return pki_encode_sequence(&out->value, m->arena, oids, count);
}

static enum cmp_turn answer(struct cmp_message *m)
{
    struct questions *own = m->state;
    struct general_info given[BOUND_GENERAL_INFO + 1];
    struct bytes unsupported[BOUND_GENERAL_INFO], none = bytes_of(NULL, 0), body = none;
    size_t count = 0, unsupported_count = 0;
    int ok;

    for (size_t i = 0; i < own->count; i++) {
        struct cmp_info_item *item = &own->items[i];
        enum cmp_given what = item->info != NULL ? item->info->give(m, item) : CMP_UNSUPPORTED;
        if (what == CMP_NOT_GIVEN)
            return CMP_REFUSED;
        if (what == CMP_GIVEN || (what == CMP_NOTHING && !own->of_all))
            given[count++] = (struct general_info){.number = (int)item->info->answered,
                                                   .value = what == CMP_GIVEN ? item->answer : none};
        else if (what == CMP_UNSUPPORTED && !own->of_all)
            unsupported[unsupported_count++] = item->type;
    }
    ok = unsupported_count == 0 || add_unsupported(m, &given[count++], unsupported, unsupported_count);
    m->result.event = "information given";
    return cmp_answer(m, ok && pki_encode_general(&body, m->arena, given, count), body);
}

static cmp_step *const run[] = {check, look, answer, NULL};

const struct cmp_operation cmp_genm = {
    .request = PKI_GENM,
    .response = PKI_GENP,
    .flags = CMP_BEGINS | CMP_STANDS_ALONE | CMP_ASKS | CMP_ANY_PROFILE,
    .audit = "genm",
    .decode = decode,
    .run = run,
};
