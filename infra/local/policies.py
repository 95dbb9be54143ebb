"""Evaluates the policy that an authorizer returned, as API Gateway does.

A part of a policy that is not understood here is an error. A condition that is passed over would let every
caller in. Sources: IAM User Guide, "IAM JSON policy element reference" and "IAM JSON policy elements:
Condition operators".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

ACTION = "execute-api:Invoke"
IP_ADDRESS, SOURCE_IP = "IpAddress", "aws:SourceIp"

_DOCUMENT = frozenset({"Version", "Id", "Statement"})
_STATEMENT = frozenset({"Sid", "Effect", "Action", "Resource", "Condition"})
_VERSION = "2012-10-17"


class BadAuthorizerResult(Exception):
    """The authorizer returned something that API Gateway cannot use, or that is not understood here."""


def allows(result: Mapping[str, Any], arn: str, source_ip: str | None = None) -> bool:
    """Tell whether the policy allows the method; an explicit deny wins.

    ``source_ip`` is the caller's address. Raises BadAuthorizerResult, also for a condition on the address
    without ``source_ip``, and for a statement about another method.
    """
    policy = result.get("policyDocument")
    if not isinstance(policy, Mapping) or not isinstance(policy.get("Statement"), list):
        raise BadAuthorizerResult("no policyDocument with a list of statements")
    _refuse_unknown("policyDocument", policy, _DOCUMENT)
    if policy.get("Version", _VERSION) != _VERSION:
        raise BadAuthorizerResult(f"a policy of version {policy['Version']} is not understood")
    # A list: every statement is looked at, so that no error hides behind an earlier answer.
    effects = [_effect(statement, arn, source_ip) for statement in policy["Statement"]]
    return "Allow" in effects and "Deny" not in effects


def context_of(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the context as the handler sees it: flat, and strings only."""
    principal = result.get("principalId")
    if not isinstance(principal, str):
        raise BadAuthorizerResult("principalId must be a string")
    context = {name: _flat(name, value) for name, value in (result.get("context") or {}).items()}
    return {**context, "principalId": principal}


def _flat(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise BadAuthorizerResult(f"context {name} must be a string, a number or a boolean")


def _effect(statement: object, arn: str, source_ip: str | None) -> str | None:
    """Return the effect of a statement on this call, or None if it does not apply."""
    if not isinstance(statement, Mapping):
        raise BadAuthorizerResult("a statement must be an object")
    _refuse_unknown("a statement", statement, _STATEMENT)
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise BadAuthorizerResult("Effect must be Allow or Deny")
    # Chalice writes an empty list of resources to allow nothing.
    least = 0 if effect == "Allow" else 1
    actions = [action.lower() for action in _texts("Action", statement.get("Action"), least)]
    about_the_call = [
        _matches(actions, ACTION.lower()),
        _matches(_texts("Resource", statement.get("Resource"), least), arn),
        _holds(statement.get("Condition", {}), source_ip),
    ]
    return str(effect) if all(about_the_call) else None


def _holds(condition: object, source_ip: str | None) -> bool:
    """Tell whether the caller's address is in one of the networks; without a condition it is."""
    if not isinstance(condition, Mapping):
        raise BadAuthorizerResult("Condition must be an object")
    _refuse_unknown("Condition", condition, frozenset({IP_ADDRESS}))
    if not condition:
        return True
    keys = condition[IP_ADDRESS]
    if not isinstance(keys, Mapping) or keys.keys() != {SOURCE_IP}:
        raise BadAuthorizerResult(f"{IP_ADDRESS} is understood for {SOURCE_IP} alone")
    networks = [_network(text) for text in _texts(SOURCE_IP, keys[SOURCE_IP], 1)]
    if source_ip is None:
        raise BadAuthorizerResult(f"{SOURCE_IP} is compared, but the caller's address is unknown here")
    address = ipaddress.ip_address(source_ip)
    return any(address in network for network in networks)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise BadAuthorizerResult(f"{SOURCE_IP} is not an address or a network: {error}") from error


def _refuse_unknown(place: str, members: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(map(str, members.keys() - known))
    if unknown:
        raise BadAuthorizerResult(f"{place} has a member that is not understood: {', '.join(unknown)}")


def _texts(name: str, value: object, least: int) -> list[str]:
    """Return the strings of an element that may be one string or a list of at least ``least``."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise BadAuthorizerResult(f"{name} must be a string or a list of strings")
    if len(listed) < least:
        raise BadAuthorizerResult(f"{name} must not be empty")
    if any("${" in each for each in listed):
        raise BadAuthorizerResult(f"{name} has a policy variable, which is not understood")
    return listed


def _matches(patterns: Sequence[str], value: str) -> bool:
    return any(_glob(pattern).fullmatch(value) for pattern in patterns)


def _glob(pattern: str) -> re.Pattern[str]:
    # Unlike a shell's, a policy's star crosses slashes and has no bracket expressions.
    first, *others = [re.escape(part).replace(r"\?", ".") for part in pattern.split("*")]
    if not others:
        return re.compile(first, re.DOTALL)
    *middle, last = others
    # Atomic: the first place of a part is as good as any later one, so no place is tried again.
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + f".*{last}", re.DOTALL)
