"""The function that sends events: which bus its role names, and what Lambda hands to it."""

import json
from typing import Any

import pytest

from chalicelib.settings import SettingsError
from infra.aws.package.pieces import with_pieces
from infra.aws.package.publishing import GIVEN_UP, MAPPING, PUBLISHER, with_publishing
from infra.local.template import read_template

STATEMENT = {"Sid": "ReadTheStream"}
SENDER = "api-tokens@example.com"


def resources_with(**variables: str) -> dict[str, Any]:
    """Return what packaging makes of the function under these settings."""
    policy = {"PolicyDocument": {"Statement": [STATEMENT]}}
    resources = {
        PUBLISHER: {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Handler": "chalicelib.handlers.events.publish_events",
                "Environment": {"Variables": {"STAGE": "dev", **variables}},
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            },
        },
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}},
    }
    template = with_pieces({**read_template(), "Resources": resources})
    changed: dict[str, Any] = with_publishing(template)["Resources"]
    return changed


def sends(resources: dict[str, Any]) -> list[Any]:
    """Return the statements that packaging adds to the role."""
    (policy,) = resources["Role"]["Properties"]["Policies"]
    statements: list[Any] = policy["PolicyDocument"]["Statement"]
    assert statements[0] == STATEMENT
    return statements[1:]


@pytest.mark.parametrize("bus", ["default", "company.events-1_a"])
def test_role_names_the_bus_and_nothing_else(bus: str) -> None:
    """Of this account and region."""
    (statement,) = sends(resources_with(EVENT_BUS_NAME=bus))
    assert statement["Action"] == ["events:PutEvents"]
    arn = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/"
    assert statement["Resource"] == {"Fn::Sub": f"{arn}{bus}"}


def test_without_a_bus_nothing_may_be_sent() -> None:
    """Tampering and reuse are looked for nevertheless."""
    resources = resources_with()
    assert sends(resources) == []
    assert resources[MAPPING]["Properties"]["Enabled"] is True


def test_open_mode_has_no_events() -> None:
    """The mapping is off, and the role may send nothing."""
    resources = resources_with(AUTH_MODE="none", EVENT_BUS_NAME="default")
    assert sends(resources) == []
    assert resources[MAPPING]["Properties"]["Enabled"] is False


def test_without_a_sender_no_owner_is_read_and_no_mail_sent() -> None:
    """The right to send events comes alone."""
    assert [statement["Sid"] for statement in sends(resources_with(EVENT_BUS_NAME="default"))] == [
        "SendToThisBus"
    ]


def test_with_a_sender_owners_are_read_and_mails_sent_from_this_address() -> None:
    """It records them too. Without a bus, no event may be sent."""
    read, record, mail = sends(resources_with(NOTICES_FROM=SENDER))
    assert (read["Action"], record["Action"]) == (["dynamodb:GetItem"], ["dynamodb:UpdateItem"])
    assert mail["Action"] == ["ses:SendEmail"]
    assert mail["Condition"] == {"StringEquals": {"ses:FromAddress": SENDER}}
    assert sends(resources_with(NOTICES_FROM=SENDER, AUTH_MODE="none")) == []


@pytest.mark.parametrize("name", ["*", "a/b", "${AWS::Region}", "arn:aws:events:x", "a" * 257])
def test_invalid_name_stops_the_build(name: str) -> None:
    """It would end up in a role."""
    with pytest.raises(SettingsError, match="EVENT_BUS_NAME is not valid"):
        resources_with(EVENT_BUS_NAME=name)


def test_mapping_gives_up_in_the_end() -> None:
    """A failure holds up the shard for an hour at most. The queue gets positions only."""
    properties = resources_with()[MAPPING]["Properties"]
    assert (properties["MaximumRecordAgeInSeconds"], properties["MaximumRetryAttempts"]) == (3600, -1)
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["BisectBatchOnFunctionError"] is True
    assert (properties["StartingPosition"], properties["MaximumBatchingWindowInSeconds"]) == (
        "TRIM_HORIZON",
        0,
    )
    # To an SQS queue, Lambda sends the place of the records without their content.
    assert properties["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [GIVEN_UP, "Arn"]}
    queue = resources_with()[GIVEN_UP]
    assert (queue["Type"], queue["Properties"]["SqsManagedSseEnabled"]) == ("AWS::SQS::Queue", True)
    assert len(properties["FilterCriteria"]["Filters"]) <= 5
    for each in properties["FilterCriteria"]["Filters"]:
        json.loads(each["Pattern"])


def test_stream_has_two_readers_at_most() -> None:
    """More would be throttled (Developer Guide, "Working with streams")."""
    resources = with_pieces(dict(read_template()))["Resources"]
    readers = [r for r in resources.values() if r["Type"] == "AWS::Lambda::EventSourceMapping"]
    assert len(readers) == 2
    assert len({r["Properties"]["FunctionName"]["Ref"] for r in readers}) == 2
