drop index cases_open_by_change;
