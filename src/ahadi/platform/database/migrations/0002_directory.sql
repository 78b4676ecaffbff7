-- Organisations, people and what they may do; departments, hours, shifts, on-call chains; sign-in.
-- Global tables (no row-level security): organisation, person, credential, session, token, one_time_link, and
-- mail_address, which tells whose mail it is before any organisation is known.

create table organisation (
    id uuid primary key,
    slug text collate "C" not null unique,
    name text not null,
    prefix text collate "C" not null unique check (prefix ~ '^[A-Z]{2,4}$'),   -- references begin with it
    zone text not null,
    country text collate "C" not null,
    subdivision text collate "C",
    languages text[] not null check (cardinality(languages) > 0),              -- the first is the default
    manager_id uuid,
    default_department_id uuid,
    settings jsonb not null default '{}',
    version bigint not null default 1, -- raised by every change of the organisation's directory
    made_at timestamptz not null
);

create table person (
    id uuid primary key,
    slug text collate "C" not null unique,
    name text not null,
    email text collate "C" not null unique,                                    -- folded
    language text collate "C" not null default 'en',
    active boolean not null default true,
    presence text collate "C" not null default 'offline'
        check (presence in ('available', 'busy', 'wrap-up', 'break', 'offline')),
    presence_since timestamptz,
    made_at timestamptz not null
);
alter table organisation add foreign key (manager_id) references person (id);

create table membership (
    organisation_id uuid not null references organisation (id),
    person_id uuid not null references person (id),
    roles text[] not null,
    skills text[] not null default '{}',
    languages text[] not null default '{}',
    active boolean not null default true,
    primary key (organisation_id, person_id)
);
create index membership_of_person on membership (person_id);

create table department (
    organisation_id uuid not null references organisation (id),
    id uuid not null,
    slug text collate "C" not null,
    names jsonb not null,              -- language to name
    hours text not null,               -- OpenStreetMap opening_hours
    phone text,
    email text collate "C",
    manager_id uuid references person (id),
    promise_kind text collate "C" not null default 'update' check (promise_kind in ('update', 'callback', 'visit', 'fix')),
    promise_within text collate "C" not null default '8h',
    position integer not null default 0,
    active boolean not null default true,
    primary key (organisation_id, id),
    unique (organisation_id, slug)
);

create table department_member (
    organisation_id uuid not null,
    department_id uuid not null,
    person_id uuid not null,
    primary key (organisation_id, department_id, person_id),
    foreign key (organisation_id, department_id) references department (organisation_id, id),
    foreign key (organisation_id, person_id) references membership (organisation_id, person_id)
);

create table shift_pattern (
    organisation_id uuid not null,
    id uuid not null,
    person_id uuid not null,
    department_id uuid,
    hours text not null,
    valid_from date,
    valid_until date,
    primary key (organisation_id, id),
    foreign key (organisation_id, person_id) references membership (organisation_id, person_id),
    foreign key (organisation_id, department_id) references department (organisation_id, id)
);

create table shift (
    organisation_id uuid not null,
    id uuid not null,
    person_id uuid not null,
    department_id uuid,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    primary key (organisation_id, id),
    check (starts_at < ends_at),
    foreign key (organisation_id, person_id) references membership (organisation_id, person_id),
    foreign key (organisation_id, department_id) references department (organisation_id, id)
);

create table absence (
    organisation_id uuid not null,
    id uuid not null,
    person_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    kind text collate "C" not null default 'absent',
    primary key (organisation_id, id),
    check (starts_at < ends_at),
    foreign key (organisation_id, person_id) references membership (organisation_id, person_id)
);

create table on_call (
    organisation_id uuid not null,
    id uuid not null,
    department_id uuid,                -- null: the organisation's own chain, after the department's
    position integer not null,
    person_id uuid not null,
    primary key (organisation_id, id),
    foreign key (organisation_id, department_id) references department (organisation_id, id),
    foreign key (organisation_id, person_id) references membership (organisation_id, person_id)
);

create table reason (
    organisation_id uuid not null,
    slug text collate "C" not null,
    names jsonb not null,
    department_id uuid,
    promise_kind text collate "C" check (promise_kind in ('update', 'callback', 'visit', 'fix')),
    promise_within text collate "C",
    active boolean not null default true,
    primary key (organisation_id, slug),
    foreign key (organisation_id, department_id) references department (organisation_id, id)
);

create table mail_address (            -- which organisation takes mail at an address
    address text collate "C" primary key,
    organisation_id uuid not null references organisation (id),
    department_id uuid,
    foreign key (organisation_id, department_id) references department (organisation_id, id)
);

create table credential (
    person_id uuid primary key references person (id),
    password_hash text,
    totp_secret bytea,                 -- encrypted
    totp_confirmed_at timestamptz,
    totp_last_step bigint,             -- a code is taken once
    changed_at timestamptz not null
);

create table session (
    id uuid primary key,
    hash bytea not null unique,
    person_id uuid not null references person (id),
    made_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    address text,
    agent text
);
create index session_of_person on session (person_id);

create table token (
    id uuid primary key,
    hash bytea not null unique,
    organisation_id uuid not null references organisation (id),
    name text not null,
    scopes text[] not null,
    made_by uuid,
    made_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz
);

create table one_time_link (
    hash bytea primary key,
    person_id uuid not null references person (id),
    purpose text collate "C" not null check (purpose in ('invitation', 'reset', 'sign-in')),
    made_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);

select protect(name::regclass) from unnest(array['membership', 'department', 'department_member', 'shift_pattern',
    'shift', 'absence', 'on_call', 'reason']) as name;
-- At sign-in a person's own memberships are read before any organisation is set.
create policy own on membership for select
    using (person_id = (select nullif(current_setting('ahadi.person', true), '')::uuid));
