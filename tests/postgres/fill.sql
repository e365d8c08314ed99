-- Rows as an operator has them after years: $rows certificates of one CA, issued over a year, each with its
-- transaction, its key and an entry of the audit log for every 20 of them. For tests: \set rows, \set issuer (hexadecimal).
-- Hashes are made from numbers, so that a second filling finds its rows taken.
set synchronous_commit = off;
insert into cmpd.certificates (issued_at, not_before, not_after, revoked_at, status, reason, shard, issuer, serial, subject,
    subject_text, spki_hash, transaction_id, profile, device, vendor, path, changes, key_id, successor, certificate)
select at, at - 300, at + 31536000, case when n % 50 = 0 then at + 86400 else 0 end, case when n % 50 = 0 then 3 else 2 end,
    case when n % 50 = 0 then 5 else 0 end, 0, decode(:'issuer', 'hex'),
    decode(lpad(to_hex(at - 1577836800), 8, '0'), 'hex') || substr(sha256(('s' || n)::bytea), 1, 12),
    decode('3011310f300d06035504030c06', 'hex') || substr(sha256(('n' || n)::bytea), 1, 6),
    'CN=station ' || n, sha256(('k' || n)::bytea), substr(sha256(('t' || n)::bytea), 1, 16), 'demo', sha256(('d' || n)::bytea), 'Example Vendor',
    sha256('intermediate') || sha256('root'), substr(sha256('chain'), 1, 16) || int8send((n / 20 + 1)::bigint),
    case when n % 3 = 0 then substr(sha256(('k' || n)::bytea), 1, 20) else ''::bytea end, ''::bytea,
    (select string_agg(sha256((i || 'd' || n)::bytea), ''::bytea) from generate_series(1, 20) i)
from (select n, extract(epoch from now())::bigint - 31536000 + n::bigint * 31000000 / :rows as at
      from generate_series(1, :rows) n) as numbers;

insert into cmpd.public_keys (issuer, spki_hash, serial) select issuer, spki_hash, serial from cmpd.certificates
where subject_text like 'CN=station %' on conflict do nothing;

insert into cmpd.transactions (created_at, cert_req_id, deadline, free_at, state, body, implicit_confirm, credential_is_mac,
    granted, issuer, transaction_id, profile, credential, credential_key, credential_name, credential_kid,
    signer_serial, sender_nonce, serial, replaces, request_hash, request_nonce, last_hash, answer)
select issued_at, 0, 0, 0, 2, 0, true, false, 0, issuer, transaction_id, profile, spki_hash, spki_hash || spki_hash, subject,
    substr(spki_hash, 1, 20), ''::bytea, transaction_id, serial, ''::bytea, spki_hash, ''::bytea, spki_hash, ''::bytea
from cmpd.certificates where subject_text like 'CN=station %' on conflict do nothing;

insert into cmpd.revocations (position, at, invalidity_at, not_after, status, reason, shard, issuer, serial)
select row_number() over (partition by issuer order by serial), revoked_at, 0, not_after, status, reason, shard, issuer, serial
from cmpd.certificates where status = 3 on conflict do nothing;
insert into cmpd.positions (issuer, last) select issuer, max(position) from cmpd.revocations group by issuer
on conflict (issuer) do update set last = excluded.last;

insert into cmpd.secrets (expires, reusable, issuer, reference, profile, sealed, seal_key_id, bound_to)
select 0, false, decode(:'issuer', 'hex'), ('reference ' || n)::bytea, '', sha256(('x' || n)::bytea), '\x00',
    case when n % 2 = 0 then sha256(('y' || n)::bytea) else ''::bytea end
from generate_series(1, :rows / 20) n on conflict do nothing;
analyze;
