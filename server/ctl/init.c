/* init: a new CA in a folder, and a second node of one. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/random.h"
#include "server/base/file.h"
#include "server/ctl/ctl.h"
#include "server/ctl/folder.h"
#include "server/ctl/open.h"
#include "server/ctl/root_crl.h"
#include "server/ctl/secret.h"
#include "storage/store.h"

enum {
    ARENA = 1024 * 1024,
    FILE_LIMIT = 4 * 1024 * 1024,
    ROOT_DAYS = 20 * 365,
    CA_DAYS = 10 * 365,
    CMP_DAYS = 3 * 365,
    SEAL_HEX = 64,
    SECRET_HEX = 32,
    MADE_MAX = 8, /* folders in DIR, and the configuration */
    URL_MAX = 512,
    NODE_MAX = 256, /* room for a host's name and an address; what is too long, the configuration refuses */
};

static const char EMBEDDED_STORE[] = "sqlite:store/cmpd.db";

#define DEFAULT_ADMIN "127.0.0.1:8830"

/* struct folder is what init has made so far, for it to go again when something fails. What stands in a
 * folder that init made is init's, too; of DIR itself, only what is named here. */
struct folder {
    const char *path;
    int is_new;  /* 1: it was made, 0: it was there, and empty */
    mode_t mode; /* … with these permissions */
    const char *made[MADE_MAX];
    size_t made_count;
};

struct options {
    struct folder *folder;
    const char *dir, *join_from;
    const char *listen, *admin_listen, *store, *name, *node;
    const char *
        public_url; /* where the CRL and the CA's certificate can be fetched; NULL: certificates do not say */
    enum key_kind kind, vendor_kind;
    int demo;
    int together; /* 1: health where base stations come in */
};

static void note_made(struct folder *folder, const char *name)
{
    if (folder->made_count < MADE_MAX)
        folder->made[folder->made_count++] = name;
}

/* Makes the folder |name|, a constant, in DIR, and writes its path into |path| (CTL_PATH_MAX octets). */
static int make_subdir(struct folder *folder, char *path, const char *name)
{
    if (!ctl_path(path, folder->path, name))
        return !ctl_fault("the path %s/%s is too long", folder->path, name);
    if (mkdir(path, 0700) != 0)
        return !ctl_fault("cannot make the folder %s: %s", path, strerror(errno));
    note_made(folder, name);
    return 1;
}

/* What cannot be removed is left: the fault that is told is the first one. */
static void undo(const struct folder *folder)
{
    char path[CTL_PATH_MAX];

    for (size_t i = folder->made_count; i-- > 0;)
        if (ctl_path(path, folder->path, folder->made[i]))
            folder_remove(path);
    if (folder->is_new)
        rmdir(folder->path);
    else if (folder->mode != 0 && chmod(folder->path, folder->mode) != 0)
        fprintf(stderr, "cmpctl: %s keeps the mode 0700: %s\n", folder->path, strerror(errno));
}

/* DIR may exist if it is empty: a mount point, say. Anything else in it is somebody's. */
static int find_empty_dir(struct folder *folder)
{
    const char *path = folder->path;
    DIR *dir;
    struct dirent *entry;
    struct stat st;
    int entries = 0;

    if (mkdir(path, 0700) == 0)
        return folder->is_new = 1;
    if (errno != EEXIST)
        return !ctl_fault("cannot make the folder %s: %s", path, strerror(errno));
    if ((dir = opendir(path)) == NULL)
        return !ctl_fault("cannot read the folder %s: %s", path, strerror(errno));
    while ((entry = readdir(dir)) != NULL)
        entries += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    if (entries != 0)
        return !ctl_fault("%s is not empty: name a new folder", path);
    if (stat(path, &st) != 0 || chmod(path, 0700) != 0)
        return !ctl_fault("cannot protect the folder %s: %s", path, strerror(errno));
    folder->mode = st.st_mode & 07777;
    return 1;
}

/* The folder for seals (audit_seal_file) is there before cmpd is: a service may write in it, and not beside
 * it. */
static int make_empty_dir(struct folder *folder)
{
    char audit[CTL_PATH_MAX];

    return find_empty_dir(folder) && make_subdir(folder, audit, "audit");
}

