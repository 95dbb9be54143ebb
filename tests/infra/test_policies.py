"""The local evaluator of an authorizer's policy refuses every part that it does not understand."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from typing import Any

import pytest
from chalice.app import AuthRequest, AuthResponse
from chalice.config import Config
from hypothesis import given
from hypothesis import strategies as st

from infra.local.events import SOURCE_IP, HttpRequest
from infra.local.gateway import Gateway
from infra.local.policies import BadAuthorizerResult, allows
from infra.local.responses import GatewayResponses
from infra.local.template import read_template
from tests.infra.tiny_app import TinyApp

ARN = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/prod/GET/orders/7"
INSIDE, OUTSIDE = "192.0.2.7", "198.51.100.7"


def statement(**changes: Any) -> dict[str, Any]:
    """Return a statement that allows every call."""
    return {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*", **changes}


def result(*statements: object, **members: Any) -> dict[str, Any]:
    """Return what an authorizer returns with these statements."""
    document = {"Version": "2012-10-17", "Statement": list(statements), **members}
    return {"principalId": "user", "policyDocument": document}


def from_networks(*networks: str) -> dict[str, Any]:
    """Return the condition that the caller's address is in one of the networks."""
    return {"IpAddress": {"aws:SourceIp": list(networks)}}


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize(
    "unknown",
    [
        {"NotAction": "execute-api:ManageConnections"},
        {"NotResource": f"{ARN}/x"},
        {"Principal": "*"},
        {"NotPrincipal": "*"},
        {"condition": {}},
        {"Conditions": from_networks("192.0.2.0/24")},
        {"Effect": "allow"},
        {"Effect": None},
        {"Effect": ["Allow"]},
        {"Action": None},
        {"Action": [7]},
        {"Resource": None},
        {"Resource": {"Fn::Sub": "*"}},
        {"Resource": "arn:aws:execute-api:*/${aws:PrincipalTag/stage}/*"},
        {"Condition": None},
        {"Condition": []},
        {"Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}},
        {"Condition": {"IpAddressIfExists": {"aws:SourceIp": "192.0.2.0/24"}}},
        {"Condition": {"ForAnyValue:IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}},
        {"Condition": {"ipaddress": {"aws:SourceIp": "192.0.2.0/24"}}},
        {"Condition": {"StringEquals": {"aws:SourceIp": "192.0.2.7"}}},
        {"Condition": {**from_networks("192.0.2.0/24"), "Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"IpAddress": {"aws:VpcSourceIp": "192.0.2.0/24"}}},
        {"Condition": {"IpAddress": {"aws:sourceip": "192.0.2.0/24"}}},
        {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24", "aws:VpcSourceIp": "192.0.2.7"}}},
        {"Condition": {"IpAddress": {}}},
        {"Condition": {"IpAddress": "192.0.2.0/24"}},
        {"Condition": from_networks()},
        {"Condition": from_networks("192.0.2.1/24")},
        {"Condition": from_networks("192.0.2.0/24", "everywhere")},
        {"Condition": from_networks("192.0.2.0/33")},
        {"Condition": from_networks("${aws:SourceIp}")},
    ],
    ids=json.dumps,
)
def test_statement_that_is_not_understood_is_an_error(effect: str, unknown: dict[str, Any]) -> None:
    """An unknown member could narrow an Allow or widen a Deny, so no answer is right."""
    odd = statement(**{"Effect": effect, **unknown})
    for statements in ([odd], [statement(), odd], [odd, statement()], [statement(Effect="Deny"), odd]):
        with pytest.raises(BadAuthorizerResult):
            allows(result(*statements), ARN, INSIDE)


def test_error_names_the_member() -> None:
    """The message helps to find the statement."""
    with pytest.raises(BadAuthorizerResult, match=r"a statement has a member .* not understood: NotAction"):
        allows(result(statement(NotAction="x")), ARN)
    with pytest.raises(BadAuthorizerResult, match=r"Condition has a member .* not understood: Bool"):
        allows(result(statement(Condition={"Bool": {"aws:SecureTransport": "true"}})), ARN)


@pytest.mark.parametrize(
    "members",
    [
        {"Version": "2008-10-17"},
        {"Version": ""},
        {"Rules": []},
        {"Statement": statement()},
        {"Statement": ["*"]},
    ],
    ids=json.dumps,
)
def test_document_that_is_not_understood_is_an_error(members: dict[str, Any]) -> None:
    """A document has a version, an id and a list of statements."""
    with pytest.raises(BadAuthorizerResult):
        allows(result(statement(), **members), ARN, INSIDE)


def test_odd_statement_about_another_method_is_an_error_too() -> None:
    """The same policy answers for other methods from the gateway's cache."""
    elsewhere = statement(Resource=f"{ARN}/other", Condition={"Bool": {"aws:SecureTransport": "true"}})
    with pytest.raises(BadAuthorizerResult):
        allows(result(statement(), elsewhere), ARN, INSIDE)


def test_address_decides_whether_a_statement_applies() -> None:
    """An Allow for a network lets only its addresses in; a Deny keeps only its addresses out."""
    allow = statement(Condition=from_networks("2001:db8::/32", "192.0.2.0/24"))
    assert allows(result(allow), ARN, INSIDE)
    assert allows(result(allow), ARN, "2001:db8::7")
    assert not allows(result(allow), ARN, OUTSIDE)
    assert not allows(result(allow), ARN, "2001:db9::7")
    deny = statement(Effect="Deny", Condition=from_networks(INSIDE))
    assert not allows(result(statement(), deny), ARN, INSIDE)
    assert allows(result(statement(), deny), ARN, OUTSIDE)


@pytest.mark.parametrize("member", ["Action", "Resource"])
def test_empty_list_allows_nothing(member: str) -> None:
    """Chalice refuses a caller so. A Deny of nothing is an error, because it was meant to deny."""
    assert not allows(result(statement(**{member: []})), ARN)
    with pytest.raises(BadAuthorizerResult, match="must not be empty"):
        allows(result(statement(), statement(**{"Effect": "Deny", member: []})), ARN)


def test_condition_on_an_unknown_address_is_an_error() -> None:
    """Neither a yes nor a no is right without the caller's address."""
    with pytest.raises(BadAuthorizerResult, match="address is unknown"):
        allows(result(statement(Condition=from_networks("0.0.0.0/0"))), ARN)


def test_actions_are_compared_in_any_case() -> None:
    """IAM compares actions so; a Deny in small letters is a Deny."""
    assert allows(result(statement(Action=["EXECUTE-API:*"])), ARN)
    assert not allows(result(statement(), statement(Effect="Deny", Action="execute-api:invoke")), ARN)
    assert not allows(result(statement(Action="execute-api:ManageConnections")), ARN)


@given(
    address=st.ip_addresses(),
    network=st.ip_addresses().flatmap(
        lambda ip: st.integers(0, ip.max_prefixlen).map(
            lambda bits: ipaddress.ip_network(f"{ip}/{bits}", strict=False)
        )
    ),
)
def test_networks_hold_their_addresses(address: Any, network: Any) -> None:
    """The numbers of first, last and caller's address agree with the answer, in both families."""
    allow = statement(Condition=from_networks(str(network)))
    first, last = int(network.network_address), int(network.broadcast_address)
    expected = address.version == network.version and first <= int(address) <= last
    assert allows(result(allow), ARN, str(address)) is expected


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({}, 200),
        (from_networks(f"{SOURCE_IP}/32"), 200),
        (from_networks("192.0.2.0/24"), 403),
        ({"Bool": {"aws:SecureTransport": "true"}}, 503),
    ],
    ids=json.dumps,
)
def test_local_gateway_knows_the_callers_address(condition: Mapping[str, Any], status: int) -> None:
    """The gateway answers by the address. A condition that is not understood is a broken authorizer."""
    app = TinyApp("tiny")

    @app.authorizer()
    def decide(request: AuthRequest) -> AuthResponse | dict[str, Any]:
        return result(statement(Condition=condition))

    @app.route("/guarded", authorizer=decide)
    def guarded() -> dict[str, str]:
        return {}

    gateway = Gateway(app, Config.create(app_name="tiny"), GatewayResponses(read_template()))
    request = HttpRequest("GET", "/guarded", {"authorization": ["Bearer x"]})
    assert gateway.respond(request).status == status
