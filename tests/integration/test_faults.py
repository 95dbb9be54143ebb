"""Every call to AWS fails in every way, one at a time: an honest 5xx, whole rows, no wrong allow.

A fault that passes is not noticed. A fault that lasts is the caller's to hear of.

These tests make their calls through the SDK. ``test_lean_faults.py`` runs them once more through our own
client, which makes all calls of DynamoDB on Lambda. Lasting faults of management are tested only there,
because the two clients differ only in how they read a fault. Decisions, sign-ins and one change meet
every fault of DynamoDB here too.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from botocore.exceptions import EndpointConnectionError

from chalicelib.adapters.aws import dynamodb_client, kms_client
from chalicelib.adapters.key_cache import MAX_AGE
from chalicelib.adapters.repeating import repeating
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.tokens import TokenState
from chalicelib.domain.users import UserStatus
from tests.integration import wire
from tests.integration.wire import Fault
from tests.integration.world import USER, USER_ID, World
from tests.support.api import Answer
from tests.support.builders import ISSUER
from tests.support.clients import SECRET, SERVER, resource_servers
from tests.support.dynamodb import RETRIES, dynamodb_stores

NEWCOMER = "newcomer@example.com"
OTHER = "https://other.example.com"
OAUTH_ENVIRON = {
    "DERIVED_TOKEN_AUDIENCES": OTHER,
    "RESOURCE_SERVERS": json.dumps(resource_servers()),
}
_TYPE = "urn:ietf:params:oauth:token-type:"
_EXCHANGE = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"}
SIGN_IN_TOKEN = _EXCHANGE | {"subject_token_type": f"{_TYPE}id_token"}
API_TOKEN = _EXCHANGE | {"subject_token_type": f"{_TYPE}access_token"}
CLIENT = {"client_id": SERVER, "client_secret": SECRET}

# Whichever way a call fails, it is one of these few to the adapters; the rarer ones are slow.
COMMON = [
    wire.DISABLED,
    wire.NOTHING_PROCESSED,
    wire.HALF_PROCESSED,
    wire.RESPONSE_LOST,
]
RARE = [
    wire.KMS_THROTTLING,
    wire.THROTTLED,
    wire.THROTTLING,
    wire.READ_TIMEOUT,
    wire.CONNECT_TIMEOUT,
    wire.UNREACHABLE,
    wire.HTTP_500,
    wire.DENIED,
    wire.THROTTLED_TRANSACTION,
    wire.CONFLICTS,
]


@dataclass(frozen=True, slots=True)
class Operation:
    """Something to do, the calls that it takes, and whether the rows show that it was done."""

    name: str
    calls: tuple[str, ...]
    status: int
    arrange: Callable[[World], None]
    act: Callable[[World], Answer]
    done: Callable[[World], bool] | None = None
    """None for what changes nothing."""
    status_again: int | None = None
    """How the operation is answered when it was done already, if otherwise than at first."""
    events: int = 1
    """The number of events if the operation is done: one for each token or user that it changes."""

    @property
    def again(self) -> int:
        """The response to an operation that was done already."""
        return self.status_again or self.status

    def told(self, *, made: bool) -> int:
        """Return the number of events."""
        return self.events if made and self.done else 0

    def struck_at(self, fault: Fault) -> list[int]:
        """Return the calls that the fault can strike."""
        return [index for index, call in enumerate(self.calls) if call in fault.strikes]

    def __str__(self) -> str:
        """Return the name, for the ids of tests."""
        return self.name


def known_people(world: World) -> None:
    """Both have signed in before."""
    assert world.api.get("/v1/me", world.user).status == 200
    assert world.api.get("/v1/me", world.admin).status == 200


def known_people_a_second_ago(world: World) -> None:
    """Let both people sign in once, with JWTs that are a second old."""
    known_people(world)
    world.advance(seconds=1)


def with_token(world: World) -> None:
    """The user has a token, never used."""
    known_people(world)
    world.create_token(name="ci")


def with_token_used_just_now(world: World) -> None:
    """The user has a token whose use is recorded."""
    with_token(world)
    assert world.api.get("/api/whoami", world.secret).status == 200


def with_token_a_day_old(world: World) -> None:
    """The user has a token whose idle time began a day ago."""
    with_token(world)
    world.advance(days=1)
    known_people(world)


def with_replayed_key(world: World) -> None:
    """The user has made a token with an Idempotency-Key."""
    known_people(world)
    assert create_once(world).status == 201


def with_count_of_an_expired_token(world: World) -> None:
    """The user is at a quota of two, of which one has expired."""
    world.configure(MAX_TOKENS_PER_USER="2")
    known_people(world)
    world.create_token(name="short", expires_in_days=1)
    world.create_token(name="long")
    world.advance(days=2)


def with_ended_generation(world: World) -> None:
    """The user's token ended with all others."""
    with_token(world)
    assert world.api.delete(f"/v1/users/{USER_ID}/tokens", world.admin).status == 204


