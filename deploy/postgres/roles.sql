-- Database, schema and roles of cmpd's store, each with the least rights that it can do with:
--
--   cmpd_owner    owns the schema: cmpctl db migrate and purge. No node has its password
--   cmpd_node     the nodes: reads, adds, and changes what changes in a certificate's life; takes back no record of the audit
--   cmpd_audit    reads everything but secrets: cmpctl audit verify, reports
--   cmpd_replica  replication and backups
--   cmpd_rewind   pg_rewind (Patroni)
--
-- As the superuser, whenever you like, and again after each cmpctl db migrate:
--
--   psql -X -v ON_ERROR_STOP=1 -f roles.sql
--
-- Passwords are taken from the environment (CMPD_OWNER_PASSWORD, CMPD_NODE_PASSWORD, CMPD_AUDIT_PASSWORD, CMPD_REPLICA_PASSWORD,
-- CMPD_REWIND_PASSWORD); of those that are not set, roles keep what they have, at first none, with which nobody can log in.

-- Passwords would stand in the server's log otherwise.
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';

select format('create role %I login', name) from unnest(array['cmpd_owner', 'cmpd_node', 'cmpd_audit', 'cmpd_rewind']) name
    where not exists (select from pg_roles where rolname = name) \gexec
select 'create role cmpd_replica login replication'
    where not exists (select from pg_roles where rolname = 'cmpd_replica') \gexec

\getenv owner_password CMPD_OWNER_PASSWORD
\if :{?owner_password}
alter role cmpd_owner password :'owner_password';
\endif
\getenv node_password CMPD_NODE_PASSWORD
\if :{?node_password}
alter role cmpd_node password :'node_password';
\endif
\getenv audit_password CMPD_AUDIT_PASSWORD
\if :{?audit_password}
alter role cmpd_audit password :'audit_password';
\endif
\getenv replica_password CMPD_REPLICA_PASSWORD
\if :{?replica_password}
alter role cmpd_replica password :'replica_password';
\endif
\getenv rewind_password CMPD_REWIND_PASSWORD
\if :{?rewind_password}
alter role cmpd_rewind password :'rewind_password';
\endif

-- A node answers within seconds or says that it cannot: longer than that, no statement of it helps anybody. Well before the ten
-- seconds after which it gives up a connection that is silent; the same as it chooses for itself.
alter role cmpd_node set statement_timeout = '5s';
alter role cmpd_node set lock_timeout = '2s';
alter role cmpd_node set idle_in_transaction_session_timeout = '30s';
-- A migration that waits for a lock makes everybody behind it wait, too: it gives up, and is run again.
alter role cmpd_owner set lock_timeout = '10s';

-- The state of standbys, which cmpctl db status shows.
grant pg_read_all_stats to cmpd_owner, cmpd_audit;

-- What pg_rewind reads (PostgreSQL's manual, pg_rewind).
grant execute on function pg_catalog.pg_ls_dir(text, boolean, boolean) to cmpd_rewind;
grant execute on function pg_catalog.pg_stat_file(text, boolean) to cmpd_rewind;
grant execute on function pg_catalog.pg_read_binary_file(text) to cmpd_rewind;
grant execute on function pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) to cmpd_rewind;

select 'create database cmpd owner cmpd_owner encoding ''UTF8'' template template0'
    where not exists (select from pg_database where datname = 'cmpd') \gexec
revoke all on database cmpd from public;
grant connect on database cmpd to cmpd_node, cmpd_audit;

\connect cmpd
revoke all on schema public from public;
create schema if not exists cmpd authorization cmpd_owner;
grant usage on schema cmpd to cmpd_node, cmpd_audit;

-- Of all that the owner makes later, too. Partitions are reached through their tables, whose rights decide.
alter default privileges for role cmpd_owner in schema cmpd grant select, insert on tables to cmpd_node;
alter default privileges for role cmpd_owner in schema cmpd grant usage, select on sequences to cmpd_node;
alter default privileges for role cmpd_owner revoke execute on functions from public;
alter default privileges for role cmpd_owner in schema cmpd grant execute on functions to cmpd_node;
alter default privileges for role cmpd_owner in schema cmpd grant select on tables to cmpd_audit;

-- What is there already. A node changes rows of these tables and no others; audit, audit_seals and schema are not among them.
grant select, insert on all tables in schema cmpd to cmpd_node;
grant usage, select on all sequences in schema cmpd to cmpd_node;
revoke execute on all functions in schema cmpd from public;
grant execute on all functions in schema cmpd to cmpd_node;
grant select on all tables in schema cmpd to cmpd_audit;
select format('grant update on cmpd.%I to cmpd_node', relname) from pg_class
    where relnamespace = 'cmpd'::regnamespace
    and relname in ('certificates', 'transactions', 'secrets', 'revocations', 'positions', 'crls', 'crl_pieces', 'leases', 'nodes', 'service',
                    'devices', 'claims', 'announcements', 'deliveries', 'renewals') \gexec
-- What the retention of a profile lets go, a key that is unblocked, and a device that is removed.
select format('grant delete on cmpd.%I to cmpd_node', relname) from pg_class
    where relnamespace = 'cmpd'::regnamespace
    and relname in ('certificates', 'transactions', 'public_keys', 'revocations', 'blocked_keys', 'devices', 'claims', 'requests', 'approvals') \gexec
select format('revoke insert on cmpd.%I from cmpd_node', relname) from pg_class
    where relnamespace = 'cmpd'::regnamespace and relname = 'schema' \gexec
select format('revoke all on cmpd.%I from cmpd_audit', relname) from pg_class
    where relnamespace = 'cmpd'::regnamespace and relname = 'secrets' \gexec
