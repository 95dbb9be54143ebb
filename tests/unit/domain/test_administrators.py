"""Administrators, who are named by the operator or have a claim that counts for a day."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.administrators import ROLE_LIFETIME, ActingAdmin, Administrators
from chalicelib.domain.users import Role
from tests.support.builders import ISSUER, a_user, an_admin
from tests.support.clock import START

MILLISECOND = timedelta(milliseconds=1)
NAMED = Administrators(ISSUER, "sub", frozenset({"admin@example.com"}))


@pytest.mark.parametrize(
    ("age", "role"),
    [
        (timedelta(0), Role.ADMIN),
        (ROLE_LIFETIME - MILLISECOND, Role.ADMIN),
        (ROLE_LIFETIME, Role.USER),
        (timedelta(days=400), Role.USER),
    ],
)
def test_role_by_claim_counts_for_a_day(age: timedelta, role: Role) -> None:
    """Without a new sign-in, a role by claim ends after a day."""
    assert Administrators().role_of(an_admin(), START + age) is role


def test_role_of_a_row_of_0_1_counts_from_the_next_sign_in() -> None:
    """The age of a role of 0.1 is unknown, so it does not count."""
    assert Administrators().role_of(a_user(role=Role.ADMIN), START) is Role.USER


def test_named_administrator_stays_one() -> None:
    """A named administrator stays one until the setting changes."""
    user = a_user("admin@example.com")

    assert NAMED.role_of(user, START + timedelta(days=400)) is Role.ADMIN
    assert Administrators().role_of(user, START) is Role.USER


@pytest.mark.parametrize(
    "other",
    [{"issuer": "https://other.example.com"}, {"subject_claim": "oid"}, {"subject": "Admin@example.com"}],
)
def test_name_counts_for_the_configured_issuer_and_claim_alone(other: dict[str, Any]) -> None:
    """The same text at another issuer or in another claim identifies another person."""
    assert NAMED.role_of(replace(a_user("admin@example.com"), **other), START) is Role.USER


def test_acting_administrator_by_claim_must_have_a_role_of_the_last_day() -> None:
    """The actor's role must be younger than a day at the write."""
    admin = an_admin("other@example.com")

    assert NAMED.acting(admin, START) == ActingAdmin(admin.id, START - ROLE_LIFETIME)


def test_acting_administrator_by_name_needs_no_role_in_the_row() -> None:
    """A named actor needs no role in the row, which may be older than the setting."""
    admin = a_user("admin@example.com")

    assert NAMED.acting(admin, START) == ActingAdmin(admin.id, None)
