"""Repeated calls: how often, when, after which failures, and for how long at most."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from chalicelib.adapters.dynamodb.errors import translated
from chalicelib.adapters.dynamodb.reads import batch_get
from chalicelib.adapters.failures import CallFailed, Failure, failure_of
from chalicelib.adapters.repeating import RepeatingDynamoDB, RepeatingKms
from chalicelib.adapters.retries import Retries
from chalicelib.domain.errors import StoreUnavailable
from tests.support.clock import FixedClock

URL = "https://aws.invalid"
TOKEN, USER = {"pk": {"S": "U#1"}, "sk": {"S": "T#1"}}, {"pk": {"S": "U#1"}, "sk": {"S": "#"}}
THROTTLES = (
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
)


def refused(code: str, status: int = 400, **details: Any) -> ClientError:
    """Return an error of the SDK."""
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}, **details}
    return ClientError(cast("Any", response), "Call")


def canceled(*codes: str) -> ClientError:
    """Return the error of a transaction with these reasons."""
    return refused("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


THROTTLED, SILENT = refused("ThrottlingException"), ReadTimeoutError(endpoint_url=URL)
UNSENT = EndpointConnectionError(endpoint_url=URL)
CONFLICT, BROKEN = refused("TransactionConflictException"), refused("InternalServerError", 500)


class Aws:
    """A client that answers by a script, the last answer again and again. It notes each request."""

    def __init__(self, *script: Any, slow: Callable[[], None] = lambda: None) -> None:
        self.script = list(script)
        self.requests: list[dict[str, Any]] = []
        self._slow = slow

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return any call."""
        return self._call

    def _call(self, **request: Any) -> Any:
        self.requests.append(request)
        self._slow()
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Bench:
    """A client that repeats calls of another one, with a clock that the pauses move."""

    def __init__(
        self, *script: Any, jitter: float = 1.0, takes: timedelta = timedelta(0), writes: bool = True
    ) -> None:
        self.clock = FixedClock()
        self.pauses: list[timedelta] = []
        self.aws = Aws(*script, slow=lambda: self.clock.advance(takes))
        self.retries = Retries(self.clock, self._pause, lambda: jitter)
        self.client = RepeatingDynamoDB(cast("Any", self.aws), self.retries, repeats_writes=writes)

    def _pause(self, duration: timedelta) -> None:
        self.pauses.append(duration)
        self.clock.advance(duration)

    @property
    def tries(self) -> int:
        """The number of requests that AWS got."""
        return len(self.aws.requests)

    def fail(self, act: Callable[..., Any]) -> int:
        """Make a call that fails in the end. Return the number of tries."""
        with pytest.raises((ClientError, ReadTimeoutError, EndpointConnectionError)):
            act()
        return self.tries


def milliseconds(*pauses: int) -> list[timedelta]:
    """Return durations."""
    return [timedelta(milliseconds=pause) for pause in pauses]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        *((refused(code), Failure.REFUSED) for code in THROTTLES),
        (canceled("None", "ThrottlingError"), Failure.REFUSED),
        (canceled("ProvisionedThroughputExceeded", "None"), Failure.REFUSED),
        (canceled("TransactionConflict", "None"), Failure.CONFLICT),
        (canceled("TransactionConflict", "ThrottlingError"), Failure.CONFLICT),
        (CONFLICT, Failure.CONFLICT),
        (refused("ReplicatedWriteConflictException"), Failure.CONFLICT),
        (canceled("ConditionalCheckFailed", "ThrottlingError"), Failure.FINAL),
        (canceled("ConditionalCheckFailed", "TransactionConflict"), Failure.FINAL),
        (canceled("ValidationError"), Failure.FINAL),
        (canceled(), Failure.FINAL),
        (refused("ConditionalCheckFailedException"), Failure.FINAL),
        (refused("AccessDeniedException"), Failure.FINAL),
        (refused("DisabledException"), Failure.FINAL),
        (BROKEN, Failure.UNKNOWN),
        (refused("KMSInternalException", 500), Failure.UNKNOWN),
        (refused("DependencyTimeoutException", 503), Failure.UNKNOWN),
        (refused("TransactionInProgressException"), Failure.UNKNOWN),
        (SILENT, Failure.UNKNOWN),
        (ConnectionClosedError(endpoint_url=URL), Failure.UNKNOWN),
        (UNSENT, Failure.UNSENT),
        (ConnectTimeoutError(endpoint_url=URL), Failure.UNSENT),
        (NoCredentialsError(), Failure.FINAL),
        (CallFailed(Failure.UNKNOWN), Failure.UNKNOWN),
        (KeyError("x"), Failure.FINAL),
    ],
    ids=str,
)
def test_failure_says_if_the_call_had_an_effect(error: Exception, failure: Failure) -> None:
    """A condition that failed is an answer, whatever else happened to the transaction."""
    assert failure_of(error) is failure


