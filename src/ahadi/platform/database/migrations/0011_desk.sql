-- The desk: words kept ready, named lists of deeds, what is half written, and who has a case open.

create table canned_reply (            -- words an agent inserts; a template's variables, for any channel
    organisation_id uuid not null,
    slug text collate "C" not null,
    language text collate "C" not null,
    body text not null,
    changed_by uuid,
    changed_at timestamptz not null,
    primary key (organisation_id, slug, language)
);

create table macro (                   -- what is done to a case at one touch; at least one deed
    organisation_id uuid not null,
    id uuid not null,
    name text not null,
    reply text,
    note text,
    promise_kind text collate "C" check (promise_kind in ('update', 'callback', 'visit', 'fix')),
    promise_within text collate "C",
    promise_text text,
    to_person uuid,
    to_department uuid,
    changed_by uuid,
    changed_at timestamptz not null,
    primary key (organisation_id, id),
    unique (organisation_id, name),
    check ((promise_kind is null) = (promise_within is null)),
    check (to_person is null or to_department is null),
    check (coalesce(reply, note, promise_kind, to_person::text, to_department::text) is not null)
);

create table draft (                   -- half written, by one person about one case; erased with the customer's words
    organisation_id uuid not null,
    case_id uuid not null,
    person_id uuid not null,
    mode text collate "C" not null check (mode in ('reply', 'note')),
    body text not null,
    changed_at timestamptz not null,   -- real time
    primary key (organisation_id, case_id, person_id, mode),
    foreign key (organisation_id, case_id) references cases (organisation_id, id)
);

create table at_case (                 -- who has a case open; worth nothing a minute later
    organisation_id uuid not null,
    case_id uuid not null,
    person_id uuid not null,
    writing boolean not null,
    seen_at timestamptz not null,      -- real time
    primary key (organisation_id, case_id, person_id),
    foreign key (organisation_id, case_id) references cases (organisation_id, id)
);

create table desk_choice (             -- of a person, wherever they work
    person_id uuid primary key references person (id),
    after_sending text collate "C" not null check (after_sending in ('stay', 'next', 'close'))
);

select protect(name::regclass) from unnest(array['canned_reply', 'macro', 'draft', 'at_case']) as name;