static int write_hex_file(const char *dir, const char *name, size_t digits)
{
    char path[CTL_PATH_MAX], text[SEAL_HEX + 2];
    uint8_t octets[SEAL_HEX / 2];
    int ok;

    random_bytes(octets, digits / 2);
    for (size_t i = 0; i < digits / 2; i++)
        snprintf(text + 2 * i, 3, "%02x", octets[i]);
    text[digits] = '\n';
    ok = ctl_path(path, dir, name) && file_write(path, text, digits + 1, 0600, 1);
    secret_wipe(octets, sizeof octets);
    secret_wipe(text, sizeof text);
    return ok || !ctl_fault("cannot write %s/%s: %s", dir, name, strerror(errno));
}

static int make_root_crl(const struct ctl_identity *root, const char *dir)
{
    char path[CTL_PATH_MAX];

    return ctl_path(path, dir, "root.crl") && root_crl_begin(path, root, time(NULL));
}

static int make_operator_pki(const struct options *options, struct arena *arena)
{
    const char *o = options->name;
    const char *const root_name[] = {"O", o, "CN", "Root CA", NULL};
    const char *const issuing_name[] = {"O", o, "CN", "Issuing CA", NULL};
    const char *const cmp_name[] = {"O", o, "CN", "CMP server", NULL};
    const struct ctl_cert_spec specs[] = {
        {CTL_ROOT, root_name, options->kind, CTL_RSA_BITS, 1, ROOT_DAYS},
        {CTL_CA, issuing_name, options->kind, CTL_RSA_BITS, 0, CA_DAYS},
        {CTL_CMP_SIGNER, cmp_name, options->kind, CTL_RSA_BITS, -1, CMP_DAYS},
    };
    static const char *const stems[] = {"root", "issuing", "cmp"};
    struct ctl_identity made[3] = {{.key = NULL}};
    char ca[CTL_PATH_MAX];
    int ok = make_subdir(options->folder, ca, "ca");

    for (int i = 0; ok && i < 3; i++)
        ok = ctl_make(&made[i], arena, &specs[i], i == 0 ? NULL : &made[i - 1], time(NULL)) &&
             ctl_save(&made[i], ca, stems[i], 1);
    ok = ok && make_root_crl(&made[0], ca);
    for (int i = 0; i < 3; i++)
        ctl_identity_cleanup(&made[i]);
    return ok && write_hex_file(ca, "seal.key", SEAL_HEX);
}

static int make_vendor_pki(const struct options *options, struct arena *arena)
{
    static const char *const root_name[] = {"O", "Demo Vendor", "CN", "Demo Vendor Root CA", NULL};
    static const char *const intermediate_name[] = {"O", "Demo Vendor", "CN", "Demo Vendor Factory CA", NULL};
    const struct ctl_cert_spec root_spec = {CTL_ROOT,     root_name, options->vendor_kind,
                                            CTL_RSA_BITS, 1,         ROOT_DAYS};
    const struct ctl_cert_spec intermediate_spec = {
        CTL_CA, intermediate_name, options->vendor_kind, CTL_RSA_BITS, 0, CA_DAYS};
    struct ctl_identity root = {.key = NULL}, intermediate = {.key = NULL};
    char demo[CTL_PATH_MAX];
    int ok = make_subdir(options->folder, demo, "demo") &&
             ctl_make(&root, arena, &root_spec, NULL, time(NULL)) &&
             ctl_save(&root, demo, "vendor-root", 0) &&
             ctl_make(&intermediate, arena, &intermediate_spec, &root, time(NULL)) &&
             ctl_save(&intermediate, demo, "vendor-intermediate", 1) && ctl_device(options->dir, "device");

    ctl_identity_cleanup(&root);
    ctl_identity_cleanup(&intermediate);
    return ok;
}

