"""Evaluates what an authorizer returned, as API Gateway does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

ACTION = "execute-api:Invoke"


class BadAuthorizerResult(Exception):
    """The authorizer returned something that API Gateway cannot use."""


def allows(result: Mapping[str, Any], arn: str) -> bool:
    """Tell whether the policy allows the method; an explicit deny wins."""
    policy = result.get("policyDocument")
    if not isinstance(policy, Mapping) or not isinstance(policy.get("Statement"), list):
        raise BadAuthorizerResult("no policyDocument with a list of statements")
    effects = {statement.get("Effect") for statement in policy["Statement"] if _applies(statement, arn)}
    return "Allow" in effects and "Deny" not in effects


def context_of(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the context as the handler sees it: flat, and strings only."""
    principal = result.get("principalId")
    if not isinstance(principal, str):
        raise BadAuthorizerResult("principalId must be a string")
    context = {name: _flat(name, value) for name, value in (result.get("context") or {}).items()}
    return {**context, "principalId": principal}


def _flat(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise BadAuthorizerResult(f"context {name} must be a string, a number or a boolean")


def _applies(statement: Mapping[str, Any], arn: str) -> bool:
    return _matches(statement.get("Action"), ACTION) and _matches(statement.get("Resource"), arn)


def _matches(patterns: str | list[str] | None, value: str) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns or []
    return any(_glob(pattern).fullmatch(value) for pattern in listed)


def _glob(pattern: str) -> re.Pattern[str]:
    # Unlike a shell's, a policy's star crosses slashes and has no bracket expressions.
    first, *others = [re.escape(part).replace(r"\?", ".") for part in pattern.split("*")]
    if not others:
        return re.compile(first, re.DOTALL)
    *middle, last = others
    # Atomic: the first place of a part is as good as any later one, so no place is tried again.
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + f".*{last}", re.DOTALL)
