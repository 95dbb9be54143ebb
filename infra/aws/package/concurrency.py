"""Lambda's capacity: reserved concurrency, executions that are kept warm, and the room for both.

A reservation keeps executions for one function. It is also the most that the function runs at a time
(AWS Lambda Developer Guide, "Configuring reserved concurrency for a function").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.aws.account import AWS_ERRORS, reason_of
from infra.aws.errors import DeploymentError
from infra.aws.package.functions import API, PAGE, Resource, Template, authorizers_in, functions_in
from infra.aws.terminal import Say

UNRESERVED = 100
"""Executions that Lambda keeps for functions without a reservation."""

_CAPS = {API: "ApiConcurrency", PAGE: "PageConcurrency"}
_NOTHING = {"Ref": "AWS::NoValue"}
_RESERVED = "ReservedConcurrentExecutions"


@dataclass(frozen=True, slots=True)
class Wish:
    """The capacity that the parameters ask for, for one function."""

    function: str
    reserved: int | None
    """Executions at a time, or None if the function shares those of the account."""
    provisioned: int

    @property
    def taken(self) -> int:
        """The executions that no other function can use."""
        return self.provisioned if self.reserved is None else self.reserved


@dataclass(frozen=True, slots=True)
class Room:
    """The account's concurrency in this region."""

    limit: int
    unreserved: int
    """Executions that no function of the region has reserved."""

    def reservable(self, before: Sequence[Wish]) -> int:
        """Return the executions that this stack may reserve. ``before`` are its present reservations."""
        return max(0, self.unreserved + sum(wish.reserved or 0 for wish in before) - UNRESERVED)


def with_concurrency(template: Template) -> Template:
    """Return the template with reservations, kept-warm executions and a warm table.

    Each depends on a parameter, and is left out if the parameter is empty.
    """
    resources, conditions = dict(template["Resources"]), dict(template["Conditions"])
    for function, parameter in _reservations(template).items():
        conditions[f"{parameter}Given"] = _differs(parameter, "")
        # Without the parameter, `reserved_concurrency` of config.json applies.
        usual = resources[function]["Properties"].get(_RESERVED, _NOTHING)
        reserved = {"Fn::If": [f"{parameter}Given", {"Ref": parameter}, usual]}
        resources[function] = _with(resources[function], **{_RESERVED: reserved})
    for function in authorizers_in(resources):
        conditions[f"{function}IsKeptWarm"] = _differs(f"{function}Provisioned", "0")
    for parameter in ("WarmReadUnits", "WarmWriteUnits"):
        conditions[f"{parameter}Given"] = _differs(parameter, "")
    resources["TokenTable"] = _with(resources["TokenTable"], WarmThroughput=_warm_throughput())
    return {**template, "Resources": resources, "Conditions": conditions}


def wishes(template: Template, values: Mapping[str, str]) -> list[Wish]:
    """Return the capacity that the parameters and the configuration ask for, for each function.

    Raises DeploymentError if a value is not a number.
    """
    parameters = _reservations(template)
    return [
        Wish(
            function,
            _reserved(template["Resources"][function], parameters.get(function, ""), values),
            _number(f"{function}Provisioned", values.get(f"{function}Provisioned") or "0"),
        )
        for function in functions_in(template["Resources"])
    ]


def room_of(functions: Any) -> Room:
    """Ask Lambda for the account's limits (lambda:GetAccountSettings)."""
    limit = functions.get_account_settings()["AccountLimit"]
    return Room(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"])


def check_capacity(functions: Any, before: Sequence[Wish], wanted: Sequence[Wish], say: Say) -> None:
    """Print the account's limit and the executions that may be reserved, and check the wishes.

    If the limit cannot be read and the wishes are empty, the reason is printed and the deployment
    continues. Raises DeploymentError if a wish does not fit. Raises ClientError, BotoCoreError.
    """
    asked = [wish for wish in wanted if wish.reserved is not None or wish.provisioned]
    try:
        room = room_of(functions)
    except AWS_ERRORS as error:
        if asked:
            raise
        say(f"Lambda's limits cannot be read. The stack reserves nothing. {reason_of(error)}")
        return
    say(_told(room, room.reservable(before)))
    if asked:
        _refuse_too_much(room, room.reservable(before), asked)
        say("A reservation is also a cap: " + ", ".join(map(_told_wish, asked)) + ".")


def _refuse_too_much(room: Room, reservable: int, asked: Sequence[Wish]) -> None:
    for wish in asked:
        if wish.reserved is not None and wish.provisioned > wish.reserved:
            raise DeploymentError(
                f"{wish.function} cannot keep {wish.provisioned:,} executions warm, because its "
                f"reservation of {wish.reserved:,} is also a cap."
            )
    taken = sum(wish.taken for wish in asked)
    if taken > reservable:
        raise DeploymentError(
            f"{', '.join(map(_told_wish, asked))}: together {taken:,} executions, but at most "
            f"{reservable:,} can be reserved here. Lambda runs {room.limit:,} at a time in this account "
            f"and region, and {UNRESERVED} must stay unreserved. Reserve less, or ask AWS for a higher "
            "quota of concurrent executions. Nothing was changed."
        )


def _told(room: Room, reservable: int) -> str:
    limit = f"Lambda runs {room.limit:,} executions at a time in this account and region."
    share = f"Up to {reservable:,}" if reservable else "None"
    return f"{limit} {share} of them can be reserved by this stack, and {UNRESERVED} must stay unreserved."


def _told_wish(wish: Wish) -> str:
    parts = [] if wish.reserved is None else [f"at most {wish.reserved:,} at a time"]
    parts += [f"{wish.provisioned:,} kept warm"] if wish.provisioned else []
    return f"{wish.function} {' and '.join(parts)}"


def _reserved(function: Resource, parameter: str, values: Mapping[str, str]) -> int | None:
    if values.get(parameter):
        return _number(parameter, values[parameter])
    configured = function["Properties"].get(_RESERVED)
    usual = configured["Fn::If"][2] if isinstance(configured, dict) else configured
    return usual if isinstance(usual, int) else None


def _reservations(template: Template) -> dict[str, str]:
    """Return the parameter with the reservation of each function."""
    authorizers = {name: f"{name}Concurrency" for name in authorizers_in(template["Resources"])}
    return authorizers | {name: each for name, each in _CAPS.items() if name in template["Resources"]}


def _warm_throughput() -> dict[str, Any]:
    """Return the property with the members that have a parameter.

    The others must be absent, because DynamoDB refuses a value below the table's present throughput.
    """
    reads = {"ReadUnitsPerSecond": {"Ref": "WarmReadUnits"}}
    writes = {"WriteUnitsPerSecond": {"Ref": "WarmWriteUnits"}}
    with_reads = {"Fn::If": ["WarmWriteUnitsGiven", {**reads, **writes}, reads]}
    without = {"Fn::If": ["WarmWriteUnitsGiven", writes, _NOTHING]}
    return {"Fn::If": ["WarmReadUnitsGiven", with_reads, without]}


def _differs(parameter: str, value: str) -> dict[str, Any]:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, value]}]}


def _with(resource: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {**resource, "Properties": {**resource["Properties"], **properties}}


def _number(parameter: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal()):
        raise DeploymentError(f"{parameter} must be a whole number, not {value!r}.")
    return int(value)
