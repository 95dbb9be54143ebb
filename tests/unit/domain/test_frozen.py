"""Frozen values behave like frozen dataclasses."""

import copy
import dataclasses
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.frozen import Frozen, field, replace

T = TypeVar("T")


class Point(Frozen):
    """A value of each kind of member."""

    x: int
    y: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    secret: str = field(default="", repr=False)

    @property
    def total(self) -> int:
        """Return the sum."""
        return self.x + self.y


@dataclass(frozen=True)
class Twin:
    """The same as a dataclass."""

    x: int
    y: int = 0
    seen: dict[str, int] = dataclasses.field(default_factory=dict)
    secret: str = dataclasses.field(default="", repr=False)


class Farther(Point):
    """A value that extends another one."""

    z: int = 3


class Boxed(Frozen, Generic[T]):
    """A generic value with a method of its own."""

    content: T

    def __repr__(self) -> str:
        """Return what the class wants."""
        return "boxed"


class Checked(Frozen):
    """A value with a rule."""

    x: int

    def __post_init__(self) -> None:
        """Raise ValueError for a negative member."""
        if self.x < 0:
            raise ValueError("negative")


class Other(Frozen):
    """Another class with the same members as no other."""

    x: int
    y: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    secret: str = field(default="", repr=False)


NAMES = st.sampled_from(["x", "y", "seen", "secret", "w"])
VALUES = st.one_of(st.integers(0, 2), st.text(max_size=1))


def made(make: Callable[..., Any], given_: list[Any], named: Mapping[str, Any]) -> Any:
    """Return the members and the repr of a value, or the kind of the error."""
    try:
        value = make(*given_, **named)
    except TypeError:
        return TypeError
    members = {name: getattr(value, name) for name in ("x", "y", "seen", "secret")}
    return members, repr(value).partition("(")[2]


@given(st.lists(VALUES, max_size=5), st.dictionaries(NAMES, VALUES))
def test_arguments_and_repr_are_those_of_a_dataclass(given_: list[Any], named: dict[str, Any]) -> None:
    """Missing, unknown, repeated and superfluous ones are refused alike. A hidden member stays out."""
    assert made(Point, given_, named) == made(Twin, given_, named)


@given(VALUES, VALUES, VALUES, VALUES)
def test_equal_members_make_equal_values(a: Any, b: Any, c: Any, d: Any) -> None:
    """As with a dataclass. Equal values have the same hash."""
    ours, twins = (Point(a, b, secret="s"), Point(c, d)), (Twin(a, b, secret="s"), Twin(c, d))
    assert (ours[0] == ours[1]) == (twins[0] == twins[1])
    assert (Boxed(a) == Boxed(c)) == (a == c)
    if a == c:
        assert hash(Boxed(a)) == hash(Boxed(c))


def test_values_of_two_classes_differ() -> None:
    """Even if their members are equal, and if one class extends the other."""
    assert Point(1) != Other(1)
    assert Point(1) != Farther(1)
    assert Point(1) != Twin(1)


def test_class_may_check_its_members() -> None:
    """As with a dataclass: when a value is made, and when one is replaced."""
    value = Checked(1)
    with pytest.raises(ValueError, match="negative"):
        Checked(x=-1)
    with pytest.raises(ValueError, match="negative"):
        replace(value, x=-1)


def test_default_that_is_made_is_not_shared() -> None:
    """Each value has its own."""
    first, second = Point(1), Point(1)
    first.seen["a"] = 1
    assert second.seen == {}


@pytest.mark.parametrize("name", ["x", "seen", "total", "anything"])
def test_value_cannot_be_changed(name: str) -> None:
    """Neither a member nor another attribute."""
    value = Point(1)
    with pytest.raises(AttributeError, match="frozen"):
        setattr(value, name, 2)
    with pytest.raises(AttributeError, match="frozen"):
        delattr(value, name)
    assert value == Point(1)


def test_class_may_extend_a_value_and_keep_its_own_methods() -> None:
    """Its members come after those of the other class."""
    assert repr(Farther(1, 2, {}, "s")) == "Farther(x=1, y=2, seen={}, z=3)"
    assert (Farther(1, 2, {}, "s", 4).z, Farther(1, z=5).total) == (4, 1)
    assert repr(Boxed[int](1)) == "boxed"


def test_replaced_value_differs_in_those_members() -> None:
    """By our function and by that of the standard library. An unknown member is refused."""
    value = Farther(1, 2, {"a": 1}, "s")
    assert replace(value, y=5) == dataclasses.replace(value, y=5) == Farther(1, 5, {"a": 1}, "s")
    with pytest.raises(TypeError, match="unknown"):
        replace(value, w=5)  # type: ignore[call-arg]


def test_fields_are_those_of_a_dataclass() -> None:
    """Tools that ask for them get names, types, defaults and repr."""

    def described(kind: Any) -> list[tuple[Any, ...]]:
        return [(f.name, f.type, f.default, f.default_factory, f.repr) for f in dataclasses.fields(kind)]

    assert described(Point) == described(Twin)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_value_survives_pickling(protocol: int) -> None:
    """In every protocol, with the hidden member."""
    value = Farther(1, 2, {"a": 1}, "s")
    again = pickle.loads(pickle.dumps(value, protocol))
    assert again == value
    with pytest.raises(AttributeError):
        again.x = 2


def test_value_can_be_copied() -> None:
    """A deep copy shares nothing that can be changed."""
    value = Point(1, seen={"a": 1})
    assert copy.copy(value) == copy.deepcopy(value) == value
    assert copy.deepcopy(value).seen is not value.seen


def test_values_share_neither_members_nor_defaults() -> None:
    """A value keeps its members if the caller changes what they came from, or if another one is made."""
    named: dict[str, Any] = {"x": 1}
    first, second = Point(**named), Point(**named)
    named["x"] = 2
    vars(first)["y"] = 9
    vars(first)["seen"]["a"] = 1
    assert (first.x, second.x, second.y, second.seen) == (1, 1, 0, {})
    assert Point(3) == Point(x=3) == Point(3, 0, {}, "")
