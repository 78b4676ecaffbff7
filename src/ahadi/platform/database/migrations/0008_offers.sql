-- Offers as a whole: what an organisation chose, rounds, reasons and words, and the time after the work.

create table offer_setting (           -- how work is offered; departments that are not named here pull as before
    organisation_id uuid not null,
    settings jsonb not null default '{}',
    changed_at timestamptz not null,
    primary key (organisation_id)
);

-- The owner sees no row behind the policy, and these columns and the index are about all of them.
alter table offer no force row level security;
alter table offer
    add column kind text collate "C" not null default 'case' check (kind in ('call', 'chat', 'case')),
    add column round integer,          -- of its case; null for a direct line, which has rounds of its own
    add column considered jsonb not null default '[]',   -- why this person, and why not each of the others: codes
    add column finished_at timestamptz;                  -- who accepted it had done with it
update offer set state = 'withdrawn', settled_at = made_at where state = 'offered' and exists (
    select from offer later where later.organisation_id = offer.organisation_id and later.case_id = offer.case_id
    and later.state = 'offered' and later.id > offer.id);
create unique index offer_standing on offer (organisation_id, case_id) where state = 'offered';
create index offer_at_work on offer (organisation_id, person_id) where state = 'accepted' and finished_at is null;
create index offer_to_person on offer (organisation_id, person_id, made_at desc);
alter table offer force row level security;

create table offer_text (              -- what somebody said when they declined: erasable
    organisation_id uuid not null,
    offer_id uuid not null,
    text text not null,
    primary key (organisation_id, offer_id),
    foreign key (organisation_id, offer_id) references offer (organisation_id, id)
);

create table offer_round (             -- how often a case has gone round its department, and that nobody took it
    organisation_id uuid not null,
    case_id uuid not null,
    number integer not null,
    held_since timestamptz not null,   -- a new round begins when the case comes to a department anew
    began_at timestamptz not null,
    given_by uuid,                     -- who handed it to the department: it does not go back to them
    exhausted_at timestamptz,          -- everybody who could take it was asked
    told_at timestamptz,               -- a supervisor was told, once for this holding
    primary key (organisation_id, case_id),
    foreign key (organisation_id, case_id) references cases (organisation_id, id)
);

create table wrap_up (                 -- the time after a piece of work, and what it came to
    organisation_id uuid not null,
    id uuid not null,
    offer_id uuid not null,
    case_id uuid not null,
    person_id uuid not null,
    began_at timestamptz not null,
    ends_at timestamptz not null,
    ended_at timestamptz,
    disposition text collate "C",      -- a code; owed until it is said
    said_at timestamptz,
    primary key (organisation_id, id),
    unique (organisation_id, offer_id),
    check ((disposition is null) = (said_at is null)),
    foreign key (organisation_id, offer_id) references offer (organisation_id, id),
    foreign key (organisation_id, case_id) references cases (organisation_id, id)
);
create index wrap_up_running on wrap_up (organisation_id, person_id) where ended_at is null;
create index wrap_up_owed on wrap_up (organisation_id, person_id) where disposition is null;

alter table routing_fact add column skill text collate "C";   -- what the rule asked for, where it asked for one

select protect(name::regclass) from unnest(array['offer_setting', 'offer_text', 'offer_round', 'wrap_up']) as name;
