"""Frozen values. They behave like frozen dataclasses, and share their methods.

``dataclasses`` writes the methods of each class as text and compiles them at each import. That was a third
of a cold start. See docs/decisions/0034-frozen-values.md.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

if TYPE_CHECKING:
    # For a type checker, because it knows which members of a value this function replaces.
    from dataclasses import Field, replace

__all__ = ["Frozen", "field", "replace"]


class _Declared:
    """A member that a class declares by ``field``."""

    def __init__(self, default: object, factory: Callable[[], object] | None, *, is_shown: bool) -> None:
        self.default = default
        self.factory = factory
        self.is_shown = is_shown


def field(
    *,
    default: Any = ...,
    default_factory: Callable[[], Any] | None = None,
    repr: bool = True,  # noqa: A002 (as in ``dataclasses``)
) -> Any:
    """Declare a member that stays out of ``repr``, or whose default is made for each value."""
    return _Declared(default, default_factory, is_shown=repr)


class _Shape:
    """The members of a class, in the order of its arguments."""

    def __init__(self, annotated: Mapping[str, Any]) -> None:
        self.annotated = annotated
        self.names = tuple(annotated)
        self.complete = frozenset(annotated)
        self.hidden: set[str] = set()
        self.defaults: dict[str, object] = {}
        self.factories: dict[str, Callable[[], object]] = {}

    def extended_by(self, cls: type) -> "_Shape":
        """Return the members with those that a class annotates."""
        shape = _Shape({**self.annotated, **cls.__annotations__})
        shape.hidden |= self.hidden
        shape.defaults |= self.defaults
        shape.factories |= self.factories
        for name in cls.__annotations__:
            if name in vars(cls):
                shape._describe(name, vars(cls)[name])
        return shape

    def completed(self, given: tuple[object, ...], named: dict[str, object]) -> dict[str, object]:
        """Return a value for each member. Raises TypeError if one has none or two, or if one is unknown."""
        members = {**self.defaults, **dict(zip(self.names, given, strict=False)), **named}
        for name, make in self.factories.items():
            if name not in members:
                members[name] = make()
        is_single = len(given) <= len(self.names) and named.keys().isdisjoint(self.names[: len(given)])
        if not is_single or members.keys() != self.complete:
            wrong = ", ".join(sorted(members.keys() ^ self.complete)) or "given twice"
            raise TypeError(f"missing, unknown or repeated members: {wrong}")
        return members

    def _describe(self, name: str, given: object) -> None:
        declared = given if isinstance(given, _Declared) else _Declared(given, None, is_shown=True)
        if not declared.is_shown:
            self.hidden.add(name)
        if declared.factory:
            self.factories[name] = declared.factory
        elif declared.default is not ...:
            self.defaults[name] = declared.default


class _DataclassFields:
    """The members in the form of ``dataclasses``, whose functions then accept a value."""

    def __get__(self, instance: object, owner: type[Any]) -> "dict[str, Field[Any]]":
        """Return them. Only this loads the module."""
        # mypy takes the hash of a value for that of its class.
        return _dataclass_fields(owner)  # type: ignore[arg-type]


@cache
def _dataclass_fields(owner: type[Any]) -> "dict[str, Field[Any]]":
    import dataclasses

    shape = owner.__shape__
    fields: list[tuple[str, Any, Any]] = []
    for name, kind in shape.annotated.items():
        options: dict[str, Any] = {"repr": name not in shape.hidden}
        if name in shape.defaults:
            options["default"] = shape.defaults[name]
        elif name in shape.factories:
            options["default_factory"] = shape.factories[name]
        fields.append((name, kind, dataclasses.field(**options)))
    twin: Any = dataclasses.make_dataclass(owner.__name__, fields)
    return dict(twin.__dataclass_fields__)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Frozen:
    """A value whose members are the annotations of its class. Values with equal members are equal."""

    __shape__: ClassVar = _Shape({})
    __dataclass_fields__ = _DataclassFields()

    def __init_subclass__(cls) -> None:
        """Read the members of a class, after those of the class that it extends."""
        super().__init_subclass__()
        cls.__shape__ = cls.__shape__.extended_by(cls)

    def __init__(self, *given: object, **named: object) -> None:
        """Set the members. Raises TypeError unless each has one value."""
        shape = self.__shape__
        # A decision makes some twenty values, most of them in one of the first two ways.
        if not named and len(given) == len(shape.names):
            members = dict(zip(shape.names, given, strict=True))
        elif given or (members := shape.defaults | named).keys() != shape.complete:
            members = shape.completed(given, named)
        object.__setattr__(self, "__dict__", members)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the members. A class that has a rule overrides this, and raises an error of its own."""

    def __setattr__(self, name: str, new: object) -> None:
        """Refuse the change."""
        raise AttributeError(f"{type(self).__name__} is frozen, so {name} stays")

    def __delattr__(self, name: str) -> None:
        """Refuse the change."""
        raise AttributeError(f"{type(self).__name__} is frozen, so {name} stays")

    def __eq__(self, other: object) -> bool:
        """Return True for a value of the same class with equal members."""
        return self.__dict__ == other.__dict__ if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        """Return the hash of the members."""
        return hash(tuple(map(self.__dict__.__getitem__, self.__shape__.names)))

    def __repr__(self) -> str:
        """Return the members that are not hidden."""
        shape = self.__shape__
        shown = (f"{name}={self.__dict__[name]!r}" for name in shape.names if name not in shape.hidden)
        return f"{type(self).__qualname__}({', '.join(shown)})"


if not TYPE_CHECKING:

    def replace(value, /, **members):
        """Return the value with other values of these members."""
        return type(value)(**{**value.__dict__, **members})
