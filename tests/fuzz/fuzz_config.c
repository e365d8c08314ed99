/* fuzz_config.c: any octets as cmpd.yaml end in a configuration that can be used, or in a fault of one line.
 */
#include <stdlib.h>
#include <string.h>

#include "server/base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config_fault fault;
    struct config *config = config_load_text(&fault, "/etc/cmpd/cmpd.yaml", (const char *)data, size);
    if (config == NULL) {
        size_t len = strlen(fault.text);
        if (len == 0 || len >= sizeof fault.text || strchr(fault.text, '\n') != NULL)
            abort();
        return 0;
    }
    if (config->listener_count == 0 || config->ca_count == 0 || config->profile_count == 0 ||
        config->default_profile == NULL || config->node == NULL ||
        (config->seal_key != NULL && config->seal_key[0] != '/'))
        abort();
    config_fault_at(&fault, config, "profiles[0].vendors[3]", "%s", config->default_profile);
    config_free(config);
    return 0;
}
