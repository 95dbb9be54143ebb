"""The evaluation that all policies share: statements, wildcards, and a Deny that wins over every Allow.

A part of a statement that is not understood here is an error. If a condition were skipped, an Allow would
let every caller in. Callers bring the condition operators that they understand. Sources: IAM User Guide,
"Policy evaluation logic" and "IAM JSON policy elements reference".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

ConditionHolds = Callable[[Mapping[str, object]], bool]
"""Tells whether a statement's Condition holds. It raises PolicyNotUnderstood for what it does not know."""

_STATEMENT = frozenset({"Sid", "Effect", "Action", "Resource", "Condition"})


class PolicyNotUnderstood(ValueError):
    """A policy is invalid, or says more than is understood here."""


def allows(statements: Iterable[object], action: str, resource: str, holds: ConditionHolds) -> bool:
    """Tell whether a statement allows the action on the resource and none denies it.

    Raises PolicyNotUnderstood, also for a statement about another action or resource.
    """
    # A list: every statement is read, so that no error hides behind an earlier statement.
    effects = [_effect(statement, action, resource, holds) for statement in statements]
    return "Allow" in effects and "Deny" not in effects


def applies(statement: object, action: str, resource: str, holds: ConditionHolds) -> bool:
    """Tell whether a statement allows or denies the action on the resource.

    Raises PolicyNotUnderstood.
    """
    return _effect(statement, action, resource, holds) is not None


def texts(name: str, value: object, least: int) -> list[str]:
    """Return the strings of an element that is one string or a list of at least ``least``.

    Raises PolicyNotUnderstood, also for a policy variable.
    """
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise PolicyNotUnderstood(f"{name} must be a string or a list of strings")
    if len(listed) < least:
        raise PolicyNotUnderstood(f"{name} must not be empty")
    if any("${" in each for each in listed):
        raise PolicyNotUnderstood(f"{name} has a policy variable, which is not understood")
    return listed


def refuse_unknown(place: str, members: Mapping[str, object], known: frozenset[str]) -> None:
    """Raise PolicyNotUnderstood, with the names, if a part of a policy has unknown members."""
    unknown = sorted(map(str, members.keys() - known))
    if unknown:
        raise PolicyNotUnderstood(f"{place} has a member that is not understood: {', '.join(unknown)}")


def is_like(pattern: str, value: str) -> bool:
    """Tell whether the whole value matches; ``*`` stands for any text, ``?`` for one character."""
    # Unlike a shell's, a policy's star crosses slashes and has no bracket expressions.
    first, *others = [re.escape(part).replace(r"\?", ".") for part in pattern.split("*")]
    if others:
        *middle, last = others
        # Atomic: the first place of a part is as good as any later one, so no place is tried again.
        first += "".join(f"(?>.*?{part})" for part in middle) + f".*{last}"
    return re.fullmatch(first, value, re.DOTALL) is not None


def _effect(statement: object, action: str, resource: str, holds: ConditionHolds) -> str | None:
    """Return the effect of a statement on this request, or None if it does not apply."""
    if not isinstance(statement, Mapping):
        raise PolicyNotUnderstood("a statement must be an object")
    refuse_unknown("a statement", statement, _STATEMENT)
    effect, condition = statement.get("Effect"), statement.get("Condition", {})
    if effect not in ("Allow", "Deny"):
        raise PolicyNotUnderstood("Effect must be Allow or Deny")
    if not isinstance(condition, Mapping):
        raise PolicyNotUnderstood("Condition must be an object")
    # Chalice writes an empty list of resources to allow nothing.
    least = 0 if effect == "Allow" else 1
    # Actions are compared in any case, resources are not.
    actions = [pattern.lower() for pattern in texts("Action", statement.get("Action"), least)]
    about_the_request = [
        _is_like_one(actions, action.lower()),
        _is_like_one(texts("Resource", statement.get("Resource"), least), resource),
        holds(condition),
    ]
    return str(effect) if all(about_the_request) else None


def _is_like_one(patterns: Sequence[str], value: str) -> bool:
    return any(is_like(pattern, value) for pattern in patterns)
