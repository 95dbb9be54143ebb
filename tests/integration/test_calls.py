"""The number of calls to AWS for each operation: as many as promised, and none if none is needed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import base64url
from chalicelib.adapters import jws
from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.events import EVENT
from chalicelib.adapters.key_cache import COOL_DOWN, MAX_AGE
from chalicelib.domain.events import EventType
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.domain.tokens import TokenState
from chalicelib.domain.users import User
from chalicelib.services.manage import TokenPatch
from chalicelib.services.sign_in import Credentials
from tests.integration.wire import KMS, STORE
from tests.integration.world import USER_ID, World
from tests.support.actors import ADMINISTRATOR, CALLER, JOURNAL, PERSON
from tests.support.api import Answer
from tests.support.builders import a_token, a_user
from tests.support.dynamodb import dynamodb_stores
from tests.support.keys import LocalSigningKey


@pytest.fixture
def warm(world: World) -> World:
    """Return a world whose authorizer has keys, and whose token was used just now."""
    world.create_token(name="ci")
    assert use(world).status == 200
    return world


def use(world: World, secret: str | None = None) -> Answer:
    """Call the protected API."""
    return world.api.get("/api/whoami", secret or world.secret)


def calls_of(world: World, act: Callable[..., object], *arguments: object) -> list[str]:
    """Return the operations that ``act`` calls."""
    with world.wire.watching() as calls:
        act(*arguments)
    return calls


def forged(world: World, kid: str) -> str:
    """Return a token like ours, signed by another key under ``kid``."""
    segments = world.secret.removeprefix("bodhi_").split(".")
    header = jws.encode_json({"alg": "ES256", "kid": kid, "typ": "api-token+jwt"})
    message = f"{header}.{segments[1]}"
    return f"bodhi_{message}.{base64url.encode(LocalSigningKey().sign(message.encode()))}"


def kid_of(world: World) -> str:
    """Return the ``kid`` of our key."""
    kid: str = jws.decode_json(world.secret.removeprefix("bodhi_").split(".")[0])["kid"]
    return kid


# The ends whose refusals the token's owner sees.
RECORDED = frozenset({"pause", "revoke", "revoke-all", "idle"})


class TestAuthorizing:
    """One read, and at most one write per interval."""

    def test_decision_is_one_strongly_consistent_read_of_both_rows(self, warm: World) -> None:
        """Token and owner come in one BatchGetItem; nothing else is called inside the interval."""
        asked: list[dict[str, Any]] = []

        def note(params: dict[str, Any], **_: object) -> None:
            asked.append(params)

        event, events = "provide-client-params.dynamodb.BatchGetItem", warm.cloud.dynamodb.meta.events
        events.register(event, note)
        assert calls_of(warm, use, warm) == ["BatchGetItem"]
        events.unregister(event, note)
        (request,) = asked
        (wanted,) = request["RequestItems"].values()
        assert wanted["ConsistentRead"] is True
        assert [{"S": f"T#{warm.token_id}"}, {"S": "#"}] == [key["sk"] for key in wanted["Keys"]]

    def test_first_decision_of_a_process_loads_the_keys_once(self, warm: World) -> None:
        """A cold start costs one Query more."""
        warm.start()
        assert calls_of(warm, use, warm) == ["Query", "BatchGetItem"]
        assert calls_of(warm, use, warm) == ["BatchGetItem"]

    def test_use_is_written_at_most_once_per_interval(self, warm: World) -> None:
        """Just inside the interval nothing is written; at its end one update, then none again."""
        warm.start()
        use(warm)
        warm.advance(seconds=299)
        assert calls_of(warm, use, warm) == ["Query", "BatchGetItem"]
        warm.advance(seconds=1)
        warm.start()
        assert calls_of(warm, use, warm) == ["Query", "BatchGetItem", "UpdateItem"]
        assert calls_of(warm, use, warm) == ["BatchGetItem"]

    def test_two_processes_share_the_interval(self, warm: World) -> None:
        """A use that one process recorded is not recorded again by another one."""
        warm.advance(minutes=10)
        assert calls_of(warm, use, warm).count("UpdateItem") == 1
        warm.start()
        assert "UpdateItem" not in calls_of(warm, use, warm)

    def test_keys_are_loaded_again_when_they_are_old(self, warm: World) -> None:
        """A key that an operator revoked stops verifying without a deployment."""
        warm.clock.advance(MAX_AGE)
        assert calls_of(warm, use, warm) == ["Query", "BatchGetItem"]
        assert calls_of(warm, use, warm) == ["BatchGetItem"]


class TestRefusing:
    """Decisions without a call, and calls that are not recorded as a use."""

    def test_forged_token_with_a_known_key_costs_nothing(self, warm: World) -> None:
        """The signature decides before anything is read."""
        secret = forged(warm, kid_of(warm))
        assert calls_of(warm, self.assert_refused, warm, secret) == []

    def test_unknown_key_costs_nothing_within_the_cool_down(self, warm: World) -> None:
        """A flood of invented keys makes one reload per cool-down, whichever they invent."""
        assert calls_of(warm, self.assert_refused, warm, forged(warm, "no-such-key")) == []
        warm.clock.advance(COOL_DOWN)
        assert calls_of(warm, self.assert_refused, warm, forged(warm, "kid-1")) == ["Query"]
        for n in range(5):
            secret = forged(warm, f"kid-{n}")
            assert calls_of(warm, self.assert_refused, warm, secret) == []

    @pytest.mark.parametrize(
        "garbage",
        [
            "bodhi_",
            "bodhi_x",
            "bodhi_a.b.c",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "bodhi_" + "a" * 5000,
            "x" * 100_000,
            "bodhi_e30.e30." + "A" * 86,
        ],
    )
    def test_garbage_costs_nothing(self, world: World, garbage: str) -> None:
        """Not even the keys are loaded for what cannot be a token."""
        assert calls_of(world, self.assert_refused, world, garbage) == []

    @pytest.mark.parametrize(
        "end", ["pause", "revoke", "deactivate", "remove", "revoke-all", "idle", "expire", "delete"]
    )
    def test_refused_use_is_never_recorded(self, world: World, end: str) -> None:
        """A refusal is one read, however long ago the last use was. What a use changes stays as it was."""
        world.create_token(name="ci", expires_in_days=20)
        if end == "idle":
            world.create_token(name="ci")
        ENDS[end](world)
        before = world.rows()
        calls = calls_of(world, self.assert_refused, world, world.secret)
        # An expired token says so itself: that costs the keys, not its row.
        expected = ["Query"] if end == "expire" else ["Query", "BatchGetItem"]
        if end in RECORDED:
            expected.append("UpdateItem")
        assert expected == calls
        after = world.cloud.rows()
        counted = [row for row in after if row.pop("refused", None)]
        assert (len(counted), before) == (1 if end in RECORDED else 0, after)

    @pytest.mark.parametrize("end", sorted(RECORDED))
    def test_refused_uses_are_written_once_per_interval(self, world: World, end: str) -> None:
        """A flood of a token that is refused costs one read each, and one write per interval."""
        world.create_token(name="ci")
        ENDS[end](world)
        self.assert_refused(world, world.secret)
        world.advance(seconds=298)
        assert calls_of(world, self.assert_refused, world, world.secret) == ["Query", "BatchGetItem"]
        world.advance(seconds=2)
        calls = calls_of(world, self.assert_refused, world, world.secret)
        assert calls == ["BatchGetItem", "UpdateItem"]
        assert calls_of(world, self.assert_refused, world, world.secret) == ["BatchGetItem"]

    @staticmethod
    def assert_refused(world: World, secret: str) -> None:
        """Fail unless the token is refused."""
        assert use(world, secret).status == 401


def _user_by_admin(world: World, method: str, suffix: str = "", body: object = None) -> None:
    answer = world.api.call(method, f"/v1/users/{USER_ID}{suffix}", world.admin, body)
    assert answer.status in (200, 204)


def _forget(world: World) -> None:
    key = {"pk": {"S": f"U#{USER_ID}"}, "sk": {"S": f"T#{world.token_id}"}}
    world.cloud.dynamodb.delete_item(TableName=world.cloud.table, Key=key)
    world.save()


class TestRotated:
    """The calls for rotated tokens."""

    @staticmethod
    def rotate(world: World, **members: object) -> str:
        """Rotate the token and return its successor's string."""
        answer = world.api.post(f"{world.path}/rotate", world.user, members)
        assert answer.status == 201
        secret: str = answer.json["token"]
        return secret

    def test_overlap_costs_what_any_decision_costs(self, warm: World) -> None:
        """One read, and one write per interval, for both tokens of the family."""
        successor = self.rotate(warm, overlap_seconds=3600)
        assert calls_of(warm, use, warm) == ["BatchGetItem"]
        assert calls_of(warm, use, warm, successor) == ["BatchGetItem", "UpdateItem"]
        warm.advance(minutes=10)
        assert calls_of(warm, use, warm) == ["Query", "BatchGetItem", "UpdateItem"]
        assert calls_of(warm, use, warm) == ["BatchGetItem"]

    def test_reuse_is_written_once_per_interval(self, warm: World) -> None:
        """A flood of a rotated token costs one read each, and one write per interval."""
        self.rotate(warm)
        assert calls_of(warm, TestRefusing.assert_refused, warm, warm.secret) == [
            "BatchGetItem",
            "UpdateItem",
        ]
        for _ in range(5):
            calls = calls_of(warm, TestRefusing.assert_refused, warm, warm.secret)
            assert calls == ["BatchGetItem"]

    def test_family_is_looked_for_once_per_interval(self, world: World) -> None:
        """One query, and two reads and one write for each line of the family that lives."""
        world.configure(ROTATED_TOKEN_REUSE="revoke_family")
        world.create_token()
        self.rotate(world)
        first = calls_of(world, TestRefusing.assert_refused, world, world.secret)
        family = ["Query", "BatchGetItem", "BatchGetItem", "TransactWriteItems"]
        assert first[-6:] == ["BatchGetItem", *family, "UpdateItem"]
        assert calls_of(world, TestRefusing.assert_refused, world, world.secret) == ["BatchGetItem"]


