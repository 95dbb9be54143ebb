"""The tags of a stack, and the role with which CloudFormation changes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from infra.aws.deploy.parameters import named_values
from infra.aws.errors import DeploymentError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

_ROLE = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:role/[!-~]+")
# AWS reserves the first. The policies of functions allow signing by the second, and the tags of a stack are
# copied to its keys.
_RESERVED = ("aws:", "bodhi-api-tokens:")


@dataclass(frozen=True, slots=True)
class StackOptions:
    """The options of a stack besides its parameters."""

    role: str = ""
    """An ARN, or an empty text. CloudFormation keeps using a role, also for ``make destroy``."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The tags that change. An empty value removes the tag."""

    @classmethod
    def read(cls, role: str, tags: str) -> Self:
        """Return the options in an ARN and ``Name=value Name="other value"``. Raises DeploymentError."""
        if role and not _ROLE.fullmatch(role):
            raise DeploymentError(f"STACK_ROLE must be the ARN of a role, not {role!r}.")
        given = named_values(tags, "STACK_TAGS")
        for name in given:
            if name.lower().startswith(_RESERVED):
                raise DeploymentError(f"STACK_TAGS must not set {name}, because the name is reserved.")
        return cls(role, given)

    def request(self, stack: StackTypeDef | None) -> dict[str, Any]:
        """Return members of CreateChangeSet. Tags that are not given keep their values."""
        present = stack.get("Tags", []) if stack else []
        before = {tag["Key"]: tag["Value"] for tag in present if not tag["Key"].startswith("aws:")}
        removed = {name for name, value in self.tags.items() if not value}
        tags = {**before, **self.tags}
        return {
            "Tags": [{"Key": name, "Value": tags[name]} for name in sorted(tags.keys() - removed)],
            **({"RoleARN": self.role} if self.role else {}),
        }
