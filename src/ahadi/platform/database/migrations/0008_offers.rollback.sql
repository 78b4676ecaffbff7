alter table routing_fact drop column skill;
drop table wrap_up, offer_round, offer_text, offer_setting;
drop index offer_standing, offer_at_work, offer_to_person;
alter table offer drop column kind, drop column round, drop column considered, drop column finished_at;
