/* config.c: see config.h. The way of a file: octets → libyaml's document (config_source.c) → one walk along
 * the rows of settings.c, which checks and fills (config_walk.c) → references checked (config_names.c). */
#include "config_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "file.h"

void config_text(const struct config *config, const char **text, size_t *len)
{
    *text = config->source != NULL ? config->source->text : "";
    *len = config->source != NULL ? config->source->len : 0;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    config_source_free(config->source); /* holds |config| itself */
}

static struct config *fill(struct config_fault *fault, struct config_source *source)
{
    struct config_reading reading = {.fault = fault, .source = source};
    struct config *config = arena_alloc(source->arena, sizeof *config);

    if (config == NULL) {
        config_fault_line(fault, source, 0, "out of memory");
        return NULL;
    }
    config->source = source;
    return config_read_document(&reading, config) && config_check_references(fault, config) ? config : NULL;
}

struct config *config_load_text(struct config_fault *fault, const char *name, const char *text, size_t len)
{
    struct config_source *source;
    struct config *config;

    fault->text[0] = 0;
    source = config_source_read(fault, name, text, len);
    config = source != NULL ? fill(fault, source) : NULL;
    if (config == NULL)
        config_source_free(source);
    return config;
}

struct config *config_load(struct config_fault *fault, const char *path)
{
    uint8_t *text;
    size_t len;
    if (!file_read(&text, &len, path, CONFIG_FILE_MAX)) {
        const char *hint = errno == ENOENT   ? "give the right name, or make one with \"cmpctl init\""
                           : errno == EACCES ? "let the user that runs this program read it"
                           : errno == EFBIG  ? "this is not a cmpd.yaml"
                                             : "give the name of a readable file";
        snprintf(fault->text, sizeof fault->text, "%s: cannot be read: %s; %s", path, strerror(errno), hint);
        return NULL;
    }
    struct config *config = config_load_text(fault, path, (const char *)text, len);
    free(text);
    return config;
}

int config_suppose_vendors(struct config *config, size_t profile, const struct config_list *vendors)
{
    struct config_profile *profiles =
        arena_alloc(config->source->arena, config->profile_count * sizeof *profiles);

    if (profiles == NULL)
        return 0;
    memcpy(profiles, config->profiles, config->profile_count * sizeof *profiles);
    profiles[profile].accept.vendors = *vendors;
    config->profiles = profiles;
    return 1;
}

const struct config_vendor *config_vendor_named(const struct config_vendor *vendors, size_t count,
                                                struct bytes name)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(bytes_str(vendors[i].name), name))
            return &vendors[i];
    return NULL;
}

const char *config_versions(void)
{
    static char text[64];

    snprintf(text, sizeof text, "libyaml %s", yaml_get_version_string());
    return text;
}
