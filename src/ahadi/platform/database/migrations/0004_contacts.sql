-- Contacts and their messages, in and out. Words live in message_text, which can be erased.

create table contact (
    organisation_id uuid not null,
    id uuid not null,
    channel text collate "C" not null check (channel in ('phone', 'email', 'web', 'chat', 'sms')),
    direction text collate "C" not null check (direction in ('in', 'out')),
    customer_id uuid not null,
    case_id uuid,                      -- null only inside the transaction that takes it in
    source_key text collate "C",       -- the sender's own name for it: the same contact is taken once
    automatic boolean not null default false,
    started_at timestamptz not null,
    ended_at timestamptz,
    primary key (organisation_id, id),
    unique (organisation_id, source_key),
    foreign key (organisation_id, customer_id) references customer (organisation_id, id)
);
create index contact_of_case on contact (organisation_id, case_id, started_at);
create index contact_of_customer on contact (organisation_id, customer_id, started_at desc);

create table message (
    organisation_id uuid not null,
    id uuid not null,
    contact_id uuid,
    case_id uuid,
    customer_id uuid,
    direction text collate "C" not null check (direction in ('in', 'out', 'note')),
    channel text collate "C" not null,
    author_kind text collate "C" not null check (author_kind in ('person', 'token', 'customer', 'system')),
    author_id uuid,
    at timestamptz not null,           -- business time
    state text collate "C" not null check (state in
        ('received', 'noted', 'held', 'queued', 'sending', 'sent', 'failed', 'uncertain', 'cancelled')),
    intent text collate "C",           -- what this message is for: one message per intent
    template text collate "C",
    automatic boolean not null default false,
    not_before timestamptz,            -- business time: quiet hours and undo
    attempts integer not null default 0,
    retry_at timestamptz,              -- real time
    leased_until timestamptz,          -- real time; while `sending`
    sent_at timestamptz,
    delivered_at timestamptz,          -- business time at which the receiver said that it arrived
    provider_id text collate "C",      -- the receiver's own name for it
    failure text collate "C",          -- a code, never words
    missing text[],                    -- variables without a value, while `held`
    primary key (organisation_id, id),
    unique (organisation_id, intent),
    check (direction <> 'in' or state = 'received'),
    check (direction <> 'note' or state = 'noted'),
    check (direction <> 'out' or state not in ('received', 'noted')),
    foreign key (organisation_id, contact_id) references contact (organisation_id, id)
);
create index message_of_case on message (organisation_id, case_id, at, id);
create index message_to_send on message (organisation_id, not_before) where state = 'queued';
create index message_in_flight on message (organisation_id, leased_until) where state = 'sending';
create index message_of_provider on message (organisation_id, channel, provider_id) where provider_id is not null;
create index message_to_settle on message (organisation_id, at) where state in ('held', 'failed', 'uncertain');

create table message_text (
    organisation_id uuid not null,
    message_id uuid not null,
    subject text,
    body text not null,
    html text,
    sender text,
    recipient text,
    headers jsonb not null default '{}',   -- cc, references, authentication results …
    primary key (organisation_id, message_id),
    foreign key (organisation_id, message_id) references message (organisation_id, id)
);

create table attachment (
    organisation_id uuid not null,
    message_id uuid not null,
    position integer not null,
    file_id uuid not null,
    name text not null,
    content_id text,
    primary key (organisation_id, message_id, position),
    foreign key (organisation_id, message_id) references message (organisation_id, id),
    foreign key (organisation_id, file_id) references file (organisation_id, id)
);

create table mail_thread (             -- Message-IDs seen, hashed: a reply finds its case
    organisation_id uuid not null,
    hash bytea not null,
    case_id uuid not null,
    message_id uuid not null,
    primary key (organisation_id, hash)
);

create table template (
    organisation_id uuid not null,
    slug text collate "C" not null,
    channel text collate "C" not null,
    language text collate "C" not null,
    version integer not null,
    subject text,
    body text not null,
    made_by uuid,
    made_at timestamptz not null,
    active boolean not null default true,
    primary key (organisation_id, slug, channel, language, version)
);
create unique index template_in_force on template (organisation_id, slug, channel, language) where active;

create table channel_setting (         -- an adapter an organisation sends through, such as its SMS gateway
    organisation_id uuid not null,
    channel text collate "C" not null,
    settings bytea not null,           -- encrypted JSON of the adapter's own settings
    changed_at timestamptz not null,
    primary key (organisation_id, channel)
);

select protect(name::regclass) from unnest(array['channel_setting', 'contact', 'message', 'message_text', 'attachment', 'mail_thread',
    'template']) as name;
