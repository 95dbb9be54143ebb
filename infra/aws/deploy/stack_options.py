"""The tags of a stack, and the role by which CloudFormation changes it."""

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
# AWS's own, and those by which functions know the keys that they may sign with: the tags of a stack reach
# its resources.
_RESERVED = ("aws:", "bodhi-api-tokens:")


@dataclass(frozen=True, slots=True)
class StackOptions:
    """The options of a stack beside its parameters. By default there are none."""

    role: str = ""
    """CloudFormation keeps a role that it was given, for ``make destroy`` too."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Those that change; an empty value takes the tag away."""

    @classmethod
    def read(cls, role: str, tags: str) -> Self:
        """Read an ARN and ``Name=value Name="other value"``. Raises DeploymentError."""
        if role and not _ROLE.fullmatch(role):
            raise DeploymentError(f"STACK_ROLE must be the ARN of a role, not {role!r}.")
        given = named_values(tags, "STACK_TAGS")
        for name in given:
            if name.lower().startswith(_RESERVED):
                raise DeploymentError(
                    f"STACK_TAGS must not set {name}: tags like that have a meaning here."
                )
        return cls(role, given)

    def request(self, stack: StackTypeDef | None) -> dict[str, Any]:
        """Return the members of CreateChangeSet. Tags that are not given stay as they are."""
        present = stack.get("Tags", []) if stack else []
        before = {tag["Key"]: tag["Value"] for tag in present if not tag["Key"].startswith("aws:")}
        removed = {name for name, value in self.tags.items() if not value}
        tags = {**before, **self.tags}
        return {
            "Tags": [{"Key": name, "Value": tags[name]} for name in sorted(tags.keys() - removed)],
            **({"RoleARN": self.role} if self.role else {}),
        }
