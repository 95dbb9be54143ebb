"""The table's stream: records from rows, and the patterns that decide which of them are handed on."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from chalicelib.adapters.dynamodb.attributes import Item
from infra.aws.package.flushing import MAPPING as FLUSHES
from infra.aws.package.pieces import with_pieces
from infra.local.template import read_template
from tests.support.clock import START

Record = dict[str, Any]

_KEYS = ("pk", "sk")


def records_between(before: Sequence[Item], after: Sequence[Item]) -> list[Record]:
    """Return what a stream with both images says about the way from some rows to others."""
    old, new = ({_key(row): row for row in rows} for rows in (before, after))
    changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return [a_record(old.get(key), new.get(key)) for key in changed]


def a_record(old: Item | None, new: Item | None, *, number: int = 7) -> Record:
    """Return one record; an image is absent for what was not there."""
    name = "MODIFY" if old and new else "INSERT" if new else "REMOVE"
    row = new or old or {}
    stream: Record = {
        "ApproximateCreationDateTime": int(START.timestamp()),
        "Keys": {part: row[part] for part in _KEYS},
        "SequenceNumber": str(number),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    images = {"OldImage": old, "NewImage": new}
    stream |= {image: item for image, item in images.items() if item is not None}
    return {"eventName": name, "eventSource": "aws:dynamodb", "dynamodb": stream}


def handed_on(records: Sequence[Record], mapping: str = FLUSHES) -> list[Record]:
    """Return the records that match one of a deployed mapping's patterns."""
    return [record for record in records if any(_matches(p, record) for p in _patterns(mapping))]


@cache
def _patterns(mapping: str) -> tuple[Mapping[str, Any], ...]:
    properties = with_pieces(dict(read_template()))["Resources"][mapping]["Properties"]
    return tuple(json.loads(each["Pattern"]) for each in properties["FilterCriteria"]["Filters"])


def _matches(pattern: Mapping[str, Any], value: object) -> bool:
    """Return True if a value matches, by the rules that the patterns of this project use."""
    return all(_member_matches(wanted, value, name) for name, wanted in pattern.items())


def _member_matches(wanted: object, value: object, name: str) -> bool:
    held = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(wanted, Mapping):
        return _matches(wanted, held)
    assert isinstance(wanted, list)
    return any(_leaf_matches(each, held) for each in wanted)


def _leaf_matches(rule: object, held: object) -> bool:
    if not isinstance(rule, Mapping):
        return rule == held
    ((operator, operand),) = rule.items()
    if operator == "prefix":
        return isinstance(held, str) and held.startswith(operand)
    assert (operator, operand) == ("exists", True), f"The tests do not know {rule}"
    return held is not None


def _key(row: Item) -> tuple[str, ...]:
    return tuple(row[part]["S"] for part in _KEYS)