def with_paused_token(world: World) -> None:
    """The user's token is paused."""
    with_token(world)
    assert world.api.patch(world.path, world.user, {"status": "inactive"}).status == 200


def with_revoked_token(world: World) -> None:
    """The user's token is revoked."""
    with_token(world)
    assert world.api.delete(world.path, world.user).status == 204


def with_inactive_user(world: World) -> None:
    """The user, who has a token, is deactivated."""
    with_token(world)
    assert change_user(world, status="inactive").status == 200


def with_networks(world: World) -> None:
    """The user's token may be used from one network."""
    known_people(world)
    world.create_token(name="ci", allowed_networks=["10.0.0.0/8"])


def with_removed_user(world: World) -> None:
    """The user, who had a token, is removed."""
    with_token(world)
    assert world.api.delete(f"/v1/users/{USER_ID}", world.admin).status == 204
    world.advance(seconds=61)


def with_idle_token(world: World) -> None:
    """The user's token was not used for too long."""
    with_token(world)
    world.advance(days=31)


def with_rotated_token(world: World) -> None:
    """The user's token was rotated, and its overlap is over."""
    with_token(world)
    assert rotate(world).status == 201


def with_token_in_its_overlap(world: World) -> None:
    """The user's token is the successor of one that still works."""
    with_token(world)
    answer = world.api.post(f"{world.path}/rotate", world.user, {"overlap_seconds": 3600})
    assert answer.status == 201
    world.secret, world.token_id = answer.json["token"], answer.json["id"]


def with_line(world: World) -> None:
    """The user's token rotated itself, and its successor did so as well."""
    with_token(world)
    secret = world.secret
    for _ in range(2):
        answer = world.api.post("/v1/tokens/self/rotate", secret, {"overlap_seconds": 60})
        assert answer.status == 201
        secret = answer.json["token"]


def with_own_successor_used_just_now(world: World) -> None:
    """The user's token is the successor of one that rotated itself, and its use is recorded."""
    with_token(world)
    answer = rotate_itself(world)
    world.secret, world.token_id = answer.json["token"], answer.json["id"]
    assert world.api.get("/api/whoami", world.secret).status == 200


def has_no_working_token(world: World) -> bool:
    """Return True if every token is revoked or rotated out."""
    now = world.clock.now()
    return all(token.own_revocation(now) is not None for token in world.stored_tokens())


def predecessor_has_ended(world: World) -> bool:
    """Return True if the overlap of the token's predecessor is over, and the token works."""
    now = world.clock.now()
    return [t.id for t in world.stored_tokens() if t.own_revocation(now) is None] == [world.token_id]


def rotate(world: World) -> Answer:
    """Rotate the user's token without overlap."""
    return world.api.post(f"{world.path}/rotate", world.user)


def rotate_itself(world: World) -> Answer:
    """Let the token rotate itself, with an overlap."""
    return world.api.post("/v1/tokens/self/rotate", world.secret, {"overlap_seconds": 60})


def report(world: World) -> Answer:
    """Report the user's token as exposed."""
    return world.api.post("/v1/exposed", body={"tokens": [world.secret]})


def is_rotated(world: World) -> bool:
    """Return True if the user's token has a successor, and both rows tell it."""
    return world.stored_token().successor_id is not None


def with_oauth_token(world: World) -> None:
    """The user has a token, there is a resource server and another service."""
    world.configure(**OAUTH_ENVIRON)
    with_token(world)


def with_oauth_token_used_just_now(world: World) -> None:
    """The same, and the token's use is recorded."""
    world.configure(**OAUTH_ENVIRON)
    with_token_used_just_now(world)


def oauth(world: World, endpoint: str, **parameters: str) -> Answer:
    """Send a form to one of the OAuth endpoints."""
    return world.api.form(f"/oauth2/{endpoint}", parameters)


def create(world: World) -> Answer:
    """Make a token."""
    return world.api.post("/v1/tokens", world.user, {"name": "made"})


def create_once(world: World) -> Answer:
    """Make a token under a key."""
    key = {"Idempotency-Key": "key-1"}
    return world.api.post("/v1/tokens", world.user, {"name": "made"}, headers=key)


def authorize(world: World) -> Answer:
    """Call the protected API."""
    return world.api.get("/api/whoami", world.secret)


def change_user(world: World, **members: object) -> Answer:
    """Let the administrator change the user."""
    return world.api.patch(f"/v1/users/{USER_ID}", world.admin, members)


def of_admin(world: World) -> str:
    """Return the address of the user's token for administrators."""
    return f"/v1/users/{USER_ID}/tokens/{world.token_id}"


def change_networks(world: World, *networks: str) -> Answer:
    """Change the list of the user's token."""
    return world.api.patch(world.path, world.user, {"allowed_networks": networks})


