"""Waiting, pages and a busy stack, for which the emulator is too quick or too small."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.session import get_session
from botocore.stub import Stubber

from infra.aws.account import Account
from infra.aws.deploy.change_sets import ChangeSet
from infra.aws.deploy.destroy import destroy
from infra.aws.errors import DeploymentError
from infra.aws.stacks import Rest, Stack

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/tokens/1"
CHANGE_SET = "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/deploy-1/1"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Told:
    """A stack whose CloudFormation answers as told, in that order."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.pauses = 0
        cloudformation: Any = get_session().create_client("cloudformation", "eu-west-1")
        self.stub = Stubber(cloudformation)
        self.stack = Stack(cloudformation, "tokens", self.said.append, self._pause)

    def answers(self, call: str, **answer: Any) -> None:
        """Answer the next call."""
        self.stub.add_response(call, answer)

    def _pause(self, seconds: float) -> None:
        self.pauses += 1


@pytest.fixture
def told() -> Iterator[Told]:
    """Return a stack without answers yet; those that were not asked for fail the test."""
    told = Told()
    with told.stub:
        yield told
    told.stub.assert_no_pending_responses()


def described(status: str) -> dict[str, Any]:
    """Return what DescribeStacks says of a stack."""
    return {
        "Stacks": [{"StackName": "tokens", "StackId": STACK_ID, "CreationTime": NOW, "StackStatus": status}]
    }


def event(number: int, status: str, name: str = "tokens", reason: str = "") -> dict[str, Any]:
    """Return an event; the stack's own bears its id."""
    return {
        "StackId": STACK_ID,
        "StackName": "tokens",
        "EventId": str(number),
        "Timestamp": NOW,
        "LogicalResourceId": name,
        "PhysicalResourceId": STACK_ID if name == "tokens" else name,
        "ResourceType": "AWS::X::Y",
        "ResourceStatus": status,
        **({"ResourceStatusReason": reason} if reason else {}),
    }


def unused() -> Any:
    """Return a client that nothing asks."""
    return None


def change(name: str, action: str = "Add") -> dict[str, Any]:
    """Return one change of a change set."""
    return {
        "Type": "Resource",
        "ResourceChange": {"Action": action, "LogicalResourceId": name, "ResourceType": "AWS::X::Y"},
    }


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("UPDATE_IN_PROGRESS", "A change is running"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "A change is running"),
        ("DELETE_IN_PROGRESS", "A change is running"),
        ("ROLLBACK_COMPLETE", "with `make destroy`"),
        ("ROLLBACK_FAILED", "with `make destroy`"),
        ("DELETE_FAILED", "with `make destroy`"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name tokens"),
    ],
)
def test_stack_that_takes_no_deployment_is_told(told: Told, status: str, sentence: str) -> None:
    """Before a change set is made, with what to do."""
    told.answers("describe_stacks", **described(status))
    with pytest.raises(DeploymentError, match=f"tokens is in {status}") as refused:
        ChangeSet.make(told.stack, "https://x", [])
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("CREATE_COMPLETE", "UPDATE"),
        ("UPDATE_ROLLBACK_COMPLETE", "UPDATE"),
        ("REVIEW_IN_PROGRESS", "CREATE"),
    ],
)
def test_change_set_is_waited_for_and_read_to_its_end(told: Told, status: str, kind: str) -> None:
    """CloudFormation takes its time, and lists changes by the page."""
    told.answers("describe_stacks", **described(status))
    told.answers("create_change_set", Id=CHANGE_SET, StackId=STACK_ID)
    told.answers("describe_change_set", Status="CREATE_PENDING")
    told.answers("describe_change_set", Status="CREATE_IN_PROGRESS")
    told.answers("describe_change_set", Status="CREATE_COMPLETE", Changes=[change("A")], NextToken="2")
    told.answers("describe_change_set", Status="CREATE_COMPLETE", Changes=[change("B")])
    asked: list[str] = []
    events = told.stack.cloudformation.meta.events
    events.register(
        "provide-client-params.cloudformation.CreateChangeSet",
        lambda params, **_: asked.append(params["ChangeSetType"]),
    )
    found = ChangeSet.make(told.stack, "https://x", [])
    assert [c["LogicalResourceId"] for c in found.changes] == ["A", "B"]
    assert (told.pauses, asked, found.alone) == (2, [kind], False)


def test_change_set_that_cannot_be_made_is_removed_and_its_reason_told(told: Told) -> None:
    """A stack that was there stays."""
    told.answers("describe_stacks", **described("CREATE_COMPLETE"))
    told.answers("create_change_set", Id=CHANGE_SET, StackId=STACK_ID)
    told.answers("describe_change_set", Status="FAILED", StatusReason="Transform failed: x")
    told.answers("delete_change_set")
    with pytest.raises(DeploymentError, match="refuses the change set: Transform failed: x"):
        ChangeSet.make(told.stack, "https://x", [])


def test_what_was_before_is_not_taken_for_the_end(told: Told) -> None:
    """CloudFormation may not have begun yet when it is asked first."""
    before = [event(2, "UPDATE_COMPLETE"), event(1, "CREATE_COMPLETE")]
    begun = [event(3, "UPDATE_IN_PROGRESS"), *before]
    cleaning = [event(5, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), event(4, "UPDATE_COMPLETE", "A"), *begun]
    told.answers("describe_stack_events", StackEvents=before)
    told.answers("describe_stack_events", StackEvents=begun)
    told.answers("describe_stack_events", StackEvents=cleaning)
    told.answers("describe_stack_events", StackEvents=[event(6, "UPDATE_COMPLETE"), *cleaning])
    assert told.stack.follow(STACK_ID, "2") == Rest("UPDATE_COMPLETE", "")
    assert [line.split() for line in told.said] == [
        ["UPDATE_IN_PROGRESS", "tokens"],
        ["UPDATE_COMPLETE", "A"],
        ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "tokens"],
        ["UPDATE_COMPLETE", "tokens"],
    ]


