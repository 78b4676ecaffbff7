-- Times taken out of shifts that come again, absences asked for, shifts offered to colleagues, calendar feeds; and
-- notices that are about no case.

create table shift_cut (               -- the patterns of a person for a department (or for none) do not hold here
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

create table leave_request (           -- an absence somebody asks for
    organisation_id uuid not null,
    id uuid not null,
    person_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    kind text collate "C" not null,
    state text collate "C" not null check (state in ('asked', 'approved', 'declined', 'withdrawn')),
    made_at timestamptz not null,
    settled_at timestamptz,
    settled_by uuid,
    primary key (organisation_id, id),
    check (starts_at < ends_at),
    foreign key (organisation_id, person_id) references membership (organisation_id, person_id)
);
create index leave_request_open on leave_request (organisation_id, starts_at) where state = 'asked';
create index leave_request_of_person on leave_request (organisation_id, person_id, made_at desc);

create table swap (                    -- a time of a shift, offered to a colleague or to anyone of the department
    organisation_id uuid not null,
    id uuid not null,
    person_id uuid not null,
    to_person uuid,                    -- null: anyone
    department_id uuid,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    state text collate "C" not null
        check (state in ('offered', 'accepted', 'done', 'declined', 'refused', 'withdrawn')),
    made_at timestamptz not null,
    taken_by uuid,                     -- who accepted it
    taken_at timestamptz,
    settled_at timestamptz,
    settled_by uuid,
    primary key (organisation_id, id),
    check (starts_at < ends_at),
    foreign key (organisation_id, person_id) references membership (organisation_id, person_id),
    foreign key (organisation_id, department_id) references department (organisation_id, id)
);
create index swap_open on swap (organisation_id, starts_at) where state in ('offered', 'accepted');
create index swap_of_person on swap (organisation_id, person_id, made_at desc);

create table calendar_feed (           -- where a person's own calendar is fetched; global, like their credentials
    person_id uuid primary key references person (id),
    hash bytea not null unique,
    made_at timestamptz not null
);

alter table department add column swaps_approved boolean not null default false;
alter table notice alter column case_id drop not null;
alter table notice add column subject_id uuid; -- what it is about, where that is no case

select protect(name::regclass) from unnest(array['shift_cut', 'leave_request', 'swap']) as name;
