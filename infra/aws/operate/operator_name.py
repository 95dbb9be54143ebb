"""The name of the operator who runs a command, for the events of the changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.config import Config
from botocore.parsers import ResponseParserError

from chalicelib.domain.events import Actor, ActorKind
from infra.aws.account import AWS_ERRORS, reason_of, session_of_environment
from infra.aws.terminal import Say, warn_at_once

if TYPE_CHECKING:
    from botocore.session import Session

Name: TypeAlias = Callable[[], Actor]
"""Returns the operator. It is called before each change, and for nothing else."""

# A network without a way to STS must not hold up an emergency.
_QUICK = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2})


def unnamed() -> Actor:
    """Return an operator without a name."""
    return Actor(ActorKind.OPERATOR)


def caller_of(session: Session | None = None, warn: Say = warn_at_once) -> Name:
    """Return the function that names the operator by the ARN of the caller, as CloudTrail does.

    AWS STS is asked once, before the first change. No permission is needed for that ("GetCallerIdentity",
    AWS STS API Reference). The operator has no name if STS does not respond.
    """

    @cache
    def name() -> Actor:
        try:
            sts: Any = (session or session_of_environment()).create_client("sts", config=_QUICK)
            return Actor(ActorKind.OPERATOR, sts.get_caller_identity()["Arn"])
        except (*AWS_ERRORS, ResponseParserError) as error:
            warn(f"Warning: the events of this command do not name you. {reason_of(error)}")
            return unnamed()

    return name
