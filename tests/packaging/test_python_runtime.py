"""The configuration pins the Python of a stage, and only that Python packages it for AWS."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from infra.__main__ import main
from infra.aws.account import Account
from infra.aws.deploy import stage as deploy
from infra.aws.errors import PackagingError
from infra.aws.package import build as package
from infra.aws.package.build import build
from infra.aws.package.project_config import check_config
from infra.aws.package.python_runtime import KEY, SUPPORTED, check_python, host_python
from tests.packaging.fresh import ROOT

OTHER = next(name for name in SUPPORTED if name != host_python())
SETTINGS = {
    "STAGE": "dev",
    "ISSUER": "https://tokens.acme.io",
    "AUDIENCE": "https://acme.io/api",
    "OIDC_ISSUER": "https://login.acme.io",
    "OIDC_CLIENT_ID": "web",
}


def pinned_to(python: str, folder: Path) -> Path:
    """Return a project that differs in its settings and its pin, and has nothing to package."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    config["stages"] = {"dev": {"environment_variables": SETTINGS, KEY: python}}
    (folder / ".chalice").mkdir()
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_shipped_pin_is_python_313(stage: str) -> None:
    """A fresh clone runs on a Python that Lambda supports into 2029."""
    config = check_config(ROOT, stage)
    assert config["stages"][stage].get(KEY, config[KEY]) == "python3.13"


def test_this_python_is_one_that_the_code_runs_on() -> None:
    """The code runs on 3.11 to 3.14."""
    assert host_python() == f"python3.{sys.version_info[1]}"
    assert host_python() in SUPPORTED
    assert [name.partition("3.")[2] for name in SUPPORTED] == ["11", "12", "13", "14"]


@pytest.mark.parametrize(
    ("implementation", "flags", "name"),
    [("pypy", "", "pypy3."), ("cpython", "t", r"python3\.\d+t$"), ("cpython", "d", r"python3\.\d+d$")],
)
def test_builds_that_lambda_does_not_run_are_no_match(
    monkeypatch: pytest.MonkeyPatch, implementation: str, flags: str, name: str
) -> None:
    """Modules compiled by PyPy, or without the interpreter lock, do not load in Lambda."""
    monkeypatch.setattr(sys.implementation, "name", implementation)
    monkeypatch.setattr(sys, "abiflags", flags)
    assert re.match(name, host_python())
    with pytest.raises(PackagingError, match="runs on"):
        check_python({KEY: OTHER, "stages": {"dev": {}}}, "dev")
    assert host_python() not in SUPPORTED


def test_a_stage_may_have_a_pin_of_its_own() -> None:
    """It wins over the pin of all stages."""
    stages: dict[str, Any] = {"dev": {}, "prod": {KEY: host_python()}}
    check_python({KEY: OTHER, "stages": stages}, "prod")
    with pytest.raises(PackagingError):
        check_python({KEY: OTHER, "stages": stages}, "dev")


@pytest.mark.parametrize("pin", [None, "", "3.13", "python3.10", "python3.13t", 3.13, ["python3.13"]])
def test_a_pin_that_is_missing_or_unknown_stops_the_build(pin: Any) -> None:
    """The message lists the Pythons that there are."""
    with pytest.raises(PackagingError, match=r"stage dev: lambda_python_version is .*python3\.13"):
        check_python({KEY: pin, "stages": {"dev": {}}}, "dev")


def test_another_python_does_not_package(tmp_path: Path) -> None:
    """It is refused in one line that names the Python to use. The last package stays."""
    target = tmp_path / "build"
    target.mkdir()
    (target / "deployment.zip").touch()
    with pytest.raises(PackagingError) as refused:
        build(pinned_to(OTHER, tmp_path), "dev", target)
    assert str(refused.value) == (
        f"The stage dev runs on {OTHER}, but this is {host_python()}. Run `make clean`, then repeat this "
        f"command with PYTHON={OTHER}."
    )
    assert (target / "deployment.zip").exists()


def test_an_override_for_another_python_does_not_package(tmp_path: Path) -> None:
    """No override makes a package whose modules were compiled for another Python."""
    with pytest.raises(PackagingError, match="runs on"):
        build(pinned_to(host_python(), tmp_path), "dev", tmp_path / "build", python=OTHER)


def test_make_package_and_make_deploy_take_no_override(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both commands refuse another Python than the pinned one, and nothing is uploaded."""
    project = pinned_to(OTHER, tmp_path)
    monkeypatch.setattr(package, "PROJECT", project)
    monkeypatch.setattr(deploy, "PROJECT", project)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        account = Account.of_session()
        for command in ("package", "deploy"):
            assert main([command, "--stage", "dev"]) == 1
            said = capsys.readouterr().err
            assert said.startswith(f"The stage dev runs on {OTHER}")
            assert said.count("\n") == 1
        assert account.s3.list_buckets()["Buckets"] == []


@pytest.mark.slow
def test_every_function_has_this_python(template: dict[str, Any]) -> None:
    """Chalice names the Python that packages, so it is the pinned one."""
    functions = [r for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    assert {each["Properties"]["Runtime"] for each in functions} == {host_python()}
