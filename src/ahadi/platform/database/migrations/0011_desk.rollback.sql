drop table desk_choice, at_case, draft, macro, canned_reply;
