"""The requests to IAM for each call to AWS, read off the wire.

Only the target and the body of a request are needed, and they are the same for every client. A client
that is not botocore's hands them to ``Recorder.note``. API Gateway's own API has neither. There the method
is the action and the path is the resource.

The attributes of a request are those that it reads or writes, and those that it evaluates in a conditional
write. Those of the key are included. Transactions are authorized as the actions of their parts. Sources:
DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control" and "Using IAM with
DynamoDB transactions".
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from urllib3 import HTTPResponse

from tests.iam.policy import Request
from tests.iam.stack import ACCOUNT, BUS_ARN, REGION, SES_IDENTITY_ARN

Body = Mapping[str, Any]

# The partition keys of the table and of its indexes.
_HASH_KEYS = frozenset({"pk", "users_pk", "by_pk"})
_PARTS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
# IAM's prefix of a service, and what names the secret in a call.
_SECRETS = {"secretsmanager": ("secretsmanager", "SecretId"), "AmazonSSM": ("ssm", "Name")}
_EXPRESSIONS = (
    "UpdateExpression",
    "ConditionExpression",
    "KeyConditionExpression",
    "FilterExpression",
    "ProjectionExpression",
)
_WORD = re.compile(r"(?<![:\w#])#?[A-Za-z_]\w*(?!\w*\s*\()")
_KEYWORDS = frozenset({"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"})
_EQUALS = re.compile(r"(#?\w+)\s*=\s*(:\w+)")


class Recorder:
    """Keeps what each function asked for, while it runs; ``tags_of`` knows the tags of a KMS key.

    ``names`` says by which ARN the policies know a secret. ``ses_status`` is the status of the next mail.
    """

    def __init__(self, tags_of: Callable[[str], tuple[str, Mapping[str, str]]]) -> None:
        self.requests: dict[str, dict[Request, None]] = {}
        self._tags_of = tags_of
        self.names: dict[str, str] = {}
        self.ses_status = 200
        self._running: str | None = None

    @contextmanager
    def running(self, function: str) -> Iterator[None]:
        """Let ``function`` be the one that calls."""
        self._running, before = function, self._running
        self.requests.setdefault(function, {})
        try:
            yield
        finally:
            self._running = before

    def watch(self, client: Any) -> None:
        """Take note of what a client of botocore sends, before anybody answers it."""
        client.meta.events.register_first("before-send", self._sent)

    def note(self, target: str, body: bytes) -> None:
        """Take note of a request by its ``X-Amz-Target`` and body, if a function runs."""
        if self._running:
            service, _, operation = target.partition(".")
            asked = self._asked(service, operation, json.loads(body))
            self.requests[self._running].update(dict.fromkeys(asked))

    def answer_for_api_gateway(self, client: Any) -> None:
        """Take note of what a client sends to API Gateway's own API, and answer that it was done."""
        client.meta.events.register_first("before-send", self._done)

    def answer_for_ses(self, client: Any) -> None:
        """Take note of the mails that a client sends, and answer that SES took them."""
        client.meta.events.register_first("before-send", self._mailed)

    def _mailed(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        assert isinstance(request.body, bytes)
        assert (request.method, urlsplit(request.url).path) == ("POST", "/v2/email/outbound-emails")
        if self._running:
            sender = {"ses:FromAddress": [json.loads(request.body)["FromEmailAddress"]]}
            asked = Request.of("ses:SendEmail", SES_IDENTITY_ARN, sender)
            self.requests[self._running][asked] = None
        raw = HTTPResponse(BytesIO(b'{"MessageId": "1"}'), preload_content=False)
        status, self.ses_status = self.ses_status, 200
        return AWSResponse(request.url, status, HTTPHeaders(), raw)

    def _done(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        path = urlsplit(request.url).path.removeprefix("/v2")
        if self._running:
            # The stage "$default" is escaped in the path. Either form may be what IAM compares.
            arns = [f"arn:aws:apigateway:{REGION}::{form}" for form in (path, unquote(path))]
            asked = [Request.of(f"apigateway:{request.method}", arn, {}) for arn in arns]
            self.requests[self._running].update(dict.fromkeys(asked))
        return AWSResponse(request.url, 204, HTTPHeaders(), HTTPResponse(BytesIO(), preload_content=False))

    def _sent(self, request: AWSPreparedRequest, **_: Any) -> None:
        target, body = request.headers["X-Amz-Target"], request.body
        assert isinstance(body, bytes)
        self.note(target.decode() if isinstance(target, bytes) else target, body)

    def _asked(self, service: str, operation: str, body: Body) -> Iterable[Request]:
        if service == "DynamoDB_20120810":
            return dynamodb_requests(operation, body)
        if service == "TrentService":
            arn, tags = self._tags_of(body["KeyId"])
            context = {f"aws:ResourceTag/{name}": [value] for name, value in tags.items()}
            for name in ("SigningAlgorithm", "MessageType"):
                context[f"kms:{name}"] = [body[name]] if name in body else []
            return [Request.of(f"kms:{operation}", arn, context)]
        if service == "AWSEvents":
            buses = {entry["EventBusName"] for entry in body["Entries"]}
            return [Request.of(f"events:{operation}", bus_arn(name), {}) for name in sorted(buses)]
        if service in _SECRETS:
            prefix, member = _SECRETS[service]
            named: str = body[member]
            return [Request.of(f"{prefix}:{operation}", self.names.get(named, named), {})]
        raise ValueError(f"not understood: {service}")


def dynamodb_requests(operation: str, body: Body) -> Iterable[Request]:
    """Return what IAM is asked for one call of DynamoDB. Raises ValueError where that is not known."""
    match operation:
        case "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" | "Query":
            return [_request(operation, body, {})]
        case "BatchGetItem":
            return [_batch(table, part["Keys"]) for table, part in body["RequestItems"].items()]
        case "TransactWriteItems":
            enclosing: dict[str, list[str]] = {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}
            parts = [part for item in body["TransactItems"] for part in item.items()]
            return [_request(_PARTS[kind], part, enclosing) for kind, part in parts]
    raise ValueError(f"not understood: {operation}")


def bus_arn(name: str) -> str:
    """Return the ARN of a bus of events."""
    return f"{BUS_ARN.rpartition('/')[0]}/{name}"


def without_row_ids(request: Request) -> Request:
    """Return the request with every row id replaced by 1, because many calls differ in it alone."""
    parts = [key.partition("#") for key in request.values("dynamodb:LeadingKeys") or ()]
    keys = [f"{kind}#1" if hash_sign else kind for kind, hash_sign, _ in parts]
    context = {**dict(request.context), "dynamodb:LeadingKeys": keys}
    return Request.of(request.action, request.resource, context)


def _request(action: str, body: Body, context: Mapping[str, list[str]]) -> Request:
    held = {**body.get("Key", {}), **body.get("Item", {}), **body.get("ExclusiveStartKey", {})}
    leading = [held["pk"]["S"]] if action != "Query" else _queried(body)
    return Request.of(
        f"dynamodb:{action}",
        _arn(body["TableName"], body.get("IndexName")),
        {
            **context,
            "dynamodb:LeadingKeys": leading,
            "dynamodb:Attributes": [*held, *_named(body)],
            "dynamodb:ReturnValues": [body["ReturnValues"]] if "ReturnValues" in body else [],
        },
    )


def _batch(table: str, keys: Iterable[Body]) -> Request:
    leading, names = [key["pk"]["S"] for key in keys], {name for key in keys for name in key}
    context = {"dynamodb:LeadingKeys": leading, "dynamodb:Attributes": names}
    return Request.of("dynamodb:BatchGetItem", _arn(table, None), context)


def _queried(body: Body) -> list[str]:
    equal = dict(_EQUALS.findall(body["KeyConditionExpression"]))
    (value,) = (value for name, value in equal.items() if _real(name, body) in _HASH_KEYS)
    return [body["ExpressionAttributeValues"][value]["S"]]


def _named(body: Body) -> Iterable[str]:
    words = {word for name in _EXPRESSIONS for word in _WORD.findall(body.get(name, ""))}
    return [_real(word, body) for word in words if word.upper() not in _KEYWORDS]


def _real(name: str, body: Body) -> str:
    real: str = body["ExpressionAttributeNames"][name] if name.startswith("#") else name
    return real


def _arn(table: str, index: str | None) -> str:
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    return f"{arn}/index/{index}" if index else arn
