"""Rows as DynamoDB keeps them: one table for each kind of row tells its members and their attributes.

Times are whole milliseconds since 1970. Only ``purge_at`` is in seconds, as DynamoDB's TTL counts.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from chalicelib.domain.frozen import Frozen
from chalicelib.domain.scopes import parse_scope, write_scope

Attribute: TypeAlias = dict[str, str]
Item: TypeAlias = dict[str, Attribute]
StoredItem: TypeAlias = Mapping[str, Mapping[str, str]]

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=Enum)
Row = TypeVar("Row")

UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""The errors of reading a row that is damaged, or that a later release wrote."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)


def most_bytes(item: StoredItem) -> int:
    """Return an upper bound of the bytes that reading an item costs.

    Digits count in full here. DynamoDB packs two into a byte, and adds one byte to each number.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    # A damaged row may have values that are not text.
    return sum(
        len(name) + len(str(value).encode()) + 1 for name, kept in item.items() for value in kept.values()
    )


class Codec(Frozen, Generic[Value]):
    """A form of values in DynamoDB: text (``S``) or a number (``N``). Call it to write a value."""

    type: Literal["S", "N"]
    encode: Callable[[Value], str]
    decode: Callable[[str], Value]

    def __call__(self, value: Value) -> Attribute:
        """Return the attribute of a value."""
        return {self.type: self.encode(value)}

    def read(self, attribute: Mapping[str, str]) -> Value:
        """Return the value of an attribute. Raises KeyError or ValueError for another form."""
        return self.decode(attribute[self.type])


def prefixed(prefix: str) -> Codec[str]:
    """Return the codec of the part of a primary key that follows a prefix."""
    return Codec("S", lambda value: prefix + value, lambda stored: stored.removeprefix(prefix))


def choice(values: type[Choice]) -> Codec[Choice]:
    """Return the codec of an enum, by the values of its members."""
    # A dictionary, because calling the class takes four times as long.
    return Codec(
        "S", lambda value: str(value.value), {str(each.value): each for each in values}.__getitem__
    )


def _read_usage(stored: str) -> dict[date, int]:
    pairs = [pair.split("=") for pair in stored.split()]
    return {date.fromisoformat(day): int(count) for day, count in pairs}


text = Codec("S", str, str)
number = Codec("N", str, int)
time: Codec[datetime] = Codec(
    "N",
    lambda value: str((value - _EPOCH) // _MILLISECOND),
    lambda stored: _EPOCH + int(stored) * _MILLISECOND,
)
purge_time: Codec[datetime] = Codec(
    "N",
    lambda value: str((value - _EPOCH) // _SECOND),
    lambda stored: _EPOCH + int(stored) * _SECOND,
)
# The order of these texts is that of the days.
day: Codec[date] = Codec("S", date.isoformat, date.fromisoformat)
scopes: Codec[frozenset[str]] = Codec("S", write_scope, parse_scope)
usage: Codec[Mapping[date, int]] = Codec(
    "S", lambda days: " ".join(f"{day}={count}" for day, count in days.items()), _read_usage
)


class Member(Frozen):
    """A member of a value, and the attribute that keeps it. Both have one name if ``attribute`` is empty.

    An ``optional`` member is not written if it is None, zero or empty. If the attribute is missing, the
    value has its default.
    """

    name: str
    codec: Codec[Any]
    attribute: str = ""
    optional: bool = False


class Derived(Frozen, Generic[Row]):
    """Attributes that depend on several members, and the members that depend on several attributes.

    ``read`` is None if no member depends on several attributes.
    """

    write: Callable[[Row], Item]
    read: Callable[[StoredItem], Mapping[str, Any]] | None = None


_Reader: TypeAlias = tuple[str, str, str, Callable[[str], Any]]


def _reader(member: Member) -> _Reader:
    return member.name, member.attribute or member.name, member.codec.type, member.codec.decode


class RowKind(Generic[Row]):
    """The table of one kind of row. Attributes that it does not name are ignored."""

    def __init__(self, row: Callable[..., Row], *parts: Member | Derived[Row]) -> None:
        self._row = row
        self._derived = tuple(part for part in parts if isinstance(part, Derived))
        self._derived_reads = tuple(part.read for part in self._derived if part.read)
        members = [part for part in parts if isinstance(part, Member)]
        self._members = {each.attribute or each.name: each for each in members}
        # A decision reads two rows, so everything is looked up beforehand, and text is not decoded.
        required = [each for each in members if not each.optional]
        self._texts = tuple(_reader(each)[:2] for each in required if each.codec is text)
        self._required = tuple(_reader(each) for each in required if each.codec is not text)
        self._optional = tuple(_reader(each) for each in members if each.optional)

    def item(self, row: Row) -> Item:
        """Return a row as an item."""
        item = self.attributes(row, self._members)
        for derived in self._derived:
            item |= derived.write(row)
        return item

    def attributes(self, row: Row, names: Iterable[str]) -> Item:
        """Return these attributes of a row, as far as it has them. Derived ones are not among them."""
        item = {}
        for name in names:
            member = self._members[name]
            value = getattr(row, member.name)
            if value or not member.optional:
                item[name] = member.codec(value)
        return item

    def read(self, item: StoredItem) -> Row:
        """Return the row that an item holds.

        Raises KeyError for a missing attribute. Raises KeyError or ValueError for an unknown value.
        """
        values: dict[str, Any] = {name: item[stored]["S"] for name, stored in self._texts}
        for name, stored, kind, decode in self._required:
            values[name] = decode(item[stored][kind])
        for name, stored, kind, decode in self._optional:
            if stored in item:
                values[name] = decode(item[stored][kind])
        for read in self._derived_reads:
            values |= read(item)
        return self._row(**values)

    def readable_parts(self, item: StoredItem) -> Mapping[str, Any]:
        """Return the members that can be read of a damaged item."""
        values: dict[str, Any] = {}
        texts: tuple[_Reader, ...] = tuple((*each, text.type, text.decode) for each in self._texts)
        for name, stored, kind, decode in (*texts, *self._required, *self._optional):
            with suppress(*UNREADABLE):
                values[name] = decode(item[stored][kind])
        for read in self._derived_reads:
            with suppress(*UNREADABLE):
                values |= read(item)
        return values
