drop table acting;
drop table sign_in_link;
drop table sign_in_provider;
alter table session drop column acts_until, drop column acts_in, drop column acts_as, drop column acting_id,
    drop column confined_to, drop column device_id;
alter table organisation drop column let_in_id, drop column single_sign_on;
drop table device;
drop table sign_in_attempt;
drop table passkey;
