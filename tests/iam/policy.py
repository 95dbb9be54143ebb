"""As much of IAM's evaluation as our policies use; what it does not know is an error, never a yes.

Sources, IAM User Guide: "Policy evaluation logic", "IAM JSON policy elements: Condition operators" and
"Set operators for multi-valued context keys".
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

Statement: TypeAlias = Mapping[str, Any]
Context: TypeAlias = Mapping[str, Iterable[str]]

_KNOWN = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that IAM is asked: may this be done to that? ``context`` holds the condition keys."""

    action: str
    resource: str
    context: frozenset[tuple[str, frozenset[str]]] = frozenset()

    @classmethod
    def of(cls, action: str, resource: str, context: Context = MappingProxyType({})) -> "Request":
        """Return a request; a key without values is one that the request does not have."""
        values = {key: frozenset(given) for key, given in context.items()}
        return cls(action, resource, frozenset((key, given) for key, given in values.items() if given))

    def values(self, key: str) -> frozenset[str] | None:
        """Return the values of a condition key, or None where the request has none."""
        return dict(self.context).get(key)


def allows(statements: Iterable[Statement], request: Request) -> bool:
    """Return whether something allows the request and nothing denies it."""
    return {statement["Effect"] for statement in statements if applies(statement, request)} == {"Allow"}


def applies(statement: Statement, request: Request) -> bool:
    """Return whether a statement speaks of this request, allowing or denying it.

    Raises ValueError for a statement that says more than is understood here. Who asks is not looked at.
    """
    if statement.keys() - _KNOWN:
        raise ValueError(f"not understood: {sorted(statement.keys() - _KNOWN)}")
    return (
        any(_is_like(pattern.lower(), request.action.lower()) for pattern in listed(statement["Action"]))
        and any(_is_like(pattern, request.resource) for pattern in listed(statement["Resource"]))
        and all(
            _holds(operator, listed(wanted), request.values(key))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def listed(value: str | Sequence[str]) -> Sequence[str]:
    """Return the values of an element that may be one or a list."""
    return [value] if isinstance(value, str) else value


def _holds(operator: str, wanted: Sequence[str], given: frozenset[str] | None) -> bool:
    if operator == "Null" and list(wanted) in (["true"], ["false"]):
        return (given is None) is (list(wanted) == ["true"])
    quantifier, _, name = operator.rpartition(":")
    base = name.removesuffix("IfExists")
    if base not in _MATCHES or quantifier not in {"", "ForAllValues", "ForAnyValue"}:
        raise ValueError(f"not understood: {operator}")
    matches, negated = _MATCHES[base]

    def is_met(value: str) -> bool:
        return any(matches(pattern, value) for pattern in wanted) is not negated

    if quantifier == "ForAllValues":
        # The pitfall: of no values at all everything is true.
        return all(is_met(value) for value in given or ())
    if given is None:
        return base != name or (negated and not quantifier)
    if quantifier == "" and len(given) != 1:
        raise ValueError(f"{operator} compares one value, not {sorted(given)}")
    return any(is_met(value) for value in given)


def _is_like(pattern: str, value: str) -> bool:
    wild = {"*": ".*", "?": "."}
    expression = "".join(wild.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _is_equal(pattern: str, value: str) -> bool:
    return pattern == value


_MATCHES: Mapping[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (_is_equal, False),
    "StringNotEquals": (_is_equal, True),
    "StringLike": (_is_like, False),
    "ArnEquals": (_is_like, False),
    "ArnLike": (_is_like, False),
    "ArnNotEquals": (_is_like, True),
}
