"""The settings of operators are in files of their own, which Git ignores."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.aws.errors import PackagingError
from infra.aws.package.project_config import check_config, read_config
from infra.aws.package.settings_file import advice
from infra.aws.package.stage_settings import check_settings, settings_of
from tests.packaging.fresh import ROOT

OWN = {
    "ISSUER": "https://tokens.acme.io",
    "AUDIENCE": "https://acme.io/api",
    "OIDC_ISSUER": "https://login.acme.io",
    "OIDC_CLIENT_ID": "web",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a checkout as it is shipped."""
    folder = tmp_path / ".chalice" / "settings"
    folder.mkdir(parents=True)
    for name in ("config.json", "settings/example.json"):
        (tmp_path / ".chalice" / name).write_text((ROOT / ".chalice" / name).read_text())
    return tmp_path


def write(project: Path, stage: str, settings: object) -> None:
    """Write the file of a stage."""
    text = settings if isinstance(settings, str) else json.dumps(settings)
    (project / ".chalice" / "settings" / f"{stage}.json").write_text(text)


def put_into_config(project: Path, stage: str, **settings: str) -> None:
    """Write settings where version 0.1 wanted them."""
    path = project / ".chalice" / "config.json"
    config: dict[str, Any] = json.loads(path.read_text())
    config["stages"][stage]["environment_variables"] |= settings
    path.write_text(json.dumps(config))


def settings(project: Path, stage: str = "dev") -> dict[str, str]:
    """Return the settings of a stage, which must be sound."""
    config = check_config(project, stage)
    check_settings(config, stage)
    return settings_of(config, stage)


def test_file_is_merged_in_and_wins(project: Path) -> None:
    """What it leaves out comes from the configuration."""
    put_into_config(project, "dev", LOG_LEVEL="DEBUG", ISSUER="https://old.acme.io")
    write(project, "dev", OWN)
    assert settings(project) == {"STAGE": "dev", "LOG_LEVEL": "DEBUG", **OWN}
    assert settings(project, "prod")["ISSUER"] == "https://api.example.com"


def test_file_makes_a_stage(project: Path) -> None:
    """So that config.json needs no change for one more stage."""
    write(project, "staging", OWN)
    assert settings(project, "staging") == {"STAGE": "staging", **OWN}
    assert check_config(project, "staging")["stages"]["staging"]["api_gateway_stage"] == "staging"
    with pytest.raises(PackagingError, match=r"The stage 'stagin' .* Stages: dev, prod, staging"):
        check_config(project, "stagin")


@pytest.mark.parametrize("stage", ["example", "../settings/dev", ".", "DEV", "x" * 21, "dev/"])
def test_other_names_are_not_stages(project: Path, stage: str) -> None:
    """No file outside the folder is read, and the example is not a stage."""
    write(project, "dev", OWN)
    write(project, "DEV", OWN)
    write(project, "x" * 21, OWN)
    with pytest.raises(PackagingError, match=r"does not exist\. Stages: dev, prod$"):
        check_config(project, stage)


def test_stage_without_a_name_is_missing(project: Path) -> None:
    """The message says what is missing, and which stages there are."""
    write(project, "dev", OWN)
    with pytest.raises(PackagingError, match=r"The stage is missing\. .* Stages: dev, prod$"):
        check_config(project, "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", r"settings/dev\.json is not valid JSON"),
        ("{", r"settings/dev\.json is not valid JSON"),
        ('{"ISSUER": "a", "ISSUER": "b"}', r"settings/dev\.json .*ISSUER"),
        ("[]", r"settings/dev\.json must be a JSON object, for example"),
        ('{"IDLE_TIMEOUT_SECOND": "5"}', r"Did you mean IDLE_TIMEOUT_SECONDS\?"),
        ('{"MAX_TOKENS_PER_USER": 5}', r"MAX_TOKENS_PER_USER must be a string"),
        ('{"environment_variables": {}}', "environment_variables must be a string"),
        ('{"STAGE": "prod"}', "STAGE is 'prod', but must be 'dev'"),
        ('{"TABLE_NAME": "mine"}', "TABLE_NAME is set by the template"),
    ],
)
def test_wrong_file_stops_the_build(project: Path, text: str, problem: str) -> None:
    """The message names the file or the setting."""
    write(project, "dev", text)
    with pytest.raises(PackagingError, match=problem):
        settings(project)


def test_secret_in_a_file_is_refused_and_not_repeated(project: Path) -> None:
    """It would be in the template, for all to read. A broken file may hold one too."""
    for text in ('{"OIDC_CLIENT_SECRET": "s3cret"}', '{"OIDC_CLIENT_SECRET": "s3cret"'):
        write(project, "dev", text)
        with pytest.raises(PackagingError) as refused:
            settings(project)
        assert "s3cret" not in str(refused.value)


def test_folder_in_place_of_a_file_is_named(project: Path) -> None:
    """As any file that cannot be read."""
    (project / ".chalice" / "settings" / "dev.json").mkdir()
    with pytest.raises(PackagingError, match=r"settings/dev\.json cannot be read"):
        check_config(project, "dev")


def test_values_in_the_configuration_count_and_one_line_says_how_to_move_them(project: Path) -> None:
    """An upgrade from 0.1 changes no file of the operator."""
    put_into_config(project, "prod", **OWN)
    assert settings(project, "prod") == {"STAGE": "prod", **OWN}
    line = advice(project, read_config(project), "prod")
    assert line
    assert line.startswith("Move AUDIENCE, ISSUER, OIDC_CLIENT_ID, OIDC_ISSUER of the stage prod from ")
    assert ".chalice/settings/prod.json" in line
    assert "\n" not in line
    assert "acme" not in line


def test_shipped_configuration_needs_no_advice(project: Path) -> None:
    """It has the values of the example. Nor does one whose settings are in the file."""
    write(project, "dev", OWN)
    for stage in ("dev", "prod", "staging"):
        assert advice(project, read_config(project), stage) is None


def test_example_is_tracked_and_the_others_are_not() -> None:
    """Operators' files cannot be committed by accident."""
    names = [f".chalice/settings/{name}.json" for name in ("dev", "prod", "example")]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *names], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode > 1:
        pytest.skip("this is not a checkout of Git")
    assert done.stdout.split() == names[:2]


def test_example_is_sound(project: Path) -> None:
    """A copy of it can be packaged."""
    write(project, "staging", (ROOT / ".chalice" / "settings" / "example.json").read_text())
    assert settings(project, "staging")["ISSUER"] == "https://api.example.com"
