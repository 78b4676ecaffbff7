"""Who may do what: the table of roles. Whatever is not named here is refused."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from ahadi.base.errors import Invalid


class Role(StrEnum):
    """What a person does for an organisation; one may hold several. What each may do: `PERMISSIONS`."""

    AGENT = "agent"
    SPECIALIST = "specialist"
    MANAGER = "manager"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """One thing that may be done in an organisation. The value is also the name of a token's scope."""

    CASE_READ = "case.read"
    CASE_WORK = "case.work"  # reply, note, promise, hand over
    CASE_RESOLVE = "case.resolve"  # resolve and reopen
    CASE_DECIDE = "case.decide"  # take decisions reserved to managers, merge other people's cases
    PROMISE_SETTLE = "promise.settle"  # keep, renew and withdraw
    CONTACT_CREATE = "contact.create"  # take a contact in
    CUSTOMER_READ = "customer.read"
    CUSTOMER_EDIT = "customer.edit"  # also merge and un-merge
    CUSTOMER_ERASE = "customer.erase"
    CUSTOMER_EXPORT = "customer.export"
    RULES_READ = "rules.read"
    RULES_EDIT = "rules.edit"  # drafts and trials
    RULES_PUBLISH = "rules.publish"
    DIRECTORY_READ = "directory.read"
    DIRECTORY_EDIT = "directory.edit"  # departments, hours, reasons
    ROTA_EDIT = "rota.edit"  # shifts, absences, on-call chains
    ROTA_OWN = "rota.own"  # ask for absences, offer and take shifts, fetch one's own calendar
    PEOPLE_EDIT = "people.edit"  # invite, roles, deactivate
    PEOPLE_ACT_AS = "people.act-as"  # act in another's name for a while, which the journal says
    PRESENCE_OWN = "presence.own"
    PRESENCE_OTHERS = "presence.others"
    TEMPLATES_EDIT = "templates.edit"
    MESSAGES_SETTLE = "messages.settle"  # held, failed and uncertain ones
    REPORTS_READ = "reports.read"
    WALLBOARD_READ = "wallboard.read"  # numbers on a wall, and no names
    AUDIT_READ = "audit.read"
    SETTINGS_EDIT = "settings.edit"
    TOKENS_EDIT = "tokens.edit"
    WEBHOOKS_EDIT = "webhooks.edit"
    IMPORT = "import"
    EXPORT = "export"


ALL: Final = "all"
"""The scope of a token that may do everything in its organisation."""

_P = Permission
_EVERYBODY: Final = frozenset({_P.DIRECTORY_READ, _P.PRESENCE_OWN, _P.ROTA_OWN})
_SEES: Final = frozenset({_P.CASE_READ, _P.CUSTOMER_READ, _P.RULES_READ})
_WORKS: Final = _SEES | {
    _P.CASE_WORK,
    _P.CASE_RESOLVE,
    _P.PROMISE_SETTLE,
    _P.CONTACT_CREATE,
    _P.CUSTOMER_EDIT,
}
_OVERSEES: Final = frozenset(
    {
        _P.REPORTS_READ,
        _P.WALLBOARD_READ,
        _P.MESSAGES_SETTLE,
        _P.PRESENCE_OTHERS,
        _P.ROTA_EDIT,
        _P.TEMPLATES_EDIT,
        _P.RULES_EDIT,
    }
)

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    # Agents and specialists work cases.
    Role.AGENT: _EVERYBODY | _WORKS,
    Role.SPECIALIST: _EVERYBODY | _WORKS,
    # Managers also decide: they publish rules, settle what machines could not, and answer for people's data.
    Role.MANAGER: _EVERYBODY
    | _WORKS
    | _OVERSEES
    | {_P.CASE_DECIDE, _P.RULES_PUBLISH, _P.CUSTOMER_ERASE, _P.CUSTOMER_EXPORT, _P.AUDIT_READ, _P.EXPORT},
    # Supervisors see everything and keep the rota; they work cases to help out, and publish nothing.
    Role.SUPERVISOR: _EVERYBODY | _WORKS | _OVERSEES | {_P.AUDIT_READ},
    # Administrators configure; they read cases to help, and do not work them.
    Role.ADMINISTRATOR: _EVERYBODY
    | _SEES
    | {
        _P.CUSTOMER_ERASE,
        _P.CUSTOMER_EXPORT,
        _P.RULES_EDIT,
        _P.RULES_PUBLISH,
        _P.DIRECTORY_EDIT,
        _P.ROTA_EDIT,
        _P.PEOPLE_EDIT,
        _P.PEOPLE_ACT_AS,
        _P.TEMPLATES_EDIT,
        _P.MESSAGES_SETTLE,
        _P.REPORTS_READ,
        _P.WALLBOARD_READ,
        _P.AUDIT_READ,
        _P.SETTINGS_EDIT,
        _P.TOKENS_EDIT,
        _P.WEBHOOKS_EDIT,
        _P.IMPORT,
        _P.EXPORT,
    },
}


_RANKS: Final[Mapping[Role, int]] = {
    Role.AGENT: 1,
    Role.SPECIALIST: 1,
    Role.SUPERVISOR: 2,
    Role.MANAGER: 3,
    Role.ADMINISTRATOR: 4,
}
WITHHELD_FROM_ACTING: Final = frozenset(
    {
        _P.PEOPLE_EDIT,
        _P.PEOPLE_ACT_AS,
        _P.SETTINGS_EDIT,
        _P.TOKENS_EDIT,
        _P.WEBHOOKS_EDIT,
        _P.CUSTOMER_ERASE,
        _P.CUSTOMER_EXPORT,
        _P.EXPORT,
        _P.IMPORT,
    }
)
"""What nobody may do in another's name: give access, hand data out, or destroy it."""


def rank_of(roles: Iterable[str]) -> int:
    """How high somebody with these roles stands: as high as the highest of them; 0 without one."""
    return max((_RANKS[Role(each)] for each in roles if each in PERMISSIONS), default=0)


def may_act_as(own: Iterable[str], others: Iterable[str]) -> bool:
    """Whether somebody with their own roles may act in the name of one with those others: they stand lower."""
    held = tuple(own)
    return Permission.PEOPLE_ACT_AS in permissions_of(held) and 0 < rank_of(others) < rank_of(held)


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Everything that somebody with these roles may do; nothing without a role, or with one that does not exist."""
    return frozenset(each for role in roles if role in PERMISSIONS for each in PERMISSIONS[Role(role)])


def permissions_of_scopes(scopes: Iterable[str]) -> frozenset[Permission]:
    """Everything that a token with these scopes may do.

    `all` stands for every permission. Raises `Invalid` for a scope that does not exist, and for none.
    """
    wanted = frozenset(scopes)
    unknown = sorted(wanted - {ALL} - set(Permission))
    if unknown:
        raise Invalid(
            f"there is no scope `{unknown[0]}`; use `{ALL}` or some of {', '.join(sorted(Permission))}.",
            unknown=unknown,
        )
    if not wanted:
        raise Invalid(f"a token needs at least one scope; use `{ALL}` or some of {', '.join(sorted(Permission))}.")
    return frozenset(Permission) if ALL in wanted else frozenset(Permission(scope) for scope in wanted)
