-- Customers, the identities they are known by, what they consent to, and merges that can be undone.

create table customer (
    organisation_id uuid not null,
    id uuid not null,
    group_id uuid not null,            -- the customer this one is the same as; itself unless merged
    name text,
    language text collate "C",
    zone text,
    preferred_channel text collate "C",
    quiet_from time,
    quiet_until time,
    place text,
    attributes jsonb not null default '{}',
    folded text collate "C" not null default '',   -- the search words of the person who goes under this record
    -- Stored, because under a policy an index on an expression would not be used; made without PostgreSQL's parser,
    -- so that a word is what we say it is; with the organisation, so that the index reads one organisation's.
    words tsvector not null generated always as
        (array_to_tsvector(array_append(string_to_array(folded, ' '), organisation_id::text))) stored,
    made_at timestamptz not null,
    changed_at timestamptz not null,
    erased_at timestamptz,
    primary key (organisation_id, id)
);
create index customer_group on customer (organisation_id, group_id);
create index customer_recent on customer (organisation_id, changed_at desc, id desc)
    where id = group_id and erased_at is null;
create index customer_words on customer using gin (words);

create table identity (
    organisation_id uuid not null,
    kind text collate "C" not null check (kind in ('phone', 'email', 'handle')),
    value text collate "C" not null,   -- E.164, folded address, or channel:handle
    customer_id uuid not null,
    shown text not null,               -- as the customer wrote it
    verified_at timestamptz,
    made_at timestamptz not null,
    primary key (organisation_id, kind, value),
    foreign key (organisation_id, customer_id) references customer (organisation_id, id)
);
create index identity_of_customer on identity (organisation_id, customer_id);

create table consent (
    organisation_id uuid not null,
    customer_id uuid not null,
    channel text collate "C" not null,
    granted boolean not null,
    source text collate "C" not null,
    at timestamptz not null,
    primary key (organisation_id, customer_id, channel),
    foreign key (organisation_id, customer_id) references customer (organisation_id, id)
);

create table entitlement (             -- a tier somebody verified; never what a caller claims
    organisation_id uuid not null,
    id uuid not null,
    customer_id uuid not null,
    tier text collate "C" not null,
    verified_by text collate "C" not null,
    valid_from timestamptz not null,
    valid_until timestamptz,
    primary key (organisation_id, id),
    foreign key (organisation_id, customer_id) references customer (organisation_id, id)
);
create index entitlement_of_customer on entitlement (organisation_id, customer_id);

create table customer_merge (
    organisation_id uuid not null,
    id uuid not null,
    kept_id uuid not null,
    merged_id uuid not null,
    at timestamptz not null,
    undone_at timestamptz,
    primary key (organisation_id, id),
    check (kept_id <> merged_id),
    foreign key (organisation_id, kept_id) references customer (organisation_id, id),
    foreign key (organisation_id, merged_id) references customer (organisation_id, id)
);
create index customer_merge_of on customer_merge (organisation_id, merged_id);

create table likely_duplicate (        -- two records a contact brought together, or a person told apart
    organisation_id uuid not null,
    first_id uuid not null,
    second_id uuid not null,
    noticed_at timestamptz not null,
    dismissed_at timestamptz,          -- a person said that they are two people
    primary key (organisation_id, first_id, second_id),
    check (first_id < second_id),
    foreign key (organisation_id, first_id) references customer (organisation_id, id),
    foreign key (organisation_id, second_id) references customer (organisation_id, id)
);
create index likely_duplicate_second on likely_duplicate (organisation_id, second_id);
create index likely_duplicate_open on likely_duplicate (organisation_id, noticed_at desc) where dismissed_at is null;

select protect(name::regclass) from unnest(array['customer', 'identity', 'consent', 'entitlement',
    'customer_merge', 'likely_duplicate']) as name;
