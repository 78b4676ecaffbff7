drop table call_attempt, booking;
