"""The operator's command: what it does to ring and KMS, what it says, and how it goes on after a stop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.event_store import DynamoDBEventStore
from chalicelib.adapters.dynamodb.key_store import DynamoDBKeyStore
from chalicelib.domain.errors import KeyChangeRefused, SigningUnavailable, StoreUnavailable
from chalicelib.domain.events import OF_KEYS, SYSTEM, Actor, ActorKind, Event, EventType
from chalicelib.domain.keys import KeyRing, KeyState, KeyUse
from infra.__main__ import main
from infra.aws.errors import OperatorError
from infra.aws.operate.key_rollover import Operator
from infra.aws.operate.signing_keys import LEAD_SECONDS
from tests.infra.test_stack_settings import run_local
from tests.support.actors import JOURNAL, an_event
from tests.support.clock import FixedClock
from tests.support.dynamodb import Cloud, CloudService, moto_cloud
from tests.support.keys import LocalSigningKey, publish
from tests.support.local_stack import free_ports

LEAD = timedelta(minutes=10)
ANN = Actor(ActorKind.OPERATOR, "arn:aws:sts::111122223333:assumed-role/Operators/ann")


class Desk:
    """An operator before a ring on moto, whose waiting moves the clock."""

    def __init__(self, cloud: Cloud, use: KeyUse = KeyUse.API_TOKEN) -> None:
        self.cloud = cloud
        self.clock = FixedClock()
        self.service = CloudService(cloud, self.clock)
        self.said: list[str] = []
        self.waited = timedelta(0)
        self.interrupted = False
        self.keys = DynamoDBKeyStore(cloud.dynamodb, cloud.table, use)
        self.operator = self.operator_of(self.keys, use)

    def operator_of(self, keys: DynamoDBKeyStore, use: KeyUse = KeyUse.API_TOKEN) -> Operator:
        """Return an operator of another store over the same table."""
        return Operator(
            use,
            keys,
            self.cloud.kms,
            self.clock,
            JOURNAL,
            lambda: ANN,
            self.said.append,
            self._pause,
        )

    def history(self) -> list[Event]:
        """Return the events of all keys, the oldest first."""
        store = DynamoDBEventStore(self.cloud.dynamodb, self.cloud.table)
        return [*reversed(store.list_events(OF_KEYS, after=None, limit=100).events)]

    def _pause(self, seconds: float) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.waited += timedelta(seconds=seconds)
        self.clock.advance(timedelta(seconds=seconds))

    @property
    def states(self) -> list[str]:
        """The states of all keys, in alphabetical order."""
        return sorted(key.state.value for key in self.keys.load_keys().keys)

    @property
    def output(self) -> str:
        """Everything said so far."""
        return "\n".join(self.said)

    def key_count(self) -> int:
        """Return how many keys KMS has."""
        return len(self.cloud.kms.list_keys()["Keys"])

    def active_kid(self) -> str:
        """Return the kid that signs."""
        return self.service.signing_key.active().kid


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Return an empty table and keys, on moto."""
    with moto_cloud() as cloud:
        yield cloud


@pytest.fixture
def desk(cloud: Cloud) -> Desk:
    """Return an operator before a ring whose first key has signed."""
    desk = Desk(cloud)
    assert desk.active_kid()
    return desk


class TestHistory:
    """Each step of an operator is one event, whose actor is the operator."""

    def test_rollover_and_revocation_are_told(self, desk: Desk) -> None:
        """The service publishes the first key itself. The former key's end as a signer has no event."""
        first = desk.active_kid()
        # Events of one millisecond have no order of their own.
        desk.clock.advance(timedelta(seconds=1))
        desk.operator.roll_over("", LEAD)
        second = desk.active_kid()
        desk.clock.advance(timedelta(seconds=1))
        desk.operator.revoke(first, confirmed=True)
        told = [
            (
                e.type,
                Actor(e.actor_kind, e.actor_id),
                *(e.changes[m].after for m in ("kid", "use", "state")),
            )
            for e in desk.history()
        ]
        use = KeyUse.API_TOKEN.value
        assert told == [
            (EventType.KEY_PUBLISHED, SYSTEM, first, use, "active"),
            (EventType.KEY_PUBLISHED, ANN, second, use, "next"),
            (EventType.KEY_ACTIVATED, ANN, second, use, "active"),
            (EventType.KEY_REVOKED, ANN, first, use, "revoked"),
        ]
        assert desk.history()[-1].changes["state"].before == "verify-only"

    def test_what_changes_nothing_is_not_told(self, desk: Desk) -> None:
        """A look at the keys, a revocation that is not confirmed, and one that is refused."""
        told = desk.history()
        desk.operator.list()
        kid = desk.active_kid()
        with pytest.raises(OperatorError):
            desk.operator.revoke(kid, confirmed=False)
        with pytest.raises(KeyChangeRefused):
            desk.operator.revoke("unknown", confirmed=True)
        assert desk.history() == told


