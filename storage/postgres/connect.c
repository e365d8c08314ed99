/* connect.c: a URL becomes a connection, and a connection a session that this program can work with. All of
 * it may wait: it is called where waiting is allowed (keeper.c, tools), never by the thread that serves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "server/base/log.h"

/* What libpq is told where neither the URL nor a service file nor the environment says otherwise. A lost
 * primary must be noticed in seconds, and its successor be found by what it is, not by where it is in the
 * list. */
static const struct {
    const char *keyword, *value;
} defaults[] = {
    {"connect_timeout", "2"}, {"target_session_attrs", "read-write"}, {"tcp_user_timeout", "8000"},
    {"keepalives_idle", "5"}, {"keepalives_interval", "2"},           {"keepalives_count", "3"},
};
enum { DEFAULTS = sizeof defaults / sizeof defaults[0], KEYWORDS_MAX = 96 };

static PQconninfoOption *find(PQconninfoOption *options, const char *keyword)
{
    for (; options != NULL && options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options;
    return NULL;
}

static int is_empty(const PQconninfoOption *option)
{
    return option == NULL || option->val == NULL || option->val[0] == 0;
}

/* What the service file and the environment say, which PQconninfoParse does not look at. libpq tells of a
 * connection, and this one, with a setting that there is not, is never tried. */
static PQconninfoOption *from_elsewhere(const char *service)
{
    const char *const keywords[] = {"sslmode", service != NULL ? "service" : NULL, NULL};
    const char *const values[] = {"none: this is not a connection", service, NULL};
    PGconn *conn = PQconnectStartParams(keywords, values, 0);
    PQconninfoOption *options = PQconninfo(conn);
    PQfinish(conn);
    return options;
}

static int fill_in_defaults(PQconninfoOption *target)
{
    const PQconninfoOption *service = find(target, "service");
    PQconninfoOption *elsewhere = from_elsewhere(is_empty(service) ? NULL : service->val);
    int ok = elsewhere != NULL;
    for (int i = 0; ok && i < DEFAULTS; i++) {
        PQconninfoOption *option = find(target, defaults[i].keyword);
        const PQconninfoOption *other = find(elsewhere, defaults[i].keyword);
        /* libpq's own "any" is there as well where nobody has said so. */
        if (!is_empty(option) || (!is_empty(other) && strcmp(other->val, "any") != 0))
            continue;
        free(option->val);
        option->val = strdup(defaults[i].value);
        ok = option->val != NULL;
    }
    PQconninfoFree(elsewhere);
    return ok;
}

PQconninfoOption *postgres_target(char *fault, const char *url)
{
    /* libpq's own text may quote the part that it does not like, and that may be the password. */
    PQconninfoOption *target = PQconninfoParse(url, NULL);
    if (target == NULL)
        store_fault(
            fault,
            "the URL of the store is none that libpq can read; write "
            "postgres://USER@HOST:PORT/DATABASE?NAME=VALUE, with %% and its two hexadecimal digits for "
            "what is no letter or digit in a value");
    if (target == NULL || fill_in_defaults(target))
        return target;
    PQconninfoFree(target);
    return store_fault(fault, "out of memory");
}

/* What a setting names is in a folder where it may be replaced; what libpq finds in the user's home by itself
 * is no reason to read all of that. */
int postgres_each_file(const char *url, int (*each)(void *arg, const char *path, enum store_file_use use),
                       void *arg)
{
    static const struct {
        const char *name;
        enum store_file_use use;
    } usual[] = {{".pgpass", STORE_FILE_READ},
                 {".pg_service.conf", STORE_FILE_READ},
                 {".postgresql/root.crt", STORE_FILE_READ_FOLDER}};
    char fault[STORE_FAULT_MAX], path[4096];
    const char *home = getenv("HOME"), *services = getenv("PGSERVICEFILE");
    PQconninfoOption *target = postgres_target(fault, url);
    int ok = target != NULL && (services == NULL || each(arg, services, STORE_FILE_READ_FOLDER));
    for (size_t i = 0; ok && home != NULL && i < sizeof usual / sizeof usual[0]; i++)
        ok = snprintf(path, sizeof path, "%s/%s", home, usual[i].name) >= (int)sizeof path ||
             each(arg, path, usual[i].use);
    for (const PQconninfoOption *option = target; ok && option != NULL && option->keyword != NULL; option++)
        if (option->val != NULL && option->val[0] == '/' && strcmp(option->keyword, "host") != 0 &&
            (home == NULL || strncmp(option->val, home, strlen(home)) != 0 ||
             strcmp(option->val + strlen(home), "/.pgpass") != 0))
            ok = each(arg, option->val, STORE_FILE_READ_FOLDER);
    PQconninfoFree(target);
    return ok;
}

/* One that cannot be read may hold one as well. */
int postgres_has_secret(const char *url)
{
    PQconninfoOption *target = PQconninfoParse(url, NULL);
    int has = target == NULL || !is_empty(find(target, "password")) || !is_empty(find(target, "sslpassword"));
    PQconninfoFree(target);
    return has;
}

static PGconn *start(const PQconninfoOption *target, const char *name)
{
    const char *keywords[KEYWORDS_MAX], *values[KEYWORDS_MAX];
    int n = 0;
    for (const PQconninfoOption *o = target; o->keyword != NULL && n < KEYWORDS_MAX - 3; o++) {
        if (o->val == NULL || o->val[0] == 0)
            continue;
        keywords[n] = o->keyword;
        values[n++] = o->val;
    }
    keywords[n] = "application_name";
    values[n++] = name;
    keywords[n] = "client_encoding";
    values[n++] = "UTF8";
    keywords[n] = values[n] = NULL;
    return PQconnectdbParams(keywords, values, 0);
}

/* libpq's texts are of several lines; a log's are not. */
const char *postgres_text(char *out, size_t out_len, const char *text)
{
    size_t len = 0;
    for (; *text != 0 && len + 1 < out_len; text++) {
        int is_space = *text == '\n' || *text == '\t' || *text == ' ';
        if (is_space && (len == 0 || out[len - 1] == ' '))
            continue;
        out[len++] = is_space ? ' ' : *text;
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = 0;
    return out;
}

static const char *remedy(const char *sqlstate)
{
    if (sqlstate == NULL)
        return "look whether it runs, and whether host, port and TLS settings are right";
    if (strncmp(sqlstate, "28", 2) == 0)
        return "look at user, password (passfile) and pg_hba.conf; a role that is not there fails alike: "
               "as the superuser, run " POSTGRES_ROLES;
    if (strcmp(sqlstate, "3D000") == 0)
        return "make database and roles: as the superuser, run " POSTGRES_ROLES;
    if (strcmp(sqlstate, "53300") == 0)
        return "raise max_connections: each node needs a handful";
    if (strcmp(sqlstate, "57P03") == 0)
        return "it is starting or stopping: wait";
    return "look at the database's log";
}

static void on_notice(void *arg, const PGresult *result)
{
    char text[256];
    int *warned = arg;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (warned != NULL && severity != NULL && strcmp(severity, "WARNING") == 0)
        *warned = 1;
    log_line(LOG_WARN, "store", log_word("doing", "notice"),
             log_text("reason", postgres_text(text, sizeof text, PQresultErrorMessage(result))));
}

PGconn *postgres_connect(char *fault, const PQconninfoOption *target, const char *name, int *warned)
{
    char text[STORE_FAULT_MAX / 2];
    PGconn *conn = start(target, name);
    if (conn == NULL)
        return store_fault(fault, "out of memory");
    PQsetNoticeReceiver(conn, on_notice, warned);
    if (PQstatus(conn) == CONNECTION_OK)
        return conn;
    postgres_text(text, sizeof text, PQerrorMessage(conn));
    /* No error code is kept of an attempt that failed; what matters of them is in the text. */
    const char *sqlstate =
        strstr(text, "password authentication") != NULL || strstr(text, "pg_hba") != NULL        ? "28000"
        : strstr(text, "does not exist") != NULL                                                 ? "3D000"
        : strstr(text, "too many") != NULL || strstr(text, "remaining connection slots") != NULL ? "53300"
        : strstr(text, "is starting up") != NULL || strstr(text, "shutting down") != NULL        ? "57P03"
                                                                                                 : NULL;
    store_fault(fault, "the database cannot be reached: %s; %s", text, remedy(sqlstate));
    PQfinish(conn);
    return NULL;
}

int postgres_failed(char *fault, PGconn *conn, PGresult *result, const char *doing)
{
    char text[STORE_FAULT_MAX / 2];
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return 0;
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    postgres_text(text, sizeof text, PQerrorMessage(conn));
    if (sqlstate != NULL && (strcmp(sqlstate, "3F000") == 0 || strcmp(sqlstate, "42P01") == 0))
        store_fault(
            fault,
            "the database has no tables of cmpd: run cmpctl db migrate as their owner (cmpd_owner, whom "
            "deploy/postgres/roles.sql makes)");
    else if (sqlstate != NULL && strcmp(sqlstate, "42501") == 0)
        store_fault(fault,
                    "%s: %s; to grant it to cmpd_owner, cmpd_node and cmpd_audit: as the superuser, "
                    "run " POSTGRES_ROLES,
                    doing, text);
    else
        store_fault(fault, "%s: %s; %s", doing, text, remedy(sqlstate));
    return 1;
}

/* One plan for each statement, by index, whatever the statistics say: with few rows the planner would choose
 * to read whole tables, keep that plan, and be surprised when they have grown. The limits of time are for
 * those who have set none, in the URL or for the role. */
static const char settings[] =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; "
    "SET enable_mergejoin = off; SET jit = off; SET client_min_messages = warning; "
    "SELECT set_config('statement_timeout', '" POSTGRES_STATEMENT_TIMEOUT "', false) "
    "WHERE current_setting('statement_timeout') = '0'; "
    "SELECT set_config('lock_timeout', '" POSTGRES_LOCK_TIMEOUT "', false) "
    "WHERE current_setting('lock_timeout') = '0'";

static int check_encoding(char *fault, PGconn *conn)
{
    const char *encoding = PQparameterStatus(conn, "server_encoding");
    if (encoding != NULL && strcmp(encoding, "UTF8") == 0)
        return 1;
    store_fault(fault, "the database's encoding is %s; make one with encoding UTF8",
                encoding != NULL ? encoding : "not known");
    return 0;
}

/* For who writes, and is told what others write: neither is there on a standby. */
static int begin_writing(char *fault, PGconn *conn, struct postgres_session *session)
{
    PGresult *result = PQexec(conn, "SELECT current_setting('transaction_read_only'), "
                                    "current_setting('synchronous_commit') IN ('on', 'remote_apply', "
                                    "'remote_write') OR (current_setting('synchronous_commit') = 'local' AND "
                                    "current_setting('synchronous_standby_names') = ''), "
                                    "current_setting('fsync')");
    int ok = !postgres_failed(fault, conn, result, "looking at the database's settings");
    if (ok && strcmp(PQgetvalue(result, 0, 0), "on") == 0) {
        store_fault(fault,
                    "the database takes no writes (a standby, or default_transaction_read_only is on); "
                    "name the primary, or all hosts, in the URL");
        ok = 0;
    }
    session->durable =
        ok && strcmp(PQgetvalue(result, 0, 1), "t") == 0 && strcmp(PQgetvalue(result, 0, 2), "off") != 0;
    PQclear(result);
    if (!ok)
        return 0;
    result = PQexec(conn, "LISTEN cmpd_nodes");
    ok = !postgres_failed(fault, conn, result, "listening for the other nodes");
    PQclear(result);
    return ok;
}

#define OTHER_FORM                                                                                           \
    "the tables have a form of before the first release, which this program cannot read; make a backup for " \
    "the "                                                                                                   \
    "program that wrote them, then, as their owner, DROP SCHEMA cmpd CASCADE, and run cmpctl db migrate"

static int is_undefined_column(const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return sqlstate != NULL && strcmp(sqlstate, "42703") == 0;
}

int postgres_schema(char *fault, PGconn *conn, struct postgres_schema *schema)
{
    enum { VERSION, OLDEST_NODE, FORM, DECIMAL = 10 };
    PGresult *result = PQexec(conn, "SELECT version, oldest_node, form FROM cmpd.schema");
    int other = is_undefined_column(result);
    int ok = !other && !postgres_failed(fault, conn, result, "reading the schema's version") &&
             PQntuples(result) == 1;
    if (ok) {
        *schema = (struct postgres_schema){(int)strtol(PQgetvalue(result, 0, VERSION), NULL, DECIMAL),
                                           (int)strtol(PQgetvalue(result, 0, OLDEST_NODE), NULL, DECIMAL)};
        other = strtoll(PQgetvalue(result, 0, FORM), NULL, DECIMAL) != sql_form(postgres_steps.steps[0]);
    } else if (!other && fault[0] == 0) {
        store_fault(fault, "cmpd.schema is empty: the tables are damaged; restore them from a backup");
    }
    if (other)
        store_fault(fault, OTHER_FORM);
    PQclear(result);
    return ok && !other;
}

static int check_schema(char *fault, PGconn *conn)
{
    struct postgres_schema schema;
    if (!postgres_schema(fault, conn, &schema))
        return 0;
    if (schema.oldest_node > POSTGRES_NODE_LEVEL)
        store_fault(
            fault,
            "the tables (version %d) serve nodes from level %d on, this program is of level %d; install "
            "the release that the other nodes run",
            schema.version, schema.oldest_node, POSTGRES_NODE_LEVEL);
    else if (schema.version < POSTGRES_SCHEMA_NEEDED)
        store_fault(
            fault,
            "the tables are of version %d, this program needs %d; run cmpctl db migrate as their owner",
            schema.version, POSTGRES_SCHEMA_NEEDED);
    else
        return 1;
    return 0;
}

/* All at once: a round trip each would be felt over a long line. */
static int prepare(char *fault, PGconn *conn)
{
    PGresult *result;
    int ok = PQenterPipelineMode(conn), done = 0;
    for (int i = 0; ok && i < SQL_COUNT; i++) {
        struct sql sql;
        char name[16];
        postgres_text_of(&sql, (enum postgres_statement)i);
        ok = sql.len == 0 ||
             PQsendPrepare(conn, postgres_name(name, (enum postgres_statement)i), sql.text, 0, NULL);
    }
    if (!ok || !PQpipelineSync(conn)) {
        store_fault(fault, "the connection was lost while it was set up; %s", remedy(NULL));
        return 0;
    }
    while (ok && !done) {
        result = PQgetResult(conn);
        if (result == NULL && PQstatus(conn) == CONNECTION_OK)
            continue;
        done = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        ok = done || !postgres_failed(fault, conn, result, "preparing statements");
        PQclear(result);
    }
    return ok;
}

int postgres_begin_session(char *fault, PGconn *conn, struct postgres_session *session, int to_read)
{
    PGresult *result = PQexec(conn, settings);
    int failed = postgres_failed(fault, conn, result, "setting the session up");
    PQclear(result);
    if (failed || !check_encoding(fault, conn) || (!to_read && !begin_writing(fault, conn, session)) ||
        !check_schema(fault, conn) || !prepare(fault, conn))
        return 0;
    if (PQsetnonblocking(conn, 1) == 0)
        return 1;
    store_fault(fault, "out of memory");
    return 0;
}
