-- What people are told outside the page: what each wants to hear where, their browsers, and what was sent.

create table notification_choice (     -- of a person, wherever they work; without a row nothing leaves the page
    person_id uuid primary key references person (id),
    ways jsonb not null,               -- what it is about -> push, mail, digest
    urgent text[] not null,            -- what may come in quiet hours
    digest text collate "C" not null check (digest in ('hourly', 'morning')),
    morning time not null,
    quiet_from time,
    quiet_until time,
    zone text collate "C" not null,    -- whose clock morning and quiet hours go by
    changed_at timestamptz not null,   -- real time, as are all times here
    check ((quiet_from is null) = (quiet_until is null))
);

create table push_subscription (       -- a browser of a person; sealed, since who has it may send there
    id uuid primary key,
    person_id uuid not null references person (id),
    session_id uuid references session (id) on delete cascade,
    endpoint_hash bytea not null unique,
    sealed bytea not null,             -- endpoint, key and secret
    own_key text collate "C" not null, -- the public key it was made for
    agent text,
    made_at timestamptz not null,
    not_before timestamptz,            -- its push service asked us to wait
    heard_at timestamptz               -- when it last took something
);
create index push_subscription_of_person on push_subscription (person_id);

create table notice_mail (             -- one mail with what a person is told; gathered once, sent once
    id uuid primary key,
    person_id uuid not null references person (id),
    state text collate "C" not null check (state in ('waiting', 'sending', 'sent', 'uncertain', 'dropped')),
    made_at timestamptz not null,
    settled_at timestamptz
);

create table notification (            -- a notice on its way to a person by one way
    organisation_id uuid not null,
    id uuid not null,
    notice_id uuid not null,
    person_id uuid not null,
    about text collate "C" not null,
    way text collate "C" not null check (way in ('push', 'mail', 'digest')),
    state text collate "C" not null check (state in ('waiting', 'gathered', 'sent', 'dropped')),
    why text collate "C",              -- it was dropped: seen, over, unwanted, gone, nowhere, refused
    mail_id uuid references notice_mail (id),
    due_at timestamptz not null,
    made_at timestamptz not null,
    settled_at timestamptz,
    primary key (organisation_id, id),
    unique (organisation_id, notice_id, way),
    foreign key (organisation_id, notice_id) references notice (organisation_id, id) on delete cascade
);
create index notification_to_gather on notification (organisation_id, due_at) where state = 'waiting' and way <> 'push';
create index notification_of_mail on notification (organisation_id, mail_id) where mail_id is not null;

select protect('notification');
