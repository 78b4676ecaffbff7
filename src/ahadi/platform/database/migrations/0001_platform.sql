-- What every domain stands on: journal, jobs, clock, idempotency, files, webhooks.
-- Time is always handed in; no table asks the server for it. Text keys compare by bytes (collate "C").

-- Row-level security of one table: rows of the organisations set for this transaction, and no others.
-- Unset or empty gives no rows; the inner select is evaluated once, not per row.
create function protect(protected regclass) returns void language plpgsql as $$
declare
    granted text := $p$organisation_id = any (
        (select nullif(current_setting('ahadi.organisations', true), '')::uuid[])::uuid[])$p$;
begin
    execute format('alter table %s enable row level security', protected);
    execute format('alter table %s force row level security', protected);
    execute format('create policy organisations on %s using (%s) with check (%s)', protected, granted, granted);
end $$;
revoke execute on function protect(regclass) from public;

create table business_clock (
    id boolean primary key default true check (id),
    at timestamptz not null,           -- business time when it was last set
    real_at timestamptz not null,      -- real time at that moment
    rate double precision not null default 0 check (rate >= 0)   -- business seconds per real second; 0 stands still
);

create table journal (
    organisation_id uuid not null,
    seq bigint generated always as identity,
    xid xid8 not null default pg_current_xact_id(),
    id uuid not null,
    at timestamptz not null,           -- business time
    recorded_at timestamptz not null,  -- real time
    kind text collate "C" not null,
    case_id uuid,
    subject_id uuid,
    actor_kind text collate "C" not null check (actor_kind in ('person', 'token', 'customer', 'system')),
    actor_id uuid,
    behind_id uuid,                    -- the real person when somebody acts in another's name
    facts jsonb not null,
    primary key (organisation_id, seq)
);
comment on table journal is 'append-only: rows are added and read, never changed or removed';
create index journal_by_xid on journal (organisation_id, xid);
create index journal_by_case on journal (organisation_id, case_id, seq) where case_id is not null;

create table journal_epoch (
    singleton boolean primary key default true check (singleton),
    epoch integer not null
);
insert into journal_epoch (epoch) values (1);

create table journal_follower (        -- how far a durable reader (webhooks) has read
    organisation_id uuid not null,
    name text collate "C" not null,
    cursor text not null,
    primary key (organisation_id, name)
);

create table job (
    id uuid primary key,
    kind text collate "C" not null,
    organisation_id uuid,
    key text collate "C",              -- at most one waiting job of a key
    args jsonb not null,
    due timestamptz not null,          -- real time
    attempts integer not null default 0,
    leased_until timestamptz not null default '-infinity',
    dead boolean not null default false,
    error text,
    made_at timestamptz not null
);
create index job_next on job (greatest(due, leased_until)) where not dead;
create unique index job_once on job (key) where key is not null and not dead;

create table idempotency (
    actor_id uuid not null,
    key text collate "C" not null,
    fingerprint bytea not null,
    status integer,
    body bytea,
    made_at timestamptz not null,
    primary key (actor_id, key)
);
create index idempotency_by_age on idempotency (made_at);

create table throttle (
    key text collate "C" not null,
    window_start timestamptz not null,
    count integer not null,
    primary key (key, window_start)
);

create table file (
    organisation_id uuid not null,
    id uuid not null,
    media_type text collate "C" not null,
    size bigint not null check (size >= 0),
    sha256 bytea not null,
    made_at timestamptz not null,
    primary key (organisation_id, id)
);

create table file_chunk (
    organisation_id uuid not null,
    file_id uuid not null,
    position integer not null,
    data bytea not null,
    primary key (organisation_id, file_id, position),
    foreign key (organisation_id, file_id) references file (organisation_id, id) on delete cascade
);

create table webhook (
    organisation_id uuid not null,
    id uuid not null,
    url text not null,
    secret bytea not null,             -- encrypted
    kinds text[] not null,             -- journal kinds; empty for all
    active boolean not null default true,
    made_at timestamptz not null,
    primary key (organisation_id, id)
);

create table webhook_delivery (
    organisation_id uuid not null,
    id uuid not null,
    webhook_id uuid not null,
    journal_seq bigint not null,
    kind text collate "C" not null,
    state text collate "C" not null check (state in ('waiting', 'delivered', 'failed')),
    attempts integer not null default 0,
    status integer,
    error text,
    made_at timestamptz not null,
    settled_at timestamptz,
    primary key (organisation_id, id),
    unique (organisation_id, webhook_id, journal_seq),
    foreign key (organisation_id, webhook_id) references webhook (organisation_id, id) on delete cascade
);

create table mark (                    -- when something that must keep running last ran (real time)
    name text collate "C" primary key,
    at timestamptz not null,
    facts jsonb not null default '{}'
);

select protect(name::regclass) from unnest(array['journal', 'journal_follower', 'file', 'file_chunk', 'webhook',
    'webhook_delivery']) as name;
