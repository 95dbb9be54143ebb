"""Rows: every value is written and read back, and unknown attributes are ignored."""

from dataclasses import MISSING, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.dynamodb import attributes, items, primary_keys, session_store
from chalicelib.adapters.dynamodb.attributes import Codec, Item, RowKind
from chalicelib.domain.flush_budget import FlushBudget
from chalicelib.domain.keys import KeyState, VerificationKey
from chalicelib.domain.lines import Line
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.sessions import PendingLogin, Session
from chalicelib.domain.token_creation import IdempotencyRecord
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import Role, User, UserStatus
from tests.support.builders import a_token, a_user
from tests.support.clock import START
from tests.unit.adapters import test_compact as compact_forms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_SECONDS = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
IDS = st.from_regex(r"[A-Za-z0-9_-]{1,30}", fullmatch=True)
COUNTS = st.integers(0, 10**12)
SECONDS = st.integers(0, LATEST_SECONDS).map(lambda n: EPOCH + timedelta(seconds=n))
TIMES = st.integers(0, LATEST_SECONDS * 1000).map(lambda n: EPOCH + timedelta(milliseconds=n))
DAYS = st.dates(date(1970, 1, 1))
SCOPES = st.frozensets(st.from_regex(r"[a-z:]{1,12}", fullmatch=True), min_size=1, max_size=5)
USAGE = st.dictionaries(DAYS, st.integers(1, 10**9), max_size=30)
REVOCATIONS = st.builds(Revocation, st.sampled_from(RevocationReason), TIMES)

# Members whose values have another form than their type says.
SPECIAL: dict[tuple[type, str], st.SearchStrategy[Any]] = {
    (User, "subject_claim"): IDS,
    (Token, "purge_at"): SECONDS,
    (Token, "usage"): st.just({}) | compact_forms.USAGE,
    (Token, "allowed_networks"): compact_forms.LISTS,
    (Token, "networks"): compact_forms.seen_networks(),
    (Token, "noticed"): compact_forms.NOTICED,
    (Token, "refused"): st.none() | compact_forms.REFUSED,
    (Line, "purge_at"): SECONDS,
    (EndedGeneration, "purge_at"): SECONDS,
    (FlushBudget, "pressure"): st.integers(0, 10**6).map(lambda n: n / 1000),
}
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: COUNTS,
    bool: st.booleans(),
    datetime: TIMES,
    frozenset[str]: SCOPES,
    Revocation: REVOCATIONS,
    tuple[str, str]: st.tuples(IDS, IDS),
    Role: st.sampled_from(Role),
    UserStatus: st.sampled_from(UserStatus),
    TokenState: st.sampled_from(TokenState),
    KeyState: st.sampled_from(KeyState),
    datetime | None: TIMES | st.none(),
    date | None: DAYS | st.none(),
    str | None: IDS | st.none(),
    Revocation | None: REVOCATIONS | st.none(),
}

KINDS: dict[type, RowKind[Any]] = {
    User: items.USER,
    Token: items.TOKEN,
    Line: items.LINE,
    IdempotencyRecord: items.IDEMPOTENCY_RECORD,
    EndedGeneration: items.ENDED_GENERATION,
    VerificationKey: items.PUBLIC_KEY,
    PendingLogin: session_store.LOGIN,
    Session: session_store.SESSION,
}