static int make_demo_secret(const struct options *options, const struct policy *policy)
{
    static const char reference[] = "demo-base-station\n";
    char demo[CTL_PATH_MAX], path[CTL_PATH_MAX];
    uint8_t *secret;
    size_t len;
    int ok;

    if (!ctl_path(demo, options->dir, "demo") || !ctl_path(path, demo, "mac-reference") ||
        !file_write(path, reference, sizeof reference - 1, 0644, 1))
        return !ctl_fault("cannot write mac-reference: %s", strerror(errno));
    if (!write_hex_file(demo, "mac-secret", SECRET_HEX) || !ctl_path(path, demo, "mac-secret") ||
        !file_read(&secret, &len, path, FILE_LIMIT))
        return 0;
    const struct ctl_shared_secret item = {bytes_of(reference, sizeof reference - 2),
                                           bytes_of(secret, len - 1)};
    ok = secret_store_all(policy, &(struct secret_plan){.profile = "demo", .reusable = 1}, &item, 1);
    file_free(secret, len);
    return ok;
}

static void host_name(char *out, size_t room)
{
    if (gethostname(out, room - 1) != 0)
        snprintf(out, room, "cmpd");
    out[room - 1] = 0;
}

/* The folder of what is published, as certificates name it. */
static void public_file(char out[URL_MAX], const struct options *options, const char *file)
{
    size_t len = options->public_url != NULL ? strlen(options->public_url) : 0;
    const char *slash = len != 0 && options->public_url[len - 1] == '/' ? "" : "/";

    out[0] = 0;
    if (len != 0)
        snprintf(out, URL_MAX, "[\"%s%s%s\"]", options->public_url, slash, file);
}

static int write_config(const struct options *options, const char *path)
{
    char node[NODE_MAX], crl_url[URL_MAX], delta_url[URL_MAX], ca_url[URL_MAX], ocsp_url[URL_MAX];
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    const char *profile = options->demo ? "demo" : "base-station";
    int apart = !options->together;
    const struct config_value values[] = {
        {"node", options->node != NULL ? options->node : node},
        {"store", options->store},
        {"listeners.address", options->listen},
        {"listeners.serves", apart ? "[cmp, publication, ocsp]" : "[cmp, publication, ocsp, health, admin]"},
        {apart ? "listeners[1].address" : "", options->admin_listen},
        {apart ? "listeners[1].serves" : "", "[health, admin]"},
        {"profiles.name", profile},
        {options->public_url != NULL ? "profiles.urls.crl" : "", crl_url},
        {options->public_url != NULL ? "profiles.urls.delta_crl" : "", delta_url},
        {options->public_url != NULL ? "profiles.urls.issuer" : "", ca_url},
        {options->public_url != NULL ? "profiles.urls.ocsp" : "", ocsp_url},
        {"default_profile", profile},
        /* What follows is the demo's alone. */
        {"vendors", ""},
        {"vendors.name", "demo"},
        {"vendors.anchors", "[demo/vendor-root.pem]"},
        {"vendors.intermediates", "[demo/vendor-intermediate.pem]"},
        {"profiles.demo", "true"},
        {"profiles.paths", "[/pkix/]"},
        {"profiles.accept.vendors", "[demo]"},
        {"profiles.mac.allowed", "true"},
        {"profiles.names.subject_bound", "false"},
    };
    enum { OF_THE_DEMO = 9, VALUES = sizeof values / sizeof values[0] };
    int ok;

    if (out == NULL)
        return !ctl_fault("out of memory");
    host_name(node, sizeof node);
    public_file(crl_url, options, "crl/issuing.crl");
    public_file(delta_url, options, "crl/issuing-delta.crl");
    public_file(ca_url, options, "ca/issuing.cer");
    public_file(ocsp_url, options, "ocsp");
    ok = config_write(out, values, options->demo ? VALUES : VALUES - OF_THE_DEMO);
    ok = fclose(out) == 0 && ok && file_write(path, text, len, 0600, 1);
    free(text);
    if (ok)
        note_made(options->folder, "cmpd.yaml");
    return ok || !ctl_fault("cannot write %s: %s", path, strerror(errno));
}

/* No other command makes a store: one that is missing later is lost, and must not be taken for a new one. */
static int make_store(const char *url)
{
    char fault[STORE_FAULT_MAX];

    return store_create(fault, url) || !ctl_fault("%s", fault);
}

/* The demo's secret needs tables to be in. */
static int make_tables(const struct policy *policy)
{
    char fault[STORE_FAULT_MAX];
    int from, to;

    return store_migrate(fault, policy_config(policy)->store, &from, &to) || !ctl_fault("%s", fault);
}

