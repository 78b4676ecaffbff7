drop table chat_event, chat;