def has_networks(*networks: str) -> Callable[[World], bool]:
    """Return whether the token's row has this list."""
    return lambda world: [str(each) for each in world.stored_token().allowed_networks] == [*networks]


def is_made(world: World) -> bool:
    """Return True if the token that was asked for has a row."""
    return "made" in {token.name for token in world.stored_tokens()}


def has_status(status: UserStatus) -> Callable[[World], bool]:
    """Return whether the user's row has this status."""

    def check(world: World) -> bool:
        user = world.stored_user()
        return user is not None and user.status is status

    return check


def generation_ended(world: World) -> bool:
    """Return True if the user's token belongs to an earlier generation."""
    user = world.stored_user()
    return user is not None and world.stored_token().generation != user.generation


SIGN_IN = ("BatchGetItem",)
SIGN = ("Query", "Sign")
SIGN_FIRST = ("Query", "GetPublicKey", "Query", "TransactWriteItems", "Sign")
ADMIN_ON_USER = (*SIGN_IN, "GetItem")
DECIDE = ("Query", "BatchGetItem")

MANAGEMENT = [
    Operation(
        "sign-in-first-sight",
        (*SIGN_IN, "TransactWriteItems"),
        200,
        lambda world: None,
        lambda world: world.api.get("/v1/me", world.sign_in(NEWCOMER)),
        lambda world: world.stored_user(user_id_for(ISSUER, NEWCOMER)) is not None,
    ),
    Operation(
        "sign-in-after-removal",
        (*SIGN_IN, "TransactWriteItems"),
        200,
        with_removed_user,
        lambda world: world.api.get("/v1/me", world.user),
        has_status(UserStatus.ACTIVE),
    ),
    Operation("create", (*SIGN_IN, *SIGN, "TransactWriteItems"), 201, with_token, create, is_made),
    Operation(
        "create-first-of-all",
        (*SIGN_IN, *SIGN_FIRST, "TransactWriteItems"),
        201,
        known_people,
        create,
        is_made,
    ),
    Operation(
        "create-with-key",
        (*SIGN_IN, "GetItem", *SIGN_FIRST, "TransactWriteItems"),
        201,
        known_people,
        create_once,
        is_made,
        409,  # already_created
    ),
    Operation(
        "create-at-quota-with-recount",
        (*SIGN_IN, "UpdateItem", "GetItem", "Query", "UpdateItem", *SIGN, "TransactWriteItems"),
        201,
        with_count_of_an_expired_token,
        create,
        is_made,
        409,  # token_limit_reached
    ),
    Operation("replay", (*SIGN_IN, "GetItem"), 409, with_replayed_key, create_once),
    Operation(
        "list",
        (*SIGN_IN, "Query", "BatchGetItem"),
        200,
        with_ended_generation,
        lambda world: world.api.get("/v1/tokens", world.user),
    ),
    Operation(
        "get",
        (*SIGN_IN, "GetItem", "BatchGetItem"),
        200,
        with_ended_generation,
        lambda world: world.api.get(world.path, world.user),
    ),
    Operation(
        "rename",
        (*SIGN_IN, "GetItem", "UpdateItem", "TransactWriteItems"),
        200,
        with_token,
        lambda world: world.api.patch(world.path, world.user, {"name": "new"}),
        lambda world: world.stored_token().name == "new",
    ),
    Operation(
        "narrow",
        (*SIGN_IN, "GetItem", "UpdateItem", "TransactWriteItems"),
        200,
        with_networks,
        lambda world: change_networks(world, "10.1.0.0/16"),
        has_networks("10.1.0.0/16"),
    ),
    Operation(
        "widen",
        (*SIGN_IN, "GetItem", "UpdateItem", "TransactWriteItems"),
        200,
        with_networks,
        lambda world: change_networks(world, "10.0.0.0/8", "192.0.2.0/24"),
        has_networks("10.0.0.0/8", "192.0.2.0/24"),
    ),
    Operation(
        "allow-every-address",
        (*SIGN_IN, "GetItem", "UpdateItem", "TransactWriteItems"),
        200,
        with_networks,
        change_networks,
        has_networks(),
    ),
    Operation(
        "pause",
        (*SIGN_IN, "GetItem", "TransactWriteItems"),
        200,
        with_token,
        lambda world: world.api.patch(world.path, world.user, {"status": "inactive"}),
        lambda world: world.stored_token().state is TokenState.INACTIVE,
    ),
    Operation(
        "resume",
        # The change is counted before it is made.
        (*SIGN_IN, "GetItem", "UpdateItem", "TransactWriteItems"),
        200,
        with_paused_token,
        lambda world: world.api.patch(world.path, world.user, {"status": "active"}),
        lambda world: world.stored_token().state is TokenState.ACTIVE,
    ),
    Operation(
        "revoke",
        (*SIGN_IN, "GetItem", "TransactWriteItems"),
        204,
        with_token,
        lambda world: world.api.delete(world.path, world.user),
        lambda world: world.stored_token().state is TokenState.REVOKED,
    ),
    Operation(
        "rotate",
        (*SIGN_IN, "GetItem", *SIGN, "TransactWriteItems"),
        201,
        with_token,
        rotate,
        is_rotated,
        409,  # token_rotated
    ),
    Operation(
        "rotate-in-an-overlap",
        (*SIGN_IN, "GetItem", *SIGN, "GetItem", "TransactWriteItems"),
        201,
        with_token_in_its_overlap,
        rotate,
        is_rotated,
        409,  # token_rotated
        events=2,  # The overlap of the predecessor ends early.
    ),
    Operation(
        "rotate-itself",
        ("Query", "BatchGetItem", "GetItem", *SIGN, "TransactWriteItems"),
        201,
        with_token_used_just_now,
        rotate_itself,
        is_rotated,
        409,  # token_rotated
    ),
    Operation(
        "revoke-itself",
        ("Query", "BatchGetItem", "GetItem", "TransactWriteItems"),
        204,
        with_token_used_just_now,
        lambda world: world.api.delete("/v1/tokens/self", world.secret),
        lambda world: world.stored_token().state is TokenState.REVOKED,
        401,  # invalid_token
    ),
    Operation(
        "revoke-a-line",
        (*SIGN_IN, "GetItem", "BatchGetItem", "BatchGetItem", "TransactWriteItems"),
        204,
        with_line,
        lambda world: world.api.delete(world.path, world.user),
        has_no_working_token,
        events=2,
    ),
    Operation(
        "report-an-ancestor",
        ("Query", "BatchGetItem", "BatchGetItem", "BatchGetItem", "TransactWriteItems"),
        202,
        with_line,
        report,
        has_no_working_token,
        events=2,
    ),
    Operation(
        "end-predecessor",
        ("Query", "BatchGetItem", "GetItem", "GetItem", "TransactWriteItems"),
        204,
        with_own_successor_used_just_now,
        lambda world: world.api.delete("/v1/tokens/self/predecessor", world.secret),
        predecessor_has_ended,
        404,  # no_predecessor
    ),
    Operation(
        "report",
        ("Query", "BatchGetItem", "TransactWriteItems"),
        202,
        with_token,
        report,
        lambda world: world.stored_token().state is TokenState.REVOKED,
    ),
    Operation(
        "deactivate",
        (*ADMIN_ON_USER, "TransactWriteItems"),
        200,
        with_token,
        lambda world: change_user(world, status="inactive"),
        has_status(UserStatus.INACTIVE),
    ),
    Operation(
        "reactivate-with-tokens",
        (*ADMIN_ON_USER, "UpdateItem", "TransactWriteItems"),
        200,
        with_inactive_user,
        lambda world: change_user(world, status="active", restore_tokens=True),
        has_status(UserStatus.ACTIVE),
    ),
    Operation(
        "remove",
        (*ADMIN_ON_USER, "TransactWriteItems"),
        204,
        with_token,
        lambda world: world.api.delete(f"/v1/users/{USER_ID}", world.admin),
        has_status(UserStatus.REMOVED),
    ),
    Operation(
        "revoke-all",
        (*ADMIN_ON_USER, "TransactWriteItems"),
        204,
        with_token,
        lambda world: world.api.delete(f"/v1/users/{USER_ID}/tokens", world.admin),
        generation_ended,
    ),
    Operation(
        "keep-alive",
        (*SIGN_IN, "GetItem", "UpdateItem", "TransactWriteItems"),
        200,
        with_token_a_day_old,
        lambda world: world.api.post(f"{world.path}/keep-alive", world.user),
        lambda world: world.stored_token().idle_at == world.clock.now() + timedelta(days=30),
    ),
    Operation(
        "turn-mails-off",
        (*SIGN_IN, "GetItem", "UpdateItem", "UpdateItem"),
        200,
        known_people,
        lambda world: world.api.patch("/v1/me", world.user, {"notices": False}),
        lambda world: world.api.get("/v1/me", world.user).json["notices"] is False,
        events=0,
    ),
    Operation(
        "read-a-users-token",
        (*ADMIN_ON_USER, "GetItem", "BatchGetItem"),
        200,
        with_ended_generation,
        lambda world: world.api.get(of_admin(world), world.admin),
    ),
    Operation(
        "pause-a-users-token",
        (*ADMIN_ON_USER, "GetItem", "TransactWriteItems"),
        200,
        with_token,
        lambda world: world.api.patch(of_admin(world), world.admin, {"status": "inactive"}),
        lambda world: world.stored_token().state is TokenState.INACTIVE,
    ),
    Operation(
        "resume-a-users-token",
        (*ADMIN_ON_USER, "GetItem", "UpdateItem", "TransactWriteItems"),
        200,
        with_paused_token,
        lambda world: world.api.patch(of_admin(world), world.admin, {"status": "active"}),
        lambda world: world.stored_token().state is TokenState.ACTIVE,
    ),
    Operation(
        "revoke-a-users-token",
        (*ADMIN_ON_USER, "GetItem", "TransactWriteItems"),
        204,
        with_token,
        lambda world: world.api.delete(of_admin(world), world.admin),
        lambda world: world.stored_token().state is TokenState.REVOKED,
    ),
    Operation(
        "list-all-tokens",
        # The index and the rows of two users, the tokens of each, and the end of one's generation.
        (*SIGN_IN, "Query", "BatchGetItem", "Query", "Query", "BatchGetItem"),
        200,
        with_ended_generation,
        lambda world: world.api.get("/v1/admin/tokens", world.admin),
    ),
    Operation(
        "find-a-token",
        (*SIGN_IN, "Query", "BatchGetItem", "BatchGetItem"),
        200,
        with_ended_generation,
        lambda world: world.api.get(f"/v1/admin/tokens?token_id={world.token_id}", world.admin),
    ),
    Operation(
        "summary",
        (*SIGN_IN, "Query"),
        200,
        with_ended_generation,
        lambda world: world.api.get("/v1/tokens/summary", world.user),
    ),
    Operation(
        "list-users",
        (*SIGN_IN, "Query", "BatchGetItem"),
        200,
        known_people,
        lambda world: world.api.get("/v1/users", world.admin),
    ),
    Operation(
        "summary-of-a-users-tokens",
        (*ADMIN_ON_USER, "Query"),
        200,
        with_ended_generation,
        lambda world: world.api.get(f"/v1/users/{USER_ID}/tokens/summary", world.admin),
    ),
    Operation(
        "list-a-users-tokens",
        (*ADMIN_ON_USER, "Query", "BatchGetItem"),
        200,
        with_ended_generation,
        lambda world: world.api.get(f"/v1/users/{USER_ID}/tokens", world.admin),
    ),
]

