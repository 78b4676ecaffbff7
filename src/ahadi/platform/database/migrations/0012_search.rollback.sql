drop table saved_view, vocabulary_near, vocabulary, message_words;
