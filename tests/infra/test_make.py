"""The front door: what `make` runs, and who logs in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("arguments", "subject"),
    [([], "user@example.com"), (["USER=admin@example.com"], "admin@example.com")],
)
def test_the_shells_own_user_never_signs_in(arguments: list[str], subject: str) -> None:
    """Every shell exports USER; only the one given to make counts."""
    done = subprocess.run(
        ["make", "-n", "login", *arguments],
        env={**os.environ, "USER": "root"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"infra local login '{subject}'" in done.stdout


def commands_of(*arguments: str, lines: bool = False) -> str:
    """Return what make would run, whatever the make that runs this test was told. It may be one line."""
    told = {"STAGE", "YES", "STACK", "ARGS", "MAKEFLAGS", "MAKELEVEL"}
    done = subprocess.run(
        ["make", "-n", *arguments],
        env={name: value for name, value in os.environ.items() if name not in told},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout if lines else " ".join(done.stdout.replace("\\\n", "").split())


def test_running_installs_no_test_tools() -> None:
    """The tests bring theirs. Operators' commands need no emulator."""
    levels = {"run": "run", "login": "commands", "deploy": "commands", "test": "test", "lint": "test"}
    for target, level in levels.items():
        assert f"sh infra/set-up {level}\n" in commands_of(target, lines=True)


def test_deployment_gets_what_is_given_to_make() -> None:
    """Parameters as one word, whatever they hold; nobody agrees unless told."""
    asked = commands_of("deploy", "STAGE=dev", 'PARAMETERS=DomainName=a.io Days="1 2"')
    assert "infra deploy --stage 'dev' " in asked
    assert """--parameters 'DomainName=a.io Days="1 2"'""" in asked
    assert "--yes" not in asked
    assert commands_of("deploy", "STAGE=prod", "YES=1", "STACK=x").endswith("--yes")


def test_deployment_gets_the_options_of_the_stack() -> None:
    """Tags as one word; what is not given is empty."""
    role = "arn:aws:iam::123456789012:role/x"
    asked = commands_of("deploy", "STAGE=dev", f"STACK_ROLE={role}", 'STACK_TAGS=team="a b" cost=7')
    assert f"""--role '{role}' --tags 'team="a b" cost=7'""" in asked
    assert "--role '' --tags ''" in commands_of("deploy", "STAGE=dev")


def test_removal_agrees_only_when_told() -> None:
    """As the deployment does."""
    assert "--yes" not in commands_of("destroy", "STAGE=dev")
    assert commands_of("destroy", "STAGE=dev", "YES=1").endswith("--yes")


def test_users_are_listed_unless_another_command_is_given() -> None:
    """Arguments reach the command unchanged."""
    assert commands_of("users").endswith("infra local users list")
    asked = commands_of("users", """ARGS=move usr_1 --subject 'a "b"' --yes""")
    assert asked.endswith("""infra local users move usr_1 --subject 'a "b"' --yes""")


def test_verification_gets_what_is_given_to_make() -> None:
    """Addresses as one word, and no agreement unless told."""
    asked = commands_of("verify", "STAGE=dev", "JWT_FILE=my jwt", "DOORS=https://a.io/x https://b.io/y")
    assert "infra verify --stage 'dev' " in asked
    assert "--jwt-file 'my jwt'" in asked
    assert "--doors 'https://a.io/x https://b.io/y'" in asked
    assert "--yes" not in asked
    assert commands_of("verify", "STAGE=dev", "YES=1").endswith("--yes")
    assert "infra test-alarm --stage 'dev' " in commands_of("test-alarm", "STAGE=dev")


def test_values_that_look_like_options_are_values() -> None:
    """So a sentence names the value, in place of a complaint about an option."""
    assert "cost --rate='-x' --tokens='-1'" in commands_of("cost", "RATE=-x", "TOKENS=-1")
    assert " --rounds='-x'" in commands_of("bench", "ROUNDS=-x", "QUICK=1")


@pytest.mark.parametrize("name", ["JWT", "VERIFY_JWT", "VERIFY_SECOND_JWT", "VERIFY_CLIENT"])
def test_secret_in_the_command_is_refused(name: str) -> None:
    """The list of processes shows it already, but the operator learns that, and it is not repeated."""
    done = subprocess.run(
        ["make", "-n", "verify", "STAGE=dev", f"{name}=a-secret"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"Do not put {name} into the command" in done.stderr
    assert "a-secret" not in done.stdout + done.stderr


def test_secret_in_the_environment_is_taken() -> None:
    """It reaches the command by the environment, and is in no command line."""
    done = subprocess.run(
        ["make", "-n", "verify", "STAGE=dev"],
        env={**os.environ, "VERIFY_JWT": "a-secret"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "a-secret" not in done.stdout


def test_contract_suite_is_pointed_to_an_endpoint() -> None:
    """By default the stores of this process are tested."""
    asked = commands_of("test-contract", "ENDPOINT=http://127.0.0.1:8000")
    assert "CONTRACT_ENDPOINT='http://127.0.0.1:8000' " in asked
    assert "pytest -n 0 tests/contract" in asked
    assert "CONTRACT_ENDPOINT='' " in commands_of("test-contract")


@pytest.mark.parametrize(
    "target", ["run", "setup", "users", "signing-keys", "package", "verify", "test-alarm", "test-contract"]
)
def test_help_lists_what_there_is(target: str) -> None:
    """`make help` lists each target with a sentence."""
    done = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if line.split()[:2] == ["make", target]]
