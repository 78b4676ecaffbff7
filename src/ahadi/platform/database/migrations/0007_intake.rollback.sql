drop table import_row, import_run, quarantine, automatic_reply, blocked_sender, mailbox;
