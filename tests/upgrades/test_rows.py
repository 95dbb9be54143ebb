"""Rows of this version in release 0.1, and rows of 0.1 in this version, without a migration."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from moto import mock_aws

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.authorization_store import DynamoDBAuthorizationStore
from chalicelib.adapters.dynamodb.user_store import DynamoDBUserStore
from chalicelib.domain.administrators import Administrators
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.noticed import Notice, NoticeKind
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses, SeenNetworks
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import Role
from tests.iam import flows
from tests.iam.walk import Walk, _cloud
from tests.support.builders import RULES, a_token, a_user, an_admin, an_identity
from tests.support.dynamodb import moto_cloud
from tests.upgrades.release import V0_1, Release

NOW = datetime(2026, 11, 29, tzinfo=UTC)
DAY = timedelta(days=1)

# A user of 0.1 with every attribute.
_USER_OF_0_1 = """
import json, sys
from datetime import datetime, UTC
from chalicelib.adapters.dynamodb import items
from chalicelib.domain.users import Role, User, UserStatus
at = datetime(2026, 11, 1, tzinfo=UTC)
user = User("usr_" + "a" * 32, "https://login.example.com", "una", "Una", "una@example.com", Role.ADMIN,
            UserStatus.ACTIVE, "g1", at, at, 3, 7, None, at)
print(json.dumps(items.user_item(user)))
"""

# 0.1 changes only the attributes that it knows.
_SIGN_IN_BY_0_1 = """
import json, sys
from dataclasses import replace
from chalicelib.adapters.dynamodb import items
(row,) = json.load(sys.stdin)
before = items.read_user(row)
after = replace(before, email="new@example.com", role=type(before.role)("user"))
old, new = items.user_item(before), items.user_item(after)
row.update({name: value for name, value in new.items() if old.get(name) != value})
print(json.dumps(row))
"""

_PROMOTION_BY_0_1 = _SIGN_IN_BY_0_1.replace('"user"', '"admin"')


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Return release 0.1."""
    folder: Path = tmp_path_factory.mktemp("release")
    return Release(V0_1, folder)


@pytest.fixture(scope="module")
def rows() -> list[Item]:
    """Return the rows of every kind that a walk through the service leaves."""
    with mock_aws():
        walk = Walk(_cloud(), {"ROTATED_TOKEN_REUSE": "revoke_family"})
        for flow in flows.ALL:
            flow(walk)
        return walk.cloud.rows()


def test_every_new_row_is_read_by_0_1(release: Release, rows: list[Item]) -> None:
    """0.1 reads every row: each required attribute is there, with a value that it knows."""
    readings = release.read(rows)

    assert [reading for reading in readings if reading.error] == []
    assert {"U#/#", "U#/T#", "U#/I#", "U#/G#", "S#/#"} <= {reading.kind for reading in readings}


def test_full_user_is_read_by_0_1(release: Release) -> None:
    """0.1 reads a user with every new attribute, and sees the same role."""
    (reading,) = release.read(
        [
            items.USER.item(
                an_admin(subject_claim="oid", email_verified=True, moved_at=NOW, wants_notices=False)
            )
        ]
    )

    assert reading.error is None
    assert "Role.ADMIN" in str(reading.shown)


def test_user_of_0_1_needs_no_migration(release: Release) -> None:
    """A user of 0.1 counts as never signed in, so a role by claim needs a new sign-in."""
    user = items.USER.read(json.loads(release.run(_USER_OF_0_1, [])))

    assert (user.subject_claim, user.email_verified, user.signed_in_at) == ("sub", False, None)
    assert Administrators().role_of(user, NOW) is Role.USER
    named = Administrators(user.issuer, "sub", frozenset({"una"}))
    assert named.role_of(user, NOW) is Role.ADMIN
    identity = an_identity("una", role=Role.ADMIN, issued_at=NOW)
    assert Administrators().role_of(user.signed_in(identity, NOW, named=False), NOW) is Role.ADMIN


def test_change_by_0_1_after_a_rollback_is_not_mistaken(release: Release) -> None:
    """If 0.1 changes an e-mail, the new address does not count as verified."""
    admin = an_admin(email_verified=True, wants_notices=False)

    changed = items.USER.read(json.loads(release.run(_SIGN_IN_BY_0_1, [items.USER.item(admin)])))

    assert changed == replace(
        admin, email="new@example.com", email_verified=False, role=Role.USER, role_given_at=None
    )


