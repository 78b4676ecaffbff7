-- Versions of an organisation's decision table; one is published.

create table rule_table (
    organisation_id uuid not null,
    version integer not null,
    id uuid not null,                  -- by which a compiled table is kept
    state text collate "C" not null check (state in ('draft', 'published', 'retired')),
    rows jsonb not null,
    note text,
    made_by uuid,
    made_at timestamptz not null,
    published_at timestamptz,
    primary key (organisation_id, version)
);
create unique index rule_table_published on rule_table (organisation_id) where state = 'published';

create table routing_fact (            -- what each request looked like and where it went: trials and corrections
    organisation_id uuid not null,
    case_id uuid not null,
    at timestamptz not null,
    version integer not null,
    rule_id text collate "C",
    request jsonb not null,            -- the inputs; words as folded keywords only
    department_id uuid,
    primary key (organisation_id, case_id)
);
create index routing_fact_recent on routing_fact (organisation_id, at desc);

select protect(name::regclass) from unnest(array['rule_table', 'routing_fact']) as name;