class TestReporting:
    """The calls that strangers can cause by reporting strings."""

    @staticmethod
    def report(world: World, *strings: str) -> None:
        """Report strings."""
        assert world.api.post("/v1/exposed", body={"tokens": list(strings)}).status == 202

    def test_forged_strings_with_a_known_key_cost_nothing(self, warm: World) -> None:
        """A hundred of them: no call at all."""
        strings = [forged(warm, kid_of(warm)) for _ in range(100)]
        assert calls_of(warm, self.report, warm, *strings) == []

    def test_garbage_costs_nothing(self, world: World) -> None:
        """Not even the keys are loaded."""
        strings = [f"bodhi_{n}" for n in range(50)] + ["x" * 4096, "", "\u2603"]
        assert calls_of(world, self.report, world, *strings) == []

    def test_unknown_keys_cost_one_look_at_the_keys(self, warm: World) -> None:
        """However many are invented in one report."""
        warm.clock.advance(COOL_DOWN)
        strings = [forged(warm, f"kid-{n}") for n in range(100)]
        assert calls_of(warm, self.report, warm, *strings) == ["Query"]

    def test_genuine_token_costs_one_read_and_one_write_however_often_it_is_sent(self, warm: World) -> None:
        """A revoked one costs the read alone."""
        strings = [warm.secret] * 100
        assert calls_of(warm, self.report, warm, *strings) == ["BatchGetItem", "TransactWriteItems"]
        assert calls_of(warm, self.report, warm, *strings) == ["BatchGetItem"]


