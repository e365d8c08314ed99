/* ca_rollover_steps.c: see ca_rollover_steps.h. */
#include "server/ctl/ca_rollover_steps.h"

static void put_files(FILE *out, const struct ca_rollover_names *names)
{
    const char *root = names->root, *next = names->next_root;

    fputs("# What is in this folder, and what to add to cmpd.yaml. Steps are numbered as in "
          "deploy/manual/rollover.md,\n"
          "# which says why, and what comes between and after them. Paths are as init has them.\n"
          "#\n"
          "# To every node, into ca/ beside its cmpd.yaml:\n",
          out);
    if (next != NULL)
        fprintf(out, "#   step 1: ca/%s.pem, ca/%s-by-%s.pem, ca/%s-by-%s.pem, ca/%s.crl\n", next, next, root,
                root, next, next);
    fprintf(out, "#   step 2: ca/%s.pem, ca/%s.key, ca/%s.pem, ca/%s.key\n", names->next_ca, names->next_ca,
            names->next_cmp, names->next_cmp);
    fputs("# The keys among them: mode 0600, of the user that cmpd runs as. Remove them here when all nodes "
          "have them.\n",
          out);
    if (names->is_encrypted)
        fputs("# They are encrypted: key_passphrase_file names the file with their passphrase.\n", out);
    if (next != NULL)
        fprintf(out,
                "# To no node, ever: %s.key, the key of the next root. It belongs where that of %s is.\n",
                next, root);
}

static void put_links(FILE *out, const struct ca_rollover_names *names, const char *role,
                      const char *certificate, const char *ending)
{
    fprintf(out,
            "    %s: {certificate: ca/%s%s, new_with_old: ca/%s-by-%s.pem, old_with_new: ca/%s-by-%s.pem}\n",
            role, certificate, ending, names->next_root, names->root, names->root, names->next_root);
}

static void put_next_root(FILE *out, const struct ca_rollover_names *names)
{
    fprintf(out,
            "\n# Step 1: the next root. next belongs to the entry that %s has. Then wait until stations had "
            "the time to\n# ask for it.\n"
            "cas:\n"
            "  - name: %s\n",
            names->ca, names->ca);
    put_links(out, names, "next", names->next_root, ".pem");
    fputs("---", out);
}

static void put_ca(FILE *out, const struct ca_rollover_names *names)
{
    const char *ca = names->next_ca, *cmp = names->next_cmp;

    fprintf(out,
            "\n# Step 2: the new CA, beside %s. Each entry is added behind those that are there.\n"
            "cas:\n"
            "  - name: %s\n"
            "    certificate: ca/%s.pem\n"
            "    key: ca/%s.key\n",
            names->ca, ca, ca, ca);
    if (names->next_root != NULL)
        fprintf(out, "    chain: [ca/%s.pem]\n", names->next_root);
    else
        fprintf(out, "    chain: [ca/%s]\n", names->root_file);
    fprintf(out, "    cmp_certificate: ca/%s.pem\n    cmp_key: ca/%s.key\n", cmp, cmp);
    if (names->next_root == NULL) {
        fprintf(out, "    # previous and next, if %s has them: the same\n", names->ca);
        return;
    }
    put_links(out, names, "previous", names->root_file, "");
    fprintf(out,
            "crl:\n"
            "  files: [ca/%s.crl, ca/%s.crl] # those that are there, and the one of the next root\n",
            names->root, names->next_root);
}

static void put_profiles(FILE *out, const struct ca_rollover_names *names)
{
    fputs("profiles:\n", out);
    for (size_t i = 0; i < names->profile_count; i++) {
        const char *profile = names->profiles[i];
        fprintf(out,
                "  - name: %s # all else as %s has it; urls, if it has them, lead to %s.crl, "
                "%s-delta.crl, %s.cer\n"
                "    ca: %s\n"
                "    former: %s\n"
                "    paths: []\n",
                names->next_profiles[i], profile, names->next_ca, names->next_ca, names->next_ca,
                names->next_ca, profile);
        if (names->next_root != NULL)
            fprintf(out, "    answer:\n      extra_certs: [ca/%s-by-%s.pem]\n", names->next_root,
                    names->root);
    }
}

static void put_switch(FILE *out, const struct ca_rollover_names *names)
{
    fputs("---\n# Step 3, once all nodes have step 2: the switch.\n", out);
    for (size_t i = 0; i < names->profile_count; i++)
        fprintf(out,
                "# %s gets the paths of %s, which keeps none; default_profile, if that is %s, becomes %s.\n",
                names->next_profiles[i], names->profiles[i], names->profiles[i], names->next_profiles[i]);
}

void ca_rollover_steps(FILE *out, const struct ca_rollover_names *names)
{
    put_files(out, names);
    if (names->next_root != NULL)
        put_next_root(out, names);
    put_ca(out, names);
    put_profiles(out, names);
    put_switch(out, names);
}
