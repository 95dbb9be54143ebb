"""A deployment against the emulator's CloudFormation: shown, agreed to, carried out, told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.aws.deploy.artifacts import Bucket
from infra.aws.errors import DeploymentError
from tests.deployment.desk import Desk

pytestmark = [pytest.mark.slow, pytest.mark.emulator]


def body_of(desk: Desk) -> dict[str, Any]:
    """Return the template that the stack was made from."""
    found: Any = desk.account.cloudformation.get_template(StackName=desk.name, TemplateStage="Original")
    body = found["TemplateBody"]
    return body if isinstance(body, dict) else json.loads(body)


def keys_in(bucket: Bucket) -> set[str]:
    """Return the names of everything in a bucket."""
    return {
        each["Key"] for each in bucket.account.s3.list_objects_v2(Bucket=bucket.name).get("Contents", [])
    }


class TestFirst:
    """Nothing is there yet."""

    def test_stack_is_made_once_agreed(self, desk: Desk) -> None:
        """Its changes are shown, the question is asked once, the outputs are returned."""
        outputs = desk.deploy()
        assert (desk.status, desk.asked) == ("CREATE_COMPLETE", [f"Deploy {desk.name}?"])
        assert outputs["TableName"] in desk.account.dynamodb.list_tables()["TableNames"]
        assert any(line.split()[:2] == ["Add", "TokenTable"] for line in desk.said)
        assert any(line.split() == ["CREATE_COMPLETE", "TokenTable"] for line in desk.said)
        assert "!!" not in desk.output

    def test_functions_get_the_uploaded_code(self, desk: Desk) -> None:
        """By a name that is made of its content, in a bucket that nobody else can read."""
        desk.deploy()
        place = body_of(desk)["Resources"]["Function"]["Properties"]["CodeUri"]
        assert place["Bucket"] == desk.bucket.name
        assert place["Key"] in keys_in(desk.bucket)
        blocked = desk.account.s3.get_public_access_block(Bucket=desk.bucket.name)
        assert set(blocked["PublicAccessBlockConfiguration"].values()) == {True}

    def test_refusal_leaves_nothing_behind(self, desk: Desk) -> None:
        """Neither the change set nor the stack that CloudFormation had to name for it."""
        desk.answer = False
        with pytest.raises(DeploymentError, match="Nothing was changed"):
            desk.deploy()
        assert desk.status in (None, "DELETE_COMPLETE")

    def test_interrupted_question_leaves_nothing_behind(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ctrl-C is an answer too."""

        def interrupt(question: str, word: str) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setattr(desk, "confirm", interrupt)
        with pytest.raises(KeyboardInterrupt):
            desk.deploy()
        assert desk.status in (None, "DELETE_COMPLETE")

    def test_stack_that_is_only_a_name_is_taken_up(self, desk: Desk) -> None:
        """What somebody's abandoned change set left."""
        desk.account.cloudformation.create_change_set(
            StackName=desk.name,
            ChangeSetName="abandoned",
            ChangeSetType="CREATE",
            TemplateBody=json.dumps({"Resources": {"Logs": {"Type": "AWS::Logs::LogGroup"}}}),
        )
        assert desk.status == "REVIEW_IN_PROGRESS"
        desk.deploy()
        assert desk.status == "CREATE_COMPLETE"

    def test_failure_names_what_failed_and_the_next_attempt_says_what_to_do(self, desk: Desk) -> None:
        """A stack whose first deployment failed takes no other one."""
        desk.template["Resources"]["Function"]["Properties"]["Role"] = "no-role"
        desk.template["Resources"]["Broken"] = {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {"Metrics": [{"Id": "x"}], "ComparisonOperator": "x", "EvaluationPeriods": 1},
        }
        with pytest.raises(DeploymentError, match="failed: the stack is in ROLLBACK_COMPLETE"):
            desk.deploy()
        told = desk.output.split("These resources failed:")[1]
        assert "Broken (AWS::CloudWatch::Alarm): " in told
        with pytest.raises(DeploymentError, match="with `make destroy`"):
            desk.deploy()


