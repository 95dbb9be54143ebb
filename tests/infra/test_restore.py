"""Rows come back from a restored table; what was revoked since does not come back to life."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.dynamodb import attributes, items, primary_keys
from chalicelib.adapters.dynamodb.events import EVENT
from chalicelib.domain.events import EventType
from chalicelib.domain.identities import SubjectIdentifier
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.keys import KeyUse
from chalicelib.services.identities import MoveUsers
from infra.__main__ import main
from infra.aws.errors import OperatorError
from infra.aws.operate import restore_segments
from infra.aws.operate.restore_progress import Progress
from infra.aws.operate.restore_rows import Outcome, Page, Restore
from infra.aws.operate.restore_segments import run_segments, wait_until_active
from tests.integration.wire import answer
from tests.support.actors import JOURNAL, OPERATOR
from tests.support.api import Api, api_of
from tests.support.builders import ISSUER, RULES
from tests.support.clock import FixedClock
from tests.support.dynamodb import Cloud, CloudService, dynamodb_stores, moto_cloud, new_table
from tests.support.provider import TestProvider


class Disaster:
    """A service, a backup of its table taken at some moment, and what is left of the table."""

    def __init__(self, cloud: Cloud, api: Api, clock: FixedClock) -> None:
        self.cloud = cloud
        self.api = api
        self.clock = clock
        self.backup = new_table(cloud.dynamodb)
        self.person = TestProvider(clock).sign_in("user@example.com")
        self.administrator = TestProvider(clock).sign_in("admin@example.com")

    def back_up(self) -> None:
        """Copy every row, as point-in-time recovery does."""
        for row in self.cloud.rows():
            self.cloud.dynamodb.put_item(TableName=self.backup, Item=row)

    def lose(self, *prefixes: str) -> None:
        """Delete the rows whose partition begins with one of these."""
        for row in self.cloud.rows():
            if row["pk"]["S"].startswith(prefixes):
                key = {"pk": row["pk"], "sk": row["sk"]}
                self.cloud.dynamodb.delete_item(TableName=self.cloud.table, Key=key)

    def lose_row(self, partition: str, sort_key: str) -> None:
        """Delete one row."""
        key = {"pk": attributes.text(partition), "sk": attributes.text(sort_key)}
        self.cloud.dynamodb.delete_item(TableName=self.cloud.table, Key=key)

    def restore(self, *, write: bool = True) -> Outcome:
        """Bring back what is missing."""
        tables = (self.backup, self.cloud.table)
        restore = Restore(self.cloud.dynamodb, *tables, timedelta(days=90), self.clock, JOURNAL, OPERATOR)
        return restore.run(write=write)

    def events(self) -> list[Any]:
        """Return the rows of all events."""
        return [row for row in self.cloud.rows() if row["pk"]["S"].startswith(primary_keys.EVENTS)]

    def token_rows(self) -> list[Any]:
        """Return the rows of all tokens."""
        return [row for row in self.cloud.rows() if row["sk"]["S"].startswith(primary_keys.TOKENS)]

    def may_call(self, token: str) -> bool:
        """Return whether the protected API lets a token in."""
        self.api_again()
        status = self.api.get("/api/whoami", token).status
        assert status in (200, 401)
        return status == 200

    def api_again(self) -> None:
        """Let a process without any memory answer from now on."""
        bootstrap.install(CloudService(self.cloud, self.clock))

    def listed(self) -> dict[str, str]:
        """Return how the page lists the person's tokens: status by name."""
        tokens = self.api.get("/v1/tokens", self.person).json["tokens"]
        return {token["name"]: token["status"] for token in tokens}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder, because a restore keeps its progress in the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def disaster() -> Iterator[Disaster]:
    """Return a service that nothing has happened to."""
    clock = FixedClock()
    with moto_cloud() as cloud, api_of(CloudService(cloud, clock)) as api:
        yield Disaster(cloud, api, clock)


