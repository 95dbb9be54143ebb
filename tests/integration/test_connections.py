"""The one rule for kept connections, for the SDK's clients: 20 idle seconds end a connection."""

from datetime import timedelta
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from chalicelib.adapters import aws
from chalicelib.adapters.aws import without_idle_connections
from chalicelib.adapters.connections import LONGEST_IDLE
from chalicelib.adapters.repeating import RepeatingDynamoDB
from chalicelib.adapters.retries import Retries
from tests.support.clock import FixedClock
from tests.support.scripted import NEVER, Answer, Scripted, http, scripted

SIGNED = http({"KeyId": "k", "Signature": "cw==", "SigningAlgorithm": "ECDSA_SHA_256"})
FOUND = http({"Item": {"pk": {"S": "x"}}})
CALLS: dict[str, tuple[bytes, Any]] = {
    "dynamodb": (FOUND, lambda client: client.get_item(TableName="t", Key={"pk": {"S": "x"}})),
    "kms": (
        SIGNED,
        lambda client: client.sign(KeyId="k", Message=b"m", SigningAlgorithm="ECDSA_SHA_256"),
    ),
}


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock to set."""
    return FixedClock()


@pytest.fixture(params=CALLS)
def service(request: pytest.FixtureRequest) -> str:
    """Return the name of each service that callers wait for."""
    name: str = request.param
    return name


def client_of(service: str, server: Scripted, clock: FixedClock, read_seconds: float = 2) -> Any:
    """Return a client of the SDK that tries once, over real connections."""
    client = botocore.session.get_session().create_client(
        service,
        "eu-west-1",
        endpoint_url=f"http://127.0.0.1:{server.port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(read_timeout=read_seconds, retries={"mode": "standard", "total_max_attempts": 1}),
    )
    return without_idle_connections(client, clock)


@pytest.mark.parametrize(
    ("idle", "connections"),
    [(LONGEST_IDLE, [0, 0]), (LONGEST_IDLE + timedelta(milliseconds=1), [0, 1])],
)
def test_connection_that_was_idle_for_20_seconds_is_not_used(
    service: str, clock: FixedClock, idle: timedelta, connections: list[int]
) -> None:
    """Until then it is kept."""
    answer, call = CALLS[service]
    with scripted([[answer] * 3]) as server:
        client = client_of(service, server, clock)
        call(client)
        clock.advance(idle)
        call(client)
        client.close()
    assert server.connections == connections


def test_connection_that_died_silently_costs_no_wait(service: str, clock: FixedClock) -> None:
    """Nothing is sent over the old connection, which never answers, as after a NAT that forgot it."""
    answer, call = CALLS[service]
    script: list[list[Answer]] = [[answer, NEVER], [answer, answer]]
    with scripted(script) as server:
        client = client_of(service, server, clock)
        call(client)
        clock.advance(timedelta(minutes=5))
        call(client)
        call(client)
        client.close()
    assert server.connections == [0, 1, 1]


def test_connection_that_the_server_ended_is_not_used(service: str, clock: FixedClock) -> None:
    """The pool of the SDK notices an end that was told, however short the pause was."""
    answer, call = CALLS[service]
    with scripted([[answer]]) as server:
        client = client_of(service, server, clock)
        for number in range(3):
            call(client)
            server.wait_for_ends(number + 1)
        client.close()
    assert server.connections == [0, 1, 2]


def test_silence_within_the_20_seconds_is_repeated_over_a_new_connection(clock: FixedClock) -> None:
    """A read costs one time-out and no error. A write that must not be made twice is an error."""
    with scripted([[FOUND, NEVER], [FOUND, NEVER], [FOUND]]) as server:
        client = client_of("dynamodb", server, clock, read_seconds=0.2)
        retries = Retries(clock, lambda pause: None)
        counting = RepeatingDynamoDB(client, retries, repeats_writes=False)
        for _ in range(2):
            assert counting.get_item(TableName="t", Key={"pk": {"S": "x"}})["Item"]
        assert server.connections == [0, 0, 1]
        with pytest.raises(ReadTimeoutError):
            counting.update_item(TableName="t", Key={"pk": {"S": "x"}})
        client.close()
    assert server.connections == [0, 0, 1, 1]


def test_every_client_of_the_service_has_the_rule(
    monkeypatch: pytest.MonkeyPatch, clock: FixedClock
) -> None:
    """A new one has to be made the same way."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    ruled: list[Any] = []

    def note(client: Any, clock: Any) -> Any:
        ruled.append(client)
        return client

    monkeypatch.setattr(aws, "without_idle_connections", note)
    made = [
        aws.dynamodb_client(clock),
        aws.kms_client(clock),
        aws.rest_apis_client(),
        aws.http_apis_client(),
        aws.ses_client(),
        aws.event_bridge_client(),
        aws.secret_client("ssm", "eu-west-1"),
    ]
    assert ruled == made
    factories = [name for name in vars(aws) if name.endswith("_client") and not name.startswith("_")]
    assert len(factories) == len(made)
