"""The calls to AWS over the wire: counted, and made to fail at one call."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.model import OperationModel
from botocore.parsers import create_parser

from tests.support.dynamodb import Cloud

Response: TypeAlias = tuple[AWSResponse, dict[str, Any]]
Answering: TypeAlias = Callable[[OperationModel, Mapping[str, Any]], Response]

READS = frozenset({"GetItem", "BatchGetItem", "Query"})
WRITES = frozenset({"PutItem", "UpdateItem", "TransactWriteItems"})
STORE = READS | WRITES
KMS = frozenset({"GetPublicKey", "Sign"})

_ENDPOINT = "https://aws.invalid"


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to fail: ``before`` instead of the call, or ``after`` it had its effect.

    ``lasts`` makes every later call of the same operation fail too.
    """

    name: str
    strikes: frozenset[str]
    before: Answering | None = None
    after: Callable[[dict[str, Any]], None] | None = None
    lasts: bool = False

    def __str__(self) -> str:
        """Return the name, for the ids of tests."""
        return self.name


class Wire:
    """Sees the calls of a cloud's clients while it watches, and strikes one of them."""

    def __init__(self, cloud: Cloud) -> None:
        self.calls: list[str] = []
        self.writes = 0
        """How many writes there were ever, watched or not."""
        self._watching = False
        self._fault: Fault | None = None
        self._written: set[str] = set()
        self._sent: str | None = None
        self._index: int | None = None
        for client in (cloud.dynamodb, cloud.kms):
            service = client.meta.service_model.service_id.hyphenize()
            # What a handler returns, which the stubs do not know, is the answer to the call.
            events: Any = client.meta.events
            events.register_first(f"before-call.{service}", self._before)
            events.register_last(f"after-call.{service}", self._after)

    @contextmanager
    def watching(self, fault: Fault | None = None, index: int | None = None) -> Iterator[list[str]]:
        """Note the operations called meanwhile; the call at ``index`` fails by ``fault``."""
        self.calls, self._fault, self._index = [], fault, index
        self._watching = True
        try:
            yield self.calls
        finally:
            self._watching, self._fault, self._index = False, None, None

    def _before(self, model: OperationModel, params: Mapping[str, Any], **_: Any) -> Response | None:
        self.writes += model.name in WRITES
        if not self._watching:
            return None
        self.calls.append(model.name)
        fault = self._striking()
        if fault and fault.before:
            return fault.before(model, params)
        self._sent = _token(model, params)
        # DynamoDB answers a repeated transaction as it did before. moto would make it again.
        return answer(model, 200, {}) if self._sent in self._written else None

    def _after(self, parsed: dict[str, Any], http_response: AWSResponse, **_: Any) -> None:
        if self._sent and http_response.status_code == 200:
            self._written.add(self._sent)
        fault = self._striking() if self._watching else None
        if fault and fault.after:
            fault.after(parsed)

    def _striking(self) -> Fault | None:
        """Return the fault if it is the turn of the latest call."""
        if self._fault is None or self._index is None:
            return None
        now, target = len(self.calls) - 1, self._index
        lasts = self._fault.lasts and now > target and self.calls[now] == self.calls[target]
        return self._fault if now == target or lasts else None


def _token(model: OperationModel, params: Mapping[str, Any]) -> str | None:
    """Return the token of a transaction, by which DynamoDB knows it again."""
    if model.name != "TransactWriteItems":
        return None
    token: str = json.loads(params["body"])["ClientRequestToken"]
    return token


def answer(model: OperationModel, status: int, body: Mapping[str, Any]) -> Response:
    """Return a response as botocore's own parser reads it."""
    raw = {"status_code": status, "headers": {}, "body": json.dumps(body).encode()}
    parser: Any = create_parser("json")
    parsed: dict[str, Any] = parser.parse(raw, model.output_shape)
    if status >= 300:
        shape = model.service_model.shape_for_error_code(parsed["Error"]["Code"])
        parsed |= parser.parse(raw, shape) if shape else {}
    return AWSResponse(_ENDPOINT, status, HTTPHeaders(), None), parsed


