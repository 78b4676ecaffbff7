drop table one_time_link, token, session, credential, mail_address, reason, on_call, absence, shift, shift_pattern,
    department_member, department, membership;
alter table organisation drop constraint organisation_manager_id_fkey;
drop table person, organisation;
