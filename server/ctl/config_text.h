/* config_text.h: cmpd.yaml as cmpctl init writes it: every setting explained, and running as it is. */
#ifndef CMPD_CTL_CONFIG_TEXT_H
#define CMPD_CTL_CONFIG_TEXT_H

#include <stdio.h>

struct ctl_config_values {
    const char *listen;
    const char *store;
    const char *node;
    int demo;
};

/* ctl_write_config writes the file's text. Returns 1, or 0 when |out| failed. */
int ctl_write_config(FILE *out, const struct ctl_config_values *values);

#endif
