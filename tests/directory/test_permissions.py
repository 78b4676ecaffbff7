"""Who may do what."""

import pytest

from ahadi.base.errors import Invalid
from ahadi.directory.permissions import ALL, PERMISSIONS, Permission, Role, permissions_of, permissions_of_scopes

CONFIGURES = {
    Permission.DIRECTORY_EDIT,
    Permission.PEOPLE_EDIT,
    Permission.SETTINGS_EDIT,
    Permission.TOKENS_EDIT,
    Permission.WEBHOOKS_EDIT,
    Permission.IMPORT,
}


def holders(permission: Permission) -> set[Role]:
    return {role for role in Role if permission in PERMISSIONS[role]}


def test_nobody_may_do_anything_without_a_role_or_with_one_that_does_not_exist() -> None:
    assert permissions_of([]) == frozenset()
    assert permissions_of(["owner"]) == frozenset()


def test_somebody_with_two_roles_may_do_what_either_may() -> None:
    both = permissions_of([Role.AGENT, "administrator"])
    assert both == PERMISSIONS[Role.AGENT] | PERMISSIONS[Role.ADMINISTRATOR]


def test_every_role_is_in_the_table_and_every_permission_is_held_by_somebody() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert all(holders(permission) for permission in Permission)


@pytest.mark.parametrize("role", Role)
def test_everybody_reads_the_directory_and_sets_their_own_presence(role: Role) -> None:
    assert {Permission.DIRECTORY_READ, Permission.PRESENCE_OWN, Permission.CASE_READ} <= PERMISSIONS[role]


def test_agents_and_specialists_work_cases_and_configure_nothing() -> None:
    for role in (Role.AGENT, Role.SPECIALIST):
        assert {Permission.CASE_WORK, Permission.CASE_RESOLVE, Permission.PROMISE_SETTLE} <= PERMISSIONS[role]
        assert not PERMISSIONS[role] & (CONFIGURES | {Permission.REPORTS_READ, Permission.PRESENCE_OTHERS})


def test_only_those_who_answer_for_it_decide_publish_and_erase() -> None:
    assert holders(Permission.CASE_DECIDE) == {Role.MANAGER}
    assert holders(Permission.RULES_PUBLISH) == {Role.MANAGER, Role.ADMINISTRATOR}
    assert holders(Permission.CUSTOMER_ERASE) == {Role.MANAGER, Role.ADMINISTRATOR}


def test_supervisors_see_everything_and_keep_the_rota() -> None:
    seen = {permission for permission in Permission if permission.value.endswith(".read")}
    assert seen <= PERMISSIONS[Role.SUPERVISOR]
    assert holders(Permission.ROTA_EDIT) == {Role.MANAGER, Role.SUPERVISOR, Role.ADMINISTRATOR}


def test_administrators_configure_and_do_not_work_cases() -> None:
    assert PERMISSIONS[Role.ADMINISTRATOR] >= CONFIGURES
    assert holders(Permission.SETTINGS_EDIT) == {Role.ADMINISTRATOR}
    assert Permission.CASE_WORK not in PERMISSIONS[Role.ADMINISTRATOR]


def test_a_token_may_do_what_its_scopes_say_and_no_more() -> None:
    assert permissions_of_scopes(["case.read", "export"]) == {Permission.CASE_READ, Permission.EXPORT}
    assert permissions_of_scopes([ALL]) == frozenset(Permission)


@pytest.mark.parametrize("scopes", [[], ["everything"], ["case.read", "*"]])
def test_a_token_without_scopes_or_with_unknown_ones_is_refused(scopes: list[str]) -> None:
    with pytest.raises(Invalid, match="scope"):
        permissions_of_scopes(scopes)
