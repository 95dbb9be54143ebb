"""The evaluation of a policy that an authorizer returned, as by API Gateway.

The only condition that is understood is IpAddress on aws:SourceIp. Source: IAM User Guide, "IAM JSON policy
elements: Condition operators".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from infra.local import statements
from infra.local.statements import PolicyNotUnderstood, refuse_unknown, texts

ACTION = "execute-api:Invoke"
IP_ADDRESS, SOURCE_IP = "IpAddress", "aws:SourceIp"

_DOCUMENT = frozenset({"Version", "Id", "Statement"})
_VERSION = "2012-10-17"


class BadAuthorizerResult(Exception):
    """The authorizer returned something that API Gateway cannot use, or that is not understood here."""


def allows(result: Mapping[str, Any], arn: str, source_ip: str | None = None) -> bool:
    """Tell whether the policy allows the method. An explicit deny wins.

    ``source_ip`` is the caller's address. Raises BadAuthorizerResult, also for a condition on the address
    without ``source_ip``, and for a statement about another method.
    """
    policy = result.get("policyDocument")
    if not isinstance(policy, Mapping) or not isinstance(policy.get("Statement"), list):
        raise BadAuthorizerResult("no policyDocument with a list of statements")
    try:
        refuse_unknown("policyDocument", policy, _DOCUMENT)
        if policy.get("Version", _VERSION) != _VERSION:
            raise BadAuthorizerResult(f"a policy of version {policy['Version']} is not understood")
        return statements.allows(
            policy["Statement"], ACTION, arn, lambda condition: _holds(condition, source_ip)
        )
    except PolicyNotUnderstood as error:
        raise BadAuthorizerResult(str(error)) from error


def context_of(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the context as the handler sees it, flat and of strings. Raises BadAuthorizerResult."""
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


def _holds(condition: Mapping[str, object], source_ip: str | None) -> bool:
    """Tell whether the caller's address is in one of the networks, or no network is named."""
    refuse_unknown("Condition", condition, frozenset({IP_ADDRESS}))
    if not condition:
        return True
    keys = condition[IP_ADDRESS]
    if not isinstance(keys, Mapping) or keys.keys() != {SOURCE_IP}:
        raise PolicyNotUnderstood(f"{IP_ADDRESS} is understood for {SOURCE_IP} alone")
    networks = [_network(text) for text in texts(SOURCE_IP, keys[SOURCE_IP], 1)]
    if source_ip is None:
        raise PolicyNotUnderstood(f"{SOURCE_IP} is compared, but the caller's address is unknown here")
    address = ipaddress.ip_address(source_ip)
    return any(address in network for network in networks)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise PolicyNotUnderstood(f"{SOURCE_IP} is not an address or a network: {error}") from error
