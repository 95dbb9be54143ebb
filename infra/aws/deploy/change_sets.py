"""The change set of a deployment. It is shown, and then executed or removed."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from infra.aws.errors import DeploymentError
from infra.aws.package.functions import API_ROLE
from infra.aws.stacks import Rest, Stack

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import (
        ChangeTypeDef,
        DescribeChangeSetOutputTypeDef,
        ParameterTypeDef,
        ResourceChangeTypeDef,
    )

_PAUSE_SECONDS = 2.0
# CloudFormation retains them, but the service would continue with an empty table and new keys.
_STATE = ("AWS::DynamoDB::Table", "AWS::KMS::Key")
# CloudFormation makes a new snapshot for each change of the API or of a function. It points the stage or
# the alias to the new snapshot before it removes the old one.
_SNAPSHOTS = ("AWS::ApiGateway::Deployment", "AWS::Lambda::Version")
_UNFINISHED = ("CREATE_PENDING", "CREATE_IN_PROGRESS")
_NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
# A stack in these states has no resources yet.
_NEW = (None, "REVIEW_IN_PROGRESS")
_DEAD = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set of a stack."""

    stack: Stack
    id: str
    stack_id: str
    alone: bool
    """True if the stack exists for this change set only, and goes with it."""
    changes: Sequence[ResourceChangeTypeDef]

    @classmethod
    def make(
        cls,
        stack: Stack,
        template_url: str,
        parameters: Sequence[ParameterTypeDef],
        options: Mapping[str, Any] | None = None,
    ) -> Self:
        """Let CloudFormation compare the template with the stack. There may be no changes.

        ``options`` are further members of CreateChangeSet. Raises DeploymentError if the status of the
        stack allows no deployment, or if CloudFormation refuses the template.
        """
        status = refuse_state(stack)
        made = stack.cloudformation.create_change_set(
            StackName=stack.name,
            ChangeSetName=f"deploy-{uuid.uuid4().hex[:12]}",
            ChangeSetType="CREATE" if status in _NEW else "UPDATE",
            TemplateURL=template_url,
            Parameters=parameters,
            Capabilities=["CAPABILITY_IAM"],
            **(options or {}),
        )
        unknown = cls(stack, made["Id"], made["StackId"], status is None, ())
        return dataclasses.replace(unknown, changes=unknown._wait())

    def show(self) -> None:
        """Print each change. Changes that remove or replace a resource come last, with a mark."""
        self.stack.say(f"\nChanges of the stack {self.stack.name}:")
        for change in sorted(self.changes, key=_danger):
            mark = "!!" if _danger(change)[0] else "  "
            effect = _effect(change)
            self.stack.say(
                f"{mark} {effect:24}  {change['LogicalResourceId']:34}  {change['ResourceType']}"
            )
        lost = sum(_danger(change)[0] for change in self.changes)
        if lost:
            self.stack.say(f"!! {lost} of {len(self.changes)} changes remove or replace a resource.")

    def lost_state(self) -> list[str]:
        """Return the names of the resources with state that the service would lose."""
        return sorted(
            change["LogicalResourceId"]
            for change in self.changes
            if _holds_state(change) and _danger(change)[0]
        )

    def execute(self) -> Rest:
        """Execute it, print its events, and return the state in which the stack came to rest."""
        since = self.stack.last_event(self.stack_id)
        self.stack.cloudformation.execute_change_set(ChangeSetName=self.id)
        return self.stack.follow(self.stack_id, since)

    def discard(self) -> None:
        """Remove it, and the stack too if that exists for this change set only."""
        self.stack.cloudformation.delete_change_set(ChangeSetName=self.id)
        if self.alone:
            self.stack.cloudformation.delete_stack(StackName=self.stack_id)

    def _wait(self) -> list[ResourceChangeTypeDef]:
        while (found := self._described())["Status"] in _UNFINISHED:
            self.stack.pause(_PAUSE_SECONDS)
        if found["Status"] == "CREATE_COMPLETE":
            return self._all_changes(found)
        self.discard()
        reason = found.get("StatusReason", "")
        if any(words in reason for words in _NOTHING_TO_DO):
            return []
        raise DeploymentError(f"CloudFormation refuses the change set: {reason or found['Status']}")

    def _all_changes(self, first: DescribeChangeSetOutputTypeDef) -> list[ResourceChangeTypeDef]:
        changes: list[ChangeTypeDef] = list(first["Changes"])
        page = first
        while token := page.get("NextToken"):
            page = self.stack.cloudformation.describe_change_set(ChangeSetName=self.id, NextToken=token)
            changes += page["Changes"]
        return [change["ResourceChange"] for change in changes]

    def _described(self) -> DescribeChangeSetOutputTypeDef:
        return self.stack.cloudformation.describe_change_set(ChangeSetName=self.id)


def refuse_state(stack: Stack) -> str | None:
    """Return the status of the stack, or None if it does not exist.

    Raises DeploymentError, which says what to do, if the status allows no deployment.
    """
    name, status = stack.name, stack.status()
    if status in _DEAD:
        raise DeploymentError(
            f"The stack {name} is in {status}. CloudFormation refuses every deployment now. Its events "
            "say why. Remove it with `make destroy`, then deploy again."
        )
    if status == "UPDATE_ROLLBACK_FAILED":
        raise DeploymentError(
            f"The stack {name} is in {status}. Repair the resources that its events name, then run "
            f"`aws cloudformation continue-update-rollback --stack-name {name}`."
        )
    if status not in _NEW and status.endswith("_IN_PROGRESS"):
        raise DeploymentError(f"The stack {name} is in {status}. A change is running. Try again later.")
    return status


def _holds_state(change: ResourceChangeTypeDef) -> bool:
    """Return whether tokens depend on it. The policies of signing keys name the role of the API."""
    return change["ResourceType"] in _STATE or change["LogicalResourceId"] == API_ROLE


def _effect(change: ResourceChangeTypeDef) -> str:
    if change["ResourceType"] in _SNAPSHOTS:
        return change["Action"]
    replacement = change.get("Replacement")
    if change["Action"] == "Modify" and replacement in {"True", "Conditional"}:
        return "REPLACE" if replacement == "True" else "MAYBE REPLACE"
    effect = change["Action"].upper() if change["Action"] == "Remove" else change["Action"]
    return f"{effect} (retained)" if change.get("PolicyAction") == "Retain" else effect


def _danger(change: ResourceChangeTypeDef) -> tuple[bool, str]:
    """Return whether a change removes or replaces a resource, and its name, for sorting."""
    return _effect(change).split(" (")[0] in {"REMOVE", "REPLACE", "MAYBE REPLACE"}, change[
        "LogicalResourceId"
    ]