def test_token_revoked_after_the_backup_stays_dead(disaster: Disaster) -> None:
    """The backup says that it is active; its row in the service's table wins."""
    token = disaster.api.create_token(disaster.person, name="ci")
    disaster.back_up()
    assert disaster.api.delete(f"/v1/tokens/{token['id']}", disaster.person).status == 204
    assert disaster.restore().brought == {}
    assert not disaster.may_call(token["token"])


def test_lost_tokens_come_back_revoked(disaster: Disaster) -> None:
    """Nobody can tell which of them were revoked meanwhile; their owner sees what there was."""
    token = disaster.api.create_token(disaster.person, name="ci")
    disaster.back_up()
    disaster.lose("U#", "KEYS")
    outcome = disaster.restore()
    assert outcome.brought == {"users": 1, "tokens": 1, "signing keys": 2}
    assert not disaster.may_call(token["token"])
    assert disaster.listed() == {"ci": "revoked"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("DELETE", "/tokens", None), ("PATCH", "", {"status": "inactive"}), ("DELETE", "", None)],
    ids=["all tokens revoked", "deactivated", "removed"],
)
def test_lost_user_brings_no_token_back(disaster: Disaster, method: str, path: str, body: Any) -> None:
    """All are ended in the user's row alone; their own rows, which are not lost, still say active."""
    api, token = disaster.api, disaster.api.create_token(disaster.person, name="ci")
    user = api.get("/v1/me", disaster.person).json["id"]
    disaster.back_up()
    answer = api.call(method, f"/v1/users/{user}{path}", disaster.administrator, body)
    assert answer.status in (200, 204)
    disaster.lose_row(f"U#{user}", "#")
    assert disaster.restore().brought == {"users": 1}
    assert not disaster.may_call(token["token"])
    assert disaster.listed() == {"ci": "revoked"}


def test_lost_user_brings_no_session_back(disaster: Disaster) -> None:
    """A session is ended by the user's row too."""
    disaster.api.create_token(disaster.person)
    disaster.back_up()
    disaster.lose("U#")
    disaster.clock.advance(timedelta(hours=1))
    disaster.restore()
    (user,) = (row for row in disaster.cloud.rows() if "role" in row)
    assert items.USER.read(user).sessions_ended_at == disaster.clock.now()


def test_another_region_begins_rings_of_its_own(disaster: Disaster) -> None:
    """The keys of the backup are in KMS where it was taken; here nobody could sign with them."""
    disaster.api.create_token(disaster.person, name="before")
    disaster.back_up()
    disaster.lose("U#", "KEYS")
    command = ["--from", disaster.backup, "--to", disaster.cloud.table, "--without-keys", "--yes"]
    assert main(["restore", *command]) == 0
    assert [row for row in disaster.cloud.rows() if row["pk"]["S"] == "KEYS"] == []
    disaster.api_again()
    assert disaster.may_call(disaster.api.create_token(disaster.person, name="after")["token"])


