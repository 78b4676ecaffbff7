drop table first_run;
drop index quarantine_settled;
drop index cases_by_resolution;
drop table retention;
drop index journal_by_subject;
drop index journal_by_actor;
drop index journal_by_kind;
drop index journal_by_time;
alter table token drop column used_at;
