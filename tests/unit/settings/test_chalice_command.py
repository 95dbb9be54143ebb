"""Chalice's own commands work, or say which setting is missing and what to type."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.settings.chalice_command import refusal_of
from chalicelib.settings.known import known_settings, misspelt
from tests.support.service import ENVIRON

ROOT = Path(__file__).parents[3]
KNOWN = known_settings()


def without(*names: str) -> dict[str, str]:
    """Return complete settings but for some."""
    return {name: value for name, value in ENVIRON.items() if name not in names}


def refusal(*words: str, **environ: str) -> str | None:
    """Return the refusal of a command with these settings."""
    return refusal_of(environ, ["/bin/chalice", *words])


def test_local_works_with_every_setting() -> None:
    """In open mode it needs none."""
    assert refusal("local", **ENVIRON) is None
    assert refusal("local", AUTH_MODE="none", STAGE="dev") is None


def test_local_names_what_is_missing_and_what_to_type() -> None:
    """In one sentence."""
    assert refusal("local", **without("TABLE_NAME", "SIGNING_KEY_ID")) == (
        "`chalice local` needs TABLE_NAME, SIGNING_KEY_ID: type `make run`, which sets everything, or set "
        "them in the environment."
    )


def test_local_names_a_wrong_value_and_a_misspelt_name() -> None:
    """With the value that would be right, and the nearest name."""
    said = refusal(
        "--debug", "local", "--port", "8001", **without("OIDC_ISSUER"), OIDC_ISUER="x", LOG_LEVEL="x"
    )
    assert said
    assert said.splitlines()[0] == "OIDC_ISUER is not a setting. Did you mean OIDC_ISSUER?"
    assert "LOG_LEVEL is 'x' but must be one of" in said
    assert said.count("make run") == 1


@pytest.mark.parametrize(
    ("words", "stage"),
    [(["deploy"], "dev"), (["deploy", "--stage", "prod"], "prod"), (["deploy", "--stage=prod"], "prod")],
)
def test_deploy_is_always_refused(words: list[str], stage: str) -> None:
    """It would make functions without a table and without keys."""
    said = refusal("--project-dir", "local", *words, **ENVIRON)
    assert said
    assert "TABLE_NAME and SIGNING_KEY_ID" in said
    assert said.endswith(f"type `make deploy STAGE={stage}`.")


@pytest.fixture
def no_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let botocore find no region. Return the file in which it looks for one."""
    for name in ("AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path / "config"


@pytest.mark.parametrize(("words", "stage"), [([], "dev"), (["--stage", "prod"], "prod")])
def test_packaging_without_a_region_says_what_to_type(
    no_region: Path, words: list[str], stage: str
) -> None:
    """The region of AWS_REGION is not one for botocore, which Chalice asks."""
    assert refusal("package", *words, "out", AWS_REGION="us-east-1") == (
        "`chalice package` needs a region: set AWS_DEFAULT_REGION, for example to us-east-1, or type "
        f"`make package STAGE={stage}`, which needs none."
    )
    no_region.write_text("[default]\nregion = eu-central-1\n")
    assert refusal("package", *words, "out") is None


def test_packaging_with_an_unknown_profile_says_what_to_type(no_region: Path) -> None:
    """A profile that exists may have a region."""
    no_region.write_text("[profile known]\nregion = eu-central-1\n")
    assert refusal("package", "--profile=known", "out") is None
    said = refusal("package", "--profile", "unknown", "out")
    assert said
    assert "(unknown) could not be found" in said
    assert "type `make package STAGE=dev`" in said


@pytest.mark.parametrize(
    "words", [[], ["package", "--stage", "local"], ["--help"], ["generate-sdk", "deploy"]]
)
def test_other_commands_only_package(words: list[str]) -> None:
    """They need no settings."""
    assert refusal(*words, AWS_DEFAULT_REGION="us-east-1") is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "region"),
    [
        (["local"], "us-east-1"),
        (["local", "--no-autoreload"], "us-east-1"),
        (["deploy"], "us-east-1"),
        (["deploy"], ""),
        (["package", "x"], ""),
    ],
)
def test_command_ends_with_the_sentence(options: list[str], region: str, tmp_path: Path) -> None:
    """No server is left running without an app, and no traceback or message of AWS hides the sentence."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("chalice")), *options],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_DEFAULT_REGION": region},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr.count("\n") == 1
    assert "type `make " in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("IDLE_TIMEOUT_SECOND", "IDLE_TIMEOUT_SECONDS"),
        ("ODIC_ISSUER", "OIDC_ISSUER"),
        ("SCOPE", "SCOPES"),
        ("admin_subjects", "ADMIN_SUBJECTS"),
        ("LOG-LEVEL", "LOG_LEVEL"),
    ],
)
def test_misspelt_names_are_found(name: str, meant: str) -> None:
    """Also in the wrong case. The value is not repeated."""
    assert misspelt({name: "s3cret"}, KNOWN) == [f"{name} is not a setting. Did you mean {meant}?"]


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOME", "SHELL", "LANG", "STAGING", "AWS_REGION", "GITHUB_STAGE", "LOGNAME", "XDG_DATA_DIRS"],
)
def test_variables_of_other_programs_pass(name: str) -> None:
    """A warning about each would hide the one that counts."""
    assert misspelt({name: "x"}, KNOWN) == []


def test_a_variable_beside_the_right_one_passes() -> None:
    """A program may have one with a similar name."""
    assert misspelt({"STAGE": "dev", "STAGES": "dev,prod"}, KNOWN) == []
    assert misspelt(dict.fromkeys(KNOWN, "x"), KNOWN) == []
