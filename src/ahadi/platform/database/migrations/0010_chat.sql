-- Chats: a visitor's window on an organisation's site. Ids, positions and times only; the words are messages.

create table chat (
    organisation_id uuid not null,
    id uuid not null,
    token_hash bytea not null,         -- what the browser holds is kept as a hash only
    language text collate "C" not null,
    contact_id uuid,                   -- the contact it is now; none before the first message
    own_case_id uuid,                  -- the case its visitor opened: of no other is anything shown to them
    made_at timestamptz not null,      -- real time
    expires_at timestamptz not null,   -- real time; moved on by use
    ended_at timestamptz,              -- real time; nothing is read or written with its token afterwards
    visitor_at timestamptz not null,   -- real time at which the window was last heard of
    last integer not null default 0,   -- the position of its newest event
    version integer not null default 0,          -- grows with whatever somebody who watches it should see
    visitor_seen integer not null default 0,     -- positions up to which each side has seen it
    staff_seen integer not null default 0,
    passed_on integer not null default 0,        -- position up to which unseen replies went on by mail or SMS
    primary key (organisation_id, id),
    unique (organisation_id, token_hash),
    check (visitor_seen <= last and staff_seen <= last and passed_on <= last),
    foreign key (organisation_id, contact_id) references contact (organisation_id, id)
);
create index chat_of_contact on chat (organisation_id, contact_id) where contact_id is not null;
create index chat_in_use on chat (organisation_id, visitor_at desc) where ended_at is null and contact_id is not null;

-- What is in a chat, in the order of its positions. They are drawn under the lock of the chat's row, so they are
-- committed in their order and without a gap: a position is a cursor that misses nothing.
create table chat_event (
    organisation_id uuid not null,
    chat_id uuid not null,
    position integer not null,
    message_id uuid not null,
    client_id text collate "C",        -- the browser's own name for a message: taken once
    at timestamptz not null,           -- real time
    primary key (organisation_id, chat_id, position),
    unique (organisation_id, chat_id, client_id),
    unique (organisation_id, message_id),
    foreign key (organisation_id, chat_id) references chat (organisation_id, id),
    foreign key (organisation_id, message_id) references message (organisation_id, id)
);

select protect(name::regclass) from unnest(array['chat', 'chat_event']) as name;