ENDS: dict[str, Callable[[World], object]] = {
    "pause": lambda world: world.api.patch(world.path, world.user, {"status": "inactive"}),
    "revoke": lambda world: world.api.delete(world.path, world.user),
    "deactivate": lambda world: _user_by_admin(world, "PATCH", body={"status": "inactive"}),
    "remove": lambda world: _user_by_admin(world, "DELETE"),
    "revoke-all": lambda world: _user_by_admin(world, "DELETE", "/tokens"),
    "idle": lambda world: world.advance(days=30),
    "expire": lambda world: world.advance(days=20),
    "delete": _forget,
}


class TestSigning:
    """KMS is asked to sign once per token that is made, and for nothing else."""

    def test_authorizer_never_calls_kms(self, warm: World) -> None:
        """Neither cold nor warm, neither allowing nor refusing."""

        def decide() -> None:
            warm.start()
            use(warm)
            use(warm, forged(warm, kid_of(warm)))
            use(warm, "bodhi_x")
            warm.advance(days=31)
            use(warm)

        calls = calls_of(warm, decide)
        assert set(calls) & STORE
        assert not set(calls) & KMS

    def test_first_token_of_all_publishes_the_key(self, world: World) -> None:
        """The public half is read and published once for all processes, before it signs anything.

        The second query makes sure that the key does not sign access tokens.
        """
        publishing = ["Query", "GetPublicKey", "Query", "TransactWriteItems"]
        first = calls_of(world, world.create_token)
        assert ["BatchGetItem", "TransactWriteItems", *publishing, "Sign", "TransactWriteItems"] == first
        for _ in range(2):
            later = calls_of(world, world.create_token)
            assert later == ["BatchGetItem", "Query", "Sign", "TransactWriteItems"]
            world.start()

    def test_replay_signs_nothing(self, world: World) -> None:
        """A key used before is refused by a read."""
        headers = {"Idempotency-Key": "key-1"}
        body = {"name": "once"}
        assert world.api.post("/v1/tokens", world.user, body, headers=headers).status == 201
        for sent, status in ((body, 409), ({"name": "other"}, 422)):
            with world.wire.watching() as calls:
                answer = world.api.post("/v1/tokens", world.user, sent, headers=headers)
            assert status == answer.status
            assert calls == ["BatchGetItem", "GetItem"]

    def test_owner_over_quota_costs_no_signature(self, world: World) -> None:
        """Nothing is signed for who has no room."""
        world.configure(MAX_TOKENS_PER_USER="2")
        world.create_token()
        world.create_token()
        with world.wire.watching() as calls:
            assert world.api.post("/v1/tokens", world.user).status == 409
        assert calls == ["BatchGetItem", "GetItem", "Query", "UpdateItem"]
        for _ in range(3):
            with world.wire.watching() as calls:
                assert world.api.post("/v1/tokens", world.user).status == 409
            assert calls == ["BatchGetItem"]

    def test_dead_rows_cost_an_owner_at_the_quota_nothing(self, world: World) -> None:
        """DynamoDB leaves them out: 2,500 of them cost two calls once, and then none."""
        world.configure(MAX_TOKENS_PER_USER="2")
        world.create_token()
        world.create_token()
        owner = world.start().sign_in.user(Credentials(CALLER, unverified_bearer=world.user))
        ended = Revocation(RevocationReason.OWNER, world.clock.now())
        dead = a_token(owner, state=TokenState.REVOKED, revocation=ended)
        ids = (new_token_id(world.clock.now()) for _ in range(2_500))
        TestListing.fill(world, [items.TOKEN.item(replace(dead, id=each)) for each in ids])

        first, second = (calls_of(world, self.assert_full, world) for _ in range(2))

        assert first[:2] + first[-1:] == ["BatchGetItem", "GetItem", "UpdateItem"]
        assert 1 <= first.count("Query") == len(first) - 3 <= 2
        assert second == ["BatchGetItem"]

    @staticmethod
    def assert_full(world: World) -> None:
        """Fail unless a creation is refused for the quota."""
        assert world.api.post("/v1/tokens", world.user).code == "token_limit_reached"

    def test_day_without_creations_left_costs_the_sign_in_alone(self, world: World) -> None:
        """Neither creation nor rotation is signed, recounted or tried."""
        world.configure(MAX_CREATIONS_PER_DAY="2", MAX_TOKENS_PER_USER="2")
        world.create_token()
        world.create_token()
        for path, looks in (("/v1/tokens", []), (f"{world.path}/rotate", ["GetItem"])):
            with world.wire.watching() as calls:
                assert world.api.post(path, world.user).status == 429
            assert calls == ["BatchGetItem", *looks]

    @pytest.mark.parametrize("body", [{"name": "x" * 101}, {"scopes": ["no:such"]}, {"other": 1}])
    def test_bad_request_costs_no_more_than_the_sign_in(
        self, world: World, body: dict[str, object]
    ) -> None:
        """An invalid request is refused when only the caller has been looked up."""
        world.create_token()
        with world.wire.watching() as calls:
            assert world.api.post("/v1/tokens", world.user, body).status == 400
        assert calls == ["BatchGetItem"]

    def test_stranger_costs_nothing(self, world: World) -> None:
        """A caller who is not signed in is not looked up."""

        def knock() -> None:
            for credential in (None, world.user + "x", "bodhi_x", "x.y.z"):
                answer = world.api.call("GET", "/v1/tokens", credential)
                assert answer.status in (401, 403)

        assert calls_of(world, knock) == []


