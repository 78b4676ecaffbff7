-- Administration: when a token was last used, the journal read by people, how long words are kept, the first run.

alter table token add column used_at timestamptz;   -- real time, a few minutes coarse

-- The audit reads the journal newest first, by time, by kind, by person, by what it was done to.
create index journal_by_time on journal (organisation_id, at, seq);
create index journal_by_kind on journal (organisation_id, kind, at, seq);
create index journal_by_actor on journal (organisation_id, actor_id, at, seq) where actor_id is not null;
create index journal_by_subject on journal (organisation_id, subject_id, at, seq)
    where subject_id is not null and case_id is null;

-- How long words are kept once a case is resolved. Cases resolved before `reached` were looked at already.
create table retention (
    organisation_id uuid not null references organisation (id),
    what text collate "C" not null check (what in ('attachments', 'messages', 'cases', 'mail')),
    days integer check (days between 1 and 36500),   -- without it: for ever
    reached timestamptz,
    reached_id uuid,
    primary key (organisation_id, what),
    check ((reached is null) = (reached_id is null))
);
create index cases_by_resolution on cases (organisation_id, resolved_at, id) where state = 'resolved';
create index quarantine_settled on quarantine (organisation_id, settled_at, id) where raw_file is not null;

select protect(name::regclass) from unnest(array['retention']) as name;

-- The first run of an installation: one row, made before there is any organisation.
create table first_run (
    alone boolean primary key default true check (alone),
    hash bytea,                        -- of the secret that `ahadi run` printed; spent once an organisation is made
    made_at timestamptz not null,      -- real time
    organisation uuid references organisation (id),
    person uuid references person (id),
    step text collate "C" not null check (step in ('organisation', 'department', 'people', 'mail', 'case')),
    finished_at timestamptz
);
