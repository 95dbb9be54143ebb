"""The lean client against servers that do everything that servers can do."""

import json
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import certifi
import pytest

from chalicelib.adapters.connections import LONGEST_IDLE
from chalicelib.adapters.dynamodb.errors import ConditionFailed, WriteConflict, translated
from chalicelib.adapters.dynamodb.lean import client as lean
from chalicelib.adapters.dynamodb.lean.client import LeanDynamoDB
from chalicelib.adapters.dynamodb.lean.http import MOST_BYTES
from chalicelib.adapters.dynamodb.lean.trust import certifi_file
from chalicelib.adapters.dynamodb.reads import batch_get, query_all
from chalicelib.adapters.dynamodb.writes import transact
from chalicelib.adapters.failures import CallFailed, Failure
from chalicelib.adapters.repeating import repeating
from chalicelib.adapters.retries import Retries
from chalicelib.domain.errors import StoreUnavailable
from tests.support.clock import FixedClock
from tests.support.lean import an_access
from tests.support.scripted import NEVER, Answer, Request, Scripted, http, scripted

KEY = {"pk": {"S": "U#1"}, "sk": {"S": "#"}}
NOT_FOUND: dict[str, Any] = {"Responses": {"t": []}, "UnprocessedKeys": {}}
TYPE = "com.amazonaws.dynamodb.v20120810#"


@contextmanager
def speaking(
    *script: list[Answer], clock: FixedClock | None = None
) -> Iterator[tuple[LeanDynamoDB, Scripted]]:
    """Yield a client, and the server that answers it by this script."""
    with scripted(script) as server:
        client = LeanDynamoDB(an_access(server.port), clock or FixedClock())
        try:
            yield client, server
        finally:
            client.close()


def patient(client: Any, pauses: list[timedelta] | None = None) -> Any:
    """Return a client that repeats the lean one's calls, with the longest pauses."""
    pause = ([] if pauses is None else pauses).append
    return repeating(client, Retries(FixedClock(), pause, lambda: 1.0))


def read(client: Any) -> Any:
    """Read one item of a table."""
    return batch_get(client, "t", [KEY])


def update(client: Any) -> Any:
    """Change an item."""
    with translated():
        return client.update_item(TableName="t", Key=KEY)


def test_calls_are_the_sdks_on_the_wire() -> None:
    """One POST with the operation in X-Amz-Target and its parameters as the body, as they were given."""
    page = {"Items": [KEY], "LastEvaluatedKey": KEY}
    script: list[Answer] = [http(NOT_FOUND), http({}), http(page), http({"Items": [KEY]})]
    with speaking(script) as (client, server):
        assert read(client) == []
        assert update(client) == {}
        assert list(query_all(client, TableName="t")) == [KEY, KEY]  # type: ignore[arg-type]
    assert [(request.operation, json.loads(request.body)) for request in server.requests] == [
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [KEY], "ConsistentRead": True}}}),
        ("UpdateItem", {"TableName": "t", "Key": KEY}),
        ("Query", {"TableName": "t"}),
        ("Query", {"TableName": "t", "ExclusiveStartKey": KEY}),
    ]
    assert server.requests[0].head.startswith("POST / HTTP/1.1\r\n")
    assert f"host: 127.0.0.1:{server.port}" in server.requests[0].head


OPERATIONS = {
    "get_item": "GetItem",
    "put_item": "PutItem",
    "update_item": "UpdateItem",
    "delete_item": "DeleteItem",
    "transact_write_items": "TransactWriteItems",
}
WRITES = [name for name in OPERATIONS if name != "get_item"]


@pytest.mark.parametrize("method", OPERATIONS)
def test_every_operation_is_named_as_aws_names_it(method: str) -> None:
    """Its parameters go as they were given, and its result comes as DynamoDB sent it."""
    request, result = {"TableName": "t", "Key": KEY}, {"Item": KEY, "Attributes": {"n": {"N": "1.50"}}}
    with speaking([http(result)]) as (client, server):
        assert getattr(client, method)(**request) == result
    (sent,) = server.requests
    assert (sent.operation, json.loads(sent.body)) == (OPERATIONS[method], request)


