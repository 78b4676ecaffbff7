drop table channel_setting, template, mail_thread, attachment, message_text, message, contact;
