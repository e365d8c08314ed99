/* suppLangTags (RFC 9810 5.3.19.13). */
#include "server/cmp/info.h"

static enum cmp_given give(struct cmp_message *m, struct cmp_info_item *item)
{
    struct bytes tag;
    size_t count;
    CBS list;

    if (!pki_decode_texts(&list, &count, item->value)) {
        cmp_refuse_body(m, PKI_BAD_DATA_FORMAT, "infoValue of suppLangTags must be a list of UTF8String");
        return CMP_NOT_GIVEN;
    }
    if (cmp_find_language(&tag, bytes_of_cbs(&list)) < 0) {
        cmp_refuse_body(m, PKI_ADD_INFO_NOT_AVAILABLE,
                        "texts are in none of these languages: ask for en, de, fr or es");
        return CMP_NOT_GIVEN;
    }
    return cmp_given_if(m, pki_encode_text(&item->answer, m->arena, tag));
}

const struct cmp_info cmp_info_supp_lang_tags = {
    .asked = PKI_INFO_SUPP_LANG_TAGS,
    .answered = PKI_INFO_SUPP_LANG_TAGS,
    .name = "suppLangTags",
    .value = CMP_VALUE_REQUIRED,
    .give = give,
};