@pytest.mark.parametrize("method", WRITES)
def test_write_that_met_an_ending_connection_is_not_sent_again(method: str) -> None:
    """The request may have been read. Only who knows the write may repeat it (``Retries``)."""
    with speaking([http(), None]) as (client, server):
        getattr(client, method)(TableName="t")
        with pytest.raises(CallFailed) as caught:
            getattr(client, method)(TableName="t")
    assert caught.value.failure is Failure.UNKNOWN
    assert server.connections == [0, 0]


@pytest.mark.parametrize(
    ("reasons", "failure"),
    [
        (["None", "ConditionalCheckFailed"], Failure.FINAL),
        (["TransactionConflict", "None"], Failure.CONFLICT),
        (["None", "ThrottlingError"], Failure.REFUSED),
        (["TransactionConflict", "ConditionalCheckFailed"], Failure.FINAL),
    ],
)
def test_canceled_transaction_tells_why(reasons: list[str], failure: Failure) -> None:
    """The reasons come beside the type (API Reference, TransactionCanceledException)."""
    canceled = {
        "__type": f"{TYPE}TransactionCanceledException",
        "CancellationReasons": [{"Code": reason, "Item": KEY} for reason in reasons],
    }
    with speaking([http(canceled, 400)]) as (client, _), pytest.raises(CallFailed) as caught:
        client.transact_write_items(TransactItems=[])
    assert caught.value.failure is failure
    with (
        speaking([http(canceled, 400)]) as (client, _),
        pytest.raises((ConditionFailed, StoreUnavailable)) as told,
    ):
        transact(client, [])  # type: ignore[arg-type]
    if failure is Failure.FINAL:
        assert (told.value.position, told.value.item) == (1, KEY)  # type: ignore[attr-defined]


def test_repeated_transaction_has_the_same_token() -> None:
    """After a lost response DynamoDB answers as it did the first time."""
    with speaking([None], [http()]) as (client, server):
        patient(client).transact_write_items(TransactItems=[])
    first, second = (json.loads(request.body)["ClientRequestToken"] for request in server.requests)
    assert first == second


def test_one_connection_serves_many_calls() -> None:
    """It is kept for as long as the server keeps it."""
    with speaking([http(NOT_FOUND)] * 5) as (client, server):
        for _ in range(5):
            read(client)
    assert server.connections == [0] * 5


def test_connection_that_the_server_will_end_is_not_used() -> None:
    """However long it takes over that."""
    with speaking([http(headers="Connection: close\r\n"), http()], [http()]) as (client, server):
        update(client)
        update(client)
    assert server.connections == [0, 1]


def test_connection_that_the_server_ended_is_not_used() -> None:
    """As after a pause of the whole process; updates notice nothing of it either."""
    with speaking([http()]) as (client, server):
        for number in range(3):
            update(client)
            server.wait_for_ends(number + 1)
    assert server.connections == [0, 1, 2]


def test_read_that_met_an_ending_connection_is_sent_again() -> None:
    """Once, over a new connection: nothing had been answered."""
    with speaking([http(NOT_FOUND), None], [http(NOT_FOUND)]) as (client, server):
        read(client)
        read(client)
    assert server.connections == [0, 0, 1]


def test_read_is_not_sent_a_third_time() -> None:
    """A new connection that ends the same way is a failure."""
    with speaking([http(NOT_FOUND), None], [None]) as (client, server):
        read(client)
        with pytest.raises(StoreUnavailable):
            read(client)
    assert server.connections == [0, 0, 1]


def test_update_that_met_an_ending_connection_is_not_sent_again() -> None:
    """The request may have been read."""
    with speaking([http(), None]) as (client, server):
        update(client)
        with pytest.raises(StoreUnavailable):
            update(client)
    assert server.connections == [0, 0]


