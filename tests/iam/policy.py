"""The condition operators that our IAM policies use, over the evaluation of ``infra/local/statements.py``.

An operator that is unknown here is an error, never a yes. Sources, IAM User Guide: "IAM JSON policy
elements: Condition operators" and "Set operators for multi-valued context keys".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from infra.local import statements as evaluation
from infra.local.statements import is_like

Statement: TypeAlias = Mapping[str, Any]
Context: TypeAlias = Mapping[str, Iterable[str]]


@dataclass(frozen=True, slots=True)
class Request:
    """An action on a resource that IAM is asked about. ``context`` holds the condition keys."""

    action: str
    resource: str
    context: frozenset[tuple[str, frozenset[str]]] = frozenset()

    @classmethod
    def of(cls, action: str, resource: str, context: Context = MappingProxyType({})) -> "Request":
        """Return a request. A condition key without values is missing from it."""
        values = {key: frozenset(given) for key, given in context.items()}
        return cls(action, resource, frozenset((key, given) for key, given in values.items() if given))

    def values(self, key: str) -> frozenset[str] | None:
        """Return the values of a condition key, or None if the request has none."""
        return dict(self.context).get(key)

    def meets(self, condition: Mapping[str, Any]) -> bool:
        """Return whether every part of a statement's Condition holds. Raises ValueError."""
        # A list: every operator is read, so that none that is unknown hides behind an earlier one.
        held = [
            _holds(operator, listed(wanted), self.values(key))
            for operator, keys in condition.items()
            for key, wanted in keys.items()
        ]
        return all(held)


def allows(statements: Iterable[Statement], request: Request) -> bool:
    """Return whether a statement allows the request and none denies it. Raises ValueError."""
    return evaluation.allows(
        map(_without_principal, statements), request.action, request.resource, request.meets
    )


def applies(statement: Statement, request: Request) -> bool:
    """Return whether a statement allows or denies this request.

    Raises ValueError for a statement that says more than is understood here. Who asks is not looked at.
    """
    return evaluation.applies(
        _without_principal(statement), request.action, request.resource, request.meets
    )


def _without_principal(statement: Statement) -> Statement:
    return {name: value for name, value in statement.items() if name != "Principal"}


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


def _is_equal(pattern: str, value: str) -> bool:
    return pattern == value


_MATCHES: Mapping[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (_is_equal, False),
    "StringNotEquals": (_is_equal, True),
    "StringLike": (is_like, False),
    "ArnEquals": (is_like, False),
    "ArnLike": (is_like, False),
    "ArnNotEquals": (is_like, True),
}