def refusing(status: int, code: str) -> Answering:
    """Return an answer with this error code."""
    return lambda model, params: answer(model, status, {"__type": f"com.amazonaws#{code}", "message": "x"})


def _internal_error(model: OperationModel, params: Mapping[str, Any]) -> Response:
    code = "KMSInternalException" if model.name in KMS else "InternalServerError"
    return refusing(500, code)(model, params)


def _conflict(model: OperationModel, params: Mapping[str, Any]) -> Response:
    if model.name != "TransactWriteItems":
        return refusing(400, "TransactionConflictException")(model, params)
    writes = json.loads(params["body"])["TransactItems"]
    reasons = [{"Code": "None"}] * (len(writes) - 1) + [{"Code": "TransactionConflict"}]
    body = {"__type": "com.amazonaws#TransactionCanceledException", "CancellationReasons": reasons}
    return answer(model, 400, body)


def _throttled_transaction(model: OperationModel, params: Mapping[str, Any]) -> Response:
    reasons = [{"Code": "None"}, {"Code": "ThrottlingError"}]
    body = {"__type": "com.amazonaws#TransactionCanceledException", "CancellationReasons": reasons}
    return answer(model, 400, body)


def _nothing_processed(model: OperationModel, params: Mapping[str, Any]) -> Response:
    asked = json.loads(params["body"])["RequestItems"]
    return answer(model, 200, {"Responses": {}, "UnprocessedKeys": asked})


def _half_processed(parsed: dict[str, Any]) -> None:
    """Take one found item out of the answer, as one that DynamoDB did not get to."""
    for table, found in parsed["Responses"].items():
        # If no row was found, any key may be named as not processed.
        left_out = found.pop() if found else {"pk": {"S": "U#1"}, "sk": {"S": "#"}}
        key = {name: left_out[name] for name in ("pk", "sk")}
        parsed["UnprocessedKeys"] = {table: {"Keys": [key]}}


def _raise_read_timeout(*_: Any) -> Response:
    raise ReadTimeoutError(endpoint_url=_ENDPOINT)


def _raise_connect_timeout(*_: Any) -> Response:
    raise ConnectTimeoutError(endpoint_url=_ENDPOINT)


def _raise_unreachable(*_: Any) -> Response:
    raise EndpointConnectionError(endpoint_url=_ENDPOINT)


def _lose_response(parsed: dict[str, Any]) -> None:
    raise ReadTimeoutError(endpoint_url=_ENDPOINT)


THROTTLED = Fault("throttled", STORE, refusing(400, "ProvisionedThroughputExceededException"))
THROTTLING = Fault("throttling", STORE, refusing(400, "ThrottlingException"))
KMS_THROTTLING = Fault("kms-throttling", KMS, refusing(400, "ThrottlingException"))
READ_TIMEOUT = Fault("read-timeout", STORE | KMS, _raise_read_timeout)
CONNECT_TIMEOUT = Fault("connect-timeout", STORE | KMS, _raise_connect_timeout)
UNREACHABLE = Fault("unreachable", STORE | KMS, _raise_unreachable)
HTTP_500 = Fault("http-500", STORE | KMS, _internal_error)
DENIED = Fault("access-denied", STORE | KMS, refusing(400, "AccessDeniedException"))
DISABLED = Fault("key-disabled", KMS, refusing(400, "DisabledException"))
NOTHING_PROCESSED = Fault("nothing-processed", frozenset({"BatchGetItem"}), _nothing_processed)
HALF_PROCESSED = Fault("half-processed", frozenset({"BatchGetItem"}), after=_half_processed)
THROTTLED_TRANSACTION = Fault(
    "throttled-transaction", frozenset({"TransactWriteItems"}), _throttled_transaction
)
CONFLICT_ONCE = Fault("conflict-once", WRITES, _conflict)
CONFLICTS = Fault("conflicts", WRITES, _conflict, lasts=True)
RESPONSE_LOST = Fault("response-lost", STORE | KMS, after=_lose_response)
