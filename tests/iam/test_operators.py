"""The operator's command needs exactly the permissions in docs/operations.md."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.adapters.dynamodb.tokens import DynamoDBTokenStore
from chalicelib.adapters.dynamodb.users import DynamoDBUserStore
from chalicelib.domain.users import User
from infra.aws import users
from tests.iam.grants import refused, unused
from tests.iam.policy import Request, Statement, allows
from tests.iam.recorder import Recorder
from tests.iam.stack import ACCOUNT, REGION, ROOT, TABLE, TABLE_ARN, policy_files, statements
from tests.support.builders import ISSUER, LIMITS, a_token, a_user
from tests.support.dynamodb import dynamodb_client, new_table
from tests.support.service import ENVIRON

LOOKS = ("ListUsers", "ReadUsersAndIdentities", "ReadOneRow")
OTHER = "https://other.example.com"


def granted() -> list[Statement]:
    """Return the statements that the page prints."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```json\n(\{.*?\n\})\n```", page, re.DOTALL)
    for placeholder, value in {"REGION": REGION, "ACCOUNT": ACCOUNT, "TABLE": TABLE}.items():
        text = re.sub(rf"\b{placeholder}\b", value, text)
    found: list[Statement] = json.loads(text)["Statement"]
    return found


class Desk:
    """The command over moto. Each of its calls is recorded."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.client = dynamodb_client()
        new_table(self.client, TABLE)
        self.recorder = Recorder(lambda key_id: ("", {}))
        self.recorder.watch(self.client)
        for name, value in {**ENVIRON, "TABLE_NAME": TABLE}.items():
            patch.setenv(name, value)
        patch.setattr(users, "session_of_environment", lambda: self)

    def create_client(self, _: str) -> Any:
        """Return the recorded client."""
        return self.client

    def run(self, *arguments: str) -> int:
        """Run the command and return its exit status."""
        with self.recorder.running("operator"):
            return users.main(list(arguments))

    @property
    def requests(self) -> list[Request]:
        """The requests that IAM has got so far."""
        return list(self.recorder.requests["operator"])


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Return a desk over an empty table."""
    with mock_aws():
        yield Desk(monkeypatch)


def has(desk: Desk, subject: str) -> User:
    """Keep a user with a token."""
    user = a_user(subject)
    assert DynamoDBUserStore(desk.client, TABLE).add_user(user)
    DynamoDBTokenStore(desk.client, TABLE).add_token(a_token(user), limits=LIMITS, idempotency=None)
    return user


def test_operator_may_do_exactly_what_the_command_does(desk: Desk, tmp_path: Path) -> None:
    """The page grants every permission that the command needs, and none that it does not need."""
    one, two = has(desk, "one"), has(desk, "two")
    file = tmp_path / "moves.csv"
    file.write_text(f"{two.id},new-two\n", encoding="utf-8")
    for asked in (
        ("list",),
        ("show", one.id),
        ("check",),
        ("deactivate", one.id, "--yes"),
        ("activate", one.id, "--yes"),
        ("move", one.id, "--subject", "new-one", "--yes"),
        ("move", one.id, "--subject", "one", "--yes"),
        ("move", one.id, "--subject", "newest-one", "--yes"),
        ("move", "--from", str(file), "--yes"),
        ("move", "--issuer-from", ISSUER, "--issuer-to", OTHER, "--yes"),
        ("deactivate-issuer", OTHER, "--yes"),
        ("remove", two.id, "--yes"),
    ):
        assert desk.run(*asked) == 0
    assert refused(granted(), desk.requests) == []
    assert unused(granted(), desk.requests) == []


def test_looking_needs_no_permission_to_write(desk: Desk) -> None:
    """Without --yes a change needs only the permissions to read."""
    one = has(desk, "one")
    for asked in (
        ("list",),
        ("show", one.id),
        ("check",),
        *((command, one.id) for command in ("activate", "deactivate", "remove")),
        ("deactivate-issuer", ISSUER),
        ("move", one.id, "--subject", "new-one"),
        ("move", "--issuer-from", ISSUER, "--issuer-to", OTHER),
    ):
        desk.run(*asked)
    looks = [statement for statement in granted() if statement["Sid"] in LOOKS]
    assert refused(looks, desk.requests) == []


@pytest.mark.parametrize("function", sorted(policy_files()))
@pytest.mark.parametrize("action", ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"])
@pytest.mark.parametrize("revokes", [False, True])
def test_no_function_writes_identity_rows(function: str, action: str, *, revokes: bool) -> None:
    """Even a compromised function cannot write identity rows."""
    policy = statements(function, families_are_revoked=revokes)
    for attributes in ([], ["pk", "sk"], ["pk", "sk", "user_id"]):
        for enclosing in ([], ["TransactWriteItems"]):
            context = {
                "dynamodb:LeadingKeys": ["I#usr_1"],
                "dynamodb:Attributes": attributes,
                "dynamodb:EnclosingOperation": enclosing,
            }
            assert not allows(policy, Request.of(f"dynamodb:{action}", TABLE_ARN, context))
