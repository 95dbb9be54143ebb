"""A stack's end: refused while its table is protected, agreed to, and what outlives it is told."""

from __future__ import annotations

from typing import Any

import pytest

from infra.aws.deploy.destroy import _refuse_protected, _tell, destroy
from infra.aws.errors import DeploymentError
from tests.deployment.desk import Desk

pytestmark = [pytest.mark.slow, pytest.mark.emulator]


def remove(desk: Desk) -> None:
    """Remove the stack."""
    desk.said.clear()
    desk.asked.clear()
    destroy(desk.account, desk.stack, "dev", desk.confirm)


def test_protected_table_stops_it(desk: Desk) -> None:
    """Nobody is asked, nothing changes, and the way to turn it off is told."""
    table = desk.deploy()["TableName"]
    with pytest.raises(DeploymentError) as refused:
        remove(desk)
    assert table in str(refused.value)
    assert 'make deploy STAGE=dev PARAMETERS="DeletionProtection=false"' in str(refused.value)
    assert (desk.asked, desk.status) == ([], "CREATE_COMPLETE")


def test_stack_goes_and_tokens_stay(desk: Desk) -> None:
    """What stays is named before the question, with how to remove it."""
    table = desk.deploy(DeletionProtection="false")["TableName"]
    remove(desk)
    assert desk.asked == [f"Remove {desk.name}?"]
    assert desk.status in (None, "DELETE_COMPLETE")
    assert table in desk.account.dynamodb.list_tables()["TableNames"]
    before_the_question = desk.output.partition("DELETE_IN_PROGRESS")[0]
    assert f"aws dynamodb delete-table --table-name {table}" in before_the_question
    assert "deletion-protection" not in before_the_question
    assert f"{desk.name} is removed." in desk.output


def test_refusal_changes_nothing(desk: Desk) -> None:
    """The stack is as it was."""
    desk.deploy(DeletionProtection="false")
    desk.answer = False
    with pytest.raises(DeploymentError, match="Nothing was changed"):
        remove(desk)
    assert desk.status == "CREATE_COMPLETE"


def test_stack_that_is_not_there_is_no_failure(desk: Desk) -> None:
    """Nor is anybody asked."""
    remove(desk)
    assert (desk.asked, desk.said) == (
        [],
        [f"The stack {desk.name} does not exist. There is nothing to remove."],
    )


def test_failed_first_deployment_can_be_removed(desk: Desk) -> None:
    """The table that it left is protected, but no deployment could turn that off; it is named."""
    desk.template["Resources"]["ZBroken"] = {
        "Type": "AWS::CloudWatch::Alarm",
        "DependsOn": "TokenTable",
        "Properties": {"Metrics": [{"Id": "x"}], "ComparisonOperator": "x", "EvaluationPeriods": 1},
    }
    with pytest.raises(DeploymentError, match="ROLLBACK_COMPLETE"):
        desk.deploy()
    remove(desk)
    assert desk.status in (None, "DELETE_COMPLETE")
    del desk.template["Resources"]["ZBroken"]
    desk.deploy()
    assert desk.status == "CREATE_COMPLETE"


def left_behind(table: str) -> Any:
    """Return what CloudFormation says of a table that a failed first deployment made."""
    return {
        "LogicalResourceId": "TokenTable",
        "ResourceType": "AWS::DynamoDB::Table",
        "ResourceStatus": "DELETE_SKIPPED",
        "PhysicalResourceId": table,
    }


def test_table_that_is_no_longer_the_stacks_stops_nobody(desk: Desk) -> None:
    """A failed first deployment leaves one that is protected, and no deployment can turn that off."""
    table = desk.deploy()["TableName"]
    left = left_behind(table)
    _refuse_protected(desk.account, desk.name, "dev", [left])
    with pytest.raises(DeploymentError, match="protected"):
        _refuse_protected(desk.account, desk.name, "dev", [left | {"ResourceStatus": "UPDATE_COMPLETE"}])


def test_protection_of_what_was_left_is_part_of_how_to_remove_it(desk: Desk) -> None:
    """DynamoDB would refuse the removal alone."""
    table = desk.deploy()["TableName"]
    _tell(desk.account, desk.stack, [left_behind(table)])
    assert desk.said[-2:] == [
        f"  aws dynamodb update-table --table-name {table} --no-deletion-protection-enabled",
        f"  aws dynamodb delete-table --table-name {table}",
    ]
