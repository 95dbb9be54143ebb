"""The settings of a stage are checked when it is packaged, not when its functions first start."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings.known import known_settings
from infra.aws.errors import PackagingError
from infra.aws.package.build import build
from infra.aws.package.project_config import check_config
from infra.aws.package.python_runtime import host_python
from infra.aws.package.stage_settings import check_settings, settings_of
from tests.packaging.fresh import ROOT

SOUND = {
    "STAGE": "dev",
    "ISSUER": "https://tokens.acme.io",
    "AUDIENCE": "https://acme.io/api",
    "OIDC_ISSUER": "https://login.acme.io",
    "OIDC_CLIENT_ID": "web",
}


def check(changes: dict[str, Any], stage: str = "dev") -> None:
    """Check sound settings with changes to them; None leaves one out."""
    settings = {name: value for name, value in (SOUND | changes).items() if value is not None}
    check_settings({"stages": {stage: {"environment_variables": settings}}}, stage)


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_committed_settings_are_sound(stage: str) -> None:
    """A fresh clone can be packaged."""
    check_settings(check_config(ROOT, stage), stage)


def test_settings_of_all_stages_are_joined_with_the_stages_own() -> None:
    """As Chalice does it: the stage's own win."""
    config = {
        "environment_variables": {"LOG_LEVEL": "INFO", "ISSUER": "https://a.io"},
        "stages": {"dev": {"environment_variables": {"LOG_LEVEL": "DEBUG"}}},
    }
    assert settings_of(config, "dev") == {"LOG_LEVEL": "DEBUG", "ISSUER": "https://a.io"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"OIDC_ISSUER": None}, "stage dev: OIDC_ISSUER is missing"),
        ({"AUDIENCE": "bodhi"}, "stage dev: AUDIENCE is not valid: 'bodhi'"),
        ({"AUTHORIZER_CACHE_SECONDS": "3601"}, "stage dev: AUTHORIZER_CACHE_SECONDS is '3601'"),
        ({"SCOPES": "{"}, "stage dev: SCOPES is not valid JSON"),
        (
            {"IDLE_TIMEOUT_SECOND": "5"},
            r"IDLE_TIMEOUT_SECOND is not a setting\. Did you mean IDLE_TIMEOUT_SECONDS\?",
        ),
        ({"COLOUR": "blue"}, "COLOUR is not a setting.$"),
        ({"STAGE": "prod"}, "STAGE is 'prod', but must be 'dev'"),
        ({"STAGE": None}, "STAGE is None, but must be 'dev'"),
        ({"MAX_TOKENS_PER_USER": 5}, "MAX_TOKENS_PER_USER must be a string"),
        ({"TABLE_NAME": "mine"}, "TABLE_NAME is set by the template. Remove it"),
        ({"SIGNING_KEY_ID": "alias/x"}, "SIGNING_KEY_ID is set by the template"),
        ({"ROTATED_TOKEN_REUSE": "record"}, "PARAMETERS=RotatedTokenReuse"),
    ],
)
def test_wrong_setting_stops_the_build(changes: dict[str, Any], problem: str) -> None:
    """By its name, with what is wrong."""
    with pytest.raises(PackagingError, match=problem):
        check(changes)


def test_every_problem_is_told_at_once() -> None:
    """One build, one list."""
    with pytest.raises(PackagingError) as refused:
        check({"ISSUER": "x", "OIDC_CLIENT_ID": None})
    assert {line.split()[2] for line in str(refused.value).splitlines()} == {"ISSUER", "OIDC_CLIENT_ID"}


def test_secret_in_the_configuration_is_refused_and_not_repeated() -> None:
    """It would be in the repository, in the template and in CloudFormation for all to read."""
    with pytest.raises(PackagingError, match="OidcClientSecret") as refused:
        check({"OIDC_CLIENT_SECRET": "s3cret"})
    assert "s3cret" not in str(refused.value)


