-- Calls and visits booked for a time, and what came of trying to call.

create table booking (
    organisation_id uuid not null,
    id uuid not null,                  -- also the UID of the calendar entry, through every move
    case_id uuid not null,
    promise_id uuid not null,          -- the promise that stands for it now; while that is open, the booking stands
    kind text collate "C" not null check (kind in ('callback', 'visit')),
    wish text collate "C" not null check (wish in ('department', 'specialist', 'manager', 'person')),
    department_id uuid,                -- whose people were asked for; none where only a person was
    seat uuid not null,                -- whose time is kept for it
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    sequence integer not null default 0,           -- raised by each move (RFC 5546, 2.1.4)
    remind_at timestamptz,             -- when the customer is reminded; null: not, or done
    made_at timestamptz not null,
    ended_at timestamptz,
    primary key (organisation_id, id),
    check (starts_at < ends_at),
    foreign key (organisation_id, case_id) references cases (organisation_id, id),
    foreign key (organisation_id, case_id, promise_id) references promise (organisation_id, case_id, id)
);
create unique index booking_of_promise on booking (organisation_id, promise_id);
create index booking_of_case on booking (organisation_id, case_id, starts_at);
create index booking_ahead on booking (organisation_id, ends_at) where ended_at is null;
create index booking_to_remind on booking (organisation_id, remind_at) where remind_at is not null;

create table call_attempt (
    organisation_id uuid not null,
    id uuid not null,
    case_id uuid not null,
    promise_id uuid not null,          -- the promise that was to be kept
    next_promise_id uuid,              -- the one that took its place
    number integer not null check (number > 0),    -- of this callback, from 1
    outcome text collate "C" not null
        check (outcome in ('answered', 'no-answer', 'busy', 'wrong-number', 'voicemail')),
    person_id uuid,                    -- who called
    at timestamptz not null,
    primary key (organisation_id, id),
    foreign key (organisation_id, case_id) references cases (organisation_id, id)
);
create index call_attempt_of_case on call_attempt (organisation_id, case_id, at);
create index call_attempt_leading_to on call_attempt (organisation_id, next_promise_id) where next_promise_id is not null;

select protect(name::regclass) from unnest(array['booking', 'call_attempt']) as name;
