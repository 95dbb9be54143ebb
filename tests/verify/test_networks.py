"""The checks of `make verify` about networks, over the app behind our own gateway."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from chalice.config import Config

from chalicelib import bootstrap
from chalicelib.handlers.authorizer import api_token_authorizer
from infra.aws.operate.verify import networks
from infra.aws.operate.verify.doors import OWN_API
from infra.aws.operate.verify.findings import Finding, Verdict
from infra.aws.operate.verify.site import WHOAMI, Site
from infra.aws.operate.verify.wire import Reply
from infra.aws.package.fixes import IDENTITY_SOURCES
from infra.local.events import HttpRequest
from infra.local.gateway import Gateway
from infra.local.responses import GatewayResponses
from infra.local.template import read_template
from tests.support.api import Api
from tests.support.events import Context
from tests.verify.scene import AppWire, Aws, Scene, measured, scene_of

HOLDS, FAILS, OPEN = Verdict.HOLDS, Verdict.FAILS, Verdict.NOT_DECIDABLE
OWN, FORGED, BOUND, NARROWED = networks.CHECKS
MACHINES = {
    "9.1.2.3": "0.0.0.0/1",
    "198.51.100.7": "128.0.0.0/1",
    "2001:db8:1::7": "::/1",
    "fd00::7": "8000::/1",
}


class NearWire(AppWire):
    """Calls the protected API from an address, and everything else as before."""

    def __init__(self, api: Api, gateway: Gateway, address: str) -> None:
        super().__init__(api)
        self._gateway, self.address = gateway, address
        self.believes: str | None = None
        """The header that a broken gateway believes about addresses, in lower case."""

    def send(
        self,
        method: str,
        path: str,
        credential: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Call as from the address."""
        if path != WHOAMI:
            return super().send(method, path, credential, body, headers)
        sent = {name.lower(): [value] for name, value in (headers or {}).items()}
        address = sent.get(self.believes or "", [self.address])[0].removeprefix("for=").strip('"[]')
        request = HttpRequest(
            method, path, {**sent, "authorization": [f"Bearer {credential}"]}, b"", address.split(",")[0]
        )
        response = self._gateway.respond(request)
        return self.falsify(method, path, Reply(int(response.status), {}, response.body))


class Lambda:
    """Our own API's authorizer, whose responses a test may change."""

    def __init__(self, change: Callable[[Any], Any] = lambda response: response) -> None:
        self.change = change

    def invoke(self, FunctionName: str, Payload: bytes) -> Any:  # noqa: N803
        """Decide about the event as deployed."""
        assert FunctionName == f"arn:{OWN_API.output}"
        try:
            response, failed = self.change(api_token_authorizer(json.loads(Payload), Context())), {}
        except Exception as error:
            response, failed = {"errorMessage": str(error)}, {"FunctionError": "Unhandled"}
        return {"Payload": io.BytesIO(json.dumps(response).encode()), **failed}