class TestListing:
    """A page costs a bounded number of calls, at the smallest limit and at the largest."""

    @pytest.mark.parametrize("limit", [1, 100])
    @pytest.mark.parametrize("asked", ["", "q=zzz", "q=person299", "status=removed"])
    def test_page_of_users_costs_two_calls_per_hundred_that_are_read(
        self, world: World, limit: int, asked: str
    ) -> None:
        """The first read is as large as the page, the next ones are whole: 300 users are four reads."""
        self.fill(world, [items.USER.item(a_user(f"person{n}@example.com")) for n in range(300)])
        sign_in = ["BatchGetItem"]
        world.api.get("/v1/me", world.admin)

        calls = calls_of(world, self.read, world, world.admin, f"/v1/users?{asked}&limit={limit}")

        page = ["Query", "BatchGetItem"]
        assert calls == sign_in + page * (calls.count("Query"))
        assert calls.count("Query") <= (1 if not asked else 5)

    @pytest.mark.parametrize("limit", [1, 100])
    @pytest.mark.parametrize("asked", ["", "q=zzz", "status=expired", "sort=name", "sort=created_at"])
    @pytest.mark.parametrize("by", ["owner", "admin"])
    def test_page_of_tokens_costs_few_calls(self, world: World, limit: int, asked: str, by: str) -> None:
        """The owner and an administrator pay the same, but for the look at the user.

        A filtered page in the order of creation reads at most 100 rows by one call, because it may not
        read too many units. An order that needs all rows reads 200.
        """
        owner = world.start().sign_in.user(Credentials(CALLER, unverified_bearer=world.user))
        self.fill(world, [items.TOKEN.item(a_token(owner)) for _ in range(300)])
        world.api.get("/v1/me", world.admin)
        path = "/v1/tokens" if by == "owner" else f"/v1/users/{USER_ID}/tokens"
        caller = world.user if by == "owner" else world.admin

        calls = calls_of(world, self.read, world, caller, f"{path}?{asked}&limit={limit}")

        look = ["BatchGetItem"] if by == "owner" else ["BatchGetItem", "GetItem"]
        pages = {"": 1, "sort=created_at": 1, "sort=name": 2}.get(asked, 5)
        assert calls == look + ["Query"] * pages

    @pytest.mark.parametrize(("count", "most"), [(1, 1), (300, 1), (2_600, 6)])
    @pytest.mark.parametrize("by", ["owner", "admin"])
    def test_summary_costs_one_call_per_thousand_rows(
        self, world: World, count: int, most: int, by: str
    ) -> None:
        """DynamoDB ends a call at 1 MB, so a thousand rows may take two."""
        owner = world.start().sign_in.user(Credentials(CALLER, unverified_bearer=world.user))
        self.fill(world, [items.TOKEN.item(a_token(owner)) for _ in range(count)])
        world.api.get("/v1/me", world.admin)
        path = "/v1/tokens/summary" if by == "owner" else f"/v1/users/{USER_ID}/tokens/summary"
        caller = world.user if by == "owner" else world.admin

        calls = calls_of(world, self.read, world, caller, path)

        look = ["BatchGetItem"] if by == "owner" else ["BatchGetItem", "GetItem"]
        assert calls[: len(look)] == look
        assert set(calls[len(look) :]) == {"Query"}
        assert len(calls) - len(look) <= most

    @pytest.mark.parametrize("count", [1, 150])
    def test_count_after_a_reactivation_costs_one_call(self, world: World, count: int) -> None:
        """The change itself costs what it did."""
        service = world.start()
        owner = service.sign_in.user(Credentials(CALLER, unverified_bearer=world.user))
        give_tokens(world, owner, count)
        path = f"/v1/users/{USER_ID}"
        world.api.patch(path, world.admin, {"status": "inactive"})

        with world.wire.watching() as calls:
            answer = world.api.patch(path, world.admin, {"status": "active"})

        assert calls == ["BatchGetItem", "GetItem", "UpdateItem", "TransactWriteItems", "Query"]
        assert answer.json["revoked_tokens"] == {"count": count, "is_more": False}

    def test_usage_in_a_list_costs_no_call_more(self, world: World) -> None:
        """The rows of the page have the numbers."""
        owner = world.start().sign_in.user(Credentials(CALLER, unverified_bearer=world.user))
        self.fill(world, [items.TOKEN.item(a_token(owner)) for _ in range(100)])
        path = "/v1/tokens?limit=100&include=usage"
        assert calls_of(world, self.read, world, world.user, path) == ["BatchGetItem", "Query"]

    @staticmethod
    def read(world: World, caller: str, path: str) -> None:
        """Read a page."""
        assert world.api.get(path, caller).status == 200

    @staticmethod
    def fill(world: World, rows: list[Item]) -> None:
        """Write rows as they are."""
        for start in range(0, len(rows), 25):
            batch: Any = [{"PutRequest": {"Item": row}} for row in rows[start : start + 25]]
            world.cloud.dynamodb.batch_write_item(RequestItems={world.cloud.table: batch})