static int make_empty_store(const char *path)
{
    struct config_fault fault;
    struct config *config = config_load(&fault, path);
    int ok;

    if (config == NULL)
        return ctl_fault("%s", fault.text);
    ok = make_store(config->store);
    if (ok)
        printf("the store of %s is there\n", path);
    config_free(config);
    return ok ? CTL_OK : CTL_FAULT;
}

static int make_ca(const struct options *options)
{
    char path[CTL_PATH_MAX], store[CTL_PATH_MAX];
    struct config_fault fault;
    struct policy *policy = NULL;
    struct arena *arena = arena_new(ARENA);
    int ok = arena != NULL && make_empty_dir(options->folder) && make_operator_pki(options, arena) &&
             (strcmp(options->store, EMBEDDED_STORE) != 0 || make_subdir(options->folder, store, "store")) &&
             (!options->demo || make_vendor_pki(options, arena)) &&
             ctl_path(path, options->dir, "cmpd.yaml") && write_config(options, path);

    arena_free(arena);
    if (!ok)
        return CTL_FAULT;
    policy = policy_load_file(&fault, path, time(NULL));
    if (policy == NULL)
        return ctl_fault("%s", fault.text);
    ok = make_store(policy_config(policy)->store) &&
         (!options->demo || (make_tables(policy) && make_demo_secret(options, policy)));
    policy_release(policy);
    if (!ok)
        return CTL_FAULT;
    printf("%s: root CA, issuing CA and CMP certificate made; start with: cmpd --config %s\n", options->dir,
           path);
    return CTL_OK;
}

/* ---- a second node ---- */

static int copy_file(const char *from_dir, const char *to_dir, const char *name)
{
    char from[CTL_PATH_MAX], to[CTL_PATH_MAX];
    struct stat st;
    uint8_t *data;
    size_t len;
    int ok;

    if (!ctl_path(from, from_dir, name) || !ctl_path(to, to_dir, name))
        return !ctl_fault("the path %s/%s is too long", from_dir, name);
    if (stat(from, &st) != 0 || !file_read(&data, &len, from, FILE_LIMIT))
        return !ctl_fault("cannot read %s: %s", from, strerror(errno));
    ok = file_write(to, data, len, st.st_mode & 0700 ? st.st_mode & 0777 : 0600, 1);
    file_free(data, len);
    return ok || !ctl_fault("cannot write %s: %s", to, strerror(errno));
}

/* struct wanted is a file that may be among those of a configuration. */
struct wanted {
    struct stat file;
    int found;
};

static int find_wanted(void *arg, const char *file)
{
    struct wanted *wanted = arg;
    struct stat st;

    wanted->found =
        stat(file, &st) == 0 && st.st_dev == wanted->file.st_dev && st.st_ino == wanted->file.st_ino;
    return !wanted->found;
}

static int is_named(const struct config *config, const char *dir, const char *name)
{
    char path[CTL_PATH_MAX];
    struct wanted wanted = {.found = 0};

    if (ctl_path(path, dir, name) && stat(path, &wanted.file) == 0)
        config_each_file(config, find_wanted, &wanted);
    return wanted.found;
}

