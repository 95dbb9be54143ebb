"""The operator's command for users: lists, changes, refusals, and runs that continue after a stop."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.user_store import DynamoDBUserStore
from chalicelib.domain.errors import ConcurrentChange, StoreUnavailable
from chalicelib.domain.events import Actor, ActorKind, EventType
from chalicelib.domain.identities import SubjectIdentifier
from chalicelib.domain.ids import new_generation, user_id_for
from chalicelib.domain.users import Role, User, UserStatus
from chalicelib.services.identities import MOST_USERS_READ, every_user
from chalicelib.settings import Settings
from infra.__main__ import main
from infra.aws.account import session_of_environment
from infra.aws.operate import users
from infra.aws.terminal import printable
from tests.infra.test_signing_keys import denying
from tests.infra.test_stack_settings import run_local
from tests.support.actors import an_event
from tests.support.builders import ISSUER, LIMITS, a_token, a_user, an_admin
from tests.support.clock import START
from tests.support.dynamodb import Cloud, dynamodb_stores, moto_cloud, new_table
from tests.support.local_stack import free_ports
from tests.support.service import ENVIRON

OTHER = "https://other.example.com"
ROOT = Path(__file__).parents[2]
NOT_CHANGED = "Nothing was changed. Add --yes to make the change.\n"
UNKNOWN = "usr_" + "z" * 32

Run = Callable[..., tuple[int, str, str]]


class Office:
    """The users of a service, and the command over its table."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.stores = dynamodb_stores(cloud)
        self.now = SystemClock().now()

    def has(self, user: User) -> User:
        """Keep a user and return it."""
        assert self.stores.users.add_user(user, an_event())
        return user

    def has_some(self, count: int, **changes: Any) -> list[User]:
        """Keep several users. Return them newest first, as the command lists them."""
        moments = [START + timedelta(seconds=n) for n in range(count, 0, -1)]
        issuer = changes.get("issuer", ISSUER)
        return [
            self.has(a_user(f"user-{n}", id=user_id_for(issuer, f"user-{n}"), created_at=moment, **changes))
            for n, moment in enumerate(moments)
        ]

    def row(self, user: User) -> User:
        """Return the row of a user."""
        found = self.stores.users.find_user(user.id)
        assert found is not None
        return found

    def rows(self) -> list[User]:
        """Return the rows of all users."""
        return list(every_user(self.stores.users))

    def found_as(self, issuer: str, subject: str, claim: str = "sub") -> User | None:
        """Return the user that an identity leads to."""
        return self.stores.users.find_signed_in(user_id_for(issuer, subject, claim))


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """Return moto, one for the whole module because it is slow to start."""
    with moto_cloud() as cloud:
        yield cloud


