"""The composition root: which service, when it is checked, and that it is one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib import bootstrap
from chalicelib.bootstrap import OpenService, Service
from chalicelib.domain.errors import NotAuthenticated, TokensUnavailable
from chalicelib.services.sign_in import Credentials
from chalicelib.settings import SettingsError
from tests.support.actors import CALLER
from tests.support.memory import InMemoryStore
from tests.support.service import ENVIRON, MemoryService
from tests.unit.services.log_lines import written

ROOT = Path(__file__).parents[2]

START = "from chalicelib import bootstrap; bootstrap.start(); print(type(bootstrap.current()).__name__)"


@pytest.fixture(autouse=True)
def service_as_it_was() -> Iterator[None]:
    """Leave this process's service as it was found."""
    before = bootstrap.current()
    yield
    bootstrap.install(before)


def in_a_fresh_process(code: str = START, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` with nothing but ``environ``."""
    path = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**path, **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_service_authenticates_unless_told_otherwise() -> None:
    """Without AUTH_MODE the service is the closed one, and starts without a word."""
    done = in_a_fresh_process(**ENVIRON)

    assert (done.returncode, done.stdout, done.stderr) == (0, "Service\n", "")


def test_open_mode_needs_no_other_setting_and_warns_loudly() -> None:
    """AUTH_MODE=none alone is enough. The warning says what it means."""
    done = in_a_fresh_process(AUTH_MODE="none")

    warning, name = done.stdout.splitlines()
    assert name == "OpenService"
    assert '"event":"authentication_disabled","level":"WARNING"' in warning
    assert "every caller who reaches this API can use it" in warning


def test_open_mode_does_not_start_on_prod() -> None:
    """The start stops, naming the setting."""
    done = in_a_fresh_process(AUTH_MODE="none", STAGE="prod")

    assert done.returncode != 0
    assert "AUTH_MODE must not be 'none' on stage prod" in done.stderr


def test_missing_setting_stops_the_start() -> None:
    """Nothing is served with a setting missing, and every one is named."""
    done = in_a_fresh_process()

    assert done.returncode != 0
    assert "TABLE_NAME is missing, for example TABLE_NAME=" in done.stderr
    assert "OIDC_ISSUER is missing" in done.stderr


def test_packaging_starts_without_settings() -> None:
    """Chalice's command line imports the app where the settings are not known yet."""
    done = in_a_fresh_process(
        "from chalicelib import bootstrap; bootstrap.start(); print('packaged')",
        AWS_CHALICE_CLI_MODE="true",
    )

    assert (done.returncode, done.stdout) == (0, "packaged\n")


def test_packaging_still_refuses_a_senseless_shape() -> None:
    """The settings that decide the shape of the API are checked when it is packaged."""
    done = in_a_fresh_process(AWS_CHALICE_CLI_MODE="true", AUTHORIZER_CACHE_SECONDS="7200")

    assert done.returncode != 0
    assert "AUTHORIZER_CACHE_SECONDS" in done.stderr


def test_start_builds_no_client() -> None:
    """A cold start of the authorizer does not pay for the AWS SDK before it is needed."""
    code = START + "; import sys; print(sorted(m for m in ('boto3', 'jwt', 'urllib3') if m in sys.modules))"

    assert in_a_fresh_process(code, **ENVIRON).stdout == "Service\n[]\n"


def test_installed_service_is_the_one_of_this_process() -> None:
    """Every handler sees the same service until another one is installed."""
    service = MemoryService()

    assert bootstrap.install(service) is service
    assert bootstrap.current() is service
    assert bootstrap.current() is service


def test_parts_are_built_once() -> None:
    """A second use of the same service reuses what the first one built."""
    service = MemoryService()

    for part in ("settings", "rules", "verify", "issue", "listing", "manage", "administer"):
        assert getattr(service, part) is getattr(service, part)


def test_given_parts_are_used_and_never_built() -> None:
    """A part that a caller gives takes the place of the one that would be built."""
    store = InMemoryStore()
    service = Service(ENVIRON, tokens=store, users=store)

    assert (service.tokens, service.users) == (store, store)
    assert "dynamodb" not in vars(service)


def test_service_of_open_mode_is_not_available() -> None:
    """The one way to what needs tokens raises, whatever a handler is about to ask for."""
    assert bootstrap.install(Service(ENVIRON)) is bootstrap.service()

    bootstrap.install(OpenService())

    with pytest.raises(TokensUnavailable):
        bootstrap.service()


def test_rules_are_what_the_settings_say() -> None:
    """Durations and quota reach the domain unchanged."""
    rules = MemoryService(
        {
            "IDLE_TIMEOUT_SECONDS": "4000",
            "LAST_USED_REFRESH_SECONDS": "40",
            "RETENTION_DAYS": "4",
            "MAX_TOKENS_PER_USER": "14",
            "MAX_TOKEN_LIFETIME_DAYS": "24",
        }
    ).rules

    assert rules.idle_timeout == timedelta(seconds=4000)
    assert rules.refresh_interval == timedelta(seconds=40)
    assert rules.retention == timedelta(days=4)
    assert rules.max_live_tokens == 14
    assert rules.max_lifetime == timedelta(days=24)


def test_closed_service_checks_its_settings() -> None:
    """A check of good settings is silent, of bad ones an error."""
    with written() as lines:
        Service(ENVIRON).check()
    assert lines == []

    with pytest.raises(SettingsError, match="ISSUER"):
        Service({**ENVIRON, "ISSUER": ""}).check()


def test_closed_service_stands_behind_its_authorizer() -> None:
    """The authorizer guards, and without its context no caller is let in."""
    service, authorizer = Service(ENVIRON), object()

    assert service.guard(authorizer) is authorizer
    with pytest.raises(NotAuthenticated):
        service.api_caller(None)
    with pytest.raises(NotAuthenticated):
        service.sign_in.user(Credentials(CALLER, unverified_bearer=None))
    with pytest.raises(NotAuthenticated):
        service.sign_in.admin(Credentials(CALLER, unverified_bearer=None))


LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "bodhi-authorizer",
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret-1",
    "AWS_SESSION_TOKEN": "secret-2",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"client": "lean"}),
        ({"AWS_CA_BUNDLE": "/secret-3"}, {"client": "sdk", "because_of": "AWS_CA_BUNDLE"}),
        ({"HTTPS_PROXY": "http://u:secret-3@x"}, {"client": "sdk", "because_of": "HTTPS_PROXY"}),
        ({"AWS_SESSION_TOKEN": "secret-3 x"}, {"client": "sdk", "because_of": "AWS_SESSION_TOKEN"}),
        ({"AWS_REGION": ""}, {"client": "sdk", "because_of": "AWS_REGION"}),
    ],
    ids=str,
)
def test_client_is_logged_once(changes: dict[str, str], expected: dict[str, str]) -> None:
    """With the name of the variable that turned the lean client off, and never with a value."""
    service = Service({**ENVIRON, **LAMBDA, **changes})
    with written() as lines:
        for _ in range(3):
            _ = service.authorization, service.keys, service.users

    (line,) = [line for line in lines if line["event"] == "dynamodb.client"]
    assert {name: line.get(name) for name in expected} == expected
    assert "level" not in line
    assert "secret" not in str(lines)


@pytest.mark.parametrize("context", [None, {}, {"token_id": "tok_1"}])
def test_open_service_lets_everybody_in(context: dict[str, str] | None) -> None:
    """No guard, no settings, no difference between callers."""
    service = OpenService()

    assert service.guard(object()) is None
    assert service.api_caller(context).describe() == {"auth": "none"}


@pytest.mark.parametrize("credential", [None, "", "jwt", "bodhi_x"])
def test_open_service_has_no_tokens_to_manage(credential: str | None) -> None:
    """Every management call is told so, whatever it presents."""
    bootstrap.install(OpenService())

    credentials = Credentials(CALLER, unverified_bearer=credential)
    for call in (
        lambda: bootstrap.service().sign_in.user(credentials),
        lambda: bootstrap.service().sign_in.admin(credentials),
        lambda: bootstrap.service().sessions.resume("cookie"),
    ):
        with pytest.raises(TokensUnavailable, match="not available when authentication is disabled"):
            call()
