/* schema.c: the tables in PostgreSQL, as a list of steps from each version to the next. A step that was
 * released is never changed: a new one is added. Until the first release there is one step, which changes in
 * place; tables that another text of it has made are refused (connect.c).
 *
 * A step runs beside nodes of the version before, which name the columns that they know: so it only adds, and
 * a column that it adds has a default. What drops or tightens comes a release after the code that no longer
 * needs it, and raises |oldest_node| (see internal.h).
 *
 * All keys begin with the issuer, then with what a distributed PostgreSQL would distribute by. Certificates
 * stand in partitions by year of issuance, which their serial begins with, so that their uniqueness holds and
 * inserts stay at one edge of one index; what has random keys stands in partitions by hash. Each statement
 * opens every partition that it may touch: few are cheaper than many. */
#include "internal.h"

static const char version_1[] =
    "CREATE TABLE cmpd.certificates ("
    " issued_at bigint NOT NULL,"
    " not_before bigint NOT NULL,"
    " not_after bigint NOT NULL,"
    " revoked_at bigint NOT NULL,"
    " status smallint NOT NULL CHECK (status BETWEEN 1 AND 4),"
    " reason smallint NOT NULL,"
    " shard smallint NOT NULL,"
    " issuer bytea NOT NULL CHECK (length(issuer) = 16),"
    " serial bytea NOT NULL CHECK (length(serial) = 16),"
    " subject bytea NOT NULL,"
    " subject_text text NOT NULL,"
    " spki_hash bytea NOT NULL CHECK (length(spki_hash) = 32),"
    " transaction_id bytea NOT NULL,"
    " profile text NOT NULL,"
    " device bytea NOT NULL CHECK (length(device) IN (0, 32)),"
    " vendor text NOT NULL,"
    " path bytea NOT NULL,"
    " changes bytea NOT NULL,"
    " key_id bytea NOT NULL,"
    " successor bytea NOT NULL CHECK (length(successor) IN (0, 16)),"
    " certificate bytea NOT NULL CHECK (length(certificate) > 0),"
    " PRIMARY KEY (issuer, serial)"
    ") PARTITION BY RANGE (serial);"
    /* Only those that are looked for by it: what nobody looks for has no part in this. */
    "CREATE INDEX certificates_key_id ON cmpd.certificates (issuer, key_id, serial) WHERE length(key_id) > 0;"
    /* Where no year is made yet: `cmpctl db migrate` makes more, and `cmpctl db check` tells. */
    "CREATE TABLE cmpd.certificates_later PARTITION OF cmpd.certificates DEFAULT;"
    /* Those that were not updated, by their end. Its condition names what an update of a certificate alone
     * changes: a confirmation or a revocation touches no index. */
    "CREATE INDEX certificates_ending ON cmpd.certificates (issuer, not_after, serial)"
    " WHERE length(successor) = 0;"

    "CREATE TABLE cmpd.transactions ("
    " created_at bigint NOT NULL,"
    " cert_req_id bigint NOT NULL,"
    " deadline bigint NOT NULL,"
    " free_at bigint NOT NULL,"
    " state smallint NOT NULL CHECK (state BETWEEN 1 AND 4),"
    " body smallint NOT NULL,"
    " implicit_confirm boolean NOT NULL,"
    " credential_is_mac boolean NOT NULL,"
    " granted_with_mods boolean NOT NULL,"
    " issuer bytea NOT NULL CHECK (length(issuer) = 16),"
    " transaction_id bytea NOT NULL CHECK (length(transaction_id) > 0),"
    " profile text NOT NULL,"
    " credential bytea NOT NULL,"
    " credential_key bytea NOT NULL,"
    " credential_name bytea NOT NULL,"
    " credential_kid bytea NOT NULL,"
    " signer_serial bytea NOT NULL CHECK (length(signer_serial) IN (0, 16)),"
    " sender_nonce bytea NOT NULL,"
    " serial bytea NOT NULL CHECK (length(serial) IN (0, 16)),"
    " replaces bytea NOT NULL CHECK (length(replaces) IN (0, 16)),"
    " request_hash bytea NOT NULL,"
    " last_hash bytea NOT NULL,"
    " answer bytea NOT NULL,"
    " PRIMARY KEY (issuer, transaction_id)"
    ") PARTITION BY HASH (transaction_id);"
    "CREATE TABLE cmpd.transactions_0 PARTITION OF cmpd.transactions FOR VALUES WITH (MODULUS 4, REMAINDER "
    "0);"
    "CREATE TABLE cmpd.transactions_1 PARTITION OF cmpd.transactions FOR VALUES WITH (MODULUS 4, REMAINDER "
    "1);"
    "CREATE TABLE cmpd.transactions_2 PARTITION OF cmpd.transactions FOR VALUES WITH (MODULUS 4, REMAINDER "
    "2);"
    "CREATE TABLE cmpd.transactions_3 PARTITION OF cmpd.transactions FOR VALUES WITH (MODULUS 4, REMAINDER "
    "3);"
    /* Only those whose certConf is awaited: what looks for overdue ones reads nothing else. */
    "CREATE INDEX transactions_deadline ON cmpd.transactions (issuer, deadline) WHERE state = 1;"

    /* Which certificates have a key: no index of the certificates can tell across the years. */
    "CREATE TABLE cmpd.public_keys ("
    " issuer bytea NOT NULL,"
    " spki_hash bytea NOT NULL,"
    " serial bytea NOT NULL,"
    " PRIMARY KEY (issuer, spki_hash, serial)"
    ") PARTITION BY HASH (spki_hash);"
    "CREATE TABLE cmpd.public_keys_0 PARTITION OF cmpd.public_keys FOR VALUES WITH (MODULUS 4, REMAINDER 0);"
    "CREATE TABLE cmpd.public_keys_1 PARTITION OF cmpd.public_keys FOR VALUES WITH (MODULUS 4, REMAINDER 1);"
    "CREATE TABLE cmpd.public_keys_2 PARTITION OF cmpd.public_keys FOR VALUES WITH (MODULUS 4, REMAINDER 2);"
    "CREATE TABLE cmpd.public_keys_3 PARTITION OF cmpd.public_keys FOR VALUES WITH (MODULUS 4, REMAINDER 3);"

    "CREATE TABLE cmpd.revocations ("
    " position bigint NOT NULL CHECK (position > 0),"
    " at bigint NOT NULL,"
    " invalidity_at bigint NOT NULL,"
    " not_after bigint NOT NULL,"
    " status smallint NOT NULL CHECK (status BETWEEN 2 AND 4),"
    " reason smallint NOT NULL,"
    " shard smallint NOT NULL,"
    " issuer bytea NOT NULL CHECK (length(issuer) = 16),"
    " serial bytea NOT NULL CHECK (length(serial) = 16),"
    " PRIMARY KEY (issuer, serial)"
    ");"
    /* In the order of their changes: what has changed since is found at one edge. */
    "CREATE UNIQUE INDEX revocations_position ON cmpd.revocations (issuer, position);"
    /* The last position that was given to a change. Who changes waits here for who changed before, until that
     * is committed: whoever reads a position has seen all before it. */
    "CREATE TABLE cmpd.positions ("
    " last bigint NOT NULL,"
    " issuer bytea PRIMARY KEY CHECK (length(issuer) = 16));"

    "CREATE TABLE cmpd.crls ("
    " number bigint NOT NULL CHECK (number > 0),"
    " this_update bigint NOT NULL,"
    " next_update bigint NOT NULL,"
    " position bigint NOT NULL,"
    " size bigint NOT NULL CHECK (size > 0),"
    " base_number bigint NOT NULL,"
    " base_position bigint NOT NULL,"
    " base_at bigint NOT NULL,"
    " slot smallint NOT NULL CHECK (slot BETWEEN 0 AND 1),"
    " issuer bytea NOT NULL CHECK (length(issuer) = 16),"
    " scope bytea NOT NULL,"
    " hash bytea NOT NULL CHECK (length(hash) = 32),"
    " PRIMARY KEY (issuer, scope));"
    "CREATE TABLE cmpd.crl_pieces ("
    " issuer bytea NOT NULL CHECK (length(issuer) = 16),"
    " key bytea NOT NULL,"
    " octets bytea NOT NULL,"
    " PRIMARY KEY (issuer, key));"
    "ALTER TABLE cmpd.crl_pieces ALTER COLUMN octets SET STORAGE EXTERNAL;"
    /* What certificates say of where their CRL is: for good, as they do. */
    "CREATE TABLE cmpd.crl_urls ("
    " shards smallint NOT NULL CHECK (shards > 0),"
    " issuer bytea NOT NULL CHECK (length(issuer) = 16),"
    " url text NOT NULL,"
    " PRIMARY KEY (issuer, url, shards));"
    "CREATE TABLE cmpd.leases ("
    " until double precision NOT NULL,"
    " name text PRIMARY KEY,"
    " holder bytea NOT NULL);"

    "CREATE TABLE cmpd.secrets ("
    " expires bigint NOT NULL,"
    " reusable boolean NOT NULL,"
    " issuer bytea NOT NULL CHECK (length(issuer) = 16),"
    " reference bytea NOT NULL CHECK (length(reference) > 0),"
    " profile text NOT NULL,"
    " sealed bytea NOT NULL,"
    " seal_key_id bytea NOT NULL,"
    " bound_to bytea NOT NULL,"
    " PRIMARY KEY (issuer, reference)"
    ");"

    "CREATE TABLE cmpd.blocked_keys ("
    " at bigint NOT NULL,"
    " reason smallint NOT NULL,"
    " spki_hash bytea PRIMARY KEY CHECK (length(spki_hash) = 32),"
    " serial bytea NOT NULL CHECK (length(serial) IN (0, 16)),"
    " who text NOT NULL,"
    " comment text NOT NULL);"

    "CREATE TABLE cmpd.devices ("
    " added_at bigint NOT NULL,"
    " changed_at bigint NOT NULL,"
    " state smallint NOT NULL CHECK (state BETWEEN 1 AND 2),"
    " issuer bytea NOT NULL CHECK (length(issuer) = 16),"
    " device bytea NOT NULL CHECK (length(device) = 32),"
    " vendor text NOT NULL,"
    " identity text NOT NULL,"
    " site text NOT NULL,"
    " fqdn text NOT NULL,"
    " profiles text NOT NULL,"
    " expected bytea NOT NULL CHECK (length(expected) IN (0, 32)),"
    " notes text NOT NULL,"
    " PRIMARY KEY (issuer, device));"
    "CREATE TABLE cmpd.claims ("
    " at bigint NOT NULL,"
    " day bigint NOT NULL,"
    " day_count bigint NOT NULL,"
    " most bigint NOT NULL,"
    " allowed boolean NOT NULL,"
    " issuer bytea NOT NULL CHECK (length(issuer) = 16),"
    " claim bytea NOT NULL CHECK (length(claim) > 32),"
    " serial bytea NOT NULL CHECK (length(serial) = 16),"
    " former bytea NOT NULL CHECK (length(former) IN (0, 16)),"
    " PRIMARY KEY (issuer, claim)) WITH (fillfactor = 90);"

    /* An entry is what one commit adds to a chain; it holds a line of JSON for each record. Not compressed:
     * that would cost more than it saves. */
    "CREATE TABLE cmpd.audit ("
    " at bigint NOT NULL,"
    " seq bigint NOT NULL CHECK (seq > 0),"
    " chain bytea NOT NULL CHECK (length(chain) = 16),"
    " node text NOT NULL,"
    " previous bytea NOT NULL CHECK (length(previous) = 32),"
    " hash bytea NOT NULL CHECK (length(hash) = 32),"
    " records text NOT NULL,"
    " PRIMARY KEY (chain, seq, at)"
    ") PARTITION BY RANGE (at);"
    "ALTER TABLE cmpd.audit ALTER COLUMN records SET STORAGE EXTERNAL;"
    "CREATE TABLE cmpd.audit_later PARTITION OF cmpd.audit DEFAULT;"
    "CREATE TABLE cmpd.audit_seals ("
    " number bigint NOT NULL,"
    " at bigint NOT NULL,"
    " instance bytea NOT NULL CHECK (length(instance) = 16),"
    " node text NOT NULL,"
    " text text NOT NULL,"
    " signature bytea NOT NULL,"
    " PRIMARY KEY (instance, number)"
    ");"

    /* When a node last served: what puts deadlines off after nobody did. */
    "CREATE TABLE cmpd.service (id smallint PRIMARY KEY CHECK (id = 1), seen_at bigint NOT NULL);"
    "INSERT INTO cmpd.service VALUES (1, 0);"

    "CREATE TABLE cmpd.nodes ("
    " name text PRIMARY KEY,"
    " version text NOT NULL,"
    " config text NOT NULL,"
    " guesses bytea NOT NULL,"
    " seen_at bigint NOT NULL);"

    /* How a statement of a group says that the group cannot be: its transaction ends. */
    "CREATE FUNCTION cmpd.require(holds boolean) RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
    " IF holds IS NOT TRUE THEN RAISE EXCEPTION 'a precondition of the group does not hold'"
    " USING ERRCODE = 'CM001'; END IF; END $$;";

static const char *const steps[] = {version_1};

/* The level of the oldest nodes that can work with each version: by how it was reached. */
static const int oldest_nodes[] = {1};

_Static_assert(sizeof steps / sizeof steps[0] == POSTGRES_SCHEMA_VERSION &&
                   sizeof oldest_nodes / sizeof oldest_nodes[0] == POSTGRES_SCHEMA_VERSION,
               "a step for each version");

const struct postgres_steps postgres_steps = {steps, oldest_nodes, POSTGRES_SCHEMA_VERSION};