def test_call_that_succeeds_is_made_once() -> None:
    """Nothing is added to a call that nothing refuses."""
    bench = Bench({"Item": TOKEN})

    assert bench.client.get_item() == {"Item": TOKEN}
    assert (bench.tries, bench.pauses) == (1, [])


@pytest.mark.parametrize("code", THROTTLES)
def test_throttled_read_is_tried_three_times_within_200_milliseconds(code: str) -> None:
    """With the longest pauses and with none."""
    for jitter, pauses in ((1.0, milliseconds(70, 110)), (0.0, milliseconds(0, 0))):
        bench = Bench(refused(code), jitter=jitter)
        assert bench.fail(bench.client.query) == 3
        assert bench.pauses == pauses
        assert sum(bench.pauses, timedelta(0)) <= timedelta(milliseconds=200)


def test_single_throttle_is_not_noticed() -> None:
    """The second try succeeds, for a read, a write, a transaction and a signature."""
    for name in ("get_item", "query", "update_item", "put_item", "delete_item", "transact_write_items"):
        bench = Bench(THROTTLED, {"done": True})
        assert getattr(bench.client, name)(TableName="t") == {"done": True}
        assert bench.tries == 2
    aws = Aws(THROTTLED, {"Signature": b"s"})
    assert RepeatingKms(cast("Any", aws), bench.retries).sign(KeyId="k") == {"Signature": b"s"}
    assert len(aws.requests) == 2


def test_throttles_that_come_slowly_leave_less_time() -> None:
    """A repeat begins within 200 ms of the first try, or not at all."""
    assert [
        (lambda bench: bench.fail(bench.client.query))(Bench(THROTTLED, takes=takes))
        for takes in milliseconds(9, 11, 129, 131, 500)
    ] == [3, 2, 2, 1, 1]


def test_clock_that_is_set_back_does_not_prolong_the_wait() -> None:
    """The next failure is the last."""
    bench = Bench(THROTTLED, takes=timedelta(hours=-1))

    assert bench.fail(bench.client.query) == 1


def test_read_without_a_response_is_sent_once_more_however_long_it_took() -> None:
    """The kept connection may have died without a word."""
    bench = Bench(SILENT, takes=timedelta(seconds=2))

    assert bench.fail(bench.client.query) == 2
    assert bench.pauses == milliseconds(0)


def test_connection_that_cannot_be_made_is_tried_once_more() -> None:
    """Nothing was sent, so a write is repeated too, and one that counts."""
    bench = Bench(UNSENT, takes=timedelta(seconds=0.5), writes=False)

    assert bench.fail(bench.client.update_item) == 2


@pytest.mark.parametrize("failure", [SILENT, BROKEN], ids=["silent", "broken"])
def test_write_that_counts_is_not_repeated_if_it_may_have_been_made(failure: Exception) -> None:
    """A count of one would be two. Other writes know themselves again by their conditions."""
    counting = Bench(failure, writes=False)
    assert counting.fail(counting.client.update_item) == 1
    other = Bench(failure, {})
    assert other.client.update_item() == {}


def test_final_failure_is_not_repeated() -> None:
    """A failed condition or a missing permission stays."""
    for error in (refused("ConditionalCheckFailedException"), refused("AccessDeniedException")):
        bench = Bench(error)
        assert bench.fail(bench.client.update_item) == 1


def test_conflict_is_repeated_for_longer() -> None:
    """Two transactions at one row both go on soon."""
    bench = Bench(CONFLICT)

    assert bench.fail(bench.client.update_item) == 6
    assert bench.pauses == milliseconds(20, 40, 80, 160, 320)


