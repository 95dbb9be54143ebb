"""Responses of DynamoDB that lack a member, or have it in another form: an outage, never an empty table."""

import ast
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import chalicelib.adapters.dynamodb
from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.adapters.failures import CallFailed, Failure, failure_of_response
from chalicelib.domain.errors import ConcurrentChange, StoreUnavailable, UnreadableRow, UserInactive
from chalicelib.domain.keys import KeyUse
from tests.support.actors import an_event
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START
from tests.support.dynamodb import Cloud, Stores, dynamodb_stores

TABLE = "t"
OWNER = a_user()
TOKEN = a_token(OWNER)
KEY = primary_keys.token_key(OWNER.id, TOKEN.id)
ROW = items.TOKEN.item(TOKEN)
AUTHORIZE = "find_for_authorization"


class Answering:
    """A client that gives one response to every call."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def __getattr__(self, call: str) -> Callable[..., Any]:
        """Return a call."""

        def respond(**_: Any) -> Any:
            if isinstance(self._response, Exception):
                raise self._response
            return self._response

        return respond


def stores(response: Any) -> Stores:
    """Return the stores over such a client."""
    client: Any = Answering(response)
    return dynamodb_stores(Cloud(client, client, TABLE, "", ""))


READS: dict[str, Callable[[Stores], object]] = {
    "tokens": lambda s: s.tokens.list_tokens(OWNER.id, after=None, newest_first=True, limit=2),
    "tokens and sizes": lambda s: s.tokens.read_tokens(OWNER.id, after=None, newest_first=True, limit=2),
    "unended tokens": lambda s: list(s.tokens.list_unended(OWNER, START)),
    "family": lambda s: s.rotations.list_family(OWNER.id, TOKEN.id),
    "users": lambda s: s.users.list_users(after=None, limit=2),
    "positions": lambda s: s.sweeps.list_positions("", 2),
    "owned rows": lambda s: s.sweeps.read_owned(OWNER.id, "", 2),
    "owned rows, later": lambda s: s.sweeps.read_owned(OWNER.id, TOKEN.id, 2),
    "events": lambda s: s.events.list_events(OWNER.id, after=None, limit=2),
    "events of a day": lambda s: s.events.list_day(date(2026, 1, 1), before="9", limit=2),
    "running jobs": lambda s: s.jobs.list_running(2),
    "owner of a token": lambda s: s.token_index.find_owner_of(TOKEN.id),
    "keys": lambda s: s.keys.load_keys(),
}
BATCHES: dict[str, Callable[[Stores], object]] = {
    "decision": lambda s: s.authorization.find_for_authorization(OWNER.id, TOKEN.id),
    "token to end": lambda s: s.rotations.find_to_end(OWNER.id, TOKEN.id),
    "line": lambda s: s.rotations.find_rows(OWNER.id, [TOKEN.id], TOKEN.id),
    "users": lambda s: s.users.find_users([OWNER.id]),
    "signed in": lambda s: s.users.find_signed_in(OWNER.id),
    "ended generations": lambda s: s.tokens.find_ended_generations(OWNER.id, {"g"}),
    "ended generations of users": lambda s: s.tokens.find_ended_of_users({(OWNER.id, "g")}),
}
GETS: dict[str, Callable[[Stores], object]] = {
    "token": lambda s: s.tokens.find_token(OWNER.id, TOKEN.id),
    "user": lambda s: s.users.find_user(OWNER.id),
    "session": lambda s: s.sessions.find_session("hash"),
    "idempotency record": lambda s: s.tokens.find_idempotency(OWNER.id, "hash"),
    "job": lambda s: s.jobs.find_job("job_1"),
    "ids of a job": lambda s: s.jobs.find_token_ids("job_1"),
    "walk": lambda s: s.sweeps.find_walk(),
    "mail round": lambda s: s.mails.find_mail_round(OWNER.id),
    "urgent mails": lambda s: s.mails.find_urgent_mails(OWNER.id, START.date()),
}
NO_ROWS: list[Any] = [None, "", 7, {}, "text", [None], ["text"], [{}], [{"pk": {"S": "a"}}], [[]]]
NO_ROWS += [
    [{"pk": {"S": "a"}, "sk": {"B": "b"}}],
    [{"pk": {"S": 1}, "sk": {"S": "b"}}],
    [{"pk": "a", "sk": "b"}],
]


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_page_without_items_is_an_outage(read: Callable[[Stores], object]) -> None:
    """Without ``Items`` there may be rows."""
    for response in ({}, {"Count": 0}, {"items": []}, *({"Items": each} for each in NO_ROWS)):
        with pytest.raises(StoreUnavailable):
            read(stores(response))


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize(
    "last_key", [{}, None, [], "", "text", {"pk": {"S": "a"}}, {"pk": {"N": "1"}, "sk": {"S": "a"}}]
)
def test_page_with_a_useless_last_key_is_an_outage(read: Callable[[Stores], object], last_key: Any) -> None:
    """A page says that there are more rows, but not where. The rest must not be taken for nothing."""
    with pytest.raises(StoreUnavailable):
        read(stores({"Items": [], "LastEvaluatedKey": last_key}))


@pytest.mark.parametrize(
    "name", ["tokens", "tokens and sizes", "unended tokens", "family", "owner of a token", "keys"]
)
def test_page_that_repeats_itself_is_an_outage(name: str) -> None:
    """Otherwise the walk would never end."""
    with pytest.raises(StoreUnavailable):
        READS[name](stores({"Items": [], "LastEvaluatedKey": KEY}))


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"Count": 1},
        {"ScannedCount": 1},
        {"Count": "1", "ScannedCount": "1"},
        {"Count": None, "ScannedCount": None},
        {"Count": 0, "ScannedCount": 0, "LastEvaluatedKey": {}},
    ],
)
def test_count_without_numbers_is_an_outage(response: Mapping[str, Any]) -> None:
    """A count that is missing is not zero."""
    with pytest.raises(StoreUnavailable):
        stores(response).events.count_events(OWNER.id, START)


@pytest.mark.parametrize("read", BATCHES.values(), ids=BATCHES)
def test_batch_without_responses_is_an_outage(read: Callable[[Stores], object]) -> None:
    """A row that was not read is not a missing row, which would be a refusal."""
    responses: list[Any] = [
        {},
        {"Responses": None},
        {"Responses": []},
        {"Responses": {}},
        {"Responses": {"u": []}},
    ]
    responses += [{"Responses": {TABLE: each}} for each in NO_ROWS]
    left: list[Any] = ["text", ["x"], {TABLE: {}}, {TABLE: []}]
    responses += [{"Responses": {TABLE: []}, "UnprocessedKeys": each} for each in left]
    for response in responses:
        with pytest.raises(StoreUnavailable):
            read(stores(response))


@pytest.mark.parametrize("read", GETS.values(), ids=GETS)
def test_item_of_another_form_is_an_outage(read: Callable[[Stores], object]) -> None:
    """Only a response without ``Item`` says that the row is missing."""
    damaged: list[Any] = [None, "", [], {}, "text", {"pk": "a"}, {"pk": {"S": "a"}, "sk": {"N": "1"}}]
    for item in damaged:
        with pytest.raises(StoreUnavailable):
            read(stores({"Item": item}))
    assert not read(stores({}))


@pytest.mark.parametrize("name", sorted(GETS.keys() - {"session"}))
def test_row_without_its_attributes_cannot_be_read(name: str) -> None:
    """The error tells that a retry does not help."""
    with pytest.raises(UnreadableRow):
        GETS[name](stores({"Item": KEY}))


def test_damaged_session_is_none() -> None:
    """The person signs in again."""
    assert stores({"Item": KEY}).sessions.find_session("hash") is None
    assert stores({"Attributes": KEY}).sessions.take_login("hash") is None
    assert stores({"Attributes": "text"}).sessions.take_login("hash") is None


@pytest.mark.parametrize("use", KeyUse)
def test_damaged_key_is_an_outage(use: KeyUse) -> None:
    """Without its key a good token would be refused."""
    broken = stores({"Items": [primary_keys.public_key_key(use, "kid")]})
    with pytest.raises(UnreadableRow):
        (broken.keys if use is KeyUse.API_TOKEN else broken.access_token_keys).load_keys()


CANCELLED = "TransactionCanceledException"


@pytest.mark.parametrize(
    "reasons", [None, "text", 7, {}, [None], ["text"], [[]], [{"Code": []}], [{"Code": {}}]]
)
def test_cancelled_transaction_without_reasons_is_an_outage(reasons: Any) -> None:
    """It does not say which condition failed."""
    response = {"Error": {"Code": CANCELLED}, "CancellationReasons": reasons}
    assert failure_of_response(400, response) is Failure.FINAL
    failing = stores(CallFailed(Failure.FINAL, response))
    with pytest.raises(StoreUnavailable):
        failing.tokens.save_token(TOKEN, TOKEN.paused(START), an_event())


@pytest.mark.parametrize(
    "row", [None, "text", [], {}, {"pk": {"S": "a"}}, KEY, {**ROW, "generation": {"N": "1"}}]
)
def test_refused_write_with_a_damaged_row_is_told(row: Any) -> None:
    """The row as the condition saw it may be damaged or missing."""
    reason = {"Code": "ConditionalCheckFailed", "Item": row}
    response = {"Error": {"Code": CANCELLED}, "CancellationReasons": [reason]}
    failing = stores(CallFailed(Failure.FINAL, response))
    limits = RULES.creation_limits(OWNER, START)
    with pytest.raises((ConcurrentChange, StoreUnavailable, UserInactive)):
        failing.tokens.add_token(TOKEN, an_event(), limits=limits, idempotency=None)


def test_every_read_goes_through_one_module() -> None:
    """Another reader of responses would need the same checks."""
    folder = Path(chalicelib.adapters.dynamodb.__file__).parent
    reading = {"query", "get_item", "batch_get_item", "scan", "transact_get_items", "batch_write_item"}
    found = {
        module.name
        for module in folder.glob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in reading
    }
    assert found == {"reads.py"}