MANAGEMENT += [
    Operation(
        "oauth-exchange",
        (*SIGN_IN, *SIGN, "TransactWriteItems"),
        200,
        with_oauth_token,
        lambda world: oauth(world, "token", **SIGN_IN_TOKEN, subject_token=world.user, token_name="made"),
        is_made,
    ),
    Operation(
        "oauth-derive",
        (*DECIDE, *SIGN_FIRST),
        200,
        with_oauth_token_used_just_now,
        lambda world: oauth(world, "token", **API_TOKEN, subject_token=world.secret, audience=OTHER),
    ),
    Operation(
        "oauth-introspect",
        DECIDE,
        200,
        with_oauth_token,
        lambda world: oauth(world, "introspect", **CLIENT, token=world.secret),
    ),
    Operation(
        "oauth-revoke",
        (*DECIDE, "TransactWriteItems"),
        200,
        with_oauth_token,
        lambda world: oauth(world, "revoke", token=world.secret),
        lambda world: world.stored_token().state is TokenState.REVOKED,
    ),
    Operation(
        "oauth-keys",
        ("Query", *SIGN_FIRST[:-1], "Query"),
        200,
        with_oauth_token,
        lambda world: world.api.get("/.well-known/jwks.json"),
    ),
]

# The tokens that ended are counted after the change, and only the count may fail.
COUNTED = [
    Operation(
        "reactivate",
        (*ADMIN_ON_USER, "UpdateItem", "TransactWriteItems", "Query"),
        200,
        with_inactive_user,
        lambda world: change_user(world, status="active"),
        has_status(UserStatus.ACTIVE),
    ),
]

