/* announcement.c: see announcement.h. */
#include "server/ctl/announcement.h"

#include "server/pki/message.h"

/* Returns how many the page had, -1 with a fault printed; |after| is the last one's key. */
static int each_of_page(const struct device_store *at, uint8_t after[STORE_ANNOUNCEMENT_KEY_MAX], size_t *len,
                        announcement_found *each, void *arg)
{
    struct store_fetch fetch = {.kind = STORE_ANNOUNCEMENTS,
                                .index = STORE_ALL_ANNOUNCEMENTS,
                                .issuer = bytes_of(at->issuer, STORE_ISSUER_ID),
                                .key = bytes_of(after, *len),
                                .arena = arena_new(DEVICE_ARENA)};
    const struct store_announcement *rows;
    int count = -1;

    if (fetch.arena == NULL || !store_fetch_wait(at->opened.store, &fetch) ||
        fetch.outcome == STORE_FETCH_UNAVAILABLE) {
        ctl_fault("the store does not answer");
    } else {
        rows = fetch.rows;
        count = fetch.outcome == STORE_FOUND ? (int)fetch.count : 0;
        for (int i = 0; i < count; i++) {
            *len = rows[i].announcement.len;
            memcpy(after, rows[i].announcement.data, *len);
            each(arg, &rows[i]);
        }
    }
    arena_free(fetch.arena);
    return count;
}

int announcement_each(const struct device_store *at, announcement_found *each, void *arg)
{
    uint8_t after[STORE_ANNOUNCEMENT_KEY_MAX];
    size_t len = 0;
    int count;

    do
        count = each_of_page(at, after, &len, each, arg);
    while (count == STORE_ANNOUNCEMENTS_MAX);
    return count >= 0;
}

json_t *announcement_json(const struct store_announcement *row)
{
    char at[CTL_TIME_MAX];
    json_t *json = json_object();

    ctl_json_set(json, "upstream", ctl_json_text(row->upstream));
    ctl_json_set(json, "body", json_string(pki_body_name(row->body)));
    ctl_json_set(json, "announced", json_string(ctl_time(at, row->announced_at)));
    ctl_json_set(json, "received", json_string(ctl_time(at, row->received_at)));
    ctl_json_set(json, "about", ctl_json_text(row->about));
    return json;
}
