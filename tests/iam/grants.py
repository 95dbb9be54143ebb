"""The grants of a policy, taken apart into the smallest pieces that can be removed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.iam.policy import Request, Statement, applies, listed

LEADING_KEYS = "dynamodb:LeadingKeys"
BATCH = "dynamodb:BatchGetItem"


def taken_apart(statements: Iterable[Statement]) -> list[Statement]:
    """Return the statements split so that each has one action, one resource and one leading key.

    A statement about batches keeps its leading keys together, because one batch may need several.
    """
    return [
        {**each, "Action": action, "Resource": resource}
        for statement in statements
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        for each in ([statement] if action == BATCH else _by_leading_key(statement))
    ]


def unused(statements: Sequence[Statement], requests: Sequence[Request]) -> list[str]:
    """Return what can be taken out of the statements without one of the requests being refused."""
    grants = taken_apart(statements)
    found = []
    for grant in grants:
        others = [other for other in grants if other is not grant]
        own = [r for r in requests if applies(grant, r) and not any(applies(o, r) for o in others)]
        if not own:
            found.append(_name(grant))
        else:
            found += [
                f"{_name(grant)}: {value}"
                for value, narrower in _without_each(grant)
                if all(applies(narrower, request) for request in own)
            ]
    return found


def refused(statements: Iterable[Statement], requests: Iterable[Request]) -> list[Request]:
    """Return the requests that no statement, taken apart, allows."""
    grants = taken_apart(statements)
    return [request for request in requests if not any(applies(grant, request) for grant in grants)]


def _by_leading_key(statement: Statement) -> Iterator[Statement]:
    conditions = statement.get("Condition", {})
    operators = [operator for operator, keys in conditions.items() if _compares(operator, keys)]
    if not operators:
        yield statement
    for operator in operators:
        for pattern in listed(conditions[operator][LEADING_KEYS]):
            keys = {**conditions[operator], LEADING_KEYS: [pattern]}
            yield {**statement, "Condition": {**conditions, operator: keys}}


def _without_each(grant: Statement) -> Iterator[tuple[str, Statement]]:
    """Return the grant once without each value of its conditions that is one of several."""
    for operator, keys in grant.get("Condition", {}).items():
        for key, values in keys.items():
            for value in listed(values) if len(listed(values)) > 1 else ():
                fewer = {**keys, key: [other for other in listed(values) if other != value]}
                yield value, {**grant, "Condition": {**grant["Condition"], operator: fewer}}


def _compares(operator: str, keys: Mapping[str, Any]) -> bool:
    """Return whether an operator compares leading keys; Null only asks whether there are any."""
    return operator != "Null" and LEADING_KEYS in keys


def _name(grant: Statement) -> str:
    keys = [
        pattern
        for operator, held in grant.get("Condition", {}).items()
        if _compares(operator, held)
        for pattern in held[LEADING_KEYS]
    ]
    return " ".join([str(grant.get("Sid")), str(grant["Action"]), *keys])