@pytest.mark.parametrize(
    "begun", [b"H", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"]
)
def test_nothing_is_sent_again_after_an_answer_began(begun: bytes) -> None:
    """However little of it came."""
    with speaking([http(NOT_FOUND), begun]) as (client, server):
        read(client)
        with pytest.raises(StoreUnavailable):
            read(client)
    assert server.connections == [0, 0]


FAILED = http({"__type": f"{TYPE}InternalServerError"}, 500)


@pytest.mark.parametrize("failure", [FAILED, http(body=b"<html>", status=503), None, b"HTTP/1.1 2"])
def test_failed_read_is_repeated(failure: Answer) -> None:
    """After short pauses, and not a fourth time."""
    pauses: list[timedelta] = []
    with speaking([failure], [http(NOT_FOUND)]) as (client, server):
        assert read(patient(client)) == []
    assert len(server.requests) == 2
    with speaking([failure]) as (client, server), pytest.raises(StoreUnavailable):
        read(patient(client, pauses))
    assert len(server.requests) == 3
    assert sum(pauses, timedelta(0)) <= timedelta(milliseconds=200)


@pytest.mark.parametrize("failure", [FAILED, None, b"HTTP/1.1 2"])
def test_update_is_tried_once(failure: Answer) -> None:
    """The next use makes up for a use that is not recorded now. A repeat could count it twice."""
    with speaking([failure]) as (client, server), pytest.raises(StoreUnavailable):
        update(client)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"]
)
def test_throttled_read_is_repeated(code: str) -> None:
    """One throttle is not noticed. Three are an error."""
    throttle = http({"__type": TYPE + code}, 400)
    with speaking([throttle, http(NOT_FOUND)]) as (client, server):
        assert read(patient(client)) == []
    assert server.connections == [0, 0]
    with speaking([throttle] * 4) as (client, server), pytest.raises(StoreUnavailable):
        read(patient(client))
    assert len(server.requests) == 3


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", ""])
def test_refused_read_is_not_repeated(code: str) -> None:
    """The same call would be refused again."""
    refusal = http({"__type": TYPE + code}, 400)
    with speaking([refusal]) as (client, server), pytest.raises(StoreUnavailable):
        read(patient(client))
    assert len(server.requests) == 1


def test_keys_that_were_left_out_are_asked_for_alone() -> None:
    """Over the wire, strongly consistent as before."""
    other = {"pk": {"S": "U#2"}, "sk": {"S": "#"}}
    half = {"Responses": {"t": [KEY]}, "UnprocessedKeys": {"t": {"Keys": [other]}}}
    with speaking([http(half), http({"Responses": {"t": [other]}})]) as (client, server):
        assert batch_get(patient(client), "t", [KEY, other]) == [KEY, other]
    asked = [json.loads(request.body)["RequestItems"]["t"] for request in server.requests]
    assert asked == [{"Keys": keys, "ConsistentRead": True} for keys in ([KEY, other], [other])]


def test_answer_that_does_not_come_is_waited_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read gives up after two tries, an update after one."""
    monkeypatch.setattr(lean, "READ_SECONDS", 0.1)
    with speaking([NEVER]) as (client, server):
        clock = FixedClock()

        def waiting(**request: Any) -> Any:
            clock.advance(timedelta(seconds=2))
            return client.batch_get_item(**request)

        with pytest.raises(CallFailed):
            Retries(clock, lambda pause: None).call(waiting, is_safe=True)
        assert len(server.requests) == 2
        with pytest.raises(StoreUnavailable):
            update(client)
        assert len(server.requests) == 3


@pytest.mark.parametrize("call", [read, update])
@pytest.mark.parametrize(
    ("idle", "connections"),
    [(LONGEST_IDLE, [0, 0]), (LONGEST_IDLE + timedelta(milliseconds=1), [0, 1])],
)
def test_connection_that_was_idle_for_20_seconds_is_not_used(
    call: Any, idle: timedelta, connections: list[int]
) -> None:
    """A network may have forgotten it without a word. A call over it would wait for two seconds."""
    clock = FixedClock()
    with speaking([http(NOT_FOUND)] * 2, clock=clock) as (client, server):
        call(client)
        clock.advance(idle)
        call(client)
    assert server.connections == connections


def test_connection_that_died_silently_costs_no_wait() -> None:
    """Nothing is sent over the old connection, which never answers."""
    clock = FixedClock()
    with speaking([http(NOT_FOUND), NEVER], [http(NOT_FOUND)], clock=clock) as (client, server):
        read(client)
        clock.advance(timedelta(minutes=5))
        assert read(client) == []
    assert server.connections == [0, 1]


def test_clock_that_is_set_back_keeps_no_dead_connection() -> None:
    """An hour in the future is as long ago as an hour in the past."""
    clock = FixedClock()
    with speaking([http(NOT_FOUND)] * 2, clock=clock) as (client, server):
        read(client)
        clock.advance(timedelta(hours=-1))
        read(client)
    assert server.connections == [0, 1]


def test_silence_within_the_20_seconds_is_repeated_over_a_new_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The read costs one time-out and no error, and no other old connection is tried."""
    monkeypatch.setattr(lean, "READ_SECONDS", 0.1)
    with speaking([http(NOT_FOUND), NEVER], [http(NOT_FOUND)]) as (client, server):
        read(client)
        assert read(patient(client)) == []
    assert server.connections == [0, 0, 1]