@pytest.fixture
def office(cloud: Cloud) -> Office:
    """Return an office over an empty table."""
    return Office(replace(cloud, table=new_table(cloud.dynamodb)))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], office: Office) -> Run:
    """Return a function that runs the command with the settings of the service."""
    for name, value in {**ENVIRON, "TABLE_NAME": office.cloud.table}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(users, "session_of_environment", _one_session)

    def run(*arguments: str, **environ: str) -> tuple[int, str, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        status = main(["users", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


class TestHistory:
    """The operator is in the event of each change, by the ARN that AWS tells."""

    def test_every_change_names_the_operator(self, office: Office, run: Run) -> None:
        """A deactivation, a re-activation, a move and a removal."""
        user = office.has(a_user("user"))
        commands = (
            ("deactivate", user.id, "--yes"),
            ("activate", user.id, "--yes"),
            ("move", user.id, "--subject", "other", "--yes"),
            ("remove", user.id, "--yes"),
        )
        assert [run(*command)[0] for command in commands] == [0] * 4
        events = [*reversed(office.stores.events.list_events(user.id, after=None, limit=10).events)]
        assert [event.type for event in events] == [
            EventType.USER_DEACTIVATED,
            EventType.USER_ACTIVATED,
            EventType.USER_IDENTITY_MOVED,
            EventType.USER_REMOVED,
        ]
        assert {(event.actor_kind, event.actor_id) for event in events} == {
            (ActorKind.OPERATOR, "arn:aws:sts::123456789012:user/moto")
        }

    def test_command_that_changes_nothing_does_not_ask_who_runs_it(
        self, office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A list, a look, a preview, and a change that was made before."""

        def caller_of(_: object) -> Callable[[], Actor]:
            return lambda: pytest.fail("AWS was asked")

        user = office.has(a_user("user", status=UserStatus.INACTIVE))
        monkeypatch.setattr(users, "caller_of", caller_of)
        assert run("list")[0] == run("show", user.id)[0] == run("deactivate", user.id, "--yes")[0] == 0
        assert run("remove", user.id)[0] == run("move", user.id, "--subject", "other")[0] == 1
        assert not office.stores.events.list_events(user.id, after=None, limit=10).events


class TestList:
    """The command `list`."""

    def test_each_user_is_a_line(self, office: Office, run: Run) -> None:
        """Users are listed newest first, with the role that counts now and without a warning."""
        ada = office.has(a_user("admin@example.com", name="Ada"))
        una = office.has(a_user("00u1", name="", email="una@example.com", email_verified=True))
        office.has(a_user("00u2", name="", email="odd@example.com"))
        status, said, warned = run("list")
        assert (status, warned) == (0, "")
        header, *lines = said.splitlines()
        assert header.split() == ["ID", "STATUS", "ROLE", "ISSUER", "SUBJECT", "CLAIM", "SUBJECT", "NAME"]
        assert f'{ada.id}  active    admin  {ISSUER}  sub  "admin@example.com"  "Ada"' in lines
        assert f'{una.id}  active    user   {ISSUER}  sub  "00u1"  "una@example.com"' in lines
        # An unverified e-mail is not shown as the name.
        assert "odd@example.com" not in said
        assert len(lines) == 3

    def test_removed_user_has_no_name(self, office: Office, run: Run) -> None:
        """The subject is all that is left of a person."""
        gone = office.has(a_user("gone", name="Ada").removed(START, new_generation()))
        assert f'{gone.id}  removed   user   {ISSUER}  sub  "gone"' in run("list")[1].splitlines()

    def test_role_is_the_one_that_counts(self, office: Office, run: Run) -> None:
        """An expired role by claim is listed as the role that counts now."""
        recent, old = office.now - timedelta(hours=1), office.now - timedelta(hours=25)
        office.has(an_admin("recent", role_given_at=recent))
        office.has(an_admin("old", role_given_at=old))
        lines = {json.loads(line)["subject"]: json.loads(line) for line in _lines(run("list", "--json"))}
        assert (lines["recent"]["role"], lines["old"]["role"]) == ("admin", "user")

    def test_users_are_filtered(self, office: Office, run: Run) -> None:
        """Users are filtered by exact issuer and by status."""
        office.has(a_user("here"))
        office.has(a_user("there", issuer=OTHER, id=user_id_for(OTHER, "there")))
        office.has(a_user("gone", status=UserStatus.INACTIVE))
        assert _subjects(run("list", "--json")) == {"here", "there", "gone"}
        assert _subjects(run("list", "--json", "--issuer", OTHER)) == {"there"}
        assert _subjects(run("list", "--json", f"--issuer={OTHER}/")) == set()
        assert _subjects(run("list", "--json", "--issuer=")) == set()
        assert _subjects(run("list", "--json", "--status", "inactive")) == {"gone"}
        assert _subjects(run("list", "--json", "--status", "inactive", "--issuer", OTHER)) == set()
        office.has(a_user("00u1", subject_claim="uid"))
        assert _subjects(run("list", "--json", "--subject-claim", "uid")) == {"00u1"}

    def test_users_of_several_issuers_are_counted(self, office: Office, run: Run) -> None:
        """Users are counted per issuer. Standard error warns of users that no sign-in reaches."""
        office.has_some(3)
        office.has_some(2, issuer=OTHER)
        office.has(a_user("00u9", subject_claim="uid"))
        office.has(a_user("gone", issuer=OTHER, status=UserStatus.INACTIVE))
        status, said, warned = run("list")
        assert said.splitlines()[-2:] == [f"4 users of {ISSUER}", f"3 users of {OTHER}"]
        assert warned.splitlines() == [
            "Warning: no sign-in reaches 3 active users. Their API tokens work.",
            f"  2 of {OTHER} by sub",
            f"  1 of {ISSUER} by uid",
            f"Sign-ins are of {ISSUER} by sub.",
            'See "Users that no sign-in reaches" in docs/operations.md.',
        ]
        assert status == 0

    def test_many_users_come_page_by_page(self, office: Office, run: Run) -> None:
        """Many users are listed once each, in one order."""
        made = office.has_some(120)
        assert [json.loads(line)["id"] for line in _lines(run("list", "--json"))] == [u.id for u in made]

    def test_empty_table_says_so(self, run: Run) -> None:
        """An empty list is not a failure."""
        status, said, warned = run("list")
        assert (status, said.splitlines()[1:], warned) == (0, ["No user was found."], "")
        assert run("list", "--json") == (0, "", "")

    def test_users_are_read_as_they_are(self, office: Office, run: Run) -> None:
        """The index gives the ids. Issuer and status come from the rows."""
        user = office.has(a_user())
        run("move", user.id, "--issuer", OTHER, "--subject", "x", "--yes")
        assert _subjects(run("list", "--json", "--issuer", OTHER)) == {"x"}
        assert _subjects(run("list", "--json", "--issuer", ISSUER)) == set()

    @pytest.mark.parametrize("text", ["\x1b[2J\x1b[31m", "a\nb", "\r", "\u202egnp.exe", "\x00", "\u200b"])
    def test_texts_from_outside_cannot_reach_the_terminal(
        self, office: Office, run: Run, text: str
    ) -> None:
        """Names and subjects in rows of 0.1 may have any characters, so they are escaped."""
        office.has(a_user(f"s{text}", name=f"n{text}", email=f"e{text}@example.com", email_verified=True))
        for command in (["list"], ["list", "--json"], ["show", office.rows()[0].id]):
            status, said, warned = run(*command)
            assert status == 0
            assert [c for c in said + warned if not c.isprintable() and c != "\n"] == []
            assert text not in said
        assert len(run("list")[1].splitlines()) == 2

    def test_tombstone_has_no_name(self, office: Office, run: Run) -> None:
        """The subject is what recognises the person again."""
        gone = office.has(a_user("gone").removed(START, new_generation()))
        assert run("list")[1].splitlines()[1] == f'{gone.id}  removed   user   {ISSUER}  sub  "gone"'

    def test_letters_of_all_scripts_are_shown(self, office: Office, run: Run) -> None:
        """Letters of every script are shown unescaped."""
        office.has(a_user("zoë", name="Zoë 夜 🌙"))
        assert '"zoë"  "Zoë 夜 🌙"' in run("list")[1]


class TestShow:
    """The command `show`."""

    def test_all_that_an_operator_needs(self, office: Office, run: Run) -> None:
        """It shows identity, role with its end, newest sign-in, and the value for ADMIN_SUBJECTS."""
        given = office.now.replace(microsecond=0) - timedelta(hours=1)
        user = office.has(
            an_admin(
                "00u1", signed_in_at=given, role_given_at=given, email="ada@example.com", live_tokens=3
            )
        )
        status, said, warned = run("show", user.id)
        assert (status, warned) == (0, "")
        shown = _shown(said)
        assert shown["id"] == user.id
        assert (shown["issuer"], shown["subject claim"], shown["subject"]) == (ISSUER, "sub", "00u1")
        assert (
            shown["role"]
            == f"admin by ADMIN_CLAIM, until {given + timedelta(hours=24):%Y-%m-%d %H:%M:%S} UTC"
        )
        assert shown["role given at"] == shown["newest sign-in"] == f"{given:%Y-%m-%d %H:%M:%S} UTC"
        assert (shown["e-mail"], shown["live tokens"]) == ('"ada@example.com" (unverified)', "at most 3")
        assert (shown["ADMIN_SUBJECTS"], shown["moved"], shown["removed"]) == ("00u1", "never", "never")

    @pytest.mark.parametrize(
        ("changes", "role"),
        [
            ({}, "user"),
            ({"subject": "admin@example.com"}, "admin, named in ADMIN_SUBJECTS"),
            (
                {"role": Role.ADMIN, "role_given_at": START},
                "user; admin by ADMIN_CLAIM until 2026-01-16 12:00:00 UTC",
            ),
            ({"role": Role.ADMIN}, "user"),
            ({"subject": "admin@example.com", "issuer": OTHER}, "user"),
            ({"subject": "admin@example.com", "subject_claim": "uid"}, "user"),
        ],
    )
    def test_role_tells_where_it_comes_from(
        self, office: Office, run: Run, changes: dict[str, Any], role: str
    ) -> None:
        """The line shows a role by name, a role by claim with its end, and a role of 0.1 without a time."""
        user = office.has(a_user(**{"subject": "00u1", **changes}))
        shown = _shown(run("show", user.id)[1])
        assert (shown["role"], shown["newest sign-in"]) == (role, "not recorded")

    @pytest.mark.parametrize(
        ("changes", "value"),
        [
            ({"subject": "-x y"}, "-x y"),
            ({"subject": "DOMAIN\\jo"}, "DOMAIN\\jo"),
            ({"subject": "zoë"}, "zoë"),
            ({"subject": "a,b"}, "cannot name this user: it cannot hold a comma"),
            ({"subject": " a"}, "cannot name this user: it cannot hold a comma"),
            ({"subject": "a\u00ad"}, "cannot be copied from here: "),
            ({"subject_claim": "uid"}, f"cannot name this user: only sub at {ISSUER}"),
            ({"issuer": OTHER}, f"cannot name this user: only sub at {ISSUER}"),
        ],
    )
    def test_value_for_admin_subjects(
        self, office: Office, run: Run, changes: dict[str, Any], value: str
    ) -> None:
        """The line shows the subject if the setting can hold it, else the reason."""
        user = office.has(a_user(**{"subject": "00u1", **changes}))
        shown = _shown(run("show", user.id)[1])["ADMIN_SUBJECTS"]
        assert shown.startswith(value)
        if not value.startswith("cannot"):
            named = Settings.from_environ({**ENVIRON, "ADMIN_SUBJECTS": shown}).admin_subjects
            assert named == {user.subject}

    def test_user_out_of_reach_is_warned_of(self, office: Office, run: Run) -> None:
        """The command warns if no sign-in reaches the shown user."""
        user = office.has(a_user(issuer=OTHER))
        assert run("show", user.id)[2].startswith("Warning: no sign-in reaches 1 active user. Their API")

    @pytest.mark.parametrize("user_id", [UNKNOWN, "usr_1", "", "U#", "../x", "usr_" + "A" * 32, "a" * 5000])
    def test_unknown_user_is_one_line(self, run: Run, user_id: str) -> None:
        """Any text may be given as an id."""
        assert run("show", user_id) == (1, "", "No user has this id.\n")


class TestCheck:
    """The command `check`, whose warning `make run` prints."""

    def test_nothing_is_said_if_sign_ins_reach_all(self, office: Office, run: Run) -> None:
        """Deactivated and removed users are not counted, because their tokens do not work."""
        office.has_some(2)
        office.has(a_user("x", issuer=OTHER, status=UserStatus.INACTIVE))
        office.has(a_user("y", issuer=OTHER, status=UserStatus.REMOVED))
        assert run("check") == (0, "", "")

    @pytest.mark.parametrize(
        ("environ", "issuer", "claim"),
        [
            ({"OIDC_ISSUER": f"{ISSUER}/"}, ISSUER, "sub"),
            ({"SUBJECT_CLAIM": "uid"}, ISSUER, "sub"),
        ],
    )
    def test_another_issuer_or_claim_is_warned_of(
        self, office: Office, run: Run, environ: dict[str, str], issuer: str, claim: str
    ) -> None:
        """The warning appears as soon as the issuer or the claim in the settings changes."""
        office.has_some(2)
        status, said, _ = run("check", **environ)
        assert status == 0
        assert said.splitlines()[:2] == [
            "Warning: no sign-in reaches 2 active users. Their API tokens work.",
            f"  2 of {issuer} by {claim}",
        ]

    def test_deactivation_ends_the_warning(self, office: Office, run: Run) -> None:
        """Users who were stopped are not warned of again."""
        office.has_some(2, issuer=OTHER)
        assert run("check")[1]
        run("deactivate-issuer", OTHER, "--yes")
        assert run("check") == (0, "", "")

    def test_reading_is_bounded(self, office: Office, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """The warning says how many users were read."""
        office.has_some(12, issuer=OTHER)
        monkeypatch.setattr("chalicelib.services.identities.MOST_USERS_READ", 10)
        assert f"10 active users among the newest {MOST_USERS_READ:,} users." in run("check")[1]


class TestStatus:
    """The commands `activate`, `deactivate` and `remove`."""

    @pytest.mark.parametrize(
        ("command", "status", "expected"),
        [
            ("activate", UserStatus.INACTIVE, UserStatus.ACTIVE),
            ("deactivate", UserStatus.ACTIVE, UserStatus.INACTIVE),
            ("remove", UserStatus.ACTIVE, UserStatus.REMOVED),
            ("remove", UserStatus.INACTIVE, UserStatus.REMOVED),
        ],
    )
    def test_status_is_changed(
        self, office: Office, run: Run, command: str, status: UserStatus, expected: UserStatus
    ) -> None:
        """The status changes only with --yes. A second run reports that it was done."""
        user = office.has(a_user(status=status))
        refused, said, error = run(command, user.id)
        assert (refused, error) == (1, NOT_CHANGED)
        assert f"The user would be {expected.value}. " in said
        assert office.row(user) == user
        done, said, error = run(command, user.id, "--yes")
        assert (done, error) == (0, "")
        role = " The role that counts now is user." if expected is UserStatus.ACTIVE else ""
        assert said.endswith(f"\nThe user is {expected.value}.{role}\n")
        after = office.row(user)
        assert after.status is expected
        again, said, error = run(command, user.id, "--yes")
        assert (again, error, "already" in said) == (0, "", True)
        assert office.row(user) == after

    @pytest.mark.parametrize("restores", [False, True])
    def test_activation_keeps_the_tokens_if_told(self, office: Office, run: Run, *, restores: bool) -> None:
        """Without --restore-tokens the tokens are revoked, with the reason that the page shows."""
        user = office.has(a_user())
        office.stores.tokens.add_token(a_token(user), an_event(), limits=LIMITS, idempotency=None)
        run("deactivate", user.id, "--yes")
        option = ["--restore-tokens"] if restores else []
        assert run("activate", user.id, "--yes", *option)[0] == 0
        after = office.row(user)
        assert (after.generation == user.generation, after.live_tokens) == (restores, int(restores))
        ended = office.stores.tokens.find_ended_generations(user.id, {user.generation})
        assert bool(ended) is not restores

    @pytest.mark.parametrize("command", ["activate", "deactivate", "remove"])
    def test_no_role_is_written(self, office: Office, run: Run, command: str) -> None:
        """The command does not write roles, because the next sign-in would undo it."""
        status = UserStatus.INACTIVE if command == "activate" else UserStatus.ACTIVE
        admin = office.has(an_admin(status=status))
        assert run(command, admin.id, "--yes")[0] == 0
        after = office.row(admin)
        assert (after.role, after.role_given_at) == (Role.ADMIN, START)

    def test_last_administrator_comes_back(self, office: Office, run: Run) -> None:
        """Both administrators are inactive. The operator needs no account."""
        admins = [
            office.has(a_user(name, status=UserStatus.INACTIVE)) for name in ("admin@example.com", "x")
        ]
        status, said, _ = run("activate", admins[0].id, "--restore-tokens", "--yes")
        assert (status, "The role that counts now is admin." in said) == (0, True)
        assert office.row(admins[0]).is_active

    @pytest.mark.parametrize("command", ["activate", "deactivate"])
    @pytest.mark.parametrize("option", [[], ["--yes"]])
    def test_removed_user_has_no_status_to_change(
        self, office: Office, run: Run, command: str, option: list[str]
    ) -> None:
        """A removed user cannot be activated. The preview says the same."""
        user = office.has(a_user().removed(START, new_generation()))
        status, _, error = run(command, user.id, *option)
        assert (status, error) == (1, "This user is removed. Signing in again starts a fresh account.\n")
        assert office.row(user) == user

    @pytest.mark.parametrize("command", ["activate", "deactivate", "remove"])
    def test_unknown_user_is_refused(self, run: Run, command: str) -> None:
        """An unknown user is refused, and nothing is written."""
        for option in ([], ["--yes"]):
            assert run(command, UNKNOWN, *option) == (1, "", "No user has this id.\n")


class TestDeactivateIssuer:
    """The command `deactivate-issuer`."""

    def test_all_active_users_are_deactivated(self, office: Office, run: Run) -> None:
        """Users of other issuers and tombstones do not change."""
        ours = office.has_some(3)
        theirs = office.has_some(105, issuer=OTHER)
        gone = office.has(a_user("gone", issuer=OTHER).removed(START, new_generation()))
        off = office.has(a_user("off", issuer=OTHER, status=UserStatus.INACTIVE))
        status, said, error = run("deactivate-issuer", OTHER)
        assert (status, error) == (1, NOT_CHANGED)
        assert said.splitlines()[-1] == "105 users to do, 0 refused."
        assert office.row(theirs[0]) == theirs[0]
        status, said, error = run("deactivate-issuer", OTHER, "--yes")
        assert (status, error) == (0, "")
        assert said.splitlines()[0] == f"{theirs[0].id} is inactive."
        assert said.splitlines()[-1] == "105 users done, 0 refused."
        assert {office.row(user).status for user in theirs} == {UserStatus.INACTIVE}
        assert [office.row(user) for user in (*ours, gone, off)] == [*ours, gone, off]

    def test_second_run_changes_nothing(self, office: Office, run: Run) -> None:
        """An issuer without active users is not an error. The output says where issuers are listed."""
        office.has_some(2, issuer=OTHER)
        assert run("deactivate-issuer", OTHER, "--yes")[0] == 0
        rows = office.rows()
        for issuer in (OTHER, f"{OTHER}/"):
            status, said, _ = run("deactivate-issuer", issuer, "--yes")
            assert status == 0
            assert said.splitlines() == [
                "0 users done, 0 refused.",
                "`list` shows the users and their issuers.",
            ]
        assert office.rows() == rows

    def test_stop_in_the_middle_is_safe(
        self, office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After Ctrl-C each user is changed or unchanged, and the next run changes the rest."""
        made = office.has_some(5, issuer=OTHER)
        with monkeypatch.context() as patch:
            _before_each(patch, "save_user", [None, None, KeyboardInterrupt])
            status, said, error = run("deactivate-issuer", OTHER, "--yes")
        assert (status, error) == (130, "Stopped. Run the same command again to continue.\n")
        assert said.splitlines() == [f"{user.id} is inactive." for user in made[:2]]
        assert [office.row(user).is_active for user in made] == [False] * 2 + [True] * 3
        status, said, _ = run("deactivate-issuer", OTHER, "--yes")
        assert (status, said.splitlines()[-1]) == (0, "3 users done, 0 refused.")

    def test_outage_in_the_middle_is_one_line(
        self, office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An outage names the user at which the command stopped. The next run changes the rest."""
        made = office.has_some(3, issuer=OTHER)
        with monkeypatch.context() as patch:
            _before_each(patch, "save_user", [None, StoreUnavailable])
            status, said, error = run("deactivate-issuer", OTHER, "--yes")
        assert (status, error.count("\n"), said.splitlines()[-1]) == (1, 1, f"Stopped at {made[1].id}.")
        assert run("deactivate-issuer", OTHER, "--yes")[0] == 0
        assert [user.is_active for user in office.rows()] == [False] * 3

    def test_user_who_keeps_changing_is_left(
        self, office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A user who keeps changing is left, and the exit status is 1. The next run changes that user."""
        made = office.has_some(3, issuer=OTHER)
        with monkeypatch.context() as patch:
            _refuse(patch, "save_user", made[1].id)
            status, said, error = run("deactivate-issuer", OTHER, "--yes")
        assert status == 1
        assert error == "Some users are left. Read the reasons above, or run the same command again.\n"
        assert said.splitlines()[-2:] == [
            f"{made[1].id} is refused: {ConcurrentChange.detail}",
            "2 users done, 1 refused.",
        ]
        assert run("deactivate-issuer", OTHER, "--yes")[0] == 0

    def test_users_added_meanwhile_are_found(
        self, office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A user who was added during the run is found, although the list begins with the newest."""
        office.has_some(2, issuer=OTHER)
        late = a_user("late", issuer=OTHER, created_at=START + timedelta(days=1))
        _before_each(monkeypatch, "save_user", [None, lambda: office.has(late)])
        status, said, _ = run("deactivate-issuer", OTHER, "--yes")
        assert (status, said.splitlines()[-1]) == (0, "3 users done, 0 refused.")
        assert not office.row(late).is_active

    def test_issuer_of_the_sign_ins_is_warned_of(self, office: Office, run: Run) -> None:
        """The issuer of the sign-ins can be deactivated in an emergency, after a warning."""
        office.has_some(1)
        warned = run("deactivate-issuer", ISSUER)[2]
        assert warned.startswith("Warning: sign-ins reach these users. All administrators are among")
        assert run("deactivate-issuer", ISSUER, "--subject-claim", "uid")[2] == NOT_CHANGED

    def test_users_of_a_former_claim_are_deactivated(self, office: Office, run: Run) -> None:
        """After SUBJECT_CLAIM was set later, only the users of the former claim are deactivated."""
        former = office.has_some(2)
        later = office.has(a_user("00u1", id=user_id_for(ISSUER, "00u1", "uid"), subject_claim="uid"))
        environ = {"SUBJECT_CLAIM": "uid"}
        asked = ("deactivate-issuer", ISSUER, "--subject-claim", "sub", "--yes")
        status, said, error = run(*asked, **environ)
        assert (status, error, said.splitlines()[-1]) == (0, "", "2 users done, 0 refused.")
        assert [office.row(user).is_active for user in (*former, later)] == [False, False, True]
        assert run("check") == (0, "", "")


class TestMove:
    """The command `move` for one user."""

    def test_user_is_moved(self, office: Office, run: Run) -> None:
        """The preview changes nothing. The move keeps the tokens and changes the identity."""
        user = office.has(an_admin("sub-1", signed_in_at=START))
        token = a_token(user)
        office.stores.tokens.add_token(token, an_event(), limits=LIMITS, idempotency=None)
        before = office.row(user)
        asked = ("move", user.id, "--issuer", OTHER, "--subject", "00u1", "--subject-claim", "uid")
        status, said, error = run(*asked)
        sentence = f'"sub-1" (sub) at {ISSUER} to "00u1" (uid) at {OTHER}.'
        assert said == f"{user.id} would move from {sentence}\n"
        assert (status, error.endswith(NOT_CHANGED), office.row(user)) == (1, True, before)
        status, said, _ = run(*asked, "--yes")
        assert (status, said) == (0, f"{user.id} was moved from {sentence}\n")
        after = office.row(user)
        assert SubjectIdentifier.of(after) == SubjectIdentifier(OTHER, "00u1", "uid")
        assert (after.role, after.generation, after.live_tokens) == (Role.USER, user.generation, 1)
        assert office.found_as(OTHER, "00u1", "uid") == after
        assert office.stores.tokens.find_token(user.id, token.id) == token

    def test_expected_identity_is_the_default(self, office: Office, run: Run) -> None:
        """The defaults are the issuer and claim of the settings, without a warning."""
        user = office.has(a_user("sub-1", issuer=OTHER))
        environ = {"SUBJECT_CLAIM": "uid"}
        assert run("move", user.id, "--subject", "00u1", "--yes", **environ)[::2] == (0, "")
        assert SubjectIdentifier.of(office.row(user)) == SubjectIdentifier(ISSUER, "00u1", "uid")

    def test_identity_of_no_sign_in_is_warned_of(self, office: Office, run: Run) -> None:
        """A move to an identity that the settings do not name warns that they must change."""
        user = office.has(a_user())
        warned = run("move", user.id, "--issuer", OTHER, "--subject", "x", "--yes")[2]
        assert warned == (
            f"Warning: sign-ins are of {ISSUER} by sub, not of {OTHER} by sub. "
            "Change OIDC_ISSUER and SUBJECT_CLAIM after the move.\n"
        )

    @pytest.mark.parametrize("option", [[], ["--yes"]])
    def test_finished_move_is_skipped(self, office: Office, run: Run, option: list[str]) -> None:
        """A repeated command is not a failure, and writes nothing."""
        user = office.has(a_user("old"))
        run("move", user.id, "--subject", "new", "--yes")
        rows = office.cloud.rows()
        status, said, error = run("move", user.id, "--subject", "new", *option)
        assert (status, said, error) == (0, f'{user.id} is "new" (sub) at {ISSUER} already.\n', "")
        assert office.cloud.rows() == rows

    def test_move_back_needs_no_identity_row(self, office: Office, run: Run) -> None:
        """A mistake is undone by the same command."""
        user = office.has(a_user("old"))
        run("move", user.id, "--subject", "new", "--yes")
        assert run("move", user.id, "--subject", "old", "--yes")[0] == 0
        assert [row["pk"]["S"] for row in _rows_without_events(office)] == [f"U#{user.id}"]
        assert office.found_as(ISSUER, "new") is None

    @pytest.mark.parametrize("status", UserStatus)
    @pytest.mark.parametrize("option", [[], ["--yes"]])
    def test_identity_of_another_user_is_refused(
        self, office: Office, run: Run, status: UserStatus, option: list[str]
    ) -> None:
        """An identity with a user, even a removed one, is refused. The line names that user."""
        user, other = office.has(a_user("old")), office.has(a_user("new", status=status))
        assert run("move", user.id, "--subject", "new", *option) == (
            1,
            "",
            f"The user {other.id} has this identity already.\n",
        )
        assert [office.row(user), office.row(other)] == [user, other]

    def test_identity_of_a_moved_user_is_refused(self, office: Office, run: Run) -> None:
        """Both the present and the first identity of a moved user are refused."""
        user, other = office.has(a_user("old")), office.has(a_user("other"))
        run("move", other.id, "--subject", "new", "--yes")
        for subject in ("new", "other"):
            status, _, error = run("move", user.id, "--subject", subject, "--yes")
            assert (status, other.id in error) == (1, True)

    @pytest.mark.parametrize("status", [UserStatus.INACTIVE, UserStatus.REMOVED])
    def test_stopped_user_is_moved_as_such(self, office: Office, run: Run, status: UserStatus) -> None:
        """The person must not come back as another user."""
        user = office.has(a_user("old", status=status))
        assert run("move", user.id, "--subject", "new", "--yes")[0] == 0
        assert office.row(user).status is status

    @pytest.mark.parametrize(
        "subject", ["a,b", "-x", "--yes", " a ", "Zoë 夜", 'say "hi"', "a" * 255, "a=b"]
    )
    def test_odd_subject_is_kept_as_it_is(self, office: Office, run: Run, subject: str) -> None:
        """A subject with white space is kept unchanged."""
        user = office.has(a_user("old"))
        assert run("move", user.id, f"--subject={subject}", "--yes")[0] == 0
        assert office.row(user).subject == subject
        assert office.found_as(ISSUER, subject) == office.row(user)

    @pytest.mark.parametrize("subject", ["", " ", "a\nb", "\x1b[2J", "\udcff", "a" * 256, "\u202e"])
    def test_subject_of_no_sign_in_is_refused(self, office: Office, run: Run, subject: str) -> None:
        """Every sign-in would refuse it, so the user would be out of reach."""
        user = office.has(a_user("old"))
        status, _, error = run("move", user.id, f"--subject={subject}", "--yes")
        assert (status, error.startswith("This subject is not valid")) == (1, True)
        assert office.row(user) == user

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["--issuer", "login.example.com"], "OIDC_ISSUER is not valid: 'login.example.com'"),
            (["--issuer", "http://login.example.com"], "OIDC_ISSUER is 'http://login.example.com'"),
            (["--issuer", ""], "OIDC_ISSUER is missing"),
            (["--issuer", f"{ISSUER}/.well-known/openid-configuration"], "OIDC_ISSUER is 'https://login"),
            (["--subject-claim", "email"], "SUBJECT_CLAIM is 'email'"),
            (["--subject-claim", "aud"], "SUBJECT_CLAIM is 'aud'"),
            (["--subject-claim", "two words"], "SUBJECT_CLAIM is not valid: 'two words'"),
        ],
    )
    def test_identity_is_held_to_the_rules_of_settings(
        self, office: Office, run: Run, arguments: list[str], reason: str
    ) -> None:
        """Values that the settings would refuse are refused, because no sign-in could follow."""
        user = office.has(a_user("old"))
        status, _, error = run("move", user.id, "--subject", "x", *arguments, "--yes")
        assert (status, error.count("\n"), error.startswith(reason)) == (1, 1, True)
        assert office.row(user) == user

    def test_unknown_user_is_refused(self, office: Office, run: Run) -> None:
        """A move of an unknown user is refused, and leaves no identity row."""
        for option in ([], ["--yes"]):
            assert run("move", UNKNOWN, "--subject", "x", *option)[::2] == (
                1,
                "No user has this id.\n",
            )
        assert office.cloud.rows() == []

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["USER"],
            ["--subject", "x"],
            ["USER", "--subject", "x", "--from", "moves.csv"],
            ["USER", "--issuer-from", OTHER, "--issuer-to", ISSUER],
            ["--issuer-from", OTHER],
            ["--issuer-to", OTHER],
            ["--issuer-from", OTHER, "--issuer-to", ISSUER, "--issuer", ISSUER],
            ["--issuer-from", OTHER, "--issuer-to", ISSUER, "--subject-claim", "uid"],
            ["--from", "moves.csv", "--issuer-from", OTHER, "--issuer-to", ISSUER],
        ],
    )
    def test_there_are_three_ways(self, run: Run, arguments: list[str]) -> None:
        """Any other combination is refused before a row is read."""
        status, _, error = run("move", *arguments, "--yes", TABLE_NAME="no-such-table")
        assert (status, error.startswith("Move in one of three ways: USER_ID --subject")) == (1, True)


class TestMoveFromFile:
    """The command `move --from`."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        """Return the path of the file."""
        return tmp_path / "moves.csv"

    def test_users_are_moved(self, office: Office, run: Run, file: Path) -> None:
        """The file may come from a spreadsheet: byte order mark, header, quotes, CRLF, empty line."""
        made = office.has_some(3)
        rows = [f"{made[0].id},00u0", f'{made[1].id},"a, ""b"""', "", f"{made[2].id},zoë"]
        file.write_bytes(("\ufeffuser_id,subject\r\n" + "\r\n".join(rows)).encode())
        asked = ("move", "--from", str(file), "--subject-claim", "uid")
        status, said, error = run(*asked, SUBJECT_CLAIM="uid")
        assert (status, error) == (1, NOT_CHANGED)
        assert said.splitlines()[-1] == "3 users to do, 0 refused."
        assert office.rows() == made
        status, said, error = run(*asked, "--yes")
        assert (status, error, said.splitlines()[-1]) == (0, "", "3 users done, 0 refused.")
        assert [user.subject for user in office.rows()] == ["00u0", 'a, "b"', "zoë"]

    def test_refused_users_are_left(self, office: Office, run: Run, file: Path) -> None:
        """The others are moved, and the exit status tells. A repeated run moves no user twice."""
        made = office.has_some(4)
        file.write_text(
            f"{made[0].id},a\n{UNKNOWN},b\n{made[1].id},{made[3].subject}\n{made[2].id},c\n", "utf-8"
        )
        status, said, error = run("move", "--from", str(file))
        assert (status, error) == (1, NOT_CHANGED)
        assert said.splitlines()[-1] == "2 users to do, 2 refused."
        for _ in range(2):
            status, said, error = run("move", "--from", str(file), "--yes")
            assert (status, error.startswith("Some users are left.")) == (1, True)
            assert said.splitlines()[-3:] == [
                f"{UNKNOWN} is refused: No user has this id.",
                f"{made[1].id} is refused: The user {made[3].id} has this identity already.",
                "2 users done, 2 refused.",
            ]
            assert [user.revision for user in office.rows()] == [1, 0, 1, 0]

    def test_stop_in_the_middle_is_safe(
        self, office: Office, run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After a stop the next run skips the users that were moved."""
        made = office.has_some(3)
        file.write_text("".join(f"{user.id},new-{n}\n" for n, user in enumerate(made)), "utf-8")
        with monkeypatch.context() as patch:
            _before_each(patch, "move_user", [None, KeyboardInterrupt])
            assert run("move", "--from", str(file), "--yes")[0] == 130
        assert [user.revision for user in office.rows()] == [1, 0, 0]
        status, said, _ = run("move", "--from", str(file), "--yes")
        assert (status, said.splitlines()[-1]) == (0, "3 users done, 0 refused.")
        assert [user.revision for user in office.rows()] == [1, 1, 1]

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "does not name a user"),
            (b"user_id,subject\n", "does not name a user"),
            (b"{a},x\n{a},y\n", "line 2: this user or this subject was given before"),
            (b"{a},x\n{b},x\n", "line 2: this user or this subject was given before"),
            (b"{a};x\n", "line 1: write two fields"),
            (b"{a},x,y\n", "line 1: write two fields"),
            (b"user_id,subject\n{a}, \n", "line 2: the second field is not valid"),
            (b"old,new\n", "line 1: the first field is not the id of a user"),
            (b"{a},\x1b[2J\n", "line 1: the second field is not valid"),
            (b"{a},\xff\n", "cannot be read: 'utf-8' codec"),
            (b'{a},"x\n', "cannot be read: unexpected end of data"),
            (b"{a},x\x00\n", "line 1: the second field is not valid"),
        ],
    )
    def test_file_is_checked_before_anything_is_moved(
        self, office: Office, run: Run, file: Path, content: bytes, reason: str
    ) -> None:
        """A fault in any line is found before the first move."""
        made = office.has_some(2)
        for n, user in enumerate(made):
            content = content.replace(b"{%c}" % b"ab"[n], user.id.encode())
        file.write_bytes(content)
        status, _, error = run("move", "--from", str(file), "--yes")
        assert (status, error.count("\n"), reason in error) == (1, 1, True), error
        assert office.rows() == made

    def test_missing_file_is_one_line(self, run: Run, file: Path) -> None:
        """A missing file is named in one line."""
        status, _, error = run("move", "--from", str(file))
        assert (status, error.count("\n"), str(file) in error) == (1, 1, True)


class TestMoveIssuer:
    """The command `move --issuer-from`."""

    NEW = f"{ISSUER}/"

    def asked(self, *others: str) -> tuple[str, ...]:
        """Return the command."""
        return ("move", "--issuer-from", ISSUER, "--issuer-to", self.NEW, *others)

    def test_subjects_claims_and_statuses_stay(self, office: Office, run: Run) -> None:
        """Deactivated users are moved too. Otherwise the new spelling would let them in again."""
        made = office.has_some(3)
        made.append(office.has(a_user("off", status=UserStatus.INACTIVE)))
        made.append(office.has(a_user("gone").removed(START, new_generation())))
        made.append(office.has(a_user("00u1", subject_claim="uid")))
        elsewhere = office.has_some(2, issuer=OTHER)
        status, said, error = run(*self.asked())
        assert (status, error.endswith(NOT_CHANGED), said.splitlines()[-1]) == (
            1,
            True,
            "6 users to do, 0 refused.",
        )
        status, said, _ = run(*self.asked("--yes"))
        assert (status, said.splitlines()[-1]) == (0, "6 users done, 0 refused.")
        for user in made:
            after = office.row(user)
            assert (after.issuer, after.subject) == (self.NEW, user.subject)
            assert (after.subject_claim, after.status) == (user.subject_claim, user.status)
            assert office.found_as(self.NEW, user.subject, user.subject_claim) == after
        assert [office.row(user) for user in elsewhere] == elsewhere
        status, said, _ = run(*self.asked("--yes"))
        assert (status, said.splitlines()[0]) == (0, "0 users done, 0 refused.")

    def test_person_who_signed_in_anew_is_left(self, office: Office, run: Run) -> None:
        """A person with a second user is refused with that user's id. The other users are moved."""
        made = office.has_some(3)
        second = office.has(a_user("user-1", issuer=self.NEW, id=user_id_for(self.NEW, "user-1")))
        status, said, error = run(*self.asked("--yes"))
        assert (status, error.splitlines()[-1].startswith("Some users are left.")) == (1, True)
        assert f"{made[1].id} is refused: The user {second.id} has this identity already." in said
        assert [office.row(user).issuer for user in made] == [self.NEW, ISSUER, self.NEW]

    def test_stop_in_the_middle_is_safe(
        self, office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After a stop the next run finds only the users that are left."""
        office.has_some(4)
        with monkeypatch.context() as patch:
            _before_each(patch, "move_user", [None, KeyboardInterrupt])
            assert run(*self.asked("--yes"))[0] == 130
        status, said, _ = run(*self.asked("--yes"))
        assert (status, said.splitlines()[-1]) == (0, "3 users done, 0 refused.")
        assert {user.issuer for user in office.rows()} == {self.NEW}

    def test_user_who_keeps_changing_is_left(
        self, office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The next run moves a user who was refused because of another change."""
        made = office.has_some(2)
        with monkeypatch.context() as patch:
            _refuse(patch, "move_user", made[0].id)
            status, said, _ = run(*self.asked("--yes"))
        assert (status, said.splitlines()[-1]) == (1, "1 user done, 1 refused.")
        assert run(*self.asked("--yes"))[0] == 0

    def test_users_added_meanwhile_are_found(
        self, office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A user who was added while the command runs is moved too."""
        office.has_some(2)
        late = a_user("late", created_at=START + timedelta(days=1))
        _before_each(monkeypatch, "move_user", [None, lambda: office.has(late)])
        assert run(*self.asked("--yes"))[0] == 0
        assert office.row(late).issuer == self.NEW

    def test_all_move_back(self, office: Office, run: Run) -> None:
        """A mistake with the spelling is undone, and leaves no identity row."""
        made = office.has_some(3)
        assert run(*self.asked("--yes"))[0] == 0
        assert len(_rows_without_events(office)) == 6
        assert run("move", "--issuer-from", self.NEW, "--issuer-to", ISSUER, "--yes")[0] == 0
        assert [SubjectIdentifier.of(user) for user in office.rows()] == [
            SubjectIdentifier.of(user) for user in made
        ]
        assert len(_rows_without_events(office)) == 3

    def test_same_issuer_twice_is_refused(self, run: Run) -> None:
        """The same issuer twice is refused, because the command would never end."""
        status, _, error = run("move", "--issuer-from", ISSUER, "--issuer-to", f" {ISSUER} ", "--yes")
        assert (status, error) == (1, "The two issuers are the same.\n")

    def test_former_issuer_may_be_any_text(self, office: Office, run: Run) -> None:
        """Users of an issuer that no setting would accept today can be moved."""
        user = office.has(a_user(issuer="not a URL"))
        assert run("move", "--issuer-from", "not a URL", "--issuer-to", ISSUER, "--yes")[0] == 0
        assert office.row(user).issuer == ISSUER


class TestSettings:
    """The table and the settings that the command uses, and one line for each failure."""

    @pytest.fixture(autouse=True)
    def new_sessions(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let each run read the environment itself."""
        monkeypatch.setattr(users, "session_of_environment", session_of_environment)

    def test_stage_has_the_settings(
        self, office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Those of the environment do not count then."""
        office.has(a_user())
        monkeypatch.setenv("OIDC_ISSUER", OTHER)
        assert run("check")[1] != ""
        assert run("check", "--stage", "prod") == (0, "", "")

    @pytest.mark.parametrize(
        ("arguments", "environ", "reason"),
        [
            (["--table", ""], {}, "Name the service's table: --table, or TABLE_NAME"),
            (["--table", "no-such-table"], {}, "Table no-such-table does not exist in this account"),
            (["--stage", "nowhere"], {}, "The stage 'nowhere' does not exist. Stages: dev, prod"),
            ([], {"SUBJECT_CLAIM": "email"}, "SUBJECT_CLAIM is 'email'"),
            ([], {"OIDC_CLIENT_ID": "", "AUDIENCE": ""}, "AUDIENCE is missing"),
        ],
    )
    @pytest.mark.parametrize(
        "command", [["list"], ["check"], ["show", UNKNOWN], ["remove", UNKNOWN, "--yes"]]
    )
    def test_failure_is_one_line(
        self, run: Run, command: list[str], arguments: list[str], environ: dict[str, str], reason: str
    ) -> None:
        """A failure has exit status 1, its reason on standard error, and no traceback."""
        status, _, error = run(*command, *arguments, **environ)
        assert (status, error.count("\n")) == (1, 1)
        assert error.startswith(reason)

    def test_without_settings_a_stage_is_asked_for(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the issuer the command refuses, because role and warning would be guesses."""
        monkeypatch.delenv("OIDC_ISSUER")
        assert run("list") == (
            1,
            "",
            "Name the stage, because its settings name the OpenID provider: --stage prod.\n",
        )

    def test_missing_permission_is_named(self, run: Run) -> None:
        """A missing permission is reported with AWS's own message."""
        with denying() as url:
            status, _, error = run("list", AWS_ENDPOINT_URL=url)
        assert (status, error) == (1, "Query failed, AccessDeniedException: You may not Query this.\n")

    def test_missing_credentials_are_one_line(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Missing credentials are reported before any request."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        status, _, error = run(
            "list", AWS_EC2_METADATA_DISABLED="true", AWS_SHARED_CREDENTIALS_FILE="/dev/null"
        )
        assert status == 1
        assert error.startswith("The credentials are missing. Set AWS_PROFILE, ")
        assert error.count("\n") == 1

    def test_aws_out_of_reach_is_one_line(self, run: Run) -> None:
        """An unreachable endpoint is reported with its address."""
        url = f"http://127.0.0.1:{free_ports(1)[0]}"
        status, _, error = run("list", AWS_ENDPOINT_URL=url, AWS_MAX_ATTEMPTS="1")
        assert (status, error.count("\n"), url in error) == (1, 1, True)

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["nonsense"],
            ["show"],
            ["list", "--status", "odd"],
            ["list", "--iss", ISSUER],
            ["move", "--y"],
        ],
    )
    def test_unknown_words_are_refused(self, run: Run, arguments: list[str]) -> None:
        """An unknown or abbreviated option has exit status 2."""
        with pytest.raises(SystemExit) as stopped:
            run(*arguments)
        assert stopped.value.code == 2


def test_terminal_without_unicode_gets_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that its encoding lacks must not stop a list in the middle."""
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert printable("zoë 夜") == "zo\\xeb \\u591c"


def test_reader_who_has_seen_enough_is_no_traceback() -> None:
    """As with `| head`."""
    script = """
import sys
from infra.__main__ import main
from infra.aws.operate import users

class Desk:
    def list(self, *_, **__):
        for _ in range(100_000):
            print("a line", flush=True)

users._desk = lambda environ: Desk()
sys.exit(main(["users", "list", "--table", "bodhi"]))
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **ENVIRON}
    ) as running:
        assert running.stdout
        assert running.stderr
        assert running.stdout.readline() == b"a line\n"
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 1


def test_without_a_local_stack_make_says_so() -> None:
    """Without a local stack the command prints one line with the way to start it."""
    (port,) = free_ports(1)
    status, output = run_local("users", {"AWS_PORT": str(port)}, "list")
    assert (status, output.count("\n")) == (1, 1)
    assert f"No local stack responds on port {port}" in output


@cache
def _one_session() -> botocore.session.Session:
    """Return a session that keeps the service models, which are slow to load."""
    return session_of_environment()


def _lines(result: tuple[int, str, str]) -> list[str]:
    status, said, _ = result
    assert status == 0
    return said.splitlines()


def _subjects(result: tuple[int, str, str]) -> set[str]:
    return {json.loads(line)["subject"] for line in _lines(result)}


def _shown(said: str) -> dict[str, str]:
    return {line[:16].strip(): line[16:] for line in said.splitlines()}


def _rows_without_events(office: Office) -> list[Item]:
    return [row for row in office.cloud.rows() if not row["pk"]["S"].startswith("E#")]


def _before_each(patch: pytest.MonkeyPatch, method: str, happenings: list[Any]) -> None:
    """Run one action before each call of the store, in turn. An exception is raised."""
    usual, due = getattr(DynamoDBUserStore, method), list(happenings)

    def call(*arguments: Any) -> Any:
        happening = due.pop(0) if due else None
        if isinstance(happening, type):
            raise happening
        if happening:
            happening()
        return usual(*arguments)

    patch.setattr(DynamoDBUserStore, method, call)


def _refuse(patch: pytest.MonkeyPatch, method: str, user_id: str) -> None:
    """Make every change of one user meet a concurrent change."""
    usual = getattr(DynamoDBUserStore, method)

    def call(store: DynamoDBUserStore, before: User, *arguments: Any) -> Any:
        if before.id == user_id:
            raise ConcurrentChange
        return usual(store, before, *arguments)

    patch.setattr(DynamoDBUserStore, method, call)
