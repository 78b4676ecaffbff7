-- The list of open cases, newest change first, without passing over those that were resolved since.

create index cases_open_by_change on cases (organisation_id, changed_at desc, id desc) where state = 'open';
