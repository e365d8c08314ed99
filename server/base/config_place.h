/* config_place.h: where the configuration is, for programs that are not told. */
#ifndef CMPD_BASE_CONFIG_PLACE_H
#define CMPD_BASE_CONFIG_PLACE_H

/* What names the configuration, and where it is if nothing does. */
#define CONFIG_PLACE_VARIABLE "CMPD_CONFIG"
#define CONFIG_PLACE_DEFAULT "/etc/cmpd/cmpd.yaml"

/* config_place returns the path of the configuration: |given| by --config, if that is not NULL; else what the
 * variable CMPD_CONFIG of the environment names, if it is set and not empty; else /etc/cmpd/cmpd.yaml, if
 * that is there or this user may not look. NULL: none of them. The result is |given|'s, the environment's, or
 * static. */
const char *config_place(const char *given);

#endif