/* Copies the folder |name| of the first node; with |config|, only what that names. */
static int copy_folder(const char *from, struct folder *to, const char *name, const struct config *config)
{
    char from_dir[CTL_PATH_MAX], to_dir[CTL_PATH_MAX];
    struct dirent *entry;
    DIR *dir;
    int ok = 1;

    if (!ctl_path(from_dir, from, name))
        return !ctl_fault("the path %s/%s is too long", from, name);
    if ((dir = opendir(from_dir)) == NULL)
        return errno == ENOENT || !ctl_fault("cannot read %s: %s", from_dir, strerror(errno));
    ok = make_subdir(to, to_dir, name);
    while (ok && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' && (config == NULL || is_named(config, from_dir, entry->d_name)))
            ok = copy_file(from_dir, to_dir, entry->d_name);
    closedir(dir);
    return ok;
}

/* A name that no other node of the CA has by accident: the host's, and where it listens, in what a name may
 * hold. For nodes of one machine the first would not do, for folders made on one machine to be taken to
 * others neither would the port. */
static void node_name(char out[NODE_MAX], const char *address)
{
    size_t len;

    host_name(out, NODE_MAX);
    len = strlen(out);
    for (int is_gap = 1; *address != 0 && len + 2 < NODE_MAX; address++) {
        int is_kept = isalnum((unsigned char)*address) || *address == '.';
        if (is_kept && is_gap)
            out[len++] = '-';
        if (is_kept)
            out[len++] = *address;
        is_gap = !is_kept;
    }
    out[len] = 0;
}

/* struct joining is what differs from the first node. */
struct joining {
    const char *from, *node;
    const char *listen, *admin_listen; /* NULL: as it is */
    size_t listeners;                  /* of the first node */
    size_t cmp_at, health_at; /* which of them serve that; |health_at| past the end: none by itself */
    int nodes, addresses;     /* lines with such that were seen */
};

/* The address of the new node that stands instead of |line|'s, or NULL. */
static const char *new_address(struct joining *joining, const char *line)
{
    size_t at;

    if (strncmp(line, "  - address:", 12) != 0)
        return NULL;
    at = (size_t)joining->addresses++;
    return at == joining->cmp_at ? joining->listen : at == joining->health_at ? joining->admin_listen : NULL;
}

/* Two nodes of one machine cannot have one address, and of several machines each has its own. */
static int find_addresses(struct joining *joining, const struct config *first)
{
    joining->listeners = joining->health_at = first->listener_count;
    for (size_t i = first->listener_count; i-- > 0;) {
        unsigned serves = first->listeners[i].serves;
        if ((serves & CONFIG_SERVE_CMP) != 0)
            joining->cmp_at = i;
        else if ((serves & CONFIG_SERVE_HEALTH) != 0)
            joining->health_at = i;
    }
    if (joining->admin_listen != NULL && joining->health_at == joining->listeners)
        return !ctl_fault(
            "the node in %s serves health where base stations come in: leave --admin-listen out",
            joining->from);
    if (joining->listen != NULL && joining->admin_listen == NULL && joining->health_at != joining->listeners)
        return !ctl_fault("the node in %s serves health at %s: say with --admin-listen where this one does",
                          joining->from, first->listeners[joining->health_at].address);
    return 1;
}

/* Writes one line of the first node's configuration for the new one: node, store and the addresses differ,
 * the rest is the same CA. */
static void join_line(FILE *out, const char *line, size_t len, struct joining *joining)
{
    static const char sqlite[] = "store: sqlite:";
    const char *path = line + sizeof sqlite - 1, *address;

    if (strncmp(line, "node:", 5) == 0 && joining->nodes++ == 0)
        fprintf(out, "node: %s\n", joining->node);
    else if (len >= sizeof sqlite && strncmp(line, sqlite, sizeof sqlite - 1) == 0 && path[0] != '/')
        fprintf(out, "%s%s/%.*s\n", sqlite, joining->from, (int)(len - (sizeof sqlite - 1)), path);
    else if ((address = new_address(joining, line)) != NULL)
        fprintf(out, "  - address: \"%s\"\n", address);
    else
        fprintf(out, "%.*s\n", (int)len, line);
}

static int join_text(const struct options *options, struct joining *joining, const char *text)
{
    char path[CTL_PATH_MAX], *joined = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&joined, &len);
    int ok;

    if (out == NULL)
        return !ctl_fault("out of memory");
    while (*text != 0) {
        size_t line_len = strcspn(text, "\n");
        join_line(out, text, line_len, joining);
        text += line_len + (text[line_len] == '\n');
    }
    if (joining->nodes == 0) /* the first one's was its host's */
        fprintf(out, "node: %s\n", joining->node);
    ok = fclose(out) == 0;
    if (ok && joining->listen != NULL && (size_t)joining->addresses != joining->listeners)
        ok = !ctl_fault(
            "%s/cmpd.yaml has listeners that do not begin with '  - address:': leave --listen out and "
            "edit the copy",
            joining->from);
    ok = ok && ctl_path(path, options->dir, "cmpd.yaml") &&
         (file_write(path, joined, len, 0600, 1) || !ctl_fault("cannot write %s: %s", path, strerror(errno)));
    if (ok)
        note_made(options->folder, "cmpd.yaml");
    free(joined);
    return ok;
}