class ApiGateway:
    """The authorizers of the API."""

    def __init__(self, *sources: str, kind: str = "REQUEST") -> None:
        self._one = {"type": kind, "identitySource": ",".join(sources)}

    def get_authorizers(self, restApiId: str) -> Any:  # noqa: N803
        """Return one authorizer."""
        assert restApiId == "a1b2c3"
        return {"items": [self._one]}


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Return the app behind our own gateway, which sees the caller in a network of documentation."""
    from app import app

    kind = app.__class__
    with scene_of(AUTHORIZER_CACHE_SECONDS="0", RECORD_NETWORKS="off") as scene:
        config, responses = Config.create(app_name="bodhi"), GatewayResponses(read_template())
        gateway = Gateway(app, config, responses, identity_sources=IDENTITY_SOURCES, cache_seconds=0)
        scene.wire = NearWire(scene.wire.api, gateway, "198.51.100.7")
        yield scene
    # The gateway changes the application, which other tests share.
    app.__class__ = kind


def site_of(
    scene: Scene, authorizer: Lambda | None = None, gateway: ApiGateway | None = None, **changes: Any
) -> Site:
    """Return the site of a stack with these parts."""
    client = Aws(
        **{"lambda": authorizer or Lambda(), "apigateway": gateway or ApiGateway(*IDENTITY_SOURCES)}
    )
    outputs = {"RestAPIId": "a1b2c3", f"{OWN_API.output}Arn": f"arn:{OWN_API.output}"}
    return scene.site(client=client, outputs=outputs, **changes)


@pytest.mark.parametrize("check", networks.CHECKS, ids=lambda check: check.promise)
def test_promise_of_the_app_holds(scene: Scene, check: Any) -> None:
    """The service keeps each promise, also if it records no network."""
    finding = measured(check, site_of(scene))
    assert finding.verdict is HOLDS, finding


@pytest.mark.parametrize(("address", "half"), MACHINES.items())
def test_machine_is_found_in_each_half(scene: Scene, address: str, half: str) -> None:
    """Whichever address the gateway sees. The tokens are made once for a run."""
    near(scene).address = address
    site = site_of(scene)
    assert half in networks.own_networks(site).measured
    made = len(site.made)
    assert networks.forged_headers(site).verdict is HOLDS
    assert (made, len(site.made)) == (4, 4)
    assert measured(NARROWED, site).verdict is HOLDS


def near(scene: Scene) -> NearWire:
    """Return the wire as what it is."""
    assert isinstance(scene.wire, NearWire)
    return scene.wire


def falsified(scene: Scene, check: Any, change: Callable[[int, Reply], Reply], **changes: Any) -> Finding:
    """Return the finding if the replies of the protected API are changed. Their number begins at 1."""
    count = 0

    def falsify(method: str, path: str, reply: Reply) -> Reply:
        nonlocal count
        if path != WHOAMI:
            return reply
        count += 1
        return change(count, reply)

    scene.wire.falsify = falsify
    return measured(check, site_of(scene, **changes))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda _, reply: replace(reply, status=200), "accepted from 4 of the four halves"),
        (lambda _, reply: replace(reply, status=401), "accepted from 0 of the four halves"),
        (
            lambda _, reply: replace(reply, status=403) if reply.status == 401 else reply,
            "for other networks got 403",
        ),
        (lambda n, reply: replace(reply, status=403) if n > 5 else reply, "got 403 after it was accepted"),
    ],
    ids=["open", "closed", "condition alone", "condition in the cache"],
)
def test_list_that_does_not_work_fails(
    scene: Scene, change: Callable[[int, Reply], Reply], told: str
) -> None:
    """The list opens everything or nothing, or only one of the function and the gateway knows it."""
    finding = falsified(scene, OWN, change)
    assert (finding.verdict, told in finding.measured) == (FAILS, True), finding


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-real-ip", "forwarded"])
def test_gateway_that_believes_a_header_fails(scene: Scene, header: str) -> None:
    """Each of the headers alone."""
    near(scene).believes = header
    finding = measured(FORGED, site_of(scene))
    assert (finding.verdict, header in finding.measured.lower()) == (FAILS, True), finding


def test_header_that_refuses_the_caller_fails(scene: Scene) -> None:
    """A forged header must not lock the caller out either."""
    # Four calls find the half. Then three tokens are refused with four headers each.
    finding = falsified(scene, FORGED, lambda n, reply: replace(reply, status=401) if n > 16 else reply)
    assert (finding.verdict, "got 401, not 200" in finding.measured) == (FAILS, True), finding


@pytest.mark.parametrize(
    "gateway",
    [
        ApiGateway(*IDENTITY_SOURCES[:1]),
        ApiGateway(*IDENTITY_SOURCES[1:]),
        ApiGateway(*IDENTITY_SOURCES, kind="TOKEN"),
        ApiGateway(),
    ],
    ids=["header alone", "address alone", "token", "none"],
)
def test_key_without_the_address_fails(scene: Scene, gateway: ApiGateway) -> None:
    """On AWS. The emulator does not know the source."""
    finding = measured(BOUND, site_of(scene, gateway=gateway))
    assert (finding.verdict, "identity source" in finding.measured) == (FAILS, True)
    assert measured(BOUND, site_of(scene, gateway=gateway, emulated=True)).verdict is OPEN


def without_condition(response: Any) -> Any:
    """Return the policy of 0.1."""
    for statement in response["policyDocument"]["Statement"]:
        del statement["Condition"]
    return response


def for_everyone_too(response: Any) -> Any:
    """Return the policy with a second statement, which has no condition."""
    (statement,) = response["policyDocument"]["Statement"]
    response["policyDocument"]["Statement"].append({**statement, "Condition": {}})
    return response


@pytest.mark.parametrize("change", [without_condition, for_everyone_too])
def test_policy_for_every_address_fails(scene: Scene, change: Callable[[Any], Any]) -> None:
    """Each statement that allows must have the condition."""
    finding = measured(BOUND, site_of(scene, Lambda(change)))
    assert (finding.verdict, "every address" in finding.measured) == (FAILS, True)


def test_authorizer_that_refuses_its_own_network_fails(scene: Scene) -> None:
    """With scopes of the stage, the refusal may have another reason."""

    def refuse(_: Any) -> Any:
        raise ValueError("Unauthorized")

    assert measured(BOUND, site_of(scene, Lambda(refuse))).verdict is FAILS
    assert measured(BOUND, site_of(scene, Lambda(refuse), settings={"SCOPES": "x"})).verdict is OPEN
    assert bootstrap.current() is scene.service


def test_narrower_list_without_effect_fails(scene: Scene) -> None:
    """Beyond Effective-By."""
    # Four calls find the half.
    finding = falsified(scene, NARROWED, lambda n, reply: replace(reply, status=200) if n > 4 else reply)
    assert (finding.verdict, "still accepted" in finding.measured) == (FAILS, True)


def test_open_cases(scene: Scene) -> None:
    """Headers on the emulator, and scopes that do not open the sample API."""
    assert measured(FORGED, site_of(scene, emulated=True)).verdict is OPEN
    scopes = {"settings": {"SCOPES": "x"}}
    closed = falsified(scene, OWN, lambda _, r: replace(r, status=403) if r.status == 200 else r, **scopes)
    assert closed.verdict is OPEN
