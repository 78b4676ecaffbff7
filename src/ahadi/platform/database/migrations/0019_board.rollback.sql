drop index contact_came;