static int join_config(const struct options *options, struct joining *joining)
{
    char path[CTL_PATH_MAX];
    uint8_t *data;
    size_t len;
    int ok;

    if (!ctl_path(path, joining->from, "cmpd.yaml") || !file_read(&data, &len, path, FILE_LIMIT))
        return !ctl_fault("cannot read %s/cmpd.yaml: %s", joining->from, strerror(errno));
    ok = join_text(options, joining, (const char *)data);
    file_free(data, len);
    return ok;
}

static int name_node(char out[NODE_MAX], const struct options *options, struct joining *joining,
                     const struct config *first)
{
    if (options->node != NULL)
        snprintf(out, NODE_MAX, "%s", options->node);
    else
        node_name(out, options->listen != NULL ? options->listen : first->listeners[0].address);
    return find_addresses(joining, first) &&
           (strcmp(out, first->node) != 0 ||
            !ctl_fault("the node in %s is named %s: give this one another name with --node", joining->from,
                       out));
}

/* Of the CA's folder a node gets what it works with; the root's key is not among that. */
static int copy_node(const struct options *options, struct joining *joining, char node[NODE_MAX])
{
    char path[CTL_PATH_MAX];
    struct config_fault fault;
    struct config *first;
    int ok;

    if (!ctl_path(path, joining->from, "cmpd.yaml"))
        return !ctl_fault("the path %s is too long", joining->from);
    if ((first = config_load(&fault, path)) == NULL)
        return !ctl_fault("%s", fault.text);
    ok = name_node(node, options, joining, first) && make_empty_dir(options->folder) &&
         copy_folder(joining->from, options->folder, "ca", first) &&
         copy_folder(joining->from, options->folder, "demo", NULL) &&
         copy_folder(joining->from, options->folder, "tls", NULL) &&
         copy_folder(joining->from, options->folder, "vendors", NULL) && join_config(options, joining);
    config_free(first);
    return ok;
}

static int join_ca(const struct options *options)
{
    char from[PATH_MAX], path[CTL_PATH_MAX], node[NODE_MAX];
    struct joining joining = {
        .from = from, .node = node, .listen = options->listen, .admin_listen = options->admin_listen};
    struct config_fault fault;
    struct policy *policy;

    if (realpath(options->join_from, from) == NULL)
        return ctl_fault("cannot find %s: %s", options->join_from, strerror(errno));
    if (!copy_node(options, &joining, node) || !ctl_path(path, options->dir, "cmpd.yaml"))
        return CTL_FAULT;
    policy = policy_load_file(&fault, path, time(NULL));
    if (policy == NULL)
        return ctl_fault("%s", fault.text);
    policy_release(policy);
    printf("%s: node %s of the CA in %s; start with: cmpd --config %s\n", options->dir, node, from, path);
    return CTL_OK;
}

/* Makes all of it, or leaves DIR as it was. */
static int make(const struct options *options)
{
    int status = options->join_from != NULL ? join_ca(options) : make_ca(options);

    if (status != CTL_OK)
        undo(options->folder);
    return status;
}

static int is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0 ||
           strncmp(address, "localhost:", 10) == 0;
}

static int is_wildcard(const char *address)
{
    return address[0] == ':' || strncmp(address, "0.0.0.0:", 8) == 0 || strncmp(address, "[::]:", 5) == 0;
}

/* A query or a fragment would swallow what is put behind it, and no control character stands in YAML. */
static int is_public_url(const char *text)
{
    static const char scheme[] = "http://",
                      legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/[]%";
    const char *host = text + sizeof scheme - 1;

    return strncmp(text, scheme, sizeof scheme - 1) == 0 && *host != 0 && *host != '/' &&
           host[strspn(host, legal)] == 0 && strlen(text) <= URL_MAX / 2;
}

/* What certificates say of where the CRL is stays in them for as long as they are valid: what nobody can
 * reach is better not said. */
