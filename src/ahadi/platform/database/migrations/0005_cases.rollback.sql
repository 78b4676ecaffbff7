drop table offer, notice, promise_text;
alter table cases drop constraint next_is_an_open_promise;
drop table promise, case_text, cases;
drop sequence case_number;
