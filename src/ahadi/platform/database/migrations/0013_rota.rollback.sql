alter table notice no force row level security;
delete from notice where case_id is null;
alter table notice force row level security;
alter table notice drop column subject_id;
alter table notice alter column case_id set not null;
alter table department drop column swaps_approved;
drop table calendar_feed, swap, leave_request, shift_cut;