@pytest.mark.parametrize("count", [1, 150])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("deactivate", ["GetItem", "TransactWriteItems"]),
        ("reactivate", ["GetItem", "UpdateItem", "TransactWriteItems"]),
        ("restore", ["GetItem", "UpdateItem", "TransactWriteItems"]),
        ("remove", ["GetItem", "TransactWriteItems"]),
        ("revoke-all", ["GetItem", "TransactWriteItems"]),
    ],
)
def test_change_of_a_user_costs_the_same_for_one_token_and_for_many(
    world: World, count: int, change: str, expected: list[str]
) -> None:
    """However many tokens end or come back: one read, one write; a re-activation is counted as well."""
    service = world.start()
    administer = service.administer
    admin, owner = (
        service.sign_in.user(Credentials(CALLER, unverified_bearer=world.admin)),
        service.sign_in.user(Credentials(CALLER, unverified_bearer=world.user)),
    )
    give_tokens(world, owner, count)
    if change in ("reactivate", "restore"):
        administer.deactivate(admin, owner.id, ADMINISTRATOR)
    changes: dict[str, Callable[[], object]] = {
        "deactivate": lambda: administer.deactivate(admin, owner.id, ADMINISTRATOR),
        "reactivate": lambda: administer.reactivate(admin, owner.id, ADMINISTRATOR, restore_tokens=False),
        "restore": lambda: administer.reactivate(admin, owner.id, ADMINISTRATOR, restore_tokens=True),
        "remove": lambda: administer.remove(admin, owner.id, ADMINISTRATOR),
        "revoke-all": lambda: administer.revoke_all_tokens(admin, owner.id, ADMINISTRATOR),
    }
    assert expected == calls_of(world, changes[change])
    kept = change in ("deactivate", "restore")
    after = world.stored_user()
    assert after is not None
    assert (count if kept else 0) == after.live_tokens
    world.check_whole()


