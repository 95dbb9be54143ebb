"""The table's stream: records from rows, and the patterns that decide which of them are handed on."""

from collections.abc import Sequence
from typing import Any

from chalicelib.adapters.dynamodb.attributes import Item
from infra.aws.package.flushing import MAPPING as FLUSHES
from infra.local import patterns
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
    return patterns.handed_on(records, mapping)


def _key(row: Item) -> tuple[str, ...]:
    return tuple(row[part]["S"] for part in _KEYS)
