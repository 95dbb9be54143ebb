"""The tags of a stack, CloudFormation's role, and the region's role for access logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import pytest

from infra.aws.deploy.stack_options import StackOptions
from infra.aws.errors import DeploymentError
from infra.aws.package.access_logs import refuse_without_role
from tests.deployment.desk import Desk

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

ROLE = "arn:aws:iam::123456789012:role/deployers/cloudformation"


def stack_with(*, tags: Mapping[str, str] | None = None, **parameters: str) -> StackTypeDef:
    """Return what CloudFormation says of a stack."""
    described: Any = {
        "Tags": [{"Key": name, "Value": value} for name, value in (tags or {}).items()],
        "Parameters": [{"ParameterKey": n, "ParameterValue": v} for n, v in parameters.items()],
    }
    return cast("StackTypeDef", described)


def tags_of(given: str, before: StackTypeDef | None) -> dict[str, str]:
    """Return the tags that a change set is made with."""
    request = StackOptions.read("", given).request(before)
    return {tag["Key"]: tag["Value"] for tag in request["Tags"]}


class TestTags:
    """Tags stay until they are changed, as parameters do."""

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("", {"team": "a", "empty": ""}),
            ("cost=7", {"team": "a", "empty": "", "cost": "7"}),
            ('team="b c"', {"team": "b c", "empty": ""}),
            ("team=", {"empty": ""}),
            ("missing=", {"team": "a", "empty": ""}),
        ],
    )
    def test_tags_that_are_not_given_stay(self, given: str, expected: dict[str, str]) -> None:
        """An empty value takes a tag away."""
        assert tags_of(given, stack_with(tags={"team": "a", "empty": ""})) == expected

    def test_first_deployment_has_those_that_are_given(self) -> None:
        """There is no stack yet."""
        assert tags_of("a=1", None) == {"a": "1"}
        assert tags_of("", None) == {}

    def test_tags_of_aws_are_left_to_aws(self) -> None:
        """CloudFormation refuses them in a request."""
        assert tags_of("", stack_with(tags={"aws:servicecatalog:x": "1", "a": "2"})) == {"a": "2"}

    @pytest.mark.parametrize(
        "given",
        ["aws:x=1", "AWS:x=1", "bodhi-api-tokens:signs=api-tokens", "Bodhi-Api-Tokens:stack=other"],
    )
    def test_tags_with_a_meaning_are_refused(self, given: str) -> None:
        """A stack's tags reach its keys, and by such tags the API knows what it may sign with."""
        with pytest.raises(DeploymentError, match="STACK_TAGS must not set"):
            StackOptions.read("", given)

    @pytest.mark.parametrize("given", ["a", "=1", "a=1 a=2", 'a="1'])
    def test_other_words_are_refused(self, given: str) -> None:
        """With how it is meant."""
        with pytest.raises(DeploymentError, match="STACK_TAGS"):
            StackOptions.read("", given)


class TestRole:
    """The role by which CloudFormation makes the changes."""

    def test_role_is_named_only_if_it_is_given(self) -> None:
        """CloudFormation keeps the one that a stack has."""
        assert StackOptions.read(ROLE, "").request(None)["RoleARN"] == ROLE
        assert "RoleARN" not in StackOptions.read("", "").request(None)

    @pytest.mark.parametrize("role", ["deployer", "arn:aws:iam::123456789012:user/x", f"{ROLE} x"])
    def test_other_words_are_refused(self, role: str) -> None:
        """Before anything is asked of AWS."""
        with pytest.raises(DeploymentError, match="STACK_ROLE must be the ARN of a role"):
            StackOptions.read(role, "")


class Region:
    """An account in a region, with a logging role or without; counts how often it is asked."""

    def __init__(self, **account: str) -> None:
        self.account = account
        self.asked = 0

    def get_account(self) -> Mapping[str, Any]:
        """Return what all APIs share."""
        self.asked += 1
        return self.account


class TestLoggingRole:
    """API Gateway logs by one role in each region, which is looked for before a deployment."""

    @pytest.mark.parametrize(
        ("before", "given"),
        [
            (None, {"AccessLogs": "true"}),
            (stack_with(AccessLogs="false"), {"AccessLogs": "true"}),
            (stack_with(AccessLogs="true"), {}),
            (stack_with(AccessLogs="true", GatewayLoggingRole="true"), {"GatewayLoggingRole": "false"}),
        ],
    )
    @pytest.mark.parametrize("account", [{}, {"cloudwatchRoleArn": ""}])
    def test_missing_role_stops_the_deployment(
        self, before: StackTypeDef | None, given: dict[str, str], account: dict[str, str]
    ) -> None:
        """CloudFormation would find out after everything else; the reason says what to do."""
        with pytest.raises(DeploymentError, match="GatewayLoggingRole=true") as refused:
            refuse_without_role(Region(**account), before, given)
        assert "update-account" in str(refused.value)

    def test_role_of_the_region_is_enough(self) -> None:
        """Another stack or a person has set it."""
        region = Region(cloudwatchRoleArn="arn:aws:iam::123456789012:role/logs")
        refuse_without_role(region, None, {"AccessLogs": "true"})
        assert region.asked == 1

    @pytest.mark.parametrize(
        ("before", "given"),
        [
            (None, {}),
            (stack_with(AccessLogs="true"), {"AccessLogs": "false"}),
            (None, {"AccessLogs": "true", "GatewayLoggingRole": "true"}),
            (stack_with(AccessLogs="true", GatewayLoggingRole="true"), {}),
        ],
    )
    def test_nothing_is_asked_if_the_role_is_not_needed(
        self, before: StackTypeDef | None, given: dict[str, str]
    ) -> None:
        """A deployer without ``apigateway:GET`` on the account can deploy as before."""
        region = Region()
        refuse_without_role(region, before, given)
        assert region.asked == 0


@pytest.mark.slow
@pytest.mark.emulator
def test_tags_are_those_of_the_stack(desk: Desk) -> None:
    """They stay in the next deployment, and change in the one after."""
    desk.options = StackOptions.read("", "team=a cost=7")
    desk.deploy()
    desk.options = StackOptions()
    desk.deploy(Days="14")
    described = desk.stack.described()
    assert described
    assert {tag["Key"]: tag["Value"] for tag in described["Tags"]} == {"team": "a", "cost": "7"}
    desk.options = StackOptions.read("", "team=b cost=")
    desk.deploy(Days="30")
    described = desk.stack.described()
    assert described
    assert {tag["Key"]: tag["Value"] for tag in described["Tags"]} == {"team": "b"}