static int choose_public_url(struct options *options, const char *given, char own[URL_MAX])
{
    if (given != NULL && !is_public_url(given))
        return !ctl_fault("--public-url wants http://HOST[:PORT][/PATH], not '%s'", given);
    options->public_url = given;
    if (given != NULL)
        return 1;
    if (is_wildcard(options->listen) || (is_loopback(options->listen) && !options->demo)) {
        fprintf(
            stderr,
            "cmpctl: warning: certificates will not say where their CRL and OCSP are: %s is no address that "
            "others reach; name one with --public-url, or write it into urls of the profile\n",
            options->listen);
        return 1;
    }
    snprintf(own, URL_MAX, "http://%s", options->listen);
    options->public_url = own;
    return 1;
}

static int run(const struct ctl_call *call)
{
    char own_url[URL_MAX];
    struct folder folder = {.made_count = 0};
    const char *empty_store = ctl_value(call, "empty-store"), *store = ctl_value(call, "store");
    const char *key_type = ctl_value(call, "key-type"), *vendor_key = ctl_value(call, "vendor-key");
    struct options options = {
        .folder = &folder,
        .join_from = ctl_value(call, "join"),
        .listen = ctl_value(call, "listen"),
        .admin_listen = ctl_value(call, "admin-listen"),
        .store = store == NULL || strcmp(store, "sqlite") == 0 ? EMBEDDED_STORE : store,
        .name = ctl_value(call, "name"),
        .node = ctl_value(call, "node"),
        .kind = KEY_P256,
        .vendor_kind = KEY_P256,
        .demo = ctl_value(call, "demo") != NULL,
    };

    if (empty_store != NULL)
        return call->given_count == 1 && call->argument_count == 0
                   ? make_empty_store(empty_store)
                   : ctl_wrong_call(call->command, "--empty-store goes without anything else");
    if (call->argument_count == 0)
        return ctl_wrong_call(call->command, "init wants DIR, the folder to make");
    if ((key_type != NULL && !ctl_take_kind(&options.kind, "--key-type", key_type)) ||
        (vendor_key != NULL && !ctl_take_kind(&options.vendor_kind, "--vendor-key", vendor_key)))
        return CTL_FAULT;
    folder.path = options.dir = call->arguments[0];
    if (options.join_from != NULL && (options.demo || store != NULL || options.name != NULL ||
                                      key_type != NULL || ctl_value(call, "public-url") != NULL))
        return ctl_wrong_call(call->command,
                              "--join takes the CA, its store and its names from the first node");
    if (options.join_from != NULL)
        return make(&options);
    if (!ctl_refuse_secret(options.store))
        return CTL_FAULT;
    if (options.listen == NULL)
        options.listen = "127.0.0.1:8829";
    if (options.admin_listen == NULL)
        options.admin_listen = DEFAULT_ADMIN;
    else
        options.together = strcmp(options.listen, options.admin_listen) == 0;
    if (!choose_public_url(&options, ctl_value(call, "public-url"), own_url))
        return CTL_FAULT;
    if (options.name == NULL)
        options.name = options.demo ? "Demo Operator" : "cmpd";
    return make(&options);
}

static const struct ctl_option init_options[] = {
    {"listen", "HOST:PORT", 0, "where requests come in; default: 127.0.0.1:8829"},
    {"admin-listen", "HOST:PORT", 0,
     "where health and administration are served; default: " DEFAULT_ADMIN "; the same as --listen: there"},
    {"public-url", "URL", 0,
     "where others reach --listen, as certificates name their CRL; default: http:// and --listen, if others "
     "can reach that"},
    {"store", "URL", 0, "where certificates are kept; default: sqlite, embedded, in the folder"},
    {"node", "NAME", 0, "the node's name; default: the host's, and for one that joins the address, too"},
    {"name", "NAME", 0, "the operator's, for the names of the CAs"},
    {"key-type", "TYPE", 0, "of the CA's keys: P-256 (default), P-384, P-521, RSA, Ed25519"},
    {"demo", NULL, 0, "add a demo vendor with a device, a secret, and a profile that grants everything"},
    {"vendor-key", "TYPE", 0, "of the demo vendor's keys"},
    {"join", "DIR", 0, "make another node of the CA in this folder"},
    {"empty-store", "FILE", 0,
     "make only the embedded store that this configuration names, and that never was; takes no DIR"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_init = {
    .name = "init",
    .arguments = "DIR",
    .most = 1,
    .options = init_options,
    .says = "make a CA with its configuration and its store, or a node of one",
    .run = run,
};