def test_region_is_found_where_other_tools_find_it(
    disaster: Disaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_REGION alone is enough, as for `make deploy`."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert main(["restore", "--from", disaster.backup, "--to", disaster.cloud.table]) == 0


def test_use_that_began_before_the_loss_is_not_recorded(disaster: Disaster) -> None:
    """The row that came back is another version than the one that was read."""
    disaster.api.create_token(disaster.person, name="ci")
    (row,) = disaster.token_rows()
    disaster.back_up()
    disaster.lose("U#")
    disaster.restore()
    before, store = items.TOKEN.read(row), dynamodb_stores(disaster.cloud).authorization
    assert not store.touch(before, before.touched(disaster.clock.now(), RULES))


def test_new_tokens_work_after_a_restore(disaster: Disaster) -> None:
    """People, their quota and the keys are whole again."""
    disaster.api.create_token(disaster.person, name="before")
    disaster.back_up()
    disaster.lose("U#", "KEYS", "S#")
    disaster.restore()
    disaster.api_again()
    assert disaster.may_call(disaster.api.create_token(disaster.person, name="after")["token"])
    assert disaster.listed() == {"before": "revoked", "after": "active"}


def test_rows_that_are_there_are_not_touched(disaster: Disaster) -> None:
    """Whatever was written since the backup stays."""
    kept = disaster.api.create_token(disaster.person, name="ci")
    disaster.back_up()
    present = len(disaster.cloud.rows())
    disaster.api.patch(f"/v1/tokens/{kept['id']}", disaster.person, {"name": "renamed"})
    before = disaster.cloud.rows()
    outcome = disaster.restore()
    assert (disaster.cloud.rows(), outcome.present) == (before, present)
    assert disaster.may_call(kept["token"])


def test_tokens_revoked_before_keep_their_reason(disaster: Disaster) -> None:
    """What the backup knows to be over is not over for another reason now."""
    token = disaster.api.create_token(disaster.person, name="ci")
    disaster.api.delete(f"/v1/tokens/{token['id']}", disaster.person)
    disaster.back_up()
    rows = disaster.token_rows()
    disaster.lose("U#")
    disaster.clock.advance(timedelta(hours=1))
    disaster.restore()
    assert disaster.token_rows() == rows


def test_what_lets_people_in_does_not_come_back(disaster: Disaster) -> None:
    """A session that was ended after the backup would be open again."""
    for partition in ("S#1", "L#1", "A#1", "FLUSHES", "SWEEP", "J#1"):
        row = {"pk": attributes.text(partition), "sk": attributes.text("#")}
        disaster.cloud.dynamodb.put_item(TableName=disaster.backup, Item=row)
    assert disaster.restore().left == 6
    assert disaster.cloud.rows() == []


def test_ring_that_went_on_is_not_mixed_with_its_past(disaster: Disaster) -> None:
    """A key that was published and removed since must not come back beside others."""
    disaster.api.create_token(disaster.person)
    disaster.back_up()
    disaster.lose("KEYS")
    head = primary_keys.key_ring_key(KeyUse.API_TOKEN) | {"active": attributes.text("another")}
    disaster.cloud.dynamodb.put_item(TableName=disaster.cloud.table, Item=head)
    assert "signing keys" not in disaster.restore().brought


def test_restore_goes_on_where_it_stopped(disaster: Disaster) -> None:
    """A ring of which only the head came back is completed by the next run."""
    disaster.api.create_token(disaster.person)
    disaster.back_up()
    rows = [row for row in disaster.cloud.rows() if row["pk"]["S"] == "KEYS"]
    disaster.lose("KEYS")
    disaster.cloud.dynamodb.put_item(TableName=disaster.cloud.table, Item=rows[0])
    assert disaster.restore().brought == {"signing keys": 1}
    assert [row for row in disaster.cloud.rows() if row["pk"]["S"] == "KEYS"] == rows


def test_nothing_is_written_without_yes(disaster: Disaster, capsys: pytest.CaptureFixture[str]) -> None:
    """The command counts first; what it counted is what it then does."""
    disaster.api.create_token(disaster.person)
    disaster.back_up()
    disaster.lose("U#", "KEYS")
    left = disaster.cloud.rows()
    command = ["--from", disaster.backup, "--to", disaster.cloud.table]
    assert main(["restore", *command]) == 0
    assert capsys.readouterr().out.startswith("To restore: 2 signing keys, 1 tokens, 1 users.")
    assert disaster.cloud.rows() == left
    assert main(["restore", *command, "--yes"]) == 0
    assert capsys.readouterr().out.startswith("Restored: 2 signing keys, 1 tokens, 1 users.")


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("one", "one", "--from and --to name the same table."),
        ("missing", "also-missing", "ResourceNotFoundException"),
    ],
)
def test_reasons_are_one_line(
    disaster: Disaster, source: str, target: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An operator under stress reads no traceback."""
    assert main(["restore", "--from", source, "--to", target, "--yes"]) == 1
    told = capsys.readouterr().err
    assert reason in told
    assert told.count("\n") == 1


class TestEvents:
    """Events come back as they are, and the restore's own changes are told."""

    def test_lost_events_come_back_as_they_were(self, disaster: Disaster) -> None:
        """Those of people, of tokens and of signing keys."""
        disaster.api.create_token(disaster.person, name="ci")
        disaster.back_up()
        before = disaster.events()
        disaster.lose("E#")
        assert disaster.restore(write=False).brought == {"events": len(before)}
        assert disaster.restore().brought == {"events": len(before)}
        assert disaster.events() == before
        assert {row["pk"]["S"] for row in before} == {f"E#{self.USER_ID}", "E#KEYS"}

    def test_events_since_the_backup_stay(self, disaster: Disaster) -> None:
        """They tell of changes that the rows of the backup do not have."""
        token = disaster.api.create_token(disaster.person, name="ci")
        disaster.back_up()
        disaster.api.patch(f"/v1/tokens/{token['id']}", disaster.person, {"name": "renamed"})
        before = disaster.events()
        disaster.lose("U#")
        disaster.restore()
        assert [row for row in disaster.events() if row in before] == before

    @pytest.mark.parametrize("write", [False, True])
    def test_altered_event_is_named_and_not_overwritten(
        self, disaster: Disaster, capsys: pytest.CaptureFixture[str], *, write: bool
    ) -> None:
        """IAM cannot forbid a PutItem over an event, so the backup is the proof of it."""
        disaster.api.create_token(disaster.person, name="ci")
        disaster.back_up()
        altered = disaster.events()[0] | {"actor_id": attributes.text("usr_another")}
        disaster.cloud.dynamodb.put_item(TableName=disaster.cloud.table, Item=altered)
        command = ["restore", "--from", disaster.backup, "--to", disaster.cloud.table]
        assert main([*command, *(["--yes"] if write else [])]) == 0
        named = f"{altered['pk']['S']} {altered['sk']['S']}"
        assert f"The service changes none:\n{named}\n" in capsys.readouterr().out
        assert altered in disaster.events()

    def test_revoked_tokens_and_renewed_users_have_an_event_each(self, disaster: Disaster) -> None:
        """The owner sees that an operator ended the tokens, and when. A second run tells nothing more."""
        ended = disaster.api.create_token(disaster.person, name="ended")
        live = disaster.api.create_token(disaster.person, name="live")
        disaster.api.delete(f"/v1/tokens/{ended['id']}", disaster.person)
        disaster.back_up()
        known = disaster.events()
        disaster.lose("U#")
        disaster.clock.advance(timedelta(hours=1))
        assert disaster.restore().brought == {"users": 1, "tokens": 2}
        assert disaster.restore().brought == {}
        told = [EVENT.read(row) for row in disaster.events() if row not in known]
        assert {(e.type, e.user_id, e.token_id, e.actor_kind, e.at) for e in told} == {
            (kind, self.USER_ID, token_id, OPERATOR.kind, disaster.clock.now())
            for kind, token_id in (
                (EventType.USER_TOKENS_REVOKED, None),
                (EventType.TOKEN_REVOKED, live["id"]),
            )
        }
        assert len(told) == 2

    def test_command_names_the_operator(self, disaster: Disaster) -> None:
        """By the caller's ARN, as all commands do. A count changes nothing."""
        disaster.api.create_token(disaster.person, name="ci")
        disaster.back_up()
        known = disaster.events()
        disaster.lose("U#")
        command = ["restore", "--from", disaster.backup, "--to", disaster.cloud.table]
        assert main(command) == 0
        assert disaster.events() == known
        assert main([*command, "--yes", "--audit-retention-days", "10"]) == 0
        told = [EVENT.read(row) for row in disaster.events() if row not in known]
        assert {e.actor_id for e in told} == {"arn:aws:sts::123456789012:user/moto"}
        assert {e.purge_at - e.at.replace(microsecond=0) for e in told} == {timedelta(days=10)}

    def test_transaction_that_a_throttle_cancelled_is_made_again(self, disaster: Disaster) -> None:
        """The SDK does not repeat it. A new table takes few writes at first."""
        disaster.api.create_token(disaster.person, name="ci")
        disaster.back_up()
        disaster.lose("U#")
        client, pauses = disaster.cloud.dynamodb, list[float]()
        tables = (disaster.backup, disaster.cloud.table, timedelta(days=90), disaster.clock)
        restore = Restore(client, *tables, JOURNAL, OPERATOR, pause=pauses.append)
        asked: list[str] = []

        def refuse_twice(model: Any, **_: Any) -> Any:
            asked.append(model.name)
            codes = ["None", "ThrottlingError"]
            body = {"CancellationReasons": [{"Code": code} for code in codes]}
            error = {"__type": "com.amazonaws#TransactionCanceledException"} | body
            return answer(model, 400, error) if len(asked) <= 2 else None

        name = "before-call.dynamodb.TransactWriteItems"
        client.meta.events.register_first(name, refuse_twice)
        assert restore.run(write=True).brought == {"users": 1, "tokens": 1}
        client.meta.events.unregister(name, refuse_twice)
        assert (len(asked), pauses) == (4, [0.1, 0.2])

    USER_ID = user_id_for(ISSUER, "user@example.com")


def test_line_comes_back_and_stays_at_its_end(disaster: Disaster) -> None:
    """The row of a line has nothing to revoke. Its tokens cannot rotate any more."""
    token = disaster.api.create_token(disaster.person, name="ci")
    assert (
        disaster.api.post("/v1/tokens/self/rotate", token["token"], {"overlap_seconds": 60}).status == 201
    )
    disaster.back_up()
    lines = [row for row in disaster.cloud.rows() if row["sk"]["S"].startswith(primary_keys.LINES)]
    disaster.lose("U#")
    assert disaster.restore().brought == {"users": 1, "tokens": 2, "records": 1}
    assert [r for r in disaster.cloud.rows() if r["sk"]["S"].startswith(primary_keys.LINES)] == lines
    assert disaster.api.post("/v1/tokens/self/rotate", token["token"]).status == 401


def test_restored_rows_are_in_the_index(disaster: Disaster) -> None:
    """A restored token is found by its id, also if the backup is of 0.1."""
    token = disaster.api.create_token(disaster.person, name="ci")
    disaster.back_up()
    for row in disaster.token_rows():
        old = {name: value for name, value in row.items() if name not in ("by_pk", "by_sk")}
        disaster.cloud.dynamodb.put_item(TableName=disaster.backup, Item=old)
    disaster.lose("U#")
    disaster.restore()
    owner = dynamodb_stores(disaster.cloud).token_index.find_owner_of(token["id"])
    assert owner == user_id_for(ISSUER, "user@example.com")


class TestMovedUser:
    """A user who was moved to another identity, and the row that leads there."""

    NEW = SubjectIdentifier(ISSUER, "new@example.com")

    def move(self, disaster: Disaster, to: SubjectIdentifier) -> str:
        """Move the person, and return the id of the user."""
        user_id = user_id_for(ISSUER, "user@example.com")
        store = dynamodb_stores(disaster.cloud).users
        MoveUsers(store, disaster.clock, JOURNAL).move(user_id, to, OPERATOR)
        return user_id

    def found(self, disaster: Disaster, who: SubjectIdentifier) -> str | None:
        """Return the id of the user that an identity leads to."""
        user = dynamodb_stores(disaster.cloud).users.find_signed_in(who.user_id)
        return user.id if user else None

    @pytest.mark.parametrize("lost", [("U#", "I#"), ("I#",), ("U#",)], ids=["both", "identity", "user"])
    def test_identity_comes_back_with_the_user(self, disaster: Disaster, lost: tuple[str, ...]) -> None:
        """Otherwise the next sign-in would add a second user, without the tokens."""
        disaster.api.create_token(disaster.person)
        user_id = self.move(disaster, self.NEW)
        disaster.back_up()
        disaster.lose(*lost)
        assert disaster.restore(write=False).brought["identities"] == ("I#" in lost)
        assert disaster.restore().brought["identities"] == ("I#" in lost)
        assert self.found(disaster, self.NEW) == user_id
        assert disaster.restore().brought == {}

    def test_identity_of_before_another_move_stays_behind(self, disaster: Disaster) -> None:
        """Its row may be free by now, for another person. If the row is there still, it stays."""
        disaster.api.create_token(disaster.person)
        self.move(disaster, self.NEW)
        disaster.back_up()
        user_id = self.move(disaster, newest := SubjectIdentifier(ISSUER, "newest@example.com"))
        assert disaster.restore().brought == {}
        assert self.found(disaster, self.NEW) == user_id
        former = primary_keys.identity_key(self.NEW.user_id)
        disaster.cloud.dynamodb.delete_item(TableName=disaster.cloud.table, Key=former)
        assert disaster.restore().brought == {}
        assert self.found(disaster, self.NEW) is None
        assert self.found(disaster, newest) == user_id

    def test_identity_without_a_user_stays_behind(self, disaster: Disaster) -> None:
        """A row that leads nowhere would answer every sign-in with an error."""
        disaster.api.create_token(disaster.person)
        user_id = self.move(disaster, self.NEW)
        disaster.back_up()
        disaster.lose("I#")
        for table in (disaster.backup, disaster.cloud.table):
            disaster.cloud.dynamodb.delete_item(TableName=table, Key=primary_keys.user_key(user_id))
        disaster.restore()
        assert [row for row in disaster.cloud.rows() if row["pk"]["S"].startswith("I#")] == []

    def test_user_of_before_the_move_can_be_moved_again(self, disaster: Disaster) -> None:
        """The backup does not know of the move, and the row that leads to the user is still there."""
        disaster.api.create_token(disaster.person)
        disaster.back_up()
        user_id = self.move(disaster, self.NEW)
        disaster.lose("U#")
        disaster.restore()
        self.move(disaster, self.NEW)
        assert self.found(disaster, self.NEW) == user_id


class Table:
    """A DynamoDB client whose table has one status after the other; the last one stays."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)

    def describe_table(self, TableName: str) -> Any:  # noqa: N803
        """Return the next status."""
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"Table": {"TableStatus": status, "TableArn": f"arn:{TableName}", "TableId": "1"}}


class TestWaiting:
    """A large table is restored for hours, and the CLI's waiter gives up after 500 seconds."""

    def test_table_is_waited_for_by_its_status(self) -> None:
        """For as long as it takes, and said once."""
        said: list[str] = []
        pauses: list[float] = []
        client: Any = Table(*["CREATING"] * 500, "ACTIVE")
        found = wait_until_active(client, "t", said.append, pauses.append)
        assert (found, len(pauses)) == ({"arn": "arn:t", "id": "1"}, 500)
        assert said == ["Table t is CREATING. Waiting until it is ACTIVE."]

    @pytest.mark.parametrize(
        "status", ["DELETING", "ARCHIVING", "ARCHIVED", "INACCESSIBLE_ENCRYPTION_CREDENTIALS", "NEW"]
    )
    def test_table_that_never_becomes_active_is_refused(self, status: str) -> None:
        """Waiting would not end."""
        client: Any = Table("CREATING", status)
        with pytest.raises(OperatorError, match=f"Table t is {status}"):
            wait_until_active(client, "t", lambda _: None, lambda _: None)


class TestSegments:
    """Many segments at once, with their progress in a file."""

    TOKENS = 20

    @pytest.fixture(autouse=True)
    def small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let each segment have several pages."""
        monkeypatch.setattr("infra.aws.operate.restore_rows._PAGE_ROWS", 3)

    @pytest.fixture(autouse=True)
    def one_write_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the writes take turns: for a transaction, moto copies the tables."""
        lock, put = threading.Lock(), Restore._put

        def locked(restore: Restore, *asked: Any) -> Any:
            with lock:
                return put(restore, *asked)

        monkeypatch.setattr(Restore, "_put", locked)

    @pytest.fixture
    def lost(self, disaster: Disaster) -> Disaster:
        """Return a service whose rows are all lost; every token has a different partition in the backup."""
        created = disaster.api.create_token(disaster.person, name="ci")
        (token,) = disaster.token_rows()
        disaster.back_up()
        for number in range(self.TOKENS):
            row = {
                **token,
                "pk": attributes.text(f"U#usr_{number}"),
                "user_id": attributes.text(f"usr_{number}"),
            }
            disaster.cloud.dynamodb.put_item(TableName=disaster.backup, Item=row)
        disaster.lose("U#", "KEYS")
        assert created["token"]
        return disaster

    def command(self, disaster: Disaster, *more: str) -> list[str]:
        """Return the arguments of a restore by four workers."""
        tables = ["--from", disaster.backup, "--to", disaster.cloud.table]
        return [*tables, "--segments", "8", "--workers", "4", "--progress", "progress.json", *more]

    def brought(self, folder: Path) -> int:
        """Return how many rows the file says were brought back."""
        read = json.loads((folder / "progress.json").read_text())
        return sum(read["outcome"]["brought"].values())

    def test_every_row_comes_back_once(self, lost: Disaster, folder: Path) -> None:
        """Segments together are the whole table, whatever order they end in."""
        assert main(["restore", *self.command(lost, "--yes")]) == 0
        assert len(lost.token_rows()) == self.TOKENS + 1
        assert self.brought(folder) == len(lost.cloud.rows()) - len(lost.events())
        # The restore revokes each token, and gives the user another generation.
        told = [e for e in map(EVENT.read, lost.events()) if e.actor_kind is OPERATOR.kind]
        assert len(told) == len({(e.user_id, e.token_id) for e in told}) == self.TOKENS + 2
        assert {items.TOKEN.read(row).state.value for row in lost.token_rows()} == {"revoked"}

    def test_segments_are_worked_on_at_once(self, lost: Disaster, monkeypatch: pytest.MonkeyPatch) -> None:
        """Four workers meet, which they cannot if one waits for another."""
        together = threading.Barrier(4, timeout=20)
        met: list[Page] = []

        def work(page: Page, write: bool) -> Any:
            if page.start is None and page.segment < 4:
                together.wait()
                met.append(page)
            return real(page, write)

        real = restore_segments._work
        monkeypatch.setattr(restore_segments, "_work", work)
        assert main(["restore", *self.command(lost, "--yes")]) == 0
        assert len(met) == 4

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, OSError])
    def test_restore_that_was_stopped_goes_on(
        self,
        lost: Disaster,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        kind: type[BaseException],
    ) -> None:
        """Pages that were done are not read again, and the file says what was done."""
        real, done = restore_segments._recorded, []

        def stopped(progress: Progress, page: Page, future: Any) -> list[Page]:
            done.append(page)
            if len(done) == 4:
                raise kind
            return real(progress, page, future)

        monkeypatch.setattr(restore_segments, "_recorded", stopped)
        if kind is KeyboardInterrupt:
            assert main(["restore", *self.command(lost, "--yes")]) == 130
            assert "Run the same command again" in capsys.readouterr().err
        else:
            assert main(["restore", *self.command(lost, "--yes")]) == 1
        before = self.brought(folder)
        assert 0 < before < self.TOKENS

        pages: list[Page] = []
        monkeypatch.setattr(restore_segments, "_recorded", real)
        work = restore_segments._work

        def noted(page: Page, write: bool) -> Any:
            pages.append(page)
            return work(page, write)

        monkeypatch.setattr(restore_segments, "_work", noted)
        assert main(["restore", *self.command(lost, "--yes")]) == 0
        told = capsys.readouterr().out
        assert f"{before:,} rows were restored" in told
        read_again = {(page.segment, json.dumps(page.start)) for page in pages}
        recorded = {(page.segment, json.dumps(page.start)) for page in done[:3]}
        assert read_again & recorded == set()
        assert len(lost.token_rows()) == self.TOKENS + 1

    def test_complete_restore_says_so(self, lost: Disaster, capsys: pytest.CaptureFixture[str]) -> None:
        """Rows that are lost later need a new run, and the file tells how."""
        command = self.command(lost, "--yes")
        assert main(["restore", *command]) == 0
        lost.lose("U#")
        assert main(["restore", *command]) == 0
        told = capsys.readouterr().out
        assert "8 of 8 segments are done" in told
        assert "Remove the file" in told
        assert lost.token_rows() == []

    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            (["--segments", "9"], "segments"),
            (["--retention-days", "30"], "retention_days"),
            (["--without-keys"], "keys"),
        ],
    )
    def test_file_of_another_restore_is_refused(
        self, lost: Disaster, capsys: pytest.CaptureFixture[str], changed: list[str], named: str
    ) -> None:
        """Its pages would be others."""
        assert main(["restore", *self.command(lost, "--yes")]) == 0
        assert main(["restore", *self.command(lost, "--yes", *changed)]) == 1
        told = capsys.readouterr().err
        assert f"belongs to another restore: {named} differ" in told

    def test_file_of_other_tables_is_refused(
        self, lost: Disaster, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Also if a table of the same name was made anew: it has another id."""
        assert main(["restore", *self.command(lost, "--yes")]) == 0
        client, table = lost.cloud.dynamodb, lost.cloud.table
        client.delete_table(TableName=table)
        new_table(client, table)
        assert main(["restore", *self.command(lost, "--yes")]) == 1
        assert "belongs to another restore: to differ" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "text",
        ["", "{}", "[]", "1", '{"version": 2}', '{"version": 1, "restore": {"segments": "x"}}', "\ud800"],
    )
    def test_file_that_is_something_else_is_refused(
        self, lost: Disaster, folder: Path, capsys: pytest.CaptureFixture[str], text: str
    ) -> None:
        """A wrong file may be precious, so it is not overwritten."""
        path = folder / "progress.json"
        path.write_text(text, errors="surrogatepass")
        before = path.read_bytes()
        assert main(["restore", *self.command(lost, "--yes")]) == 1
        assert "not a progress file of this command" in capsys.readouterr().err
        assert path.read_bytes() == before
        assert lost.token_rows() == []

    def test_file_is_only_for_its_owner(self, lost: Disaster, folder: Path) -> None:
        """Keys hold ids of users. A count writes none."""
        assert main(["restore", *self.command(lost)]) == 0
        assert list(folder.iterdir()) == []
        assert main(["restore", *self.command(lost, "--yes")]) == 0
        assert [path.name for path in folder.iterdir()] == ["progress.json"]
        assert (folder / "progress.json").stat().st_mode & 0o777 == 0o600

    def test_progress_is_told_meanwhile(self, lost: Disaster) -> None:
        """A restore of hours that says nothing looks dead."""
        said: list[str] = []
        tables = {"source": lost.backup, "target": lost.cloud.table, "retention_days": 90}
        options = argparse.Namespace(
            **tables,
            audit_retention_days=400,
            actor=OPERATOR,
            without_keys=False,
            workers=2,
            processes=False,
            segments=8,
            yes=True,
        )
        run_segments(options, Progress(8), said.append, 0.0)
        assert "8 of 8 segments are done" in said[-1]

    @pytest.mark.parametrize("number", ["0", "-1", "x", "10001", "\u0661"])
    def test_number_must_be_one(self, lost: Disaster, number: str) -> None:
        """No segment would mean that nothing is read and all is done."""
        with pytest.raises(SystemExit):
            main(["restore", *self.command(lost), "--segments", number])