class TestNext:
    """A stack is there."""

    def test_no_changes_are_a_success_without_a_question(self, desk: Desk) -> None:
        """The outputs are returned all the same; no change set stays."""
        first = desk.deploy()
        kept = keys_in(desk.bucket)
        assert desk.deploy() == first
        assert len(desk.asked) == 1
        assert f"The stack {desk.name} is up to date. There is nothing to change." in desk.said
        assert "AVAILABLE" not in desk.change_sets()
        assert keys_in(desk.bucket) == kept

    def test_what_is_taken_away_stands_out(self, desk: Desk) -> None:
        """A removal and a replacement are marked and counted, and come after the rest."""
        desk.deploy()
        desk.said.clear()
        del desk.template["Resources"]["Logs"]
        desk.template["Resources"]["TokenTable"]["Properties"]["TableName"] = f"{desk.name}-named"
        desk.deploy(OidcClientSecret="x")
        changes = [line.split() for line in desk.said if line.startswith(("!!", "  "))]
        assert changes[0] == ["Modify", "Function", "AWS::Lambda::Function"]
        assert ["!!", "REMOVE", "Logs", "AWS::Logs::LogGroup"] in changes
        assert any(line[:2] == ["!!", "REPLACE"] and "TokenTable" in line for line in changes)
        assert "!! 2 of 3 changes remove or replace a resource." in desk.said

    def test_what_may_be_replaced_stands_out(self, desk: Desk) -> None:
        """CloudFormation cannot tell beforehand what the value of a parameter leads to."""
        desk.deploy()
        desk.deploy(Key="other")
        assert "!! MAYBE REPLACE             TokenTable" in desk.output

    def test_loss_of_what_holds_tokens_wants_more_than_a_yes(self, desk: Desk) -> None:
        """Nothing else does."""
        desk.deploy()
        desk.deploy(Days="14")
        del desk.template["Resources"]["Logs"]
        desk.deploy()
        desk.deploy(Key="other")
        assert desk.words == ["y", "y", "y", desk.name]
        assert desk.asked[-1] == (f"Deploy {desk.name}, and continue without the present TokenTable?")

    def test_loss_of_the_role_that_signs_wants_more_than_a_yes(self, desk: Desk) -> None:
        """Keys that rotation made let only that role sign: a new one could not issue."""
        trust = {"Version": "2012-10-17", "Statement": []}
        role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}
        desk.template["Resources"] |= {"ApiHandlerRole": role, "OtherRole": role}
        desk.deploy()
        del desk.template["Resources"]["OtherRole"]
        desk.deploy()
        del desk.template["Resources"]["ApiHandlerRole"]
        desk.deploy()
        assert desk.words == ["y", "y", desk.name]
        assert desk.asked[-1].endswith("and continue without the present ApiHandlerRole?")

    def test_refusal_leaves_the_stack_as_it_was(self, desk: Desk) -> None:
        """And no change set that somebody could execute by mistake."""
        desk.deploy()
        desk.answer = False
        with pytest.raises(DeploymentError, match="Nothing was changed"):
            desk.deploy(Days="14")
        assert (desk.value_of("Days"), desk.status) == ("7", "CREATE_COMPLETE")
        assert "AVAILABLE" not in desk.change_sets()

    def test_values_of_the_last_time_stay(self, desk: Desk) -> None:
        """The secret too, which nobody has to give again."""
        desk.deploy(Days="14", OidcClientSecret="s3cret")
        desk.deploy(DeletionProtection="false")
        assert (desk.value_of("Days"), desk.value_of("DeletionProtection")) == ("14", "false")
        assert desk.environment_of_function() == {"SECRET": "s3cret"}
        assert "s3cret" not in desk.output

    def test_unknown_parameter_is_refused_with_the_known_ones(self, desk: Desk) -> None:
        """Before a change set is made."""
        with pytest.raises(
            DeploymentError, match=r"Day is not a parameter\. Known: Days, DeletionProtection, Key"
        ):
            desk.deploy(Day="14")
        assert desk.status is None

    def test_value_that_cloudformation_refuses_leaves_no_stack(self, desk: Desk) -> None:
        """Its reason is told."""
        with pytest.raises(ClientError, match="DeletionProtection"):
            desk.deploy(DeletionProtection="maybe")
        assert desk.status is None