# Only the record of these sign-ins may fail, because nothing depends on it.
RECORDED = [
    Operation(
        "sign-in-newer",
        (*SIGN_IN, "UpdateItem"),
        200,
        known_people_a_second_ago,
        lambda world: world.api.get("/v1/me", world.user),
        lambda world: (
            [world.clock.now()] == [u.signed_in_at for u in world.stored_users() if u.id == USER_ID]
        ),
        events=0,
    ),
    Operation(
        "sign-in-new-name",
        (*SIGN_IN, "UpdateItem"),
        200,
        known_people_a_second_ago,
        lambda world: world.api.get("/v1/me", world.sign_in(USER, name="New Name")),
        lambda world: "New Name" in {user.name for user in world.stored_users()},
        events=0,
    ),
]

ALLOWED = [
    Operation("authorize", DECIDE, 200, with_token_used_just_now, authorize),
    Operation("authorize-with-touch", (*DECIDE, "UpdateItem"), 200, with_token, authorize),
]

# A refusal that the token's owner sees is recorded by one write.
RECORD = (*DECIDE, "UpdateItem")

REFUSED = [
    Operation("authorize-paused", RECORD, 401, with_paused_token, authorize),
    Operation("authorize-revoked", RECORD, 401, with_revoked_token, authorize),
    Operation("authorize-ended-generation", RECORD, 401, with_ended_generation, authorize),
    Operation("authorize-inactive-user", DECIDE, 401, with_inactive_user, authorize),
    Operation("authorize-removed-user", DECIDE, 401, with_removed_user, authorize),
    Operation("authorize-idle", RECORD, 401, with_idle_token, authorize),
]


