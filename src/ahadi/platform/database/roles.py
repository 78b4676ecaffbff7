"""Who may do what in the database: the roles, their grants, and the checks that row-level security holds them.

The application's role owns nothing, is no superuser and has no BYPASSRLS, so that every policy binds it; tables are
made, changed and owned by another role.
"""

from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.conninfo import make_conninfo
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from ahadi.base.errors import SetupError

SUPERUSER = "postgres"
OWNER = "ahadi_owner"
APPLICATION = "ahadi_app"
DATABASE = "ahadi"

# What the application's role may do with a table or sequence (kind r, p, v, S), never more: TRUNCATE ignores policies.
# Migrations are only read; so is nothing else. A table whose comment begins with "append-only" is added to.
_WANTED: LiteralString = """
select c.oid::regclass::text as name, c.relkind::text as kind,
       case when c.relkind = 'S' then array['SELECT', 'USAGE']
            when c.relname = 'migration' then array['SELECT']
            when obj_description(c.oid, 'pg_class') like 'append-only%%' then array['INSERT', 'SELECT']
            else array['DELETE', 'INSERT', 'SELECT', 'UPDATE'] end as wanted,
       array(select acl.privilege_type::text
               from aclexplode(coalesce(c.relacl, acldefault(case when c.relkind = 'S' then 's' else 'r' end::"char",
                                                             c.relowner))) acl
               join pg_roles r on r.oid = acl.grantee
              where r.rolname = %(role)s order by 1) as held
  from pg_class c
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
   and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
"""

_TOO_STRONG: LiteralString = """
select r.rolname as role, r.rolsuper as superuser, r.rolbypassrls as bypasses,
       (select c.oid::regclass::text from pg_class c
         where c.relkind in ('r', 'p')
           and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
           and pg_has_role(r.oid, c.relowner, 'member') order by c.oid limit 1) as owned,
       (select g.rolname from pg_roles g where (g.rolsuper or g.rolbypassrls) and g.oid <> r.oid
           and pg_has_role(r.oid, g.oid, 'member') order by g.rolname limit 1) as may_become
  from pg_roles r where r.rolname = current_user
"""

# A permissive policy that is simply true lets everybody see everything; so do views that read as their owner, and
# materialised views, to which policies do not apply at all.
_UNPROTECTED: LiteralString = """
select c.oid::regclass::text as name
  from pg_class c
 where c.relkind in ('r', 'p', 'v', 'm', 'f')
   and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
   and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organisation_id'
                  and not a.attisdropped)
   and case c.relkind
       when 'v' then not coalesce('security_invoker=true' = any (c.reloptions), false)
       when 'm' then true
       when 'f' then true
       else not (c.relrowsecurity and c.relforcerowsecurity)
            or not exists (select from pg_policy p where p.polrelid = c.oid and p.polpermissive)
            or exists (select from pg_policy p where p.polrelid = c.oid and p.polpermissive
                          and 'true' in (pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)))
       end
 order by 1
"""


def prepare(superuser: str) -> None:
    """See to the roles and the database of the embedded server, at every start. Changes nothing that is right.

    `superuser` is a connection string to the database, which may not exist yet.
    """
    with psycopg.connect(make_conninfo(superuser, dbname="postgres"), autocommit=True) as connection:
        for role in (OWNER, APPLICATION):
            held = connection.execute(
                "select rolcanlogin and not (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb"
                " or rolreplication) from pg_roles where rolname = %(role)s",
                {"role": role},
            ).fetchone()
            if held is None or not held[0]:
                verb = SQL("alter" if held else "create")
                connection.execute(
                    SQL("{} role {} login nosuperuser nobypassrls nocreaterole nocreatedb noreplication").format(
                        verb, Identifier(role)
                    )
                )
        if not connection.execute("select from pg_database where datname = %(name)s", {"name": DATABASE}).rowcount:
            connection.execute(SQL("create database {} owner {}").format(Identifier(DATABASE), Identifier(OWNER)))
    with psycopg.connect(superuser, autocommit=True) as connection:
        # Full-text search may use its index under a policy only through a function that is known not to leak.
        if connection.execute(
            "select from pg_proc where oid = 'pg_catalog.ts_match_vq(tsvector, tsquery)'::regprocedure"
            " and not proleakproof"
        ).rowcount:
            connection.execute("alter function pg_catalog.ts_match_vq(tsvector, tsquery) leakproof")
        connection.execute("set client_min_messages to warning")
        if connection.execute(
            "select from pg_available_extensions where name = 'vector' and installed_version is null"
        ).rowcount:
            connection.execute("create extension vector")  # the owner may use it and may not make it


def grant(connection: Connection[Any], role: str) -> None:
    """Give the application's role what it needs on every table, and take away anything more. Idempotent.

    To be run by the owner after migrations. Tables whose comment begins with `append-only` may be read and added to,
    not changed. Raises SetupError when there is no such role.
    """
    if not connection.execute("select from pg_roles where rolname = %(role)s", {"role": role}).rowcount:
        raise SetupError(f"The database has no role {role}: make it (create role {role} login), then start again.")
    name = Identifier(role)
    may = connection.execute("select has_schema_privilege(%(role)s, 'public', 'usage')", {"role": role}).fetchone()
    if may is None or not may[0]:
        connection.execute(SQL("grant usage on schema public to {}").format(name))
    for table, kind, wanted, held in connection.execute(_WANTED, {"role": role}).fetchall():
        if wanted != held:
            thing = SQL("sequence " if kind == "S" else "table ") + SQL(table)
            connection.execute(SQL("revoke all on {} from {}").format(thing, name))
            connection.execute(SQL("grant {} on {} to {}").format(SQL(", ".join(wanted)), thing, name))


async def check_application_role(connection: AsyncConnection[Any]) -> None:
    """Refuse a role that row-level security would not hold.

    Raises SetupError when the connected role is a superuser, has BYPASSRLS, owns a table, or may become such a role.
    """
    row = await (await connection.cursor(row_factory=tuple_row).execute(_TOO_STRONG)).fetchone()
    if row is None:
        raise SetupError("The database does not say which role is connected; look at AHADI_DATABASE_URL.")
    role, superuser, bypasses, owned, may_become = row
    if superuser:
        what = "is a superuser"
    elif bypasses:
        what = "has BYPASSRLS"
    elif may_become:
        what = f"may become {may_become}, whom no policy binds"
    elif owned:
        what = f"owns the table {owned}"
    else:
        return
    raise SetupError(
        f"The application connects as {role}, which {what}, so organisations would not be kept apart: connect as a role"
        " without SUPERUSER and BYPASSRLS that owns nothing, and run `ahadi migrate` as the owner."
    )


async def unprotected_tables(connection: AsyncConnection[Any]) -> list[str]:
    """Tables and views with an `organisation_id` that row-level security does not guard: there should be none.

    A table needs a forced policy that is not simply true; a view needs `security_invoker`; a materialised view and a
    foreign table cannot be guarded.
    """
    cursor = await connection.cursor(row_factory=tuple_row).execute(_UNPROTECTED)
    return [name for (name,) in await cursor.fetchall()]
