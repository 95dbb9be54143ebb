"""The patterns of an event source mapping, by the rules that the patterns of this project use.

AWS describes them in the Lambda Developer Guide, "Control which events Lambda sends to your function".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from infra.aws.package.pieces import with_pieces
from infra.local.template import read_template


def handed_on(records: Sequence[dict[str, Any]], mapping: str) -> list[dict[str, Any]]:
    """Return the records that match one of a mapping's patterns. Raises ValueError for an unknown rule."""
    return [record for record in records if any(_matches(p, record) for p in _patterns(mapping))]


@cache
def _patterns(mapping: str) -> tuple[Mapping[str, Any], ...]:
    properties = with_pieces(dict(read_template()))["Resources"][mapping]["Properties"]
    return tuple(json.loads(each["Pattern"]) for each in properties["FilterCriteria"]["Filters"])


def _matches(pattern: Mapping[str, Any], value: object) -> bool:
    return all(_member_matches(wanted, value, name) for name, wanted in pattern.items())


def _member_matches(wanted: object, value: object, name: str) -> bool:
    held = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(wanted, Mapping):
        return _matches(wanted, held)
    return isinstance(wanted, list) and any(_leaf_matches(each, held) for each in wanted)


def _leaf_matches(rule: object, held: object) -> bool:
    if not isinstance(rule, Mapping):
        return rule == held
    ((operator, operand),) = rule.items()
    if operator == "prefix":
        return isinstance(held, str) and held.startswith(operand)
    if (operator, operand) != ("exists", True):
        raise ValueError(f"unknown rule: {rule}")
    return held is not None
