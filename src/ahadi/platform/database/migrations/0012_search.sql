-- Search: the words of messages, which words there are, and the views that people keep.

create table message_words (             -- of a message, made a moment after it; gone with its words
    organisation_id uuid not null,
    message_id uuid not null,
    at timestamptz not null,
    -- Folded words and the organisation, so that the index serves under the policy (as for cases and customers).
    words tsvector not null,
    primary key (organisation_id, message_id),
    foreign key (organisation_id, message_id) references message (organisation_id, id)
);
create index message_words_found on message_words using gin (words);
create index message_words_newest on message_words (organisation_id, at desc, message_id desc);

create table vocabulary (                -- every folded word that an organisation's texts hold, or held until lately
    organisation_id uuid not null,
    word text collate "C" not null check (length(word) between 3 and 24),
    primary key (organisation_id, word)
);

create table vocabulary_near (           -- each word, and each word without one of its letters: how it may be mistyped
    organisation_id uuid not null,
    near text collate "C" not null,
    word text collate "C" not null,
    primary key (organisation_id, near, word),
    foreign key (organisation_id, word) references vocabulary (organisation_id, word) on delete cascade
);
create index vocabulary_near_word on vocabulary_near (organisation_id, word);

create table saved_view (                -- a search under a name
    organisation_id uuid not null,
    id uuid not null,
    person_id uuid not null references person (id),
    name text not null check (length(name) between 1 and 60),
    query text not null check (length(query) <= 500),
    shared boolean not null default false,   -- with everybody of the organisation
    made_at timestamptz not null,
    primary key (organisation_id, id)
);
create index saved_view_of_person on saved_view (organisation_id, person_id);

select protect('message_words'), protect('vocabulary'), protect('vocabulary_near'), protect('saved_view');
