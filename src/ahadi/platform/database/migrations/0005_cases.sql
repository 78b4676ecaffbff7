-- Cases and promises. The deferred key says: an open case has an open promise, its next.

create sequence case_number;         -- references are made from it; shared by all organisations

create table cases (
    organisation_id uuid not null,
    id uuid not null,
    reference text collate "C" not null,
    customer_id uuid not null,
    reason text collate "C",
    state text collate "C" not null check (state in ('open', 'resolved')),
    holder_person uuid,
    holder_department uuid,
    held_since timestamptz not null,
    department_id uuid,                -- the department responsible, also while a person holds it
    priority text collate "C" not null default 'normal' check (priority in ('low', 'normal', 'high', 'urgent')),
    channel text collate "C" not null,
    language text collate "C" not null,
    opened_at timestamptz not null,
    changed_at timestamptz not null,
    resolved_at timestamptz,
    resolution text collate "C",       -- a code such as done, duplicate, merged
    contacts integer not null default 1,           -- contacts about it, the first included
    escalated boolean not null default false,
    rule_id text collate "C",
    linked_to uuid,                    -- the case it was opened beside or split from
    merged_into uuid,
    tags text[] not null default '{}',
    link_version integer not null default 1,       -- raised to revoke the links to the customer's page
    next_promise_id uuid,
    next_state text collate "C" generated always as (case when state = 'open' then 'open' end) stored,
    primary key (organisation_id, id),
    unique (organisation_id, reference),
    check (state <> 'open' or num_nonnulls(holder_person, holder_department) = 1),
    check (state <> 'open' or next_promise_id is not null),
    check (state <> 'resolved' or (resolved_at is not null and next_promise_id is null)),
    foreign key (organisation_id, customer_id) references customer (organisation_id, id)
);
create index cases_of_customer on cases (organisation_id, customer_id, opened_at desc);
create index cases_by_change on cases (organisation_id, changed_at desc, id desc);
create index cases_of_person on cases (organisation_id, holder_person, changed_at desc) where state = 'open';
create index cases_of_department on cases (organisation_id, holder_department, changed_at desc) where state = 'open';

create table case_text (
    organisation_id uuid not null,
    case_id uuid not null,
    subject text not null,
    fields jsonb not null default '{}',            -- custom fields: a person's words may stand in them
    folded text collate "C" not null default '',   -- subject, folded, for search
    -- Stored and with the organisation, so that its index serves under the policy (as for customers).
    words tsvector not null generated always as
        (array_to_tsvector(array_append(string_to_array(folded, ' '), organisation_id::text))) stored,
    primary key (organisation_id, case_id),
    foreign key (organisation_id, case_id) references cases (organisation_id, id)
);
create index case_words on case_text using gin (words);

create table promise (
    organisation_id uuid not null,
    id uuid not null,
    case_id uuid not null,
    kind text collate "C" not null check (kind in ('update', 'callback', 'visit', 'fix')),
    state text collate "C" not null check (state in ('open', 'kept', 'renewed', 'broken', 'withdrawn')),
    owner_person uuid,
    owner_department uuid,
    due_at timestamptz not null,
    made_at timestamptz not null,
    level integer not null default 0,  -- how far up the chain a recovery promise has come
    recovers uuid,                     -- the broken promise this one makes good
    renews uuid,                       -- the promise this one took the place of
    successor uuid,                    -- the promise that took its place: renewed or broken
    reminded_at timestamptz,           -- the owner was reminded
    warned_at timestamptz,             -- the customer was told that it may lapse
    settled_at timestamptz,
    deed_kind text collate "C" check (deed_kind in ('contact', 'message', 'work', 'visit', 'note')),
    deed_id uuid,
    told uuid,                         -- the message that told the customer of a renewal
    reason text collate "C",           -- a code for a withdrawal
    primary key (organisation_id, id),
    unique (organisation_id, case_id, id),
    unique (organisation_id, case_id, id, state),
    check (num_nonnulls(owner_person, owner_department) = 1),
    check ((state = 'open') = (settled_at is null)),
    check (state <> 'kept' or deed_kind is not null),
    check (state <> 'renewed' or (successor is not null and told is not null)),
    check (state <> 'broken' or (successor is not null and settled_at >= due_at)),
    check (state <> 'withdrawn' or reason is not null),
    foreign key (organisation_id, case_id) references cases (organisation_id, id),
    foreign key (organisation_id, case_id, successor) references promise (organisation_id, case_id, id)
        deferrable initially deferred
);
create index promise_due on promise (organisation_id, due_at, id) where state = 'open';
create index promise_of_person on promise (organisation_id, owner_person, due_at) where state = 'open';
create index promise_of_department on promise (organisation_id, owner_department, due_at) where state = 'open';
create index promise_of_case on promise (organisation_id, case_id, made_at);
create index promise_settled on promise (organisation_id, settled_at desc, id) where state <> 'open';

alter table cases add constraint next_is_an_open_promise
    foreign key (organisation_id, id, next_promise_id, next_state)
    references promise (organisation_id, case_id, id, state) deferrable initially deferred;

create table promise_text (
    organisation_id uuid not null,
    promise_id uuid not null,
    text text not null,                -- what was promised, in the customer's words
    note text,                         -- what was done, or why it was renewed or withdrawn
    primary key (organisation_id, promise_id),
    foreign key (organisation_id, promise_id) references promise (organisation_id, id)
);

create table notice (                  -- what a person must see: handed over, reminded, escalated
    organisation_id uuid not null,
    id uuid not null,
    person_id uuid not null,
    kind text collate "C" not null,
    case_id uuid not null,
    promise_id uuid,
    other_person uuid,                 -- who it came from, or went to
    at timestamptz not null,
    seen_at timestamptz,
    primary key (organisation_id, id),
    foreign key (organisation_id, case_id) references cases (organisation_id, id)
);
create index notice_of_person on notice (organisation_id, person_id, at desc) where seen_at is null;

create table offer (                   -- a case put before one person now
    organisation_id uuid not null,
    id uuid not null,
    case_id uuid not null,
    person_id uuid not null,
    purpose text collate "C" not null, -- direct-line, route
    state text collate "C" not null check (state in ('offered', 'accepted', 'declined', 'expired', 'withdrawn')),
    made_at timestamptz not null,
    expires_at timestamptz not null,
    settled_at timestamptz,
    reason text collate "C",
    primary key (organisation_id, id),
    foreign key (organisation_id, case_id) references cases (organisation_id, id)
);
create index offer_of_person on offer (organisation_id, person_id) where state = 'offered';
create index offer_of_case on offer (organisation_id, case_id);
create index offer_expiring on offer (organisation_id, expires_at) where state = 'offered';

select protect(name::regclass) from unnest(array['cases', 'case_text', 'promise', 'promise_text', 'notice', 'offer']) as name;