def give_tokens(world: World, owner: User, count: int) -> None:
    """Write the rows of many tokens and their events at once."""
    tokens = [a_token(owner) for _ in range(count)]
    created = EventType.TOKEN_CREATED
    events = [JOURNAL.about_token(created, None, each, PERSON, world.clock.now()) for each in tokens]
    items_of_all = [*map(items.TOKEN.item, tokens), *map(EVENT.item, events)]
    rows = [{"PutRequest": {"Item": item}} for item in items_of_all]
    for start in range(0, len(rows), 25):
        batch: Any = {world.cloud.table: rows[start : start + 25]}
        world.cloud.dynamodb.batch_write_item(RequestItems=batch)
    dynamodb_stores(world.cloud).users.correct_live_tokens(owner, count)


def test_change_that_changes_nothing_writes_nothing(world: World) -> None:
    """The same name, a pause of a paused token, a second revocation: each one read."""
    world.create_token(name="ci")
    service = world.start()
    owner = service.sign_in.user(Credentials(CALLER, unverified_bearer=world.user))
    pause = TokenPatch(status=TokenState.INACTIVE)
    for patch in (TokenPatch(name="ci"), TokenPatch(status=TokenState.ACTIVE), TokenPatch()):
        calls = calls_of(world, service.manage.patch, owner, world.token_id, patch, PERSON)
        assert calls == ["GetItem"]
    service.manage.patch(owner, world.token_id, pause, PERSON)
    assert calls_of(world, service.manage.patch, owner, world.token_id, pause, PERSON) == ["GetItem"]
    service.revoke(owner, world.token_id, RevocationReason.OWNER, PERSON)
    again = calls_of(world, service.revoke, owner, world.token_id, RevocationReason.ADMIN, PERSON)
    assert again == ["GetItem"]
