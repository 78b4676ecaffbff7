-- The board: who got in touch in an hour, now and in the same hour of the weeks before.

create index contact_came on contact (organisation_id, started_at) include (id, case_id)
    where direction = 'in' and not automatic;
