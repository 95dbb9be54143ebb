"""The calls that flush, on the wire: method, path, signature, and what each answer means."""

from collections.abc import Iterator

import pytest

from chalicelib.adapters.api_gateway import ApiGatewayCaches
from chalicelib.adapters.aws import http_apis_client, rest_apis_client
from chalicelib.domain.errors import GatewayThrottled, GatewayUnavailable, StageNotFlushable
from tests.support.control_plane import ControlPlane, control_plane

REST, HTTP = "restapis/a1b2c3/v1", "apis/d4e5f6/$default"


@pytest.fixture
def plane(monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlPlane]:
    """Return API Gateway's own API, where the clients look for it."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    with control_plane() as plane:
        monkeypatch.setenv("AWS_ENDPOINT_URL_API_GATEWAY", plane.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYV2", plane.url)
        yield plane


def caches() -> ApiGatewayCaches:
    """Return the adapter with the clients that a function has."""
    return ApiGatewayCaches(rest_apis_client, http_apis_client)


@pytest.mark.parametrize(
    ("stage", "path"),
    [
        (REST, "/restapis/a1b2c3/stages/v1/cache/authorizers"),
        (HTTP, "/v2/apis/d4e5f6/stages/%24default/cache/authorizers"),
    ],
)
def test_flush_is_one_signed_call(plane: ControlPlane, stage: str, path: str) -> None:
    """As API Gateway's documentation gives it for each kind of API."""
    flushed: list[str] = []
    plane.on_flush = flushed.append
    caches().flush(stage)
    assert plane.requests == [("DELETE", path)]
    assert plane.signed_for == ["us-east-1/apigateway"]
    assert flushed == [stage]


@pytest.mark.parametrize("stage", [REST, HTTP])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_failure_is_one_call(plane: ControlPlane, stage: str, status: int) -> None:
    """The SDK repeats nothing, because each call costs the budget that all stages share."""
    plane.answers = [status]
    with pytest.raises(GatewayUnavailable) as caught:
        caches().flush(stage)
    assert isinstance(caught.value, GatewayThrottled) is (status == 429)
    assert len(plane.requests) == 1


@pytest.mark.parametrize("stage", [REST, HTTP])
@pytest.mark.parametrize("status", [400, 403, 404])
def test_lasting_failure_is_not_tried_again(plane: ControlPlane, stage: str, status: int) -> None:
    """A stage that does not exist, or that the function's role does not name."""
    plane.answers = [status]
    with pytest.raises(StageNotFlushable):
        caches().flush(stage)
    assert len(plane.requests) == 1


def test_stage_that_is_being_deployed_may_be_flushed_later(plane: ControlPlane) -> None:
    """A conflict passes."""
    plane.answers = [409]
    with pytest.raises(GatewayUnavailable):
        caches().flush(REST)


def test_no_answer_is_a_passing_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is refused is a temporary failure."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setenv("AWS_ENDPOINT_URL_API_GATEWAY", "http://127.0.0.1:9")
    with pytest.raises(GatewayUnavailable):
        caches().flush(REST)