class TestRollOver:
    """Publish a key, wait, and sign with it."""

    def test_new_key_signs_after_the_lead(self, desk: Desk) -> None:
        """The former one verifies on, and the service follows without a new process."""
        before = desk.active_kid()
        desk.operator.roll_over("", LEAD)
        assert (desk.states, desk.waited) == (["active", "verify-only"], LEAD)
        assert desk.active_kid() != before
        assert f"{desk.active_kid()} signs from now on." in desk.said
        assert desk.keys.load_keys().find(before).state is KeyState.VERIFY_ONLY

    def test_new_key_is_protected_like_the_one_before(self, desk: Desk) -> None:
        """Key policy, tags and description; what CloudFormation alone may give is left out."""
        kms, (old,) = desk.cloud.kms, desk.keys.load_keys().keys
        statement = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Sid": "Mine"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        kms.put_key_policy(KeyId=old.arn, PolicyName="default", Policy=policy)
        tags = [{"TagKey": "team", "TagValue": "x"}, {"TagKey": "aws:cloudformation:x", "TagValue": "y"}]
        kms.tag_resource(KeyId=old.arn, Tags=tags)  # type: ignore[arg-type]
        kms.update_key_description(KeyId=old.arn, Description="Signs.")
        desk.operator.roll_over("", LEAD)
        new = desk.keys.load_keys().active
        assert new
        described = kms.describe_key(KeyId=new.arn)["KeyMetadata"]
        assert (described["KeySpec"], described["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
        assert described["Description"] == "Signs."
        assert kms.get_key_policy(KeyId=new.arn, PolicyName="default")["Policy"] == policy
        assert kms.list_resource_tags(KeyId=new.arn)["Tags"] == tags[:1]

    def test_stop_while_waiting_is_safe(self, desk: Desk) -> None:
        """The second run finds the key, makes no other one, and waits for the rest only."""
        desk.interrupted = True
        with pytest.raises(KeyboardInterrupt):
            desk.operator.roll_over("", LEAD)
        assert desk.states == ["active", "next"]
        made = desk.key_count()
        desk.interrupted = False
        desk.clock.advance(timedelta(minutes=4))
        desk.operator.roll_over("", LEAD)
        assert (desk.states, desk.waited) == (["active", "verify-only"], timedelta(minutes=6))
        assert desk.key_count() == made

    def test_key_published_long_ago_signs_at_once(self, desk: Desk) -> None:
        """There is nothing left to wait for."""
        desk.interrupted = True
        with pytest.raises(KeyboardInterrupt):
            desk.operator.roll_over("", LEAD)
        desk.clock.advance(LEAD)
        desk.operator.roll_over("", LEAD)
        assert desk.states == ["active", "verify-only"]

    def test_emergency_does_not_wait(self, desk: Desk) -> None:
        """Without a lead nothing is waited for."""
        desk.interrupted = True
        desk.operator.roll_over("", timedelta(0))
        assert desk.states == ["active", "verify-only"]

    def test_ring_that_never_signed_has_nothing_to_roll_over(self, cloud: Cloud) -> None:
        """No key is made for it."""
        desk = Desk(cloud)
        made = desk.key_count()
        with pytest.raises(OperatorError, match="The ring is empty"):
            desk.operator.roll_over(cloud.key_id, LEAD)
        assert (desk.key_count(), desk.keys.load_keys()) == (made, KeyRing())

    def test_ring_without_an_active_key_needs_a_model(self, desk: Desk) -> None:
        """After an emergency the configured key says what the new one is to be like; it may be an alias."""
        desk.operator.revoke(desk.active_kid(), confirmed=True)
        with pytest.raises(SigningUnavailable):
            desk.active_kid()
        with pytest.raises(OperatorError, match="--key-id"):
            desk.operator.roll_over("", LEAD)
        desk.operator.roll_over(desk.cloud.key_id, LEAD)
        assert desk.states == ["active", "revoked"]
        assert desk.active_kid()

    def test_second_operator_at_the_same_moment_goes_on_with_the_first_ones_key(self, desk: Desk) -> None:
        """The key made in vain is named, and only one becomes next."""
        other = LocalSigningKey().public

        def publish_other(store: DynamoDBKeyStore) -> None:
            ring = store.load_keys()
            store.save_keys(ring, ring.published(other), an_event(OF_KEYS))

        keys = _meanwhile(desk, publish_other)
        desk.operator_of(keys).roll_over("", LEAD)
        assert desk.active_kid() == other.kid
        assert desk.states == ["active", "verify-only"]
        assert "was made and is not used" in desk.output

    def test_key_that_cannot_be_published_is_named(self, desk: Desk) -> None:
        """The operator can find it in KMS."""

        def fail(store: DynamoDBKeyStore) -> None:
            raise StoreUnavailable

        with pytest.raises(StoreUnavailable):
            desk.operator_of(_meanwhile(desk, fail)).roll_over("", LEAD)
        assert "It is not used unless `list` shows it" in desk.output
        assert desk.states == ["active"]

    def test_next_key_that_was_revoked_meanwhile_does_not_sign(self, desk: Desk) -> None:
        """What counts is the ring at the end of the waiting."""
        operator = Operator(
            KeyUse.API_TOKEN,
            desk.keys,
            desk.cloud.kms,
            desk.clock,
            JOURNAL,
            say=desk.said.append,
            pause=lambda seconds: _revoke_next(desk, seconds),
        )
        with pytest.raises(KeyChangeRefused, match="revoked, not next"):
            operator.roll_over("", LEAD)
        assert desk.states == ["active", "revoked"]

    def test_keys_of_the_other_use_roll_over_apart(self, desk: Desk) -> None:
        """A rollover of one ring leaves the other ring as it is."""
        other = Desk(desk.cloud, KeyUse.ACCESS_TOKEN)
        other.service.access_token_key.active()
        other.operator.roll_over("", LEAD)
        assert (desk.states, other.states) == (["active"], ["active", "verify-only"])


class TestRevoke:
    """Final, so said before it is done."""

    def test_nothing_is_changed_without_confirmation(self, desk: Desk) -> None:
        """But what would happen is said."""
        with pytest.raises(OperatorError, match="--yes"):
            desk.operator.revoke(desk.active_kid(), confirmed=False)
        assert desk.states == ["active"]
        assert "refused within 60 s" in desk.output

    def test_retired_key_is_revoked(self, desk: Desk) -> None:
        """The active one signs on; how to disable the key in KMS is said."""
        former = desk.active_kid()
        desk.operator.roll_over("", LEAD)
        desk.operator.revoke(former, confirmed=True)
        assert desk.states == ["active", "revoked"]
        arn = desk.keys.load_keys().find(former).arn
        assert f"  aws kms disable-key --key-id {arn}" in desk.said
        assert "no token can be made" not in desk.output

    def test_flushing_waits_for_the_authorizers(self, desk: Desk) -> None:
        """Before a minute is over a flush would only let them be asked anew, and accept."""
        desk.operator.revoke(desk.active_kid(), confirmed=True)
        *_, when, rest, http = desk.said
        due = desk.clock.now() + timedelta(seconds=60)
        assert when.startswith(f"From {due:%Y-%m-%d %H:%M:%S} UTC on")
        assert rest.startswith("  aws apigateway flush-stage-authorizers-cache ")
        assert http.startswith("  aws apigatewayv2 reset-authorizers-cache ")

    def test_revoking_the_active_key_warns(self, desk: Desk) -> None:
        """Allowed in an emergency, but nobody should be surprised."""
        desk.operator.revoke(desk.active_kid(), confirmed=True)
        assert desk.states == ["revoked"]
        assert "no token can be made until `roll-over`" in desk.output

    def test_access_tokens_are_refused_by_those_who_read_the_jwks(self, desk: Desk) -> None:
        """Our authorizer's 60 s are no promise for other services."""
        other = Desk(desk.cloud, KeyUse.ACCESS_TOKEN)
        publish(other.keys, LocalSigningKey().public)
        other.operator.revoke(other.keys.load_keys().keys[0].kid, confirmed=True)
        assert "JWKS" in other.output
        assert "60 s" not in other.output
        assert "aws apigateway" not in other.output


class TestList:
    """What there is."""

    def test_every_key_is_a_line(self, desk: Desk) -> None:
        """kid, state, time of publication and ARN, the oldest first."""
        first = desk.active_kid()
        desk.clock.advance(timedelta(hours=1))
        desk.operator.roll_over("", LEAD)
        desk.said.clear()
        desk.operator.list()
        header, *lines = (line.split() for line in desk.said)
        ring = desk.keys.load_keys()
        assert ring.active
        assert header == ["KID", "STATE", "PUBLISHED", "(UTC)", "ARN"]
        assert lines == [
            [first, "verify-only", "2026-01-15", "12:00:00", ring.find(first).arn],
            [ring.active.kid, "active", "2026-01-15", "13:00:00", ring.active.arn],
        ]

    def test_empty_ring_is_no_failure(self, cloud: Cloud) -> None:
        """It says when there will be a key."""
        desk = Desk(cloud)
        desk.operator.list()
        assert desk.said == ["No key is published yet. The first token publishes the configured key."]


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs the command in an environment without the service's settings."""
    for name in ("TABLE_NAME", "SIGNING_KEY_ID", "DERIVED_TOKEN_KEY_ID"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, **environ: str) -> tuple[int, str, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        status = main(["signing-keys", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


class TestCommand:
    """The command line: settings from the environment, one line for every failure."""

    def test_rollover_by_the_command(self, desk: Desk, run: Run) -> None:
        """Table and ring come from the environment and the options."""
        former = desk.active_kid()
        status, said, _ = run("roll-over", "--lead-seconds", "0", TABLE_NAME=desk.cloud.table)
        assert (status, "signs from now on" in said) == (0, True)
        assert desk.active_kid() != former
        status, said, _ = run("revoke", former, "--yes")
        assert (status, desk.states) == (0, ["active", "revoked"])
        status, said, _ = run("list", "--table", desk.cloud.table)
        assert (status, said.count("\n")) == (0, 3)
        status, said, _ = run("list", "--use", "access-token")
        assert (status, said.startswith("No key is published yet")) == (0, True)

    def test_model_comes_from_the_setting_of_the_use(self, desk: Desk, run: Run) -> None:
        """SIGNING_KEY_ID is for the one ring, DERIVED_TOKEN_KEY_ID for the other."""
        desk.operator.revoke(desk.active_kid(), confirmed=True)
        arguments = ("roll-over", "--lead-seconds", "0", "--table", desk.cloud.table)
        status, _, error = run(*arguments, DERIVED_TOKEN_KEY_ID=desk.cloud.access_token_key_id)
        assert (status, "--key-id" in error) == (1, True)
        assert run(*arguments, SIGNING_KEY_ID=desk.cloud.key_id)[0] == 0

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["list", "--table", ""], "Name the service's table: --table, or TABLE_NAME"),
            (["list", "--table", "no-such-table"], "Table no-such-table does not exist in this account"),
            (
                ["roll-over", "--table", "no-such-table"],
                "Table no-such-table does not exist in this account",
            ),
            (["revoke", "no-such-kid", "--yes"], "No key has the kid no-such-kid."),
            (["revoke", "-" + "a" * 42], f"No key has the kid -{'a' * 42}."),
            (["revoke", "--yes", "--" + "a" * 41], f"No key has the kid --{'a' * 41}."),
            (
                ["revoke", ""],
                "The kid of the key is missing. `list` shows it. Name it, for example KID=...",
            ),
            (["roll-over"], "The ring is empty"),
        ],
    )
    def test_failure_is_one_line(self, cloud: Cloud, run: Run, arguments: list[str], reason: str) -> None:
        """Exit status 1, the reason on standard error, no traceback."""
        status, _, error = run(*arguments, TABLE_NAME=cloud.table)
        assert (status, error.count("\n")) == (1, 1)
        assert error.startswith(reason)

    def test_region_is_found_where_other_tools_find_it(
        self, desk: Desk, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """AWS_REGION alone is enough, as for `make deploy`."""
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        assert run("list", TABLE_NAME=desk.cloud.table, AWS_REGION="us-east-1")[0] == 0

    def test_revoking_twice_is_one_line(self, desk: Desk, run: Run) -> None:
        """Revocation is final, and the second one says so."""
        kid = desk.active_kid()
        assert run("revoke", kid, "--yes", TABLE_NAME=desk.cloud.table)[0] == 0
        assert run("revoke", kid, "--yes") == (
            1,
            "",
            f"The key {kid} is revoked already, which is final.\n",
        )

    def test_missing_permission_is_named(self, run: Run) -> None:
        """With what AWS says about who lacks which."""
        with denying() as url:
            status, _, error = run("list", "--table", "bodhi", AWS_ENDPOINT_URL=url)
        assert (status, error) == (1, "Query failed, AccessDeniedException: You may not Query this.\n")

    def test_aws_out_of_reach_is_one_line(self, run: Run) -> None:
        """The address that was tried is in it."""
        url = f"http://127.0.0.1:{free_ports(1)[0]}"
        status, _, error = run("list", "--table", "bodhi", AWS_ENDPOINT_URL=url, AWS_MAX_ATTEMPTS="1")
        assert (status, error.count("\n"), url in error) == (1, 1, True)

    def test_stop_is_no_traceback(self, desk: Desk, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ctrl-C ends the waiting with the status that shells expect."""

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Operator, "_wait", interrupt)
        assert run("roll-over", TABLE_NAME=desk.cloud.table)[0] == 130
        assert desk.states == ["active", "next"]

    def test_lead_covers_every_reader(self) -> None:
        """Authorizers, then readers of the JWKS, which may keep it for five minutes."""
        assert LEAD_SECONDS >= 60 + 300

    @pytest.mark.parametrize("seconds", ["-1", "soon", "1.5", "9999999"])
    def test_senseless_lead_is_refused(self, run: Run, seconds: str) -> None:
        """Before anything is looked at."""
        with pytest.raises(SystemExit):
            run("roll-over", f"--lead-seconds={seconds}", TABLE_NAME="bodhi")


def test_without_a_local_stack_make_says_so() -> None:
    """One line, exit status 1, and how to start it."""
    (port,) = free_ports(1)
    status, output = run_local("signing-keys", {"AWS_PORT": str(port)}, "list")
    assert (status, output.count("\n")) == (1, 1)
    assert f"No local stack responds on port {port}" in output


def _meanwhile(desk: Desk, happening: Callable[[DynamoDBKeyStore], None]) -> DynamoDBKeyStore:
    """Return a store in which something happens just before the first change."""

    class Busy(DynamoDBKeyStore):
        due = True

        def save_keys(self, before: KeyRing, after: KeyRing, event: Event) -> None:
            if self.due:
                self.due = False
                happening(desk.keys)
            super().save_keys(before, after, event)

    return Busy(desk.cloud.dynamodb, desk.cloud.table, KeyUse.API_TOKEN)


def _revoke_next(desk: Desk, seconds: float) -> None:
    desk.clock.advance(timedelta(seconds=seconds))
    ring = desk.keys.load_keys()
    if ring.next:
        after = ring.revoked(ring.next.kid, desk.clock.now())
        desk.keys.save_keys(ring, after, an_event(OF_KEYS))


@contextmanager
def denying() -> Iterator[str]:
    """Yield where an AWS answers that permits nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            call = self.headers["X-Amz-Target"].partition(".")[2]
            kind = "com.amazonaws#AccessDeniedException"
            body = json.dumps({"__type": kind, "message": f"You may not {call} this."}).encode()
            self.send_response(400)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
