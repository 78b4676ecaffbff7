drop index message_words_when;
