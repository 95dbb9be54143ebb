"""The command ``deploy``: the reasons that stop it before it changes anything."""

from __future__ import annotations

import io
import os

import pytest

from infra.__main__ import main
from infra.aws.account import Account
from infra.aws.errors import DeploymentError
from infra.aws.terminal import YES, confirmation
from tests.deployment.desk import Desk, EmulatorSession


@pytest.fixture(autouse=True)
def nothing_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no credentials and no region."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_missing_region_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to set."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with pytest.raises(DeploymentError, match="Set AWS_REGION"):
        Account.of_session()


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_missing_credentials_are_told(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """With what to set."""
    monkeypatch.setenv(variable, "eu-west-1")
    with pytest.raises(DeploymentError, match="Set AWS_PROFILE"):
        Account.of_session()


def test_unknown_profile_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As botocore says it."""
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    assert main(["deploy", "--stage", "dev"]) == 1
    assert "no-such-profile" in capsys.readouterr().err


def test_unknown_stage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Before AWS is asked for anything."""
    assert main(["deploy", "--stage", "nowhere"]) == 1
    assert capsys.readouterr().err == "The stage 'nowhere' does not exist. Stages: dev, prod\n"


def test_without_a_terminal_nobody_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipeline has to agree beforehand."""
    with pytest.raises(DeploymentError, match="YES=1"):
        confirmation(agreed=False)("Deploy?", YES)
    assert confirmation(agreed=True)("Deploy?", YES)
    assert capsys.readouterr().out == "\nDeploy? Yes (YES=1).\n"


def test_what_cannot_be_undone_is_not_agreed_to_beforehand() -> None:
    """A pipeline must not put an empty table in the place of one with tokens."""
    with pytest.raises(DeploymentError, match="YES=1 never agrees to this"):
        confirmation(agreed=True)("Deploy?", "tokens-prod")


@pytest.mark.parametrize(
    ("word", "answer", "expected"),
    [
        (YES, "y", True),
        (YES, "Yes", True),
        (YES, "", False),
        (YES, "no", False),
        ("tokens-prod", "tokens-prod", True),
        ("tokens-prod", "y", False),
        ("tokens-prod", "", False),
    ],
)
def test_person_at_the_terminal_is_asked(
    monkeypatch: pytest.MonkeyPatch, word: str, answer: str, *, expected: bool
) -> None:
    """No is what silence means."""
    terminal = io.StringIO(f"{answer}\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert confirmation(agreed=False)("Deploy?", word) is expected


@pytest.fixture
def signed_in(session: EmulatorSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what leads to the emulator's account."""
    for name, value in {
        "AWS_ENDPOINT_URL": session.endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.usefixtures("signed_in")
def test_fresh_clone_is_not_deployed(capsys: pytest.CaptureFixture[str]) -> None:
    """Its configuration is an example: nobody could sign in. Nothing is packaged or uploaded."""
    assert main(["deploy", "--stage", "prod", "--stack-name", "fresh", "--yes"]) == 1
    output = capsys.readouterr()
    assert output.err.startswith("OIDC_ISSUER of the stage prod is an example")
    assert output.out == "Account 000000000000, region us-east-1, stack fresh.\n"


@pytest.mark.parametrize(
    ("option", "text"), [("--role", "deployer"), ("--tags", "aws:x=1"), ("--tags", "team")]
)
def test_senseless_option_of_the_stack_is_told(
    capsys: pytest.CaptureFixture[str], option: str, text: str
) -> None:
    """Before AWS is asked for anything: there are no credentials here."""
    assert main(["deploy", "--stage", "dev", option, text]) == 1
    assert "STACK_" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.usefixtures("signed_in")
def test_missing_logging_role_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is packaged or uploaded, and only if the stack is not to make it."""
    asked = ["--stage", "prod", "--stack-name", "logging", "--yes", "--parameters"]
    assert main(["deploy", *asked, "AccessLogs=true"]) == 1
    assert "AccessLogs needs the role" in capsys.readouterr().err
    assert main(["deploy", *asked, "AccessLogs=true GatewayLoggingRole=true"]) == 1
    assert "AccessLogs needs the role" not in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.usefixtures("signed_in")
def test_stack_that_must_go_is_told_before_the_settings(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its first deployment failed, so there is no address yet that they could name."""
    desk.template["Resources"]["Broken"] = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {"Metrics": [{"Id": "x"}], "ComparisonOperator": "x", "EvaluationPeriods": 1},
    }
    with pytest.raises(DeploymentError, match="ROLLBACK_COMPLETE"):
        desk.deploy()
    assert main(["deploy", "--stage", "prod", "--stack-name", desk.name, "--yes"]) == 1
    told = capsys.readouterr().err
    assert f"The stack {desk.name} is in ROLLBACK_COMPLETE" in told
    assert "with `make destroy`" in told
    assert "example" not in told
