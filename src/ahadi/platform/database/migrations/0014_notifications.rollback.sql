drop table notification, notice_mail, push_subscription, notification_choice;