def lasting(fault: Fault) -> Fault:
    """Return a fault that repeats cannot get over."""
    return replace(fault, lasts=True)


def cases(operations: list[Operation]) -> list[ParameterSet]:
    """Return each operation with each fault that can strike it."""
    return [
        pytest.param(operation, fault, marks=marks, id=f"{operation}-{fault}")
        for faults, marks in ((COMMON, ()), (RARE, (pytest.mark.slow,)))
        for operation in operations
        for fault in faults
        if operation.struck_at(fault)
    ]


def told_since(world: World) -> int:
    """Return the number of events since the rows were saved."""
    return len(world.events()) - world.saved_events


def struck(world: World, operation: Operation, fault: Fault) -> Iterator[tuple[int, Answer]]:
    """Yield the answer to the operation with a fault at each call in turn, on the same rows."""
    world.arrange(operation.arrange)
    for index in operation.struck_at(fault):
        world.restore()
        with world.wire.watching(fault, index) as calls:
            answer = operation.act(world)
        assert operation.calls[: index + 1] == tuple(calls[: index + 1])
        yield index, answer


@pytest.mark.parametrize("operation", MANAGEMENT + COUNTED + RECORDED + ALLOWED + REFUSED, ids=str)
def test_operation_makes_exactly_these_calls(world: World, operation: Operation) -> None:
    """A run without faults makes the calls that the faults below strike one by one."""
    operation.arrange(world)
    world.start()
    told = len(world.events())
    with world.wire.watching() as calls:
        answer = operation.act(world)
    assert (operation.status, operation.calls) == (answer.status, tuple(calls))
    assert operation.done is None or operation.done(world)
    assert len(world.events()) == told + operation.told(made=True)
    world.check_whole()


@pytest.mark.parametrize(("operation", "fault"), cases(COUNTED))
def test_fault_in_counting_does_not_hide_the_change(
    world: World, operation: Operation, fault: Fault
) -> None:
    """The change is made, so the response says so, without a number."""
    for index, answer in struck(world, operation, lasting(fault)):
        is_count = operation.calls[index] == "Query"
        made = is_count or (fault.after is not None and operation.calls[index] == "TransactWriteItems")
        assert operation.done
        assert made is operation.done(world)
        assert told_since(world) == operation.told(made=made)
        world.check_whole()
        if is_count:
            assert (answer.status, answer.json["revoked_tokens"]) == (200, None)
        else:
            assert_unavailable(answer)
        world.start()
        again = operation.act(world)
        assert (again.status, operation.done(world)) == (200, True)
        assert again.json["revoked_tokens"] == {"count": 0 if made else 1, "is_more": False}


@pytest.mark.parametrize(("operation", "fault"), cases(RECORDED))
def test_fault_in_recording_a_sign_in_changes_no_answer(
    world: World, operation: Operation, fault: Fault
) -> None:
    """The person who signed in is known without the record. The next sign-in makes it."""
    for index, answer in struck(world, operation, lasting(fault)):
        is_record = operation.calls[index] == "UpdateItem"
        assert answer.status == (200 if is_record else 503)
        assert operation.done
        assert (is_record and fault.after is not None) is operation.done(world)
        world.check_whole()
        world.start()
        assert operation.act(world).status == 200
        assert operation.done(world)


@pytest.mark.parametrize(("operation", "fault"), cases(ALLOWED))
def test_fault_in_a_decision_is_neither_allow_nor_refusal(
    world: World, operation: Operation, fault: Fault
) -> None:
    """Without its rows a token is not decided on. A use that cannot be recorded lets the caller in."""
    for index, answer in struck(world, operation, lasting(fault)):
        is_touch = operation.calls[index] == "UpdateItem"
        assert (200 if is_touch else 500) == answer.status
        assert (is_touch and fault.after is not None) is (
            world.stored_token().last_used_at is not None and operation.name == "authorize-with-touch"
        )
        world.check_whole()
        world.start()
        assert operation.act(world).status == 200


