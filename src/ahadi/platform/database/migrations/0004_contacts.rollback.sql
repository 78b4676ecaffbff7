drop table template, mail_thread, attachment, message_text, message, contact;
