"""The adapter of EventBridge, over moto and over answers that moto never gives."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from moto import mock_aws

from chalicelib.adapters.aws import event_bridge_client
from chalicelib.adapters.event_bridge import EventBridgeBus
from chalicelib.adapters.event_detail import SOURCE, detail_of
from chalicelib.domain.errors import EventBusUnavailable
from chalicelib.domain.events import EventType
from tests.support.actors import an_event
from tests.unit.services.log_lines import written


class Client:
    """A client with one response to everything."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.entries: Sequence[Mapping[str, Any]] = []

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803
        """Respond."""
        self.entries = Entries
        if isinstance(self.response, Exception):
            raise self.response
        response: Mapping[str, Any] = self.response
        return response


def test_bus_takes_events() -> None:
    """The real client, over moto."""
    with mock_aws():
        assert EventBridgeBus(event_bridge_client(), "default").send([an_event(), an_event()]) == []


def test_entry_has_the_detail_and_the_time_of_the_event() -> None:
    """EventBridge would take the time of the call instead."""
    client, event = Client({"Entries": [{"EventId": "1"}]}), an_event(kind=EventType.TOKEN_REVOKED)
    EventBridgeBus(client, "company").send([event])
    (entry,) = client.entries
    assert json.loads(entry["Detail"]) == detail_of(event)
    assert {name: entry[name] for name in entry if name != "Detail"} == {
        "EventBusName": "company",
        "Source": SOURCE,
        "DetailType": "token.revoked",
        "Time": event.at,
    }


def test_entries_that_are_not_taken_are_returned() -> None:
    """EventBridge answers 200, and says so for each entry."""
    first, second, third = (an_event() for _ in range(3))
    throttled = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
    client = Client({"FailedEntryCount": 2, "Entries": [throttled, {"EventId": "1"}, throttled]})
    with written() as lines:
        assert EventBridgeBus(client, "default").send([first, second, third]) == [first, third]
    assert [(line["event"], line["event_id"], line["reason"]) for line in lines] == [
        ("events.not_taken", first.id, "ThrottlingException"),
        ("events.not_taken", third.id, "ThrottlingException"),
    ]
    assert {entry["EventBusName"] for entry in client.entries} == {"default"}


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "x"}}, "PutEvents"),
        ClientError({"Error": {"Code": "InternalException", "Message": "x"}}, "PutEvents"),
        ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "x"}}, "PutEvents"),
        EndpointConnectionError(endpoint_url="https://events.us-east-1.amazonaws.com"),
        ReadTimeoutError(endpoint_url="https://events.us-east-1.amazonaws.com"),
    ],
)
def test_call_that_fails_is_a_bus_that_is_away(failure: Exception) -> None:
    """It is not known which events were taken, so all are sent again."""
    with pytest.raises(EventBusUnavailable):
        EventBridgeBus(Client(failure), "default").send([an_event()])


@pytest.mark.parametrize(
    "response",
    [{}, {"Entries": None}, {"Entries": []}, {"Entries": [{}, {}]}, {"Entries": ["x"]}, {"Entries": "x"}],
)
def test_response_without_a_result_for_each_entry_is_a_bus_that_is_away(response: Any) -> None:
    """It does not say which events were taken."""
    with pytest.raises(EventBusUnavailable):
        EventBridgeBus(Client(response), "default").send([an_event()])


def test_no_connection_is_a_bus_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real client tries once."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", "http://127.0.0.1:9")
    with pytest.raises(EventBusUnavailable):
        EventBridgeBus(event_bridge_client(), "default").send([an_event()])
