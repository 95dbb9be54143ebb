"""Least privilege: each deployed function may do only what it does.

``walk`` calls every route and every authorizer through its real handler, over moto, in both settings of
ROTATED_TOKEN_REUSE and by both clients of DynamoDB. ``recorder`` reads the requests to IAM off the wire.
``policy`` and ``grants`` compare them with the committed policies. ``suite`` compares the calls of
tests/integration too. Decision 19 says what this cannot show.

To add a function:

- its policy in ``.chalice/``, named in ``config.json`` (or, if packaging adds the function to the
  template, in ``stack.policy_files``);
- in ``gateway`` its start. For an authorizer that is a line in ``DOORS``. For another kind of event it is a
  method of ``Gateway`` that runs its handler by ``_run``;
- in ``flows`` a flow, named in ``ALL``, that makes it do all that it ever does;
- a line in ``CANNOT`` below with what must stay out of its reach;
- for a service other than DynamoDB and KMS a case in ``Recorder``.

The tests say which of these is missing. A client that is not botocore's hands what it sends to
``Recorder.note``.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra.aws.package.flushing import FLUSHER
from infra.aws.package.functions import API, PAGE
from infra.aws.package.publishing import PUBLISHER
from infra.aws.package.sweeping import SWEEPER
from tests.iam.gateway import DOORS, routes
from tests.iam.grants import refused, unused
from tests.iam.policy import Request, Statement, allows, applies, listed
from tests.iam.stack import (
    ACCOUNT,
    API_ID,
    BUS_ARN,
    CLIENT_SECRET_ARN,
    FINDS_STREAMS,
    GATEWAY_ARN,
    NAMED_PARAMETER_ARN,
    NAMED_SECRET_ARN,
    OTHER_API_ID,
    QUEUE_ARN,
    QUEUES,
    REGION,
    SES_IDENTITIES_ARN,
    SES_IDENTITY_ARN,
    STACK,
    STREAM_ARN,
    STREAM_READS,
    TABLE,
    TABLE_ARN,
    configuration,
    policy_files,
    statements,
)
from tests.iam.walk import Walked, walked

FUNCTIONS = sorted(policy_files())
EVERY_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"
# Keys that an operator makes later have ARNs that no policy can know: their tags are asked for instead.
# ListStreams has no resource that a policy could name.
WILDCARDS = {
    (API, "ReadFirstKeys"): EVERY_KEY,
    (API, "SignByKeysOfThisStack"): EVERY_KEY,
    (FLUSHER, "FindTheStream"): "*",
    (PUBLISHER, "FindTheStream"): "*",
    # The identity is the sender's address or its domain. The condition names the address.
    (PUBLISHER, "MailNotices"): SES_IDENTITIES_ARN,
    (SWEEPER, "MailNotices"): SES_IDENTITIES_ARN,
}
TAGS = {
    "aws:ResourceTag/bodhi-api-tokens:signs": ["api-tokens"],
    "aws:ResourceTag/bodhi-api-tokens:stack": [STACK],
}
SIGNING = {"kms:MessageType": ["RAW"], "kms:SigningAlgorithm": ["ECDSA_SHA_256"]}

READS = ("GetItem", "BatchGetItem", "Query")
CHECK = "ConditionCheckItem"
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
OTHERS = ("Scan", "PartiQLSelect", "PartiQLUpdate", "PartiQLInsert", "PartiQLDelete", "DeleteTable")
SECRET_READS = ("secretsmanager:GetSecretValue", "ssm:GetParameter")
SECRET_WRITES = (
    "secretsmanager:PutSecretValue",
    "secretsmanager:DeleteSecret",
    "ssm:PutParameter",
    "ssm:DeleteParameter",
)
SECRET_ARNS = (CLIENT_SECRET_ARN, NAMED_SECRET_ARN, NAMED_PARAMETER_ARN)
PARTITIONS = ("U#1", "S#1", "L#1", "A#1", "KEYS", "ACCESS_TOKEN_KEYS", "FLUSHES", "SWEEP", "J#1")
ENCLOSING = "dynamodb:EnclosingOperation"
# Service Authorization Reference, "Actions, resources, and condition keys for Amazon DynamoDB".
ENCLOSABLE = frozenset(f"dynamodb:{name}Item" for name in ("Get", "Put", "Update", "Delete"))
# Name of the role and of the log group are at most 64 and 512 characters.
LOG_STATEMENT = 900
# What decides whether a token may be used, and for what.
DECISIVE = ("overlap_ends_at", "scope", "expires_at", "status", "role", "users_pk")


@pytest.fixture(scope="module", params=[False, True], ids=["record", "revoke_family"])
def families_are_revoked(request: pytest.FixtureRequest) -> bool:
    """Return whether ROTATED_TOKEN_REUSE is revoke_family."""
    return bool(request.param)


@pytest.fixture(scope="module")
def walk(families_are_revoked: bool) -> Walked:
    """Return what all functions did."""
    return walked(families_are_revoked=families_are_revoked)


def test_everything_was_walked(walk: Walked) -> None:
    """Every route of the app, and every function that is deployed."""
    assert walk.called == routes()
    assert sorted(walk.requests) == FUNCTIONS
    assert all(walk.requests.values())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_missing(function: str, walk: Walked, families_are_revoked: bool) -> None:
    """Each call that a function makes is allowed by its policy."""
    policy = statements(function, families_are_revoked=families_are_revoked)
    assert refused(policy, walk.requests[function]) == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_unused(function: str, walk: Walked, families_are_revoked: bool) -> None:
    """Take any action, leading key or attribute out of a policy, and some call is refused."""
    policy = statements(function, families_are_revoked=families_are_revoked)
    assert unused(policy, walk.requests[function]) == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_policy_says_everything(function: str) -> None:
    """No wildcard in an action or a resource, but argued ones; rows and keys by conditions only."""
    for statement in statements(function, families_are_revoked=True):
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        wild = [resource for resource in listed(statement["Resource"]) if "*" in resource]
        argued = WILDCARDS.get((function, statement["Sid"]))
        assert wild == ([argued] if argued else [])
        assert statement["Effect"] == "Allow"
        of_rows = {f"dynamodb:{action}" for action in (*READS, *WRITES, CHECK)}
        assert bool(statement.get("Condition")) is any(
            action in of_rows or action.startswith(("kms:", "ses:"))
            for action in listed(statement["Action"])
        )


def test_stages_share_the_policies() -> None:
    """No stage gives a function another policy than the one that is looked at here."""
    for stage in configuration()["stages"].values():
        assert "iam_policy_file" not in stage
        for function in stage.get("lambda_functions", {}).values():
            assert "iam_policy_file" not in function


def row(action: str, partition: str, *attributes: str) -> Request:
    """Return a request for rows of one partition."""
    context = {"dynamodb:LeadingKeys": [partition], "dynamodb:Attributes": ["pk", "sk", *attributes]}
    return Request.of(f"dynamodb:{action}", TABLE_ARN, context)


def indexed(partition: str, index: str = "users") -> Request:
    """Return a query of an index."""
    return Request.of("dynamodb:Query", f"{TABLE_ARN}/index/{index}", {"dynamodb:LeadingKeys": [partition]})


def key(action: str, **context: Any) -> Request:
    """Return a request for a signing key of this stack."""
    named = {**TAGS, **SIGNING, **context}
    # A key that is yet to be made has no name.
    return Request.of(f"kms:{action}", "*" if action == "CreateKey" else EVERY_KEY.replace("*", "1"), named)


def kms_requests() -> Iterator[Request]:
    """Return everything that could be asked of a key of ours."""
    for action in ("Sign", "GetPublicKey", "CreateKey", "PutKeyPolicy", "CreateGrant", "TagResource"):
        yield key(action)


def changes_of_events() -> Iterator[Request]:
    """Return the changes of events, alone and in transactions. IAM cannot tell a PutItem over an event."""
    for partition in ("E#1", "E#KEYS"):
        for action in ("UpdateItem", "DeleteItem"):
            for attributes in ((), ("type",), ("purge_at",), ("by_pk", "by_sk")):
                yield row(action, partition, *attributes)
                yield enclosed(action, partition, *attributes)
        for action in ("BatchWriteItem", "PartiQLUpdate", "PartiQLInsert", "PartiQLDelete"):
            yield row(action, partition, "type")


def beyond_all() -> Iterator[Request]:
    """Return what no function may do."""
    for partition in (*PARTITIONS, "I#1"):
        for action in (*OTHERS, "BatchWriteItem"):
            yield row(action, partition)
    yield from changes_of_events()
    yield from (row(CHECK, partition) for partition in PARTITIONS if partition != "U#1")
    # Only an operator moves identities. A function may only check that rows exist.
    yield from (row(action, "I#1", "user_id") for action in (*WRITES, "GetItem", "Query"))
    yield row(CHECK, "I#1", "user_id")
    yield row(CHECK, "U#1", "email")
    for partition in ("OTHER", "USERS", "G#1", "T#1", ""):
        for action in (*READS, *WRITES):
            yield row(action, partition)
    for action in ("CreateKey", "PutKeyPolicy", "CreateGrant", "TagResource", "Decrypt"):
        yield key(action)
    yield Request.of("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/x", {})
    for secret in SECRET_ARNS:
        for other in (
            f"{secret}x",
            f"{secret}/x",
            secret.replace("named", "other").replace("Client", "Other"),
        ):
            yield from secret_requests(other, *SECRET_READS)
        yield from secret_requests(secret, *SECRET_WRITES)


def secret_requests(arn: str, *actions: str) -> Iterator[Request]:
    """Return requests for a secret or a parameter. Each action works in its own service only."""
    service = arn.split(":")[2]
    yield from (Request.of(action, arn, {}) for action in actions if action.startswith(f"{service}:"))


def client_secret() -> Iterator[Request]:
    """Return what only the page may do."""
    for secret in SECRET_ARNS:
        yield from secret_requests(secret, *SECRET_READS)


def streamed() -> Iterator[Request]:
    """Return what only the readers of the stream may do."""
    yield from (Request.of(f"dynamodb:{name}", STREAM_ARN, {}) for name in STREAM_READS)
    yield FINDS_STREAMS


def unsent() -> Iterator[Request]:
    """Return what only the function that sends events may do."""
    yield Request.of("events:PutEvents", BUS_ARN, {})


def unflushed() -> Iterator[Request]:
    """Return what only the flusher may do."""
    path = f"/restapis/{API_ID}/stages/v1/cache/authorizers"
    yield Request.of("apigateway:DELETE", f"{GATEWAY_ARN}{path}", {})
    yield from (row(action, "FLUSHES") for action in (*READS, *WRITES))


def beyond_readers() -> Iterator[Request]:
    """Return what only the two readers of the stream may do."""
    yield from (*streamed(), *unflushed(), *unsent())


def beyond_doors() -> Iterator[Request]:
    """Return what no authorizer may do: write but for a use or a reuse, or see sessions."""
    yield from kms_requests()
    yield from (row(action, "I#1") for action in ("BatchGetItem", CHECK))
    yield row(CHECK, "U#1")
    for action in (*READS, *WRITES):
        yield from (row(action, partition) for partition in ("S#1", "L#1", "A#1", "ACCESS_TOKEN_KEYS"))
    for action in ("PutItem", "DeleteItem", "GetItem"):
        yield row(action, "U#1")
    for action in WRITES:
        yield row(action, "KEYS", "state")
    yield from (row("UpdateItem", "U#1", attribute) for attribute in DECISIVE)
    yield indexed("USERS")


def beyond_doors_that_record() -> Iterator[Request]:
    """Return what an authorizer may do in no setting but revoke_family."""
    yield from (row("UpdateItem", "U#1", name) for name in ("state", "generation", "live_tokens"))
    yield row("Query", "U#1")


def beyond_page() -> Iterator[Request]:
    """Return what the page may not do: have to do with keys, or write tokens."""
    yield from kms_requests()
    for partition in ("KEYS", "ACCESS_TOKEN_KEYS", "A#1"):
        for action in (*READS, *WRITES):
            yield row(action, partition)
    for action in ("PutItem", "UpdateItem"):
        yield from (row(action, "U#1", name) for name in ("state", "scope", "version", "overlap_ends_at"))
    for action in ("Query", "DeleteItem", CHECK):
        yield row(action, "U#1")
    yield row("UpdateItem", "S#1", "user_id")
    yield row("GetItem", "L#1")


def beyond_api() -> Iterator[Request]:
    """Return what the API may not do: delete, sign otherwise, or change a published key in place."""
    yield from (row(action, "SWEEP") for action in (*READS, *WRITES))
    yield from (row("DeleteItem", partition) for partition in PARTITIONS)
    yield from (row(action, "J#1") for action in ("Query", "BatchGetItem"))
    for ring in ("KEYS", "ACCESS_TOKEN_KEYS"):
        yield from (row("UpdateItem", ring, "state"), row("PutItem", ring, "user_id"))
    yield from (row("UpdateItem", "S#1", "user_id"), row("PutItem", "A#1", "user_id"), indexed("OTHER"))
    yield indexed("OTHER", "by_key")
    yield from (row(action, "S#1") for action in ("PutItem", "Query"))
    yield from (row(action, "L#1") for action in (*READS, *WRITES))
    for action in ("Sign", "GetPublicKey"):
        yield from (key(action, **{tag: given}) for tag in TAGS for given in ([], ["other"]))
    yield key("Sign", **{"kms:MessageType": ["DIGEST"]})
    yield key("Sign", **{"kms:SigningAlgorithm": ["ECDSA_SHA_384"]})


def beyond_flusher() -> Iterator[Request]:
    """Return what the flusher may not do: touch rows but its own, or APIs but their caches."""
    yield from kms_requests()
    for partition in PARTITIONS:
        names = ("round_at", "user_id") if partition == "FLUSHES" else ("round_at",)
        for action in (*READS, *WRITES):
            yield row(action, partition, *names)
    other = STREAM_ARN.replace(TABLE, "other")
    yield from (Request.of(f"dynamodb:{name}", other, {}) for name in STREAM_READS)
    for path in (
        f"/restapis/{API_ID}",
        f"/apis/{OTHER_API_ID}/stages/prod/cache/authorizers",
        f"/apis/{OTHER_API_ID}/stages/%2524default/cache/authorizers",
        f"/restapis/{API_ID}/stages/v1",
        "/restapis/zyx/stages/v1/cache/authorizers",
    ):
        yield Request.of("apigateway:DELETE", f"{GATEWAY_ARN}{path}", {})
    for action in ("GET", "PATCH", "POST", "PUT"):
        yield Request.of(
            f"apigateway:{action}", f"{GATEWAY_ARN}/restapis/{API_ID}/stages/v1/cache/authorizers", {}
        )
    yield Request.of("sqs:ReceiveMessage", QUEUE_ARN, {})


def beyond_publisher() -> Iterator[Request]:
    """Return what the sender of events may not do: list rows, change what decides, or use other buses.

    It may get the rows of an owner, write events, and write the record of urgent mails.
    """
    yield from kms_requests()
    for partition in PARTITIONS:
        for action in (*READS, *WRITES):
            if (action, partition) != ("GetItem", "U#1"):
                yield row(action, partition, "type")
    yield from (row("UpdateItem", "U#1", name) for name in (*DECISIVE, "state", "taken_at", "notices"))
    yield Request.of("ses:SendEmail", SES_IDENTITY_ARN, {"ses:FromAddress": ["other@example.com"]})
    # It neither reads, changes nor deletes an event: what it sends is in the stream.
    for action in (*READS, "UpdateItem", "DeleteItem", "BatchWriteItem", *OTHERS, CHECK):
        yield row(action, "E#1", "type")
    yield from (indexed(partition, "by_key") for partition in ("D#2026-01-15#1", "T#1"))
    for bus in (f"{BUS_ARN}2", BUS_ARN.replace("company", "default"), BUS_ARN.replace(REGION, "eu-west-1")):
        yield Request.of("events:PutEvents", bus, {})
    rule = f"{BUS_ARN.replace(':event-bus/', ':rule/')}/forward"
    for action in ("PutRule", "PutTargets"):
        yield Request.of(f"events:{action}", rule, {})
    yield Request.of("events:CreateEventBus", BUS_ARN, {})
    yield Request.of("events:PutPermission", "*", {})
    for queue in QUEUES.values():
        yield Request.of("sqs:ReceiveMessage", queue, {})
    yield Request.of("sqs:SendMessage", QUEUE_ARN, {})


def checkpoint() -> Iterator[Request]:
    """Return what only the sweep may do."""
    yield from (row(action, "SWEEP", "position") for action in (*READS, *WRITES))
    yield from (row("UpdateItem", "U#1", name) for name in ("by_pk", "by_sk"))


def beyond_sweeper() -> Iterator[Request]:
    """Return what the sweep may not do: see anything but users and tokens, or change what decides."""
    yield from kms_requests()
    for action in (*READS, *WRITES):
        yield from (row(action, partition) for partition in ("S#1", "L#1", "A#1", *RINGS))
    for action in ("PutItem", "DeleteItem"):
        yield row(action, "U#1")
    yield row(CHECK, "U#1", "email")
    for action in ("Query", "BatchGetItem", "PutItem", "DeleteItem"):
        yield row(action, "SWEEP", "position")
        yield row(action, "J#1", "status")
    # A job revokes in a transaction, with its event. It cannot change who asked, or for what.
    yield from (enclosed("UpdateItem", "U#1", name) for name in ("scope", "expires_at", "users_pk"))
    yield from (enclosed("UpdateItem", partition, "state") for partition in ("S#1", "KEYS", "E#1"))
    yield from (row("UpdateItem", partition, "status") for partition in ("U#1", "S#1", "KEYS"))
    yield from (row("UpdateItem", "J#1", name) for name in ("admin_id", "filter", "token_count", "reason"))
    kept = (*DECISIVE, "state", "generation", "last_used_at", "live_tokens")
    yield from (row(action, "E#1", "type") for action in (*READS, "UpdateItem", "DeleteItem"))
    yield row("UpdateItem", "U#1", "by_pk", "noticed")
    yield from (row("UpdateItem", "U#1", name) for name in kept)
    yield row("UpdateItem", "SWEEP", "user_id")
    yield Request.of("ses:SendEmail", SES_IDENTITY_ARN, {"ses:FromAddress": ["other@example.com"]})
    yield from (indexed("OTHER", index) for index in ("users", "by_key"))


def jobs() -> Iterator[Request]:
    """Return what only the API and the sweep may do."""
    yield from (row(action, "J#1", "status") for action in (*READS, *WRITES))
    yield indexed("JOBS", "by_key")


def unkeyed() -> Iterator[Request]:
    """Return requests for which AWS supplies no leading keys: no function may make one."""
    for action in (*READS, *WRITES, CHECK):
        yield Request.of(f"dynamodb:{action}", TABLE_ARN, {"dynamodb:Attributes": ["pk", "sk"]})
    for index in ("users", "by_key"):
        yield Request.of("dynamodb:Query", f"{TABLE_ARN}/index/{index}", {})
    yield from (enclosed("GetItem", partition) for partition in PARTITIONS)


def unnamed(action: str, partition: str) -> Request:
    """Return a request for which AWS supplies no attributes."""
    return Request.of(f"dynamodb:{action}", TABLE_ARN, {"dynamodb:LeadingKeys": [partition]})


def enclosed(action: str, partition: str, *attributes: str) -> Request:
    """Return a request that is part of a transaction."""
    operation = "TransactGetItems" if action == "GetItem" else "TransactWriteItems"
    named = dict(row(action, partition, *attributes).context)
    return Request.of(
        f"dynamodb:{action}", TABLE_ARN, {**named, "dynamodb:EnclosingOperation": [operation]}
    )


def without(request: Request, name: str) -> Request:
    """Return a request for which AWS does not supply one condition key."""
    supplied = {key: values for key, values in request.context if key != f"dynamodb:{name}"}
    return Request.of(request.action, request.resource, supplied)


RINGS = ("KEYS", "ACCESS_TOKEN_KEYS")
UNSUPPLIED: Mapping[str, list[Request]] = {
    API: [
        *unkeyed(),
        *(unnamed(action, ring) for action in ("PutItem", "UpdateItem") for ring in RINGS),
        *(unnamed(CHECK, partition) for partition in ("I#1", "U#1")),
        unnamed("UpdateItem", "S#1"),
        unnamed("PutItem", "A#1"),
        enclosed("UpdateItem", "S#1", "idle_at"),
        enclosed("PutItem", "A#1", "expires_at"),
    ],
    PAGE: [
        *unkeyed(),
        *(unnamed("UpdateItem", partition) for partition in ("S#1", "U#1")),
        *(unnamed(action, partition) for action, partition in (("PutItem", "U#1"), (CHECK, "I#1"))),
        *(enclosed(action, p) for action in ("PutItem", "DeleteItem") for p in ("L#1", "S#1")),
        enclosed("UpdateItem", "S#1", "idle_at"),
    ],
    SWEEPER: [
        *unkeyed(),
        *(unnamed("UpdateItem", partition) for partition in ("SWEEP", "U#1", "J#1")),
        unnamed(CHECK, "U#1"),
        enclosed("UpdateItem", "SWEEP", "position"),
        enclosed("UpdateItem", "J#1", "status"),
        *(without(enclosed("UpdateItem", "U#1", "state"), name) for name in ("LeadingKeys", "Attributes")),
        enclosed("UpdateItem", "U#1", "networks"),
        enclosed("UpdateItem", "U#1", "is_sent"),
        enclosed("GetItem", "U#1"),
    ],
    PUBLISHER: [
        *unkeyed(),
        unnamed("UpdateItem", "U#1"),
        enclosed("PutItem", "E#1", "type"),
        enclosed("UpdateItem", "U#1", "sent"),
        enclosed("GetItem", "U#1"),
    ],
    FLUSHER: [
        *unkeyed(),
        unnamed("UpdateItem", "FLUSHES"),
        enclosed("UpdateItem", "FLUSHES", "round_at"),
    ],
    **{
        door: [
            *unkeyed(),
            unnamed("UpdateItem", "U#1"),
            enclosed("UpdateItem", "U#1", "last_used_at"),
            enclosed("UpdateItem", "U#1", "reuse_count"),
            enclosed("UpdateItem", "U#1", "refused"),
        ]
        for door in DOORS
    },
}
"""Requests that the ``Null`` checks alone keep out: AWS supplies other condition keys than expected."""

CANNOT: Mapping[str, list[Request]] = {
    API: [*beyond_all(), *beyond_readers(), *client_secret(), *beyond_api()],
    PAGE: [*beyond_all(), *beyond_readers(), *beyond_page(), *checkpoint(), *jobs()],
    FLUSHER: [*beyond_all(), *unsent(), *client_secret(), *beyond_flusher(), *checkpoint(), *jobs()],
    PUBLISHER: [*beyond_all(), *unflushed(), *client_secret(), *beyond_publisher(), *checkpoint(), *jobs()],
    SWEEPER: [*beyond_all(), *beyond_readers(), *client_secret(), *beyond_sweeper()],
    **{
        door: [*beyond_all(), *beyond_readers(), *client_secret(), *beyond_doors(), *checkpoint(), *jobs()]
        for door in DOORS
    },
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_a_function_must_never_do_is_out_of_its_reach(
    function: str, families_are_revoked: bool
) -> None:
    """Said once more in words, so that policy and code cannot go wrong together."""
    policy = statements(function, families_are_revoked=families_are_revoked)
    beyond = [*CANNOT[function], *UNSUPPLIED[function]]
    assert [request for request in beyond if allows(policy, request)] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_condition_keeps_something_out(function: str) -> None:
    """Without any one of them something of the above would be allowed."""
    for statement in statements(function, families_are_revoked=True):
        for wider in without_each_condition(statement):
            beyond = [*CANNOT[function], *UNSUPPLIED[function]]
            assert [request for request in beyond if allows([wider], request)], statement["Sid"]


def without_each_condition(statement: Statement) -> Iterator[Statement]:
    """Return the statement once without each condition that it has."""
    for operator, keys in statement.get("Condition", {}).items():
        for name in keys:
            others = {other: values for other, values in keys.items() if other != name}
            yield {**statement, "Condition": {**statement["Condition"], operator: others}}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_key_that_is_compared_has_to_be_supplied(
    function: str, walk: Walked, families_are_revoked: bool
) -> None:
    """A set operator alone is true for a request without the key.

    A statement says too that no transaction encloses its calls, unless a flow makes one. Only actions
    count for which AWS supplies that key.
    """
    for statement in statements(function, families_are_revoked=families_are_revoked):
        conditions = statement.get("Condition", {})
        compared = {
            key
            for operator, keys in conditions.items()
            for key in keys
            if operator.startswith("ForAllValues:")
        }
        own = [request for request in walk.requests[function] if applies(statement, request)]
        enclosable = ENCLOSABLE & set(listed(statement["Action"]))
        direct = enclosable and not any(request.values(ENCLOSING) for request in own)
        expected = dict.fromkeys(compared, "false") | ({ENCLOSING: "true"} if direct else {})
        assert conditions.get("Null", {}) == expected, statement["Sid"]
        assert not any(operator.startswith("ForAnyValue") for operator in conditions)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_null_checks_can_be_turned_off(function: str, walk: Walked, families_are_revoked: bool) -> None:
    """PolicyNullChecks=false changes nothing else: what else is out of reach stays so."""
    setting = {"families_are_revoked": families_are_revoked}
    checked = statements(function, **setting)
    unchecked = statements(function, **setting, null_checks=False)
    assert [without_null(statement) for statement in checked] == unchecked
    assert refused(unchecked, walk.requests[function]) == []
    assert [request for request in CANNOT[function] if allows(unchecked, request)] == []
    assert [request for request in UNSUPPLIED[function] if allows(unchecked, request)] != []


def without_null(statement: Statement) -> Statement:
    """Return the statement without its ``Null`` checks."""
    if "Condition" not in statement:
        return statement
    kept = {operator: keys for operator, keys in statement["Condition"].items() if operator != "Null"}
    return {**statement, "Condition": kept}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_policies_fit_into_their_roles(function: str) -> None:
    """IAM counts the characters of a role's inline policies without spaces: at most 10,240.

    The names are as long as AWS takes them, and the statement that packaging adds for logs is counted.
    """
    for families_are_revoked in (False, True):
        policy = statements(function, families_are_revoked=families_are_revoked)
        text = json.dumps({"Version": "2012-10-17", "Statement": policy}, separators=(",", ":"))
        longest = text.replace(f"table/{TABLE}", f"table/{'t' * 255}").replace(STACK, "s" * 128)
        assert len(longest) + LOG_STATEMENT < 10_240


@pytest.mark.parametrize("door", DOORS)
def test_no_authorizer_can_bring_a_token_back(door: str) -> None:
    """Unless it has to revoke families: then it writes what says that a token is revoked."""
    policy = statements(door, families_are_revoked=False)
    assert [request for request in beyond_doors_that_record() if allows(policy, request)] == []
    assert allows(statements(door, families_are_revoked=True), row("UpdateItem", "U#1", "state"))