def test_timeout_over_a_kept_connection_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other side may have read the call: that is not a connection that ended."""
    monkeypatch.setattr(lean, "READ_SECONDS", 0.1)
    with speaking([http(NOT_FOUND), NEVER], [http(NOT_FOUND)]) as (client, server):
        read(client)
        with pytest.raises(StoreUnavailable):
            read(client)
    assert server.connections == [0, 0]


def test_slow_answer_is_waited_for() -> None:
    """Longer than for a connection."""

    def slowly(request: Request) -> bytes:
        time.sleep(lean.CONNECT_SECONDS + 0.2)
        return http(NOT_FOUND)

    with speaking([slowly]) as (client, _):
        assert read(client) == []


def test_patience_is_that_of_the_sdks_clients() -> None:
    """A caller does not wait a minute for a response that does not come (decision 7)."""
    assert (lean.CONNECT_SECONDS, lean.READ_SECONDS) == (0.5, 2)


def test_nobody_there_is_unavailable() -> None:
    """A closed port, at once."""
    with scripted([[]]) as server:
        pass
    client = LeanDynamoDB(an_access(server.port), FixedClock())
    for call in (read, update):
        with pytest.raises(StoreUnavailable):
            call(client)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SOME = json.dumps(NOT_FOUND).encode()


def test_answer_in_chunks_is_an_answer() -> None:
    """A proxy may send the response in this form."""
    with speaking([CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(SOME), SOME), http(NOT_FOUND)]) as (
        client,
        server,
    ):
        assert read(client) == []
        assert read(client) == []
    assert server.connections == [0, 0]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(http(NOT_FOUND, headers="x-amz-crc32: 1\r\n"), id="checksum"),
        pytest.param(http(NOT_FOUND, headers="x-amz-crc32: x\r\n"), id="no checksum"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + SOME, id="cut short"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + SOME[:-1], id="cut short, no length"
        ),
        pytest.param(CHUNKED + b"%x\r\n%s\r\n" % (len(SOME), SOME), id="chunk missing"),
        pytest.param(CHUNKED + b"zz\r\n", id="no chunk"),
        pytest.param(http(body=b"x" * (MOST_BYTES + 1)), id="too long"),
        pytest.param(http(body=b" " * MOST_BYTES + SOME), id="too long, but an answer"),
        pytest.param(
            CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (MOST_BYTES + len(SOME), SOME + b" " * MOST_BYTES),
            id="too long, in chunks",
        ),
        pytest.param(http(body=b""), id="empty"),
        pytest.param(http(body=b"<html>"), id="not JSON"),
        pytest.param(http(body=b"\xff{}"), id="not UTF-8"),
        pytest.param(http(body=b"[" * 100_000), id="deep"),
        pytest.param(http([NOT_FOUND]), id="not an object"),
        pytest.param(http({}), id="not what was asked for"),
        pytest.param(http(NOT_FOUND | {"UnprocessedKeys": {"t": {"Keys": [KEY]}}}), id="not processed"),
        pytest.param(http(NOT_FOUND, 201), id="another status"),
        pytest.param(http(NOT_FOUND, 302, headers="Location: http://127.0.0.1:1/\r\n"), id="redirect"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", id="not HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n", id="headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\na: " + b"b" * 100_000 + b"\r\n\r\n", id="long header"),
    ],
)
def test_what_is_no_answer_is_unavailable(answer: bytes) -> None:
    """Never an item that is not there, which would be a refusal; and the connection is not used again."""
    with speaking([answer], [http(NOT_FOUND)]) as (client, server):
        with pytest.raises(StoreUnavailable) as caught:
            read(client)
        assert read(client) == []
    assert server.connections == [0, 1]
    assert_silent(caught.value)


@pytest.mark.parametrize("code", ["TransactionConflictException", "TransactionConflict"])
def test_conflict_is_told_apart(code: str) -> None:
    """Another transaction holds the item."""
    with speaking([http({"__type": TYPE + code}, 400)]) as (client, _), pytest.raises(WriteConflict):
        update(client)


def test_failed_condition_is_told_apart() -> None:
    """With the row as the condition saw it, where that was asked for."""
    error = {"__type": f"{TYPE}ConditionalCheckFailedException", "Item": KEY, "message": "no"}
    with speaking([http(error, 400)] * 2) as (client, server):
        for _ in range(2):
            with pytest.raises(ConditionFailed) as caught:
                update(client)
            assert caught.value.item == KEY
    assert server.connections == [0, 0]


def assert_silent(error: BaseException) -> None:
    """Fail if an error, or one behind it, tells a secret or what was answered."""
    told = "".join(traceback.format_exception(error)) + repr(error) + repr(error.__cause__)
    access = an_access(1)
    for secret in (access.secret, access.session_token, "AWS4-HMAC", "U#1"):
        assert secret not in told


def test_errors_and_reprs_tell_nothing() -> None:
    """Neither credentials nor signatures nor rows."""
    with speaking([http({"__type": f"{TYPE}ThrottlingException", "message": "U#1"}, 400), None]) as (
        client,
        _,
    ):
        for _ in range(2):
            with pytest.raises(CallFailed) as caught:
                client.update_item(TableName="t", Key=KEY)
            assert_silent(caught.value)
            assert (str(caught.value), repr(caught.value)) == ("", "CallFailed()")
        assert "test" not in repr(client)


def test_threads_get_their_own_answers() -> None:
    """However many share the client, and however few connections there are."""

    def echo(request: Request) -> bytes:
        time.sleep(0.001)
        return http({"Attributes": json.loads(request.body)["Key"]})

    with speaking([echo] * 200) as (client, server):

        def call(number: int) -> bool:
            key = {"pk": {"S": str(number)}}
            return bool(client.update_item(TableName="t", Key=key) == {"Attributes": key})

        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(call, range(200)))
    assert len(server.requests) == 200
    assert 1 <= len(set(server.connections)) <= 200


def test_authorities_are_those_of_the_sdk() -> None:
    """Found without the function that certifi has for it, which costs a cold start more than the rest."""
    assert certifi_file() == certifi.where()


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (http({"__type": "ThrottlingException"}, 400), Failure.REFUSED),
        (http({"__type": "com.amazon.coral.availability#ThrottlingException"}, 400), Failure.REFUSED),
        (http({"__type": "InternalServerError"}, 500), Failure.UNKNOWN),
        (http({"__type": f"{TYPE}TransactionInProgressException"}, 400), Failure.UNKNOWN),
        (http({"__type": f"{TYPE}IdempotentParameterMismatchException"}, 400), Failure.FINAL),
        (http({"__type": f"{TYPE}TransactionCanceledException"}, 400), Failure.FINAL),
        (http({"__type": "com.amazon.coral.service#ExpiredTokenException"}, 400), Failure.FINAL),
        (http({"message": "no type"}, 400), Failure.FINAL),
        (http({"__type": None}, 400), Failure.FINAL),
        (http({"__type": ["#"]}, 503), Failure.UNKNOWN),
        (http(body=b"Request Entity Too Large", status=413), Failure.FINAL),
        (http(body=b"", status=400), Failure.FINAL),
        (http(body=b"", status=502), Failure.UNKNOWN),
    ],
)
def test_error_has_one_meaning_for_every_operation(answer: bytes, failure: Failure) -> None:
    """With or without a namespace before its code, and with or without a JSON body."""
    methods = [*OPERATIONS, "batch_get_item", "query"]
    with speaking([answer] * len(methods)) as (client, server):
        for method in methods:
            with pytest.raises(CallFailed) as caught:
                getattr(client, method)(TableName="t")
            assert caught.value.failure is failure
    assert set(server.connections) == {0}


@pytest.mark.parametrize("in_chunks", [False, True])
def test_largest_page_of_a_query_is_read(in_chunks: bool) -> None:
    """A megabyte of rows, each with every character escaped, three bytes of the table by six."""
    rows = [{"pk": {"S": "U#1"}, "text": {"S": "\u2028" * 1_000}} for _ in range(350)]
    content = json.dumps({"Items": rows, "Count": 350, "ScannedCount": 350}).encode()
    parts = [content[at : at + 8_000] for at in range(0, len(content), 8_000)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    assert 2 * 2**20 < len(content) < MOST_BYTES
    answer = CHUNKED + chunks + b"0\r\n\r\n" if in_chunks else http(body=content)
    with speaking([answer, http({"Items": []})]) as (client, server):
        assert client.query(TableName="t")["Items"] == rows
        assert client.query(TableName="t")["Items"] == []
    assert server.connections == [0, 0]


def test_largest_transaction_arrives_whole() -> None:
    """A hundred rows with 4 MB of texts of four bytes a character."""
    text = "\U0001f511ü" * 7_000
    writes = [{"Put": {"TableName": "t", "Item": KEY | {"text": {"S": text}}}} for _ in range(100)]
    with speaking([http()]) as (client, server):
        patient(client).transact_write_items(TransactItems=writes)
    (sent,) = server.requests
    assert json.loads(sent.body)["TransactItems"] == writes
    assert sent.body.isascii()


def test_lone_surrogate_is_sent_as_json_can_say_it() -> None:
    """DynamoDB refuses it, and the connection stays in order."""
    refused = http({"__type": "com.amazon.coral.service#SerializationException"}, 400)
    with speaking([refused, http(NOT_FOUND)]) as (client, server):
        with pytest.raises(StoreUnavailable):
            batch_get(client, "t", [KEY | {"sk": {"S": "\ud800"}}])  # type: ignore[arg-type]
        assert read(client) == []
    assert server.connections == [0, 0]


def test_transaction_that_is_repeated_after_every_kind_of_silence_has_one_token() -> None:
    """A connection that ends, a response that breaks off, and then an attempt that is still under way."""
    in_progress = http({"__type": f"{TYPE}TransactionInProgressException"}, 400)
    with speaking([None], [in_progress, http()]) as (client, server):
        patient(client).transact_write_items(TransactItems=[])
    tokens = {json.loads(request.body)["ClientRequestToken"] for request in server.requests}
    assert (len(server.requests), len(tokens)) == (3, 1)


def test_transaction_after_a_throttle_has_another_token() -> None:
    """DynamoDB remembers a token of an attempt that it refused only with the same result."""
    throttle = http({"__type": f"{TYPE}ThrottlingException"}, 400)
    with speaking([throttle, http()]) as (client, server):
        patient(client).transact_write_items(TransactItems=[])
    first, second = (json.loads(request.body)["ClientRequestToken"] for request in server.requests)
    assert first != second


def test_request_that_json_cannot_say_is_not_sent() -> None:
    """No parameter is checked before, so a set or bytes must not become something else."""
    with speaking([http()]) as (client, server):
        for value in ({"U#1"}, b"U#1", object()):
            with pytest.raises(TypeError):
                client.put_item(TableName="t", Item={"pk": {"S": value}})
        assert client.put_item(TableName="t", Item=KEY) == {}
    assert len(server.requests) == 1
