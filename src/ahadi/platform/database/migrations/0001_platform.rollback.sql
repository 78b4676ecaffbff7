drop table mark, webhook_delivery, webhook, file_chunk, file, throttle, idempotency, job, journal_follower,
    journal_epoch, journal, business_clock;
drop function protect(regclass);