def test_open_mode_needs_no_other_setting() -> None:
    """And is refused on prod."""
    check({"AUTH_MODE": "none", "OIDC_ISSUER": None, "ISSUER": None})
    with pytest.raises(PackagingError, match="AUTH_MODE must not be 'none' on stage prod"):
        check({"AUTH_MODE": "none", "STAGE": "prod"}, "prod")


def test_variables_for_lambda_itself_pass() -> None:
    """They are not ours to know."""
    check({"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"})


@pytest.mark.parametrize(
    "name",
    [
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
    ],
)
def test_variables_that_lambda_sets_itself_are_refused(name: str) -> None:
    """CloudFormation would say so only after everything else is made, and roll it back."""
    with pytest.raises(PackagingError, match=f"^stage dev: {name} is set by Lambda. Remove it.$"):
        check({name: "x"})


@pytest.mark.parametrize("name", ["_HANDLER", "_X_AMZN_TRACE_ID", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"])
def test_lambdas_other_variables_are_no_settings(name: str) -> None:
    """They are refused like anything that the service does not read."""
    with pytest.raises(PackagingError, match=f"{name} is not a setting"):
        check({name: "x"})


def test_settings_leave_room_for_what_the_template_adds() -> None:
    """Lambda takes 4 KB, as one JSON object; how much the rest takes is known after the deployment only."""
    sound = len(json.dumps(SOUND, separators=(",", ":")))
    fits = 3072 - sound - len(',"ADMIN_SUBJECTS":""')
    check({"ADMIN_SUBJECTS": "x" * fits})
    with pytest.raises(PackagingError) as refused:
        check({"ADMIN_SUBJECTS": "x" * (fits + 1)})
    assert str(refused.value) == (
        "stage dev: The environment variables have 3,073 bytes, more than 3,072. Lambda allows 4,096, and "
        "the template adds some. The largest variable is ADMIN_SUBJECTS."
    )


def test_known_settings_are_those_of_the_page() -> None:
    """No list of names is kept beside the code that asks for them."""
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    named = {cell for line in page.splitlines() if line.startswith("| `") for cell in cells(line)}
    assert known_settings() == named


def cells(line: str) -> list[str]:
    """Return the settings that a row of the table is about."""
    return [word.strip(" `") for word in line.split("|")[1].split(",")]


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the template of a stage with settings of its own, packaged in a shell that has others."""
    with pytest.MonkeyPatch.context() as shell:
        shell.setenv("AUTHORIZER_CACHE_SECONDS", "999")
        shell.setenv("AUTH_MODE", "none")
        shell.setenv("AWS_PROFILE", "no-such-profile")
        shell.setenv("STAGE", "local")
        built = build(
            ROOT,
            "dev",
            tmp_path_factory.mktemp("settings") / "dev",
            settings={"AUTHORIZER_CACHE_SECONDS": "7", "MAX_TOKENS_PER_USER": "3"},
            python=host_python(),
        )
    read: dict[str, Any] = json.loads(built.template.read_text())
    return read


@pytest.mark.slow
def test_cache_of_decisions_lasts_as_long_as_is_set(configured: dict[str, Any]) -> None:
    """A setting of the stage, not of the shell that packages."""
    definition = configured["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    (scheme,) = definition["securityDefinitions"].values()
    assert scheme["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"] == 7


@pytest.mark.slow
def test_every_function_gets_the_settings(configured: dict[str, Any]) -> None:
    """And nothing of the shell."""
    functions = [r for r in configured["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    committed = settings_of(check_config(ROOT, "dev"), "dev")
    expected = committed | {"AUTHORIZER_CACHE_SECONDS": "7", "MAX_TOKENS_PER_USER": "3"}
    for function in functions:
        assert expected.items() <= function["Properties"]["Environment"]["Variables"].items()


def test_wrong_settings_stop_before_anything_is_built(tmp_path: Path) -> None:
    """The package of the last time stays."""
    target = tmp_path / "dev"
    target.mkdir()
    with pytest.raises(PackagingError, match="LOG_LEVEL"):
        build(ROOT, "dev", target, settings={"LOG_LEVEL": "loud"})
    assert os.listdir(target) == []
    assert target.exists()