def test_causes_are_told_and_consequences_are_not(told: Told) -> None:
    """What was only cancelled because something else failed explains nothing."""
    events = [
        event(1, "CREATE_FAILED", "A", "Access denied"),
        event(2, "CREATE_FAILED", "B", "Resource creation cancelled"),
        event(3, "ROLLBACK_COMPLETE"),
    ]
    told.answers("describe_stack_events", StackEvents=events[::-1])
    assert told.stack.follow(STACK_ID, None) == Rest("ROLLBACK_COMPLETE", "")
    assert told.said[-2:] == ["\nThese resources failed:", "  A (AWS::X::Y): Access denied"]


IMPORTED = "Export tokens-ApiTokenAuthorizerArn cannot be deleted as it is in use by orders"


def test_stack_that_others_import_from_is_not_removed_and_they_are_told(told: Told) -> None:
    """CloudFormation takes the call, and says why not in an event that bears the status of before."""
    account = Account("123456789012", "eu-west-1", told.stack.cloudformation, unused(), unused())
    before = [event(1, "UPDATE_COMPLETE")]
    told.answers("describe_stacks", **described("UPDATE_COMPLETE"))
    told.answers("describe_stack_resources", StackResources=[])
    told.answers("describe_stack_events", StackEvents=before)
    told.answers("delete_stack")
    told.answers(
        "describe_stack_events", StackEvents=[event(2, "UPDATE_COMPLETE", reason=IMPORTED), *before]
    )
    with pytest.raises(DeploymentError) as refused:
        destroy(account, told.stack, "prod", lambda *_: True)
    assert str(refused.value) == f"tokens could not be removed: the stack is in UPDATE_COMPLETE: {IMPORTED}"


def test_reason_for_going_back_is_kept_and_a_wish_is_no_reason(told: Told) -> None:
    """The event of the end has none: an export that may not change turns the stack back, no resource."""
    events = [
        event(1, "UPDATE_IN_PROGRESS", reason="User Initiated"),
        event(2, "CREATE_FAILED", "A", "Access denied"),
        event(3, "UPDATE_ROLLBACK_IN_PROGRESS", reason=IMPORTED),
        event(4, "UPDATE_ROLLBACK_COMPLETE"),
    ]
    told.answers("describe_stack_events", StackEvents=events[::-1])
    assert told.stack.follow(STACK_ID, None) == Rest("UPDATE_ROLLBACK_COMPLETE", IMPORTED)


def test_what_a_removed_resource_leaves_is_said() -> None:
    """A table that is retained is no longer the stack's, which is worth a mark all the same."""
    told = Told()
    lost: Any = change("TokenTable", "Remove")["ResourceChange"] | {"PolicyAction": "Retain"}
    ChangeSet(told.stack, CHANGE_SET, STACK_ID, alone=False, changes=[lost]).show()
    assert told.said[1].split() == ["!!", "REMOVE", "(retained)", "TokenTable", "AWS::X::Y"]


def test_what_takes_away_is_shown_last() -> None:
    """Where the eye is when the question comes."""
    told = Told()
    changes: Any = [change("A", "Remove")["ResourceChange"], change("B")["ResourceChange"]]
    ChangeSet(told.stack, CHANGE_SET, STACK_ID, alone=False, changes=changes).show()
    assert [line.split()[-2] for line in told.said[1:3]] == ["B", "A"]


@pytest.mark.parametrize(
    ("action", "replacement"), [("Remove", ""), ("Modify", "True"), ("Modify", "Conditional")]
)
def test_role_that_signs_counts_as_lost_when_it_becomes_another(action: str, replacement: str) -> None:
    """By its name: the other functions' roles are made anew without harm."""
    changes: Any = [
        {
            "Action": action,
            "LogicalResourceId": name,
            "ResourceType": "AWS::IAM::Role",
            **({"Replacement": replacement} if replacement else {}),
        }
        for name in ("PageHandlerRole", "ApiHandlerRole")
    ]
    found = ChangeSet(Told().stack, CHANGE_SET, STACK_ID, alone=False, changes=changes)
    assert found.lost_state() == ["ApiHandlerRole"]


def test_role_that_signs_may_change() -> None:
    """It stays the same role, by the same name."""
    changes: Any = [
        {
            "Action": "Modify",
            "LogicalResourceId": "ApiHandlerRole",
            "ResourceType": "AWS::IAM::Role",
            "Replacement": "False",
        }
    ]
    assert not ChangeSet(Told().stack, CHANGE_SET, STACK_ID, alone=False, changes=changes).lost_state()


def test_snapshot_of_the_api_is_no_loss() -> None:
    """Each change of a route makes one and removes the last: a mark that is always there says nothing."""
    told = Told()
    snapshots: Any = [
        {
            "Action": action,
            "LogicalResourceId": f"RestAPIDeployment{action}",
            "ResourceType": "AWS::ApiGateway::Deployment",
        }
        for action in ("Remove", "Add")
    ]
    ChangeSet(told.stack, CHANGE_SET, STACK_ID, alone=False, changes=snapshots).show()
    assert "!!" not in "".join(told.said)
    assert [line.split()[0] for line in told.said[1:]] == ["Add", "Remove"]