@pytest.mark.parametrize(("operation", "fault"), cases(REFUSED))
def test_fault_never_lets_a_refused_token_in(world: World, operation: Operation, fault: Fault) -> None:
    """A token that is refused with all dependencies up is not allowed with one of them down.

    The record of a refusal may fail. The token is refused all the same.
    """
    for index, answer in struck(world, operation, lasting(fault)):
        is_record = operation.calls[index] == "UpdateItem"
        assert answer.status == (401 if is_record else 500)
        assert world.stored_token().last_used_at is None
        assert (world.stored_token().refused is not None) is (is_record and fault.after is not None)
        world.check_whole()
        world.start()
        assert operation.act(world).status == 401


REUSE = Operation("authorize-rotated", (*DECIDE, "UpdateItem"), 401, with_rotated_token, authorize)


@pytest.mark.parametrize(("operation", "fault"), cases([REUSE]))
def test_fault_in_recording_reuse_changes_no_answer(
    world: World, operation: Operation, fault: Fault
) -> None:
    """The rotated token is refused whether or not anybody can be told; nothing ever lets it in."""
    for index, answer in struck(world, operation, lasting(fault)):
        is_record = operation.calls[index] == "UpdateItem"
        assert answer.status == (401 if is_record else 500)
        assert world.stored_token().reuse_count == (is_record and fault.after is not None)
        world.check_whole()
        world.start()
        assert operation.act(world).status == 401
        assert world.stored_token().reuse_count == 1


# What a reuse costs where the family is revoked.
FAMILY = (*DECIDE, "Query", "BatchGetItem", "BatchGetItem", "TransactWriteItems", "UpdateItem")


@pytest.mark.parametrize("index", range(len(FAMILY)))
@pytest.mark.parametrize("fault", [wire.THROTTLED, wire.READ_TIMEOUT, wire.RESPONSE_LOST], ids=str)
def test_fault_in_revoking_a_family_never_allows(world: World, index: int, fault: Fault) -> None:
    """The refusal stands; what was not revoked is once the next interval has begun."""
    world.configure(ROTATED_TOKEN_REUSE="revoke_family")
    with_rotated_token(world)
    world.start()
    with world.wire.watching(lasting(fault), index) as calls:
        assert authorize(world).status == (500 if index < len(DECIDE) else 401)
    assert tuple(calls[: index + 1]) == FAMILY[: index + 1]
    world.check_whole()
    world.advance(minutes=5)
    assert authorize(world).status == 401
    (successor,) = [t for t in world.stored_tokens() if t.id != world.token_id]
    assert successor.state is TokenState.REVOKED
    world.check_whole()


PASSING = [
    wire.THROTTLED,
    wire.THROTTLING,
    wire.KMS_THROTTLING,
    wire.THROTTLED_TRANSACTION,
    wire.NOTHING_PROCESSED,
]


@pytest.mark.slow
@pytest.mark.parametrize("fault", PASSING, ids=str)
@pytest.mark.parametrize("operation", MANAGEMENT + COUNTED + RECORDED + ALLOWED + REFUSED, ids=str)
def test_single_throttle_is_not_noticed(world: World, operation: Operation, fault: Fault) -> None:
    """The call is made once more, within 200 milliseconds, and the operation goes on."""
    assert_passes(world, operation, fault)


@pytest.mark.parametrize("fault", [wire.THROTTLED, wire.THROTTLED_TRANSACTION], ids=str)
@pytest.mark.parametrize("name", ["create", "authorize", "report", "deactivate"])
def test_single_throttle_is_not_noticed_where_it_matters_most(
    world: World, name: str, fault: Fault
) -> None:
    """A decision, a creation and two revocations."""
    (operation,) = (each for each in MANAGEMENT + ALLOWED if each.name == name)
    assert_passes(world, operation, fault)


def assert_passes(world: World, operation: Operation, fault: Fault) -> None:
    """Fail if the operation notices the fault at any of its calls."""
    world.arrange(operation.arrange)
    for index in operation.struck_at(fault):
        world.restore()
        world.pauses.clear()
        with world.wire.watching(fault, index) as calls:
            answer = operation.act(world)
        assert answer.status == operation.status
        assert operation.done is None or operation.done(world)
        assert told_since(world) == operation.told(made=True)
        is_touch = operation.name.startswith("authorize") and operation.calls[index] == "UpdateItem"
        expected = list(operation.calls)
        expected[index:index] = [] if is_touch else [operation.calls[index]]
        assert calls == expected
        assert len(world.pauses) == (0 if is_touch else 1)
        world.check_whole()


@pytest.mark.slow
@pytest.mark.parametrize(
    "operation", [o for o in MANAGEMENT + COUNTED if o.struck_at(wire.RESPONSE_LOST)], ids=str
)
def test_lost_response_of_a_safe_call_is_not_noticed(world: World, operation: Operation) -> None:
    """Reads, signatures, transactions, and writes that know themselves again by their condition.

    A change that may have been counted is counted twice. The day then allows one less.
    """
    world.arrange(operation.arrange)
    for index in operation.struck_at(wire.RESPONSE_LOST):
        world.restore()
        with world.wire.watching(wire.RESPONSE_LOST, index):
            answer = operation.act(world)
        assert answer.status in {operation.status, operation.again}
        assert told_since(world) == operation.told(made=True)
        world.check_whole()


