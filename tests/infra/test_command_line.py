"""The command line: its help, its exit statuses, and the one place that tells errors."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.settings import SettingsError
from infra.__main__ import COMMANDS, EPILOG, main
from infra.aws.errors import DeploymentError
from infra.aws.operate import capacity

PROJECT = Path(__file__).parents[2]
MISSING_TABLE = ClientError(
    {"Error": {"Code": "ResourceNotFoundException", "Message": "Not found"}}, "DescribeTable"
)


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make a command end with an error."""

    def run(_: object) -> None:
        raise error

    monkeypatch.setattr(capacity, "run", run)


def test_help_lists_each_command_and_loads_no_sdk() -> None:
    """The modules of commands are imported only if the command is run."""
    script = "import sys; from infra.__main__ import main\n"
    script += "try: main(['--help'])\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    for name in COMMANDS:
        assert re.search(rf"^ +{name.split()[0]}\b", done.stdout, re.MULTILINE), name
    assert EPILOG.strip() in done.stdout
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert loaded & {"boto3", "botocore", "chalice", "chalicelib", "yaml"} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its help begins with its own name and says what it does."""
    with pytest.raises(SystemExit) as ended:
        main([*name.split(), "--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert said.startswith(f"usage: python -m infra {name} ")
    assert COMMANDS[name].summary in " ".join(said.split())


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["local"], ["local", "nonsense"], ["destroy", "--sta", "x"], ["deploy"]],
)
def test_invalid_command_line_has_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown command, a missing argument or an abbreviated option."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DeploymentError("Nothing was changed."), "Nothing was changed."),
        (DeploymentError("First,\n  then \x1b[31m."), "First,\n  then \\x1b[31m."),
        (SettingsError(["ISSUER is missing", "STAGE too"]), "ISSUER is missing STAGE too"),
        (StoreUnavailable(), str(StoreUnavailable())),
        (OSError(28, "No space left on device", "x.json"), "[Errno 28] No space left on device: 'x.json'"),
        (MISSING_TABLE, "DescribeTable failed, ResourceNotFoundException: Not found"),
    ],
)
def test_expected_error_is_its_text_and_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, text: str
) -> None:
    """The text goes to standard error, and cannot control the terminal."""
    fail_with(monkeypatch, error)
    assert main(["capacity"]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"{text}\n")


def test_fault_of_the_project_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer needs it."""
    fail_with(monkeypatch, KeyError("x"))
    with pytest.raises(KeyError):
        main(["capacity"])


def test_ctrl_c_is_one_line_and_status_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The status is the one that shells expect."""
    fail_with(monkeypatch, KeyboardInterrupt())
    assert main(["capacity"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("deploy", "CloudFormation continues"), ("destroy", "CloudFormation continues"), ("restore", "again")],
)
def test_ctrl_c_says_what_continues(name: str, hint: str) -> None:
    """A stop leaves some work undone."""
    assert hint in COMMANDS[name].when_stopped


@pytest.mark.parametrize("name", ["package", "deploy", "verify", "test-alarm", "destroy"])
def test_missing_stage_is_named_first(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As `make deploy` without STAGE gives it, before anything asks AWS."""
    assert main([name, "--stage", ""]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("The stage is missing. Name one, for example STAGE=dev.")
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_make_calls_commands_that_exist() -> None:
    """Each recipe that runs the command line names a command."""
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    called = re.findall(r"\$\(INFRA\) (local [a-z-]+|[a-z-]+)", makefile)
    assert called
    assert set(called) <= COMMANDS.keys()
