-- What an organisation's customers see of it beside its name and colour.

create table logo (
    organisation_id uuid primary key,
    data bytea not null,               -- a PNG made anew from what was uploaded
    width integer not null check (width > 0),
    height integer not null check (height > 0),
    digest text collate "C" not null,
    changed_by uuid,
    changed_at timestamptz not null
);

select protect('logo');