def tokens_of(bench: Bench) -> list[str]:
    """Return the tokens of the transactions that AWS got."""
    return [request["ClientRequestToken"] for request in bench.aws.requests]


@pytest.mark.parametrize("later", [THROTTLED, CONFLICT, UNSENT, canceled("TransactionConflict")], ids=str)
def test_transaction_keeps_its_token_if_a_later_try_is_refused(later: Exception) -> None:
    """The first try may have been made. Under another token it would meet its own rows."""
    bench = Bench(SILENT, later, {})

    bench.client.transact_write_items(TransactItems=[])

    assert len(tokens_of(bench)) == 3
    assert len(set(tokens_of(bench))) == 1


@pytest.mark.parametrize("failure", [SILENT, BROKEN, refused("TransactionInProgressException")], ids=str)
def test_transaction_that_may_have_been_made_is_repeated_under_its_token(failure: Exception) -> None:
    """DynamoDB knows it again, and answers as it did."""
    bench = Bench(failure, {})
    bench.client.transact_write_items(TransactItems=[])

    first, second = tokens_of(bench)
    assert first == second
    assert 1 <= len(first) <= 36


def test_transaction_that_was_not_made_gets_another_token() -> None:
    """It is another try, and each call has tokens of its own."""
    bench = Bench(canceled("ThrottlingError"), {})
    bench.client.transact_write_items(TransactItems=[])
    bench.client.transact_write_items(TransactItems=[])

    assert len(set(tokens_of(bench))) == 3


def keys_asked(bench: Bench) -> list[Sequence[Any]]:
    """Return the keys of each batch."""
    return [request["RequestItems"]["t"]["Keys"] for request in bench.aws.requests]


def left(*keys: Any, found: Sequence[Any] = ()) -> dict[str, Any]:
    """Return an answer that leaves keys out, in DynamoDB's words."""
    return {"Responses": {"t": list(found)}, "UnprocessedKeys": {"t": {"Keys": list(keys)}} if keys else {}}


def test_keys_that_were_left_out_are_asked_for_again_and_only_those() -> None:
    """The rows of all answers come together. Every read stays strongly consistent."""
    bench = Bench(left(USER, found=[TOKEN]), left(USER), left(found=[USER]))

    assert batch_get(cast("Any", bench.client), "t", [TOKEN, USER]) == [TOKEN, USER]
    assert keys_asked(bench) == [[TOKEN, USER], [USER], [USER]]
    assert all(r["RequestItems"]["t"]["ConsistentRead"] is True for r in bench.aws.requests)
    assert bench.pauses == milliseconds(70, 110)


def test_keys_that_are_left_out_three_times_are_unavailable() -> None:
    """They are not rows that do not exist."""
    bench = Bench(left(USER, found=[TOKEN]))

    with pytest.raises(StoreUnavailable):
        batch_get(cast("Any", bench.client), "t", [TOKEN, USER])
    assert bench.tries == 3


@pytest.mark.parametrize(
    "answer",
    [
        left({"pk": {"S": "U#2"}, "sk": {"S": "#"}}, found=[TOKEN]),
        {"Responses": {}, "UnprocessedKeys": {"other": {"Keys": [USER]}}},
        {},
    ],
    ids=["another key", "another table", "nothing"],
)
def test_answer_to_another_request_is_unavailable(answer: dict[str, Any]) -> None:
    """A key that the caller did not ask for is not asked for again."""
    bench = Bench(answer)

    with pytest.raises(StoreUnavailable):
        batch_get(cast("Any", bench.client), "t", [TOKEN, USER])
    assert bench.tries == 1


def test_batch_that_is_throttled_after_a_part_keeps_that_part() -> None:
    """A throttle and a key that was left out share the three tries."""
    bench = Bench(left(USER, found=[TOKEN]), THROTTLED, left(found=[USER]))

    assert batch_get(cast("Any", bench.client), "t", [TOKEN, USER]) == [TOKEN, USER]
    assert keys_asked(bench) == [[TOKEN, USER], [USER], [USER]]


def test_conflict_that_does_not_end_is_unavailable() -> None:
    """No error of an adapter passes through a port."""
    bench = Bench(CONFLICT)

    with pytest.raises(StoreUnavailable), translated():
        bench.client.update_item()
