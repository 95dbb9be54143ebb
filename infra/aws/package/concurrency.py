"""Lambda's capacity: reservations of concurrency, executions that are kept warm, and if they fit.

A reservation keeps executions for one function. It is also the most that the function runs at a time
(AWS Lambda Developer Guide, "Configuring reserved concurrency for a function").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.aws.account import AWS_ERRORS, reason_of
from infra.aws.errors import DeploymentError
from infra.aws.package.functions import API, PAGE, Resource, Template, authorizers_in, functions_in

UNRESERVED = 100
"""Executions that Lambda keeps for functions without a reservation."""

_CAPS = {API: "ApiConcurrency", PAGE: "PageConcurrency"}
_NOTHING = {"Ref": "AWS::NoValue"}
_RESERVED = "ReservedConcurrentExecutions"


@dataclass(frozen=True, slots=True)
class Wish:
    """The capacity that parameters ask for one function."""

    function: str
    reserved: int | None
    """Executions at a time; None if the function shares the account's."""
    provisioned: int

    @property
    def taken(self) -> int:
        """Executions that no other function can use."""
        return self.provisioned if self.reserved is None else self.reserved


@dataclass(frozen=True, slots=True)
class Room:
    """The account's concurrency in this region."""

    limit: int
    unreserved: int
    """Without a reservation of any function, of this stack or another."""

    def reservable(self, before: Sequence[Wish]) -> int:
        """Return how many executions this stack may reserve, with its present reservations given back."""
        return max(0, self.unreserved + sum(wish.reserved or 0 for wish in before) - UNRESERVED)


def with_concurrency(template: Template) -> Template:
    """Return the template with reservations, kept-warm executions and a warm table, each by a parameter.

    An empty parameter deploys nothing.
    """
    resources, conditions = dict(template["Resources"]), dict(template["Conditions"])
    for function, parameter in _reservations(template).items():
        conditions[f"{parameter}Given"] = _differs(parameter, "")
        # Otherwise `reserved_concurrency` of config.json counts.
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
    """Return the capacity that parameters and configuration ask for, function by function.

    Raises DeploymentError for a value that is not a number.
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


def check_capacity(
    functions: Any, before: Sequence[Wish], wanted: Sequence[Wish], say: Callable[[str], None]
) -> None:
    """Tell the account's limit and what may be reserved; refuse wishes that do not fit.

    If the limit cannot be read and nothing is asked for, that is told and the deployment goes on.
    Raises DeploymentError, and ClientError or BotoCoreError when AWS cannot be asked.
    """
    asked = [wish for wish in wanted if wish.reserved is not None or wish.provisioned]
    try:
        room = room_of(functions)
    except AWS_ERRORS as error:
        if asked:
            raise
        say(f"Lambda's limits are not known, and nothing is reserved: {reason_of(error)}")
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
    return f"{limit} {share} of them can be reserved by this stack: {UNRESERVED} must stay unreserved."


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
    """Return the parameter that reserves for each function."""
    authorizers = {name: f"{name}Concurrency" for name in authorizers_in(template["Resources"])}
    return authorizers | {name: each for name, each in _CAPS.items() if name in template["Resources"]}


def _warm_throughput() -> dict[str, Any]:
    """Return the property with the members that are given, or nothing.

    A member that is not given must not be there: DynamoDB takes no value below what a table has grown to.
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
