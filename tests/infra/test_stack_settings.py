"""What a developer may set, and what they are told when it is wrong."""

from __future__ import annotations

import hashlib
import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from chalicelib.settings import Settings
from infra.local.environments import api_environment, emulator_environment, harmless, isolated
from infra.local.errors import LocalStackError
from infra.local.guide import guide
from infra.local.settings import StackSettings
from infra.local.stack import require_free
from tests.support.local_stack import free_ports

REAL_ACCOUNT = {
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real-secret",
    "AWS_SESSION_TOKEN": "real-session",
    "AWS_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": "/home/somebody/.aws/config",
    "AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb.eu-west-1.amazonaws.com",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/",
    "BOTO_CONFIG": "/home/somebody/.boto",
}


def run_local(name: str, environ: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """Run a command for the local stack; return its exit status and everything that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "infra", "local", name, *arguments],
        env={**harmless(os.environ), **environ},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Return a port on which somebody else listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("name", ["PORT", "OIDC_PORT", "AWS_PORT"])
@pytest.mark.parametrize("value", ["abc", "0", "65536", "-1", "8000.5", "8_000", "1" * 9, "٣"])
def test_a_senseless_port_is_named(name: str, value: str) -> None:
    """The message says which variable, what is wrong and what would be right."""
    with pytest.raises(LocalStackError, match=rf"^{name} must be a port .* for example {name}="):
        StackSettings.from_environ({name: value})


def test_the_same_port_twice_is_refused() -> None:
    """Two servers cannot share a port."""
    with pytest.raises(LocalStackError, match="three different ports"):
        StackSettings.from_environ({"PORT": "4566"})


@pytest.mark.parametrize("value", ["yes", "2", "true "])
def test_a_senseless_choice_about_logs_is_named(value: str) -> None:
    """They go to the terminal or to a file."""
    with pytest.raises(LocalStackError, match=r"^LOGS must be 1 or 0, .* for example LOGS=1"):
        StackSettings.from_environ({"LOGS": value})


def test_logs_go_to_a_file_unless_asked_otherwise() -> None:
    """The guide says where, and how to see them in the terminal."""
    usual, shown = StackSettings.from_environ({}), StackSettings.from_environ({"LOGS": "1"})
    assert (usual.logs_in_terminal, shown.logs_in_terminal) == (False, True)
    assert f"{usual.log}   (LOGS=1 shows it here)" in guide(usual)
    assert "LOGS=1" not in guide(shown)


@pytest.mark.parametrize(
    "environ", [{}, {"OIDC_ISSUER": "https://login.example.com"}, {"AUTH_MODE": "none"}]
)
def test_the_guide_names_what_there_is_to_see(environ: dict[str, str]) -> None:
    """In each mode: the reference and the log; with tokens, the page and the mails too."""
    settings = StackSettings.from_environ(environ)
    text = guide(settings)
    assert f"{settings.url}/docs" in text
    assert str(settings.log) in text
    for seen in (f"{settings.url}/settings/api-tokens", str(settings.mails)):
        assert (seen in text) is settings.with_tokens


def test_a_relative_state_folder_is_inside_the_project() -> None:
    """The folder does not depend on where make was called."""
    settings = StackSettings.from_environ({"STATE_DIR": "somewhere"})
    assert settings.state_dir == Path(__file__).parents[2] / "somewhere"


@pytest.mark.parametrize("variable", ["PORT", "OIDC_PORT", "AWS_PORT"])
def test_a_taken_port_names_the_variable_to_change(taken_port: int, variable: str) -> None:
    """Nothing is started, and the way out is in the message."""
    with pytest.raises(LocalStackError, match=rf"^Port {taken_port} is in use. .*set {variable} to"):
        require_free({variable: taken_port})


def test_a_taken_port_is_one_line_and_exit_status_one(taken_port: int, tmp_path: Path) -> None:
    """The developer sees a sentence, not a traceback, and no folder is made."""
    state = tmp_path / "state"
    status, output = run_local("up", {"PORT": str(taken_port), "STATE_DIR": str(state)})
    assert (status, output.count("\n"), state.exists()) == (1, 1, False)
    assert f"Port {taken_port} is in use" in output


def test_an_invalid_port_is_one_line_and_exit_status_one() -> None:
    """The same for a port that is none."""
    status, output = run_local("up", {"OIDC_PORT": "abc"})
    assert (status, output.count("\n")) == (1, 1)
    assert output.startswith("OIDC_PORT must be a port")


def test_no_trace_of_a_real_account_reaches_a_child() -> None:
    """Every AWS variable of the developer is gone or replaced."""
    settings = StackSettings.from_environ({"PATH": "/bin", **REAL_ACCOUNT})
    api = api_environment(settings, "table", "key", "other-key")
    emulator = emulator_environment(settings.environ, 4566, Path("/state"), ("kms",))
    for environment in (api, emulator, isolated(REAL_ACCOUNT, "http://127.0.0.1:1")):
        assert not set(REAL_ACCOUNT.values()) & set(environment.values())
    assert api["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert api["AWS_SHARED_CREDENTIALS_FILE"] == api["AWS_CONFIG_FILE"] == os.devnull


def test_loopback_never_goes_through_a_proxy() -> None:
    """What the developer excluded stays excluded too."""
    environment = isolated({"HTTP_PROXY": "http://proxy", "NO_PROXY": "intranet"}, "")
    assert environment["no_proxy"] == environment["NO_PROXY"] == "intranet,127.0.0.1,localhost"


def test_every_setting_of_the_application_can_be_overridden() -> None:
    """Ours are defaults; what the developer says is passed on untouched."""
    given = {"ISSUER": "https://other", "IDLE_TIMEOUT_SECONDS": "5", "TABLE_NAME": "mine"}
    settings = StackSettings.from_environ({**given, "PORT": "8123"})
    environment = api_environment(settings, "table", "key", "other-key")
    assert {name: environment[name] for name in given} == given
    assert environment["AUDIENCE"] == "http://127.0.0.1:8123/api"
    assert environment["SIGNING_KEY_ID"] == "key"
    assert environment["DERIVED_TOKEN_KEY_ID"] == "other-key"
    assert environment["OIDC_ISSUER"] == "http://127.0.0.1:9400"


def test_one_resource_server_and_one_other_service_are_set_up() -> None:
    """The service accepts what the local stack sets, and the guide's secret is the one that is set."""
    settings = StackSettings.from_environ({})
    environment = api_environment(settings, "table", "alias/key", "alias/other")
    read = Settings.from_environ(environment)
    digest = hashlib.sha256(b"local-secret").hexdigest()
    assert read.resource_servers["local-resource-server"].secret_sha256 == digest
    assert read.derived_token_audiences == {"https://api.example.com"}
    assert "-u local-resource-server:local-secret" in guide(settings)


def test_without_authentication_only_the_api_port_is_needed() -> None:
    """No emulator and no provider are started then."""
    settings = StackSettings.from_environ({"AUTH_MODE": "none"})
    assert settings.ports_in_use() == {"PORT": 8000}
    assert "not available" in guide(settings)


def test_a_provider_of_the_developers_own_replaces_ours() -> None:
    """OIDC_ISSUER in the environment means that the development provider is not wanted."""
    settings = StackSettings.from_environ({"OIDC_ISSUER": "https://login.example.com"})
    assert settings.ports_in_use() == {"PORT": 8000, "AWS_PORT": 4566}


def test_the_guide_uses_the_ports_in_use() -> None:
    """What is pasted works without editing."""
    usual = guide(StackSettings.from_environ({}))
    other = guide(StackSettings.from_environ({"PORT": "8123", "OIDC_PORT": "9123"}))
    assert "$(make -s login USER=admin@example.com)" in usual
    assert "$(OIDC_PORT=9123 make -s login USER=admin@example.com)" in other
    assert ("http://127.0.0.1:8123/v1/tokens" in other, "8000" in other) == (True, False)
    assert "  make -s users\n" in usual
    assert "  PORT=8123 OIDC_PORT=9123 make -s users\n" in other


def test_the_guide_fits_a_terminal() -> None:
    """A line that goes on says so, and each stays readable."""
    lines = guide(StackSettings.from_environ({"STATE_DIR": "/s"})).splitlines()
    assert [line for line in lines if len(line) > 120] == []
    assert "curl -sS http://127.0.0.1:8000/oauth2/token" in "".join(
        line
        for line, after in itertools.pairwise(lines)
        if line.endswith("\\") and after.startswith("    -")
    )


def test_login_without_a_provider_says_so() -> None:
    """One line, exit status 1, and nothing on the way to $JWT."""
    (port,) = free_ports(1)
    status, output = run_local("login", {"OIDC_PORT": str(port)}, "user@example.com")
    assert (status, output.count("\n")) == (1, 1)
    assert f"No OpenID provider responds on port {port}" in output
