/* json.h: JSON as tools write it, by jansson: an object a line. */
#ifndef CMPD_CTL_JSON_H
#define CMPD_CTL_JSON_H

#include <jansson.h>

#include "server/base/bytes.h"

/* ctl_json_text returns |value| as a string; an octet that belongs to no character becomes U+FFFD. Without
 * memory this and the others end the program with a fault. */
json_t *ctl_json_text(struct bytes value);

/* ctl_json_read returns what the text |value| says, or NULL if it is no JSON. */
json_t *ctl_json_read(struct bytes value);

/* ctl_json_set adds the member |key| to |object| and takes |value| over. */
void ctl_json_set(json_t *object, const char *key, json_t *value);

/* ctl_json_print writes |object| in a line, and frees it. All but ASCII is escaped: what the store holds may
 * be anybody's, and a terminal may obey some of it. */
void ctl_json_print(json_t *object);

/* ctl_json_show writes the string |value| as it stands in JSON, without its quotes; "?" if it is none. */
void ctl_json_show(const json_t *value);

#endif
