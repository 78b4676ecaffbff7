alter table rule_table drop column why;
alter table rule_table drop column published_by;
drop table rule_draft;
