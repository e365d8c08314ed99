/* cmpctl: sets a CA up, checks its configuration, shows what its store holds and what messages say. */
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "server/ctl/ctl.h"
#include "server/version.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"init", ctl_init,
     "init DIR [--listen HOST:PORT] [--store URL] [--node NAME] [--name NAME] [--key-type TYPE]\n"
     "       [--demo [--vendor-key TYPE]]\n"
     "  init --join DIR NEWDIR [--listen HOST:PORT] [--node NAME]\n"
     "  init --empty-store FILE\n"
     "                     make a CA with its configuration and its store; or another node of the same CA;\n"
     "                     or the embedded store that a configuration names and that never was"},
    {"check", ctl_check, "check FILE         check a configuration, and every file that it names"},
    {"settings", ctl_settings,
     "settings           show what a configuration may hold, as a table in Markdown"},
    {"cert", ctl_cert,
     "cert list --config FILE [--store URL] [--json]\n"
     "  cert export --config FILE [--store URL] SERIAL\n"
     "                     show the certificates in the store, or print one in PEM"},
    {"db", ctl_db,
     "db migrate --config FILE | --store URL\n"
     "                     take the store's schema forward; in PostgreSQL as the tables' owner, while nodes "
     "serve\n"
     "  db status [--json] --config FILE | --store URL\n"
     "                     show version, sizes, partitions, nodes and replicas of the store\n"
     "  db check --config FILE [--store URL]\n"
     "                     find out whether all that is in the store fits together\n"
     "  db purge --config FILE [--store URL]\n"
     "                     delete what retention lets go; of the audit log in PostgreSQL as the tables' "
     "owner"},
    {"secret", ctl_secret,
     "secret add --config FILE --reference REF --secret-file FILE [--profile NAME] [--reusable]\n"
     "                     [--expires-in SECONDS]\n"
     "  secret add --config FILE --list FILE [...]\n"
     "                     store a shared secret for MAC-protected enrollment, or many: a line with\n"
     "                     reference and secret each"},
    {"audit", ctl_audit,
     "audit verify --config FILE [--store URL] [--log FILE]... [--certificate FILE]...\n"
     "                     find out whether the audit log is whole: against its signed seals, against\n"
     "                     those in the logs of the nodes, with former CMP certificates besides those of\n"
     "                     the configuration\n"
     "  audit list --config FILE [--store URL] [--json]\n"
     "                     show what the audit log says"},
    {"decode", ctl_decode,
     "decode FILE|-      show a CMP message, in DER, PEM, base64 or hexadecimal, and where it is broken"},
    {"engines", ctl_engines,
     "engines [--config FILE] [--measure]\n"
     "                     what computes signatures on this machine, and how fast"},
    {"demo", ctl_demo,
     "demo device DIR NAME\n"
     "                     make another simulated base station with a vendor certificate"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int help(FILE *out, int status)
{
    fprintf(out, "usage:\n");
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  cmpctl %s\n", commands[i].help);
    fprintf(out, "  cmpctl --version\n");
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return help(stderr, CTL_USAGE);
    if (strcmp(argv[1], "--version") == 0) {
        version_print(stdout, "cmpctl", NULL, NULL);
        return 0;
    }
    if (strcmp(argv[1], "--help") == 0)
        return help(stdout, 0);
    umask(077);
    prctl(PR_SET_DUMPABLE, 0); /* keys stay out of core files */
    log_set_level(LOG_WARN);   /* what a command has to say, it says itself */
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    ctl_fault("unknown command '%s'", argv[1]);
    return help(stderr, CTL_USAGE);
}
