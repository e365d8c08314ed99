/* Several responses, or statuses, in one answer. */
#include "tests/support/parts.h"

#include "server/pki/several.h"
#include "tests/support/must.h"

static int is_cert_rep(int body)
{
    return body == PKI_IP || body == PKI_CP || body == PKI_KUP || body == PKI_CCP;
}

static void read_responses(struct answer *answer)
{
    struct bytes bodies[BOUND_SEVERAL];

    must(pki_split_cert_rep(bodies, &answer->part_count, BOUND_SEVERAL, answer->arena, answer->message.body));
    must(answer->part_count <= BOUND_SEVERAL);
    for (size_t i = 0; i < answer->part_count; i++) {
        struct answer_part *part = &answer->parts[i];
        must(pki_decode_cert_rep(&part->response, bodies[i]));
        part->status = part->response.status;
        part->has_cert = part->response.certificate.len != 0;
        must(!part->has_cert || certificate_parse(&part->cert, part->response.certificate));
    }
}

static void read_statuses(struct answer *answer)
{
    CBS cbs = cbs_of(answer->message.body), content, list;

    must(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) && CBS_len(&cbs) == 0);
    must(CBS_get_asn1(&content, &list, CBS_ASN1_SEQUENCE) && CBS_len(&content) == 0);
    while (CBS_len(&list) != 0) {
        must(answer->part_count < BOUND_SEVERAL);
        must(pki_status_get(&list, &answer->parts[answer->part_count++].status));
    }
}

int parts_read(struct answer *answer)
{
    if (is_cert_rep(answer->body))
        read_responses(answer);
    if (answer->body == PKI_RP)
        read_statuses(answer);
    return answer->part_count > 1;
}

void parts_check(const struct answer *answer)
{
    size_t granted = 0;

    for (size_t i = 0; i < answer->part_count; i++) {
        const struct pki_status_info *status = &answer->parts[i].status;
        if (status->status == PKI_REJECTION) {
            must(!answer->parts[i].has_cert && status->text.len != 0);
            must(status->fail_info != 0 && (status->fail_info & (status->fail_info - 1)) == 0);
            continue;
        }
        must(status->status == PKI_ACCEPTED || status->status == PKI_GRANTED_WITH_MODS ||
             status->status == PKI_KEY_UPDATE_WARNING);
        must(status->fail_info == 0 && answer->parts[i].has_cert == is_cert_rep(answer->body));
        granted++;
    }
    must(answer->result.refused == (granted == 0));
}
