-- Mailboxes that are polled, senders that are blocked, mail that could not be placed, and imports.

create table mailbox (
    organisation_id uuid not null,
    id uuid not null,
    address text collate "C" not null,
    settings bytea not null,           -- encrypted: host, user, password or refresh token
    active boolean not null default true,
    state jsonb not null default '{}', -- how far it was read
    polled_at timestamptz,
    failed_since timestamptz,
    failure text,
    primary key (organisation_id, id),
    unique (organisation_id, address)
);

create table blocked_sender (
    organisation_id uuid not null,
    address text collate "C" not null, -- an address, or @domain
    made_by uuid,
    made_at timestamptz not null,
    primary key (organisation_id, address)
);

create table automatic_reply (         -- to whom something answered by itself, for the loop guard (RFC 3834)
    organisation_id uuid not null,
    hash bytea not null,
    at timestamptz not null,
    id uuid not null,
    primary key (organisation_id, hash, at, id)
);

create table quarantine (              -- accepted, and not made a case: blocked, spam, a loop, a bounce nobody sent
    organisation_id uuid not null,
    id uuid not null,
    source_key text collate "C",
    why text collate "C" not null,
    at timestamptz not null,
    raw_file uuid,
    settled_at timestamptz,
    settled text collate "C",          -- released, dropped
    primary key (organisation_id, id),
    unique (organisation_id, source_key),
    foreign key (organisation_id, raw_file) references file (organisation_id, id)
);
create index quarantine_waiting on quarantine (organisation_id, at) where settled_at is null;

create table import_run (
    organisation_id uuid not null,
    id uuid not null,
    name text not null,
    fingerprint bytea not null,        -- of the mapping
    started_at timestamptz not null,
    finished_at timestamptz,
    accepted bigint not null default 0,
    rejected bigint not null default 0,
    primary key (organisation_id, id)
);

create table import_row (              -- a row's own key: a re-run changes nothing
    organisation_id uuid not null,
    source text collate "C" not null,
    key text collate "C" not null,
    case_id uuid not null,
    primary key (organisation_id, source, key)
);

select protect(name::regclass) from unnest(array['mailbox', 'blocked_sender', 'automatic_reply', 'quarantine',
    'import_run', 'import_row']) as name;
