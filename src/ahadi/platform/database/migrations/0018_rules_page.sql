-- The rules page: the one draft that is edited cell by cell, and who put a version in force, and why.

create table rule_draft (              -- rows may be half filled; none while nobody edits
    organisation_id uuid primary key,
    base integer not null,             -- the version it was begun from; 0: none was in force
    revision integer not null,         -- grows with each change
    rows jsonb not null,               -- in order, each {"key", "row"}
    before jsonb,                      -- the rows before the last change, to take it back
    changed_by uuid,
    changed_at timestamptz not null
);

alter table rule_table add column published_by uuid;
alter table rule_table add column why text;

select protect('rule_draft');