def test_role_by_0_1_after_a_rollback_does_not_count(release: Release) -> None:
    """0.1 takes an older JWT. Its role must not count from the date at which a newer one took the role."""
    demoted = a_user(signed_in_at=NOW, role_given_at=NOW)

    changed = items.USER.read(json.loads(release.run(_PROMOTION_BY_0_1, [items.USER.item(demoted)])))

    assert (changed.role, changed.role_given_at) == (Role.ADMIN, None)
    assert Administrators().role_of(changed, NOW) is Role.USER


def test_person_whose_role_0_1_changed_signs_in_again(release: Release) -> None:
    """The row has a date that belongs to no role of its own. It must not stand in the way of a sign-in."""
    demoted = a_user(signed_in_at=NOW, role_given_at=NOW)
    row = json.loads(release.run(_PROMOTION_BY_0_1, [items.USER.item(demoted)]))
    later = NOW + timedelta(seconds=1)
    with moto_cloud() as cloud:
        cloud.dynamodb.put_item(TableName=cloud.table, Item=row)
        store = DynamoDBUserStore(cloud.dynamodb, cloud.table)
        for role in (Role.ADMIN, Role.USER, Role.ADMIN):
            before = store.find_user(demoted.id)
            assert before is not None
            identity = an_identity(role=role, issued_at=later)
            store.save_sign_in(before, before.signed_in(identity, later, named=False), None)
            saved = store.find_user(demoted.id)
            assert saved is not None
            assert (saved.role, saved.role_given_at) == (role, later)
            later += timedelta(seconds=1)


# 0.1 adds uses to those that it reads, in its own form.
_TOUCH_BY_0_1 = """
import json, sys
from datetime import datetime, UTC
from chalicelib.adapters.dynamodb import items
row, uses = json.load(sys.stdin)
token = items.read_token(row)
days = {datetime.fromisoformat(day).date(): count for day, count in uses.items()}
known = sorted(token.usage.keys() | days.keys())
usage = {day: token.usage.get(day, 0) + days.get(day, 0) for day in known}
row["usage"] = {"S": " ".join(f"{day}={count}" for day, count in usage.items())}
items.read_token(row)
print(json.dumps(row))
"""


def a_used_token() -> Token:
    """Return a token with everything that 0.1 does not know."""
    return replace(
        a_token(a_user(), NOW),
        usage={NOW.date() - DAY: 7, NOW.date(): 3},
        last_used_at=NOW,
        allowed_networks=allowed_networks(["192.0.2.0/24", "2001:db8::/32"]),
        networks=SeenNetworks().seen("192.0.2.0/24", NOW, 3),
        refused=RefusedUses(2, NOW, RefusedReason.NETWORK, "203.0.113.0/24"),
        noticed=(Notice(NoticeKind.IDLING, 7, NOW.date()),),
    )


def test_token_with_networks_is_read_by_0_1(release: Release) -> None:
    """0.1 sees the token without its networks and without the days in the short form."""
    (reading,) = release.read([items.TOKEN.item(a_used_token())])

    assert reading.error is None
    assert "usage={}" in str(reading.shown)


def test_uses_during_a_rollback_are_kept(release: Release) -> None:
    """0.1 counts the day anew in its own form. The next touch writes one form with the larger counts."""
    token = a_used_token()
    today, counted = NOW.date(), {str(NOW.date()): 5}
    row = json.loads(release.run(_TOUCH_BY_0_1, [items.TOKEN.item(token), counted]))

    read = items.TOKEN.read(row)
    assert read == replace(token, usage={today - DAY: 7, today: 5})
    with moto_cloud() as cloud:
        cloud.dynamodb.put_item(TableName=cloud.table, Item=row)
        store = DynamoDBAuthorizationStore(cloud.dynamodb, cloud.dynamodb, cloud.table)
        assert store.touch(read, read.touched(NOW + DAY, RULES, {today + DAY: 1}))
        (written,) = cloud.rows()
    assert items.USAGE_OF_0_1 not in written
    assert items.TOKEN.read(written).usage == {today - DAY: 7, today: 5, today + DAY: 1}


def test_uses_of_0_1_need_no_migration(release: Release) -> None:
    """The old form is read, and the first touch writes the new one in the same write."""
    token = replace(a_token(a_user(), NOW), last_used_at=NOW)
    row = json.loads(release.run(_TOUCH_BY_0_1, [items.TOKEN.item(token), {str(NOW.date()): 5}]))

    assert items.TOKEN.read(row) == replace(token, usage={NOW.date(): 5})
