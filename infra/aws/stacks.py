"""A stack of CloudFormation: its state, and its events until it comes to rest."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.aws.errors import DeploymentError
from infra.aws.terminal import Say

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef

Pause = Callable[[float], None]

_PAUSE_SECONDS = 3.0
_ONLY_A_NAME = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
_CONSEQUENCE = "cancelled"
# This names the one who asked for a change, not the reason for a failure.
_WISH = "User Initiated"


def add_stack_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of each command that works on the stack of a stage."""
    parser.add_argument("--stage", required=True)
    parser.add_argument("--stack-name", default="", help="default: bodhi-api-tokens-STAGE")
    parser.add_argument("--yes", action="store_true", help="skip the question")


def stack_name_of(options: argparse.Namespace) -> str:
    """Return the name of the stack that the arguments name. Raises DeploymentError without a stage."""
    if not options.stage:
        raise DeploymentError("The stage is missing. Name one, for example STAGE=dev.")
    name: str = options.stack_name or f"bodhi-api-tokens-{options.stage}"
    return name


@dataclass(frozen=True, slots=True)
class Rest:
    """The state in which a stack came to rest."""

    status: str
    reason: str
    """The last reason that CloudFormation gave for the stack itself, or an empty text."""

    @property
    def told(self) -> str:
        """The end of a sentence about a failure."""
        return f"the stack is in {self.status}" + (f": {self.reason}" if self.reason else ".")


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack by its name. It may exist or not."""

    cloudformation: CloudFormationClient
    name: str
    say: Say = print
    pause: Pause = time.sleep

    def described(self) -> StackTypeDef | None:
        """Return the description of CloudFormation, or None if the stack does not exist."""
        try:
            (found,) = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise
        return found

    def status(self) -> str | None:
        """Return its status, or None if the stack does not exist."""
        described = self.described()
        return described["StackStatus"] if described else None

    def exists(self) -> bool:
        """Return whether CloudFormation ever made a resource of it. A change set alone makes none."""
        return self.status() not in (None, *_ONLY_A_NAME)

    def outputs(self) -> dict[str, str]:
        """Return the outputs of the stack by name."""
        described = self.described()
        found = described.get("Outputs", []) if described else []
        return {output["OutputKey"]: output["OutputValue"] for output in found}

    def last_event(self, stack_id: str) -> str | None:
        """Return the id of the newest event. Later events belong to the next change."""
        return next((event["EventId"] for event in self._events(stack_id)), None)

    def follow(self, stack_id: str, since: str | None) -> Rest:
        """Print each event after ``since`` until the stack comes to rest, and return its state.

        A deleted stack is found by its id only. If another stack imports an export of this one, the
        deletion fails at once, and the stack is back in its former status.
        """
        failures: list[str] = []
        reason = ""
        while True:
            for event in self._events_after(stack_id, since):
                since = event["EventId"]
                self._tell(event, failures)
                reason = _own_reason(event, stack_id) or reason
                if _ends(event, stack_id):
                    self._tell_failures(failures)
                    return Rest(event["ResourceStatus"], reason)
            self.pause(_PAUSE_SECONDS)

    def _events_after(self, stack_id: str, since: str | None) -> list[StackEventTypeDef]:
        found: list[StackEventTypeDef] = []
        for event in self._events(stack_id):
            if event["EventId"] == since:
                break
            found.append(event)
        return found[::-1]

    def _events(self, stack_id: str) -> Iterator[StackEventTypeDef]:
        """Yield the events, the newest first."""
        for page in self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
            yield from page["StackEvents"]

    def _tell(self, event: StackEventTypeDef, failures: list[str]) -> None:
        status, name = event.get("ResourceStatus", ""), event.get("LogicalResourceId", "")
        reason = event.get("ResourceStatusReason", "")
        self.say(f"  {status:30}  {name}")
        if status.endswith("_FAILED") and _CONSEQUENCE not in reason:
            failures.append(f"  {name} ({event.get('ResourceType', '')}): {reason or 'no reason given'}")

    def _tell_failures(self, failures: list[str]) -> None:
        if failures:
            self.say("\nThese resources failed:")
            for failure in failures:
                self.say(failure)


def _own_reason(event: StackEventTypeDef, stack_id: str) -> str:
    reason = event.get("ResourceStatusReason", "") if event.get("PhysicalResourceId") == stack_id else ""
    return "" if reason == _WISH else reason


def _ends(event: StackEventTypeDef, stack_id: str) -> bool:
    status = event.get("ResourceStatus", "")
    return event.get("PhysicalResourceId") == stack_id and status.endswith(("_COMPLETE", "_FAILED"))
