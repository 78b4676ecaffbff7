-- When messages were said, for a search by words that reads only those of the last while. Messages are indexed in the
-- order they were said in, or nearly, so a few bytes for each stretch of the table do.

create index message_words_when on message_words using brin (at) with (pages_per_range = 32);
