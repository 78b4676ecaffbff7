-- Passkeys, browsers that are known, single sign-on, and acting in another's name. All times are real time.
-- Global tables (no row-level security): passkey, sign_in_attempt, device. Each statement names the person or a hash.

create table passkey (
    id uuid primary key,
    person_id uuid not null references person (id),
    credential_id bytea not null unique,
    public_key bytea not null,
    sign_count bigint not null,        -- as the authenticator last said; one that does not grow tells of a copy
    name text not null,
    backed_up boolean not null,        -- kept by a provider for all of the person's devices
    made_at timestamptz not null,
    used_at timestamptz,
    doubted_at timestamptz             -- when a copy of it showed itself; it signs nobody in any more
);
create index passkey_of_person on passkey (person_id);

create table sign_in_attempt (         -- what a browser was asked: used up by its answer, or by time
    hash bytea primary key,            -- of the challenge, or of the state
    kind text collate "C" not null check (kind in ('passkey', 'new-passkey', 'single-sign-on')),
    person_id uuid references person (id),
    sealed bytea,                      -- encrypted
    made_at timestamptz not null,
    expires_at timestamptz not null
);
create index sign_in_attempt_by_age on sign_in_attempt (expires_at);

create table device (                  -- a browser that a person signed in with
    id uuid primary key,
    hash bytea not null unique,
    person_id uuid not null references person (id),
    made_at timestamptz not null,
    used_at timestamptz not null,
    remembered_until timestamptz,      -- until then no second step is asked for
    revoked_at timestamptz,
    address text,
    agent text
);
create index device_of_person on device (person_id);

alter table organisation
    add column single_sign_on boolean not null default false,   -- its people come in by nothing else,
    add column let_in_id uuid references person (id);           -- but for this one

alter table session
    add column device_id uuid references device (id),
    add column confined_to uuid references organisation (id),   -- signed in by this organisation's provider
    add column acting_id uuid,
    add column acts_as uuid references person (id),             -- whose name the session's person acts in,
    add column acts_in uuid references organisation (id),       -- where,
    add column acts_until timestamptz,                          -- and until when
    add check ((acting_id is null) = (acts_as is null) and (acts_as is null) = (acts_in is null)
        and (acts_as is null) = (acts_until is null));

create table sign_in_provider (
    organisation_id uuid not null references organisation (id),
    name text not null,
    issuer text collate "C" not null,
    client_id text not null,
    secret bytea,                      -- encrypted; none for a client without one
    domains text[] not null check (cardinality(domains) > 0),   -- of e-mail addresses, folded
    makes_people boolean not null default false,
    role text collate "C" not null default 'agent',
    changed_at timestamptz not null,
    primary key (organisation_id)
);

create table sign_in_link (            -- who a provider's subject is
    organisation_id uuid not null,
    issuer text collate "C" not null,
    subject text collate "C" not null,
    person_id uuid not null references person (id),
    made_at timestamptz not null,
    used_at timestamptz not null,
    primary key (organisation_id, issuer, subject),
    unique (organisation_id, issuer, person_id),
    foreign key (organisation_id) references organisation (id)
);

create table acting (                  -- one time that somebody acted in another's name
    organisation_id uuid not null,
    id uuid not null,
    person_id uuid not null references person (id),             -- in whose name
    actor_id uuid not null references person (id),              -- who really acted
    reason text not null,
    began_at timestamptz not null,
    ends_at timestamptz not null,
    ended_at timestamptz,
    primary key (organisation_id, id),
    check (began_at < ends_at and person_id <> actor_id)
);
create index acting_of_person on acting (organisation_id, person_id, began_at);

select protect(name::regclass) from unnest(array['sign_in_provider', 'sign_in_link', 'acting']) as name;
