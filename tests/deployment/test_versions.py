"""Aliases of authorizers over several deployments, against the emulator's CloudFormation and Lambda."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.aws.deploy.destroy import destroy
from infra.aws.errors import DeploymentError
from infra.aws.package.versions import KEPT, published
from tests.deployment.desk import Desk

pytestmark = [pytest.mark.slow, pytest.mark.emulator]

DOOR = "ApiTokenAuthorizer"


class Door:
    """An authorizer that is deployed, by its alias."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        resources = desk.template["Resources"]
        resources[DOOR] = resources.pop("Function")
        resources[DOOR]["Properties"] |= {
            "Handler": "chalicelib.handlers.authorizer.api_token_authorizer",
            "Environment": {"Variables": {"REUSE": {"Ref": "Reuse"}, "TABLE": {"Ref": "TokenTable"}}},
        }
        desk.template["Parameters"] |= {
            "Reuse": {"Type": "String", "Default": "record"},
            f"{DOOR}Provisioned": {"Type": "String", "Default": "0"},
        }
        desk.template["Conditions"][f"{DOOR}IsKeptWarm"] = {
            "Fn::Not": [{"Fn::Equals": [{"Ref": f"{DOOR}Provisioned"}, "0"]}]
        }
        self.functions: Any = desk.session.create_client("lambda")

    @property
    def name(self) -> str:
        """The function's physical name."""
        found = self.desk.account.cloudformation.describe_stack_resource(
            StackName=self.desk.name, LogicalResourceId=DOOR
        )
        return found["StackResourceDetail"]["PhysicalResourceId"]

    @property
    def alias(self) -> tuple[str, str]:
        """The version that the alias leads to, and the variable that callers of the alias meet."""
        alias = self.functions.get_alias(FunctionName=self.name, Name="live")
        held = self.functions.get_function_configuration(FunctionName=self.name, Qualifier="live")
        return alias["FunctionVersion"], held["Environment"]["Variables"]["REUSE"]

    @property
    def table(self) -> str:
        """The table that callers of the alias meet."""
        held = self.functions.get_function_configuration(FunctionName=self.name, Qualifier="live")
        return str(held["Environment"]["Variables"]["TABLE"])

    @property
    def versions(self) -> list[str]:
        """The numbers of all versions that Lambda has."""
        listed = self.functions.list_versions_by_function(FunctionName=self.name)["Versions"]
        return [each["Version"] for each in listed if each["Version"] != "$LATEST"]


@pytest.fixture
def door(desk: Desk) -> Door:
    """Return an authorizer that is not deployed yet."""
    return Door(desk)


def test_deployment_of_a_parameter_alone_moves_the_alias(desk: Desk, door: Door) -> None:
    """The callers of the alias meet the new value; one that reaches no authorizer moves nothing."""
    desk.deploy()
    assert door.alias == ("1", "record")
    desk.deploy(Reuse="revoke_family")
    assert door.alias == ("2", "revoke_family")
    desk.deploy(Days="14")
    assert door.alias == ("2", "revoke_family")
    assert door.versions == ["1", "2"]


def test_parameter_that_is_not_given_keeps_its_value_and_the_version(desk: Desk, door: Door) -> None:
    """The hash has the value of the last time, not the default."""
    desk.deploy(Reuse="revoke_family")
    desk.deploy()
    assert door.alias == ("1", "revoke_family")
    assert desk.said[-1] == f"The stack {desk.name} is up to date. There is nothing to change."


def test_three_newest_versions_stay(desk: Desk, door: Door) -> None:
    """CloudFormation deletes the others. A removed version is not shown as a loss."""
    for value in "abcde":
        desk.deploy(Reuse=value)
    assert door.alias == ("5", "e")
    assert door.versions == ["3", "4", "5"]
    assert sorted(published(desk.stack).values()) == [3, 4, 5]
    assert len(door.versions) == KEPT
    assert "!!" not in desk.output


def test_former_values_get_a_version_of_their_own(desk: Desk, door: Door) -> None:
    """The old one may hold names of resources that are gone. A deployment without changes is still one."""
    for value in "aba":
        desk.deploy(Reuse=value)
    assert door.alias == ("3", "a")
    desk.deploy()
    assert door.alias == ("3", "a")
    desk.deploy(Reuse="b")
    assert door.alias == ("4", "b")
    assert door.versions == ["2", "3", "4"]


def test_former_release_runs_with_its_resources_of_now(desk: Desk, door: Door) -> None:
    """A release renames a table, and going back makes the former one anew."""
    usual = desk.template
    desk.deploy()
    renamed = copy.deepcopy(usual)
    renamed["Resources"]["Tokens"] = renamed["Resources"].pop("TokenTable")
    text = json.dumps(renamed).replace('{"Ref": "TokenTable"}', '{"Ref": "Tokens"}')
    desk.template = json.loads(text)
    desk.deploy()
    desk.template = usual
    outputs = desk.deploy()
    assert door.table == outputs["TableName"]


def test_text_that_changes_without_its_values_can_be_deployed(desk: Desk, door: Door) -> None:
    """Lambda would publish nothing, and CloudFormation fail (serverless/serverless#8251)."""
    desk.deploy()
    desk.template["Resources"]["TokenTable"]["Properties"]["Tags"] = [{"Key": "a", "Value": "b"}]
    desk.deploy()
    assert door.alias == ("2", "record")


def test_release_without_aliases_and_back_again(desk: Desk, door: Door) -> None:
    """The versions go with the stack's earlier release, so the next deployment can publish again."""
    usual = desk.template
    desk.deploy(Reuse="a")
    older = {**usual["Resources"][DOOR]["Properties"], "Handler": "app.handler"}
    desk.template = {
        **usual,
        "Resources": {
            **usual["Resources"],
            DOOR: {**usual["Resources"][DOOR], "Properties": older},
        },
    }
    desk.deploy()
    assert door.versions == []
    desk.template = usual
    desk.deploy()
    assert door.alias[1] == "a"


def test_failed_deployment_leaves_the_alias_and_can_be_repeated(desk: Desk, door: Door) -> None:
    """The rollback takes its version along: Lambda would not publish the same one again."""
    desk.deploy(Reuse="a")
    desk.template["Resources"]["Broken"] = {
        "Type": "AWS::CloudWatch::Alarm",
        "DependsOn": f"{DOOR}Alias",
        "Properties": {"Metrics": [{"Id": "x"}], "ComparisonOperator": "x", "EvaluationPeriods": 1},
    }
    with pytest.raises(DeploymentError, match="UPDATE_ROLLBACK_COMPLETE"):
        desk.deploy(Reuse="b")
    assert door.alias[1] == "a"
    del desk.template["Resources"]["Broken"]
    desk.deploy(Reuse="b")
    assert door.alias[1] == "b"
    assert len(door.versions) == 2


def test_alias_that_an_operator_moved_stays_until_the_next_change(desk: Desk, door: Door) -> None:
    """Going back without a deployment: the versions that are kept are there for that."""
    for value in "ab":
        desk.deploy(Reuse=value)
    door.functions.update_alias(FunctionName=door.name, Name="live", FunctionVersion="1")
    assert door.alias == ("1", "a")
    desk.deploy()
    assert door.alias == ("1", "a")
    desk.deploy(Reuse="c")
    assert door.alias == ("3", "c")


def test_stack_is_removed_with_its_versions(desk: Desk, door: Door) -> None:
    """Nothing of the function stays."""
    desk.deploy(DeletionProtection="false")
    name = door.name
    destroy(desk.account, desk.stack, "dev", desk.confirm)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        door.functions.get_function(FunctionName=name)