@pytest.mark.slow
@pytest.mark.parametrize(
    "operation", [o for o in MANAGEMENT + COUNTED if o.struck_at(wire.CONFLICT_ONCE)], ids=str
)
def test_one_conflict_with_another_transaction_is_not_noticed(world: World, operation: Operation) -> None:
    """A write that met another transaction is made again by itself."""
    for _, answer in struck(world, operation, wire.CONFLICT_ONCE):
        assert operation.status == answer.status
        assert operation.done is None or operation.done(world)
        assert told_since(world) == operation.told(made=True)
        world.check_whole()


def test_first_sight_that_meets_a_transaction_is_not_noticed(world: World) -> None:
    """A record is made for a new user even while another transaction holds its row."""
    with world.wire.watching(wire.CONFLICT_ONCE, 1) as calls:
        assert world.api.get("/v1/me", world.sign_in(NEWCOMER)).status == 200
    assert calls == ["BatchGetItem", "TransactWriteItems", "TransactWriteItems"]


def test_touch_that_meets_a_transaction_still_allows(world: World) -> None:
    """Another transaction holds the row. The next call records the use."""
    with_token(world)
    world.start()
    with world.wire.watching(wire.CONFLICT_ONCE, 2):
        assert authorize(world).status == 200
    assert world.stored_token().last_used_at is None
    assert authorize(world).status == 200
    assert world.stored_token().last_used_at is not None


@pytest.mark.parametrize("fault", [wire.THROTTLED, wire.READ_TIMEOUT, wire.HTTP_500], ids=str)
def test_warm_keys_outlive_an_outage_of_the_key_table(world: World, fault: Fault) -> None:
    """Known keys verify until they are old. After that a key may have been revoked."""
    with_token_used_just_now(world)
    world.clock.advance(MAX_AGE * 4 / 5)
    with world.wire.watching(lasting(fault), 0) as calls:
        assert authorize(world).status == 500
    assert calls == ["BatchGetItem"] * 3
    world.clock.advance(MAX_AGE * 2 / 5)
    with world.wire.watching(lasting(fault), 0) as calls:
        assert authorize(world).status == 500
    assert calls == ["Query"] * 3
    assert authorize(world).status == 200


@pytest.mark.parametrize("operation", ["load", "publish"])
@pytest.mark.parametrize("fault", [wire.THROTTLING, wire.READ_TIMEOUT, wire.HTTP_500, wire.DENIED], ids=str)
def test_keys_that_cannot_be_read_or_published_are_unavailable(
    world: World, fault: Fault, operation: str
) -> None:
    """The port's own promise: nothing of AWS comes through it."""
    stores = dynamodb_stores(world.cloud)
    keys = world.start().signing_key
    with world.wire.watching(lasting(fault), 0 if operation == "load" else 2):
        if operation == "load":
            with pytest.raises(DependencyUnavailable):
                stores.keys.load_keys()
        else:
            with pytest.raises(DependencyUnavailable):
                keys.active()


def test_deployed_clients_try_a_lost_connection_once_more(world: World) -> None:
    """One hiccup of the network is healed within the call; a second one is the caller's to hear of."""
    with_token(world)
    attempts: list[str] = []

    def fail_the_first(request: object, event_name: str, **_: object) -> None:
        attempts.append(event_name)
        if len(attempts) == 1:
            raise EndpointConnectionError(endpoint_url="https://aws.invalid")

    once = dynamodb_client()
    client = repeating(once, RETRIES)
    once.meta.events.register_first("before-send.dynamodb", fail_the_first)
    answer = client.get_item(TableName=world.cloud.table, Key={"pk": {"S": "x"}, "sk": {"S": "y"}})
    assert "Item" not in answer
    assert len(attempts) == 2


def test_deployed_clients_fail_fast(world: World) -> None:
    """The SDK repeats nothing, because it waits for up to a second before that."""
    configs: list[Any] = [client.meta.config for client in (dynamodb_client(), kms_client())]
    assert [config.retries["total_max_attempts"] for config in configs] == [1, 1]
    assert all(config.connect_timeout <= 1 and config.read_timeout <= 2 for config in configs)


def assert_unavailable(answer: Answer) -> None:
    """Fail unless the answer is the documented problem document, or OAuth's error in its place."""
    assert answer.status == 503, answer.text
    headers = {name.lower(): value for name, value in answer.headers.items()}
    by_oauth = headers["content-type"] == "application/json"
    assert by_oauth or headers["content-type"] == "application/problem+json"
    assert not by_oauth or answer.json["error"] == "temporarily_unavailable"
    assert int(headers["retry-after"]) > 0
    assert answer.code == "unavailable"