def rows(row: type) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of one kind of row, every member drawn by its type."""
    return st.builds(
        row,
        **{
            each.name: SPECIAL[row, each.name] if (row, each.name) in SPECIAL else BY_TYPE[each.type]
            for each in fields(row)
        },
    )


ROWS = {kind: rows(kind) for kind in KINDS}


@pytest.mark.parametrize("row", KINDS, ids=lambda row: row.__name__)
@given(data=st.data())
def test_rows_come_back_as_they_were(row: type, data: st.DataObject) -> None:
    """Reading is the inverse of writing, for every member. Attributes of a later version are ignored."""
    value = data.draw(ROWS[row])
    unknown = data.draw(st.dictionaries(IDS.map("x_{}".format), TEXTS.map(attributes.text), max_size=2))

    item = KINDS[row].item(value)

    assert KINDS[row].read(item) == value
    assert KINDS[row].read(item | unknown) == value
    # Each attribute is one text or one number, as DynamoDB's JSON has it.
    for attribute in item.values():
        assert list(attribute) in (["S"], ["N"])
        assert "N" not in attribute or str(int(attribute["N"])) == attribute["N"]


@pytest.mark.parametrize("row", KINDS, ids=lambda row: row.__name__)
@given(data=st.data())
def test_members_with_defaults_may_be_missing(row: type, data: st.DataObject) -> None:
    """A value that has nothing but its required members comes back as it was."""
    value = data.draw(ROWS[row])
    required = [each.name for each in fields(row) if each.default is each.default_factory is MISSING]
    bare = row(**{name: getattr(value, name) for name in required})

    assert KINDS[row].read(KINDS[row].item(bare)) == bare


def test_row_of_a_token_is_written_down() -> None:
    """The form on the wire is fixed: deployed tables have such rows."""
    token = Token(
        id="tok_1",
        user_id="usr_1",
        generation="g1",
        name="ci",
        description="",
        scopes=frozenset({"b", "a"}),
        state=TokenState.REVOKED,
        created_at=START,
        updated_at=START,
        idle_at=START,
        purge_at=START,
        revocation=Revocation(RevocationReason.REUSE, START),
        usage={START.date(): 3},
        reuse_count=2,
    )
    milliseconds = str(int(START.timestamp()) * 1000)

    assert items.TOKEN.item(token) == {
        "pk": {"S": "U#usr_1"},
        "sk": {"S": "T#tok_1"},
        "by_pk": {"S": "T#tok_1"},
        "by_sk": {"S": "#"},
        "generation": {"S": "g1"},
        "name": {"S": "ci"},
        "description": {"S": ""},
        "scope": {"S": "a b"},
        "state": {"S": "revoked"},
        "created_at": {"N": milliseconds},
        "updated_at": {"N": milliseconds},
        "idle_at": {"N": milliseconds},
        "purge_at": {"N": str(int(START.timestamp()))},
        "version": {"N": "1"},
        "daily_uses": {"S": "vpyWD"},
        "reuse_count": {"N": "2"},
        "revoked_reason": {"S": "reuse"},
        "revoked_at": {"N": milliseconds},
    }


@pytest.mark.parametrize("missing", ["generation", "scope", "state", "idle_at", "version"])
def test_row_without_a_required_attribute_is_not_read(missing: str) -> None:
    """A damaged row is an error, not a token with a default."""
    item = {n: each for n, each in items.TOKEN.item(a_token(a_user())).items() if n != missing}

    with pytest.raises(KeyError):
        items.TOKEN.read(item)


def test_uses_of_0_1_are_read() -> None:
    """The old form is read until a touch removes it. If both are there, the larger count counts."""
    day = timedelta(days=1)
    new = items.TOKEN.item(a_token(a_user(), usage={START.date(): 5, START.date() + day: 2}))
    old = {
        items.USAGE_OF_0_1: attributes.usage(
            {START.date() - day: 7, START.date(): 4, START.date() + day: 9}
        )
    }
    neither = {name: each for name, each in new.items() if name != "daily_uses"}

    assert items.TOKEN.read(neither | old).usage == {
        START.date() - day: 7,
        START.date(): 4,
        START.date() + day: 9,
    }
    assert items.TOKEN.read(new | old).usage == {
        START.date() - day: 7,
        START.date(): 5,
        START.date() + day: 9,
    }
    assert items.TOKEN.read(new).usage == {START.date(): 5, START.date() + day: 2}


@pytest.mark.parametrize("damaged", [{"S": ""}, {"S": "10.0.0.0/33"}, {"N": "1"}, {"L": "10.0.0.0/8"}])
def test_row_with_a_damaged_list_of_networks_is_not_read(damaged: dict[str, str]) -> None:
    """Without its list, the token would be allowed everywhere."""
    item = items.TOKEN.item(a_token(a_user())) | {"allowed_networks": damaged}

    with pytest.raises((KeyError, ValueError)):
        items.TOKEN.read(item)


def test_touch_encodes_its_own_attributes_only() -> None:
    """The attributes are those that were asked for, as far as the row has them."""
    token = a_token(a_user())

    asked = items.TOKEN.attributes(token, ("last_used_at", "idle_at"))

    assert asked == {"idle_at": items.TOKEN.item(token)["idle_at"]}


def test_role_has_the_date_of_its_own_attribute() -> None:
    """A date that belongs to another role is not read."""
    item = items.USER.item(a_user(role_given_at=START)) | {"role": attributes.text("admin")}

    assert items.USER.read(item).role_given_at is None


CODECS: list[tuple[Codec[Any], st.SearchStrategy[Any]]] = [
    (attributes.text, TEXTS),
    (attributes.number, st.integers()),
    (attributes.time, TIMES),
    (attributes.purge_time, SECONDS),
    (attributes.day, DAYS),
    (attributes.scopes, SCOPES),
    (attributes.usage, USAGE),
    (attributes.choice(RevocationReason), st.sampled_from(RevocationReason)),
    (attributes.prefixed(primary_keys.TOKENS), TEXTS),
]


@pytest.mark.parametrize(("codec", "values"), CODECS)
@given(data=st.data())
def test_values_come_back_as_they_were(
    codec: Codec[Any], values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    """Each form of a value is read as it was written."""
    value = data.draw(values)
    attribute: Item = {"one": codec(value)}

    assert codec.read(attribute["one"]) == value
