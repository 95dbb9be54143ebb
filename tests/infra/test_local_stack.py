"""The whole of `make run`, with a scratch application behind it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.adapters.dynamodb.user_store import DynamoDBUserStore
from infra.local.errors import LocalStackError
from infra.local.stack import require_free
from infra.local.template import PROJECT_ROOT
from tests.infra.scratch_project import REFUSE_SETTINGS, TELL_ENVIRONMENT, make_project
from tests.infra.test_stack_settings import REAL_ACCOUNT, run_local
from tests.infra.wire_client import Client
from tests.support.actors import an_event
from tests.support.builders import a_user
from tests.support.local_stack import Emulated, LocalStack, emulator, settings_on_free_ports
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.emulator]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that tells its environment."""
    return make_project(tmp_path_factory.mktemp("project"), TELL_ENVIRONMENT)


@pytest.fixture(scope="module")
def stack(project: Path) -> Iterator[LocalStack]:
    """Return a stack started by a developer who is logged in to a real account."""
    with LocalStack({**REAL_ACCOUNT, "IDLE_TIMEOUT_SECONDS": "5"}, project) as running:
        yield running


def environment_of(stack: LocalStack) -> dict[str, str]:
    """Ask the API server for its environment."""
    told: dict[str, str] = Client(stack.settings.port).send("GET", "/environment").document
    return told


def aws(service: Any, environment: dict[str, str]) -> Any:
    """Return a client of the emulator that an environment points to."""
    return boto3.Session("test", "test", region_name="us-east-1").client(
        service, endpoint_url=environment["AWS_ENDPOINT_URL"]
    )


def children_of(pid: int) -> set[int]:
    """Return the processes that a process has started."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = stat.read_text().rpartition(")")[2].split()[1]
            if int(parent) == pid:
                found.add(int(stat.parent.name))
    return found


def is_alive(pid: int) -> bool:
    """Tell whether a process runs. A zombie that its new parent has not noticed does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_application_gets_its_settings_and_no_real_account(stack: LocalStack) -> None:
    """What the process really has, not what was meant for it."""
    environment = environment_of(stack)
    assert not set(REAL_ACCOUNT.values()) & set(environment.values())
    assert environment["IDLE_TIMEOUT_SECONDS"] == "5"
    assert environment["ISSUER"] == stack.url
    assert (environment["LOG_LEVEL"], environment["FROM_CONFIG"]) == ("INFO", "yes")


def test_the_table_and_the_key_are_the_templates(stack: LocalStack) -> None:
    """Keys, index, expiry and signing algorithm are those of the deployment."""
    environment = environment_of(stack)
    dynamodb, kms = aws("dynamodb", environment), aws("kms", environment)
    table = dynamodb.describe_table(TableName=environment["TABLE_NAME"])["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["users", "by_key"]
    expiry = dynamodb.describe_time_to_live(TableName=environment["TABLE_NAME"])
    assert expiry["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED",
        "AttributeName": "purge_at",
    }
    key = kms.describe_key(KeyId="alias/bodhi-api-tokens")["KeyMetadata"]
    assert (key["Arn"], key["KeySpec"]) == (environment["SIGNING_KEY_ID"], "ECC_NIST_P256")


@pytest.mark.parametrize("address", ["user@example.com", "other@example.com", "admin@example.com"])
def test_login_prints_a_jwt_of_the_development_provider(stack: LocalStack, address: str) -> None:
    """The last line is the JWT of the person asked for."""
    status, output = run_local("login", {"OIDC_PORT": str(stack.settings.oidc_port)}, address)
    payload = output.splitlines()[-1].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert status == 0
    assert (claims["sub"], claims["email"]) == (address, address)
    assert (claims["iss"], claims["aud"]) == (stack.settings.oidc_url, ["bodhi-local"])
    assert claims["name"]


def test_the_terminal_shows_what_to_do_and_what_was_asked(stack: LocalStack) -> None:
    """Commands to paste, then one line per request without its query."""
    Client(stack.settings.port).send("GET", "/environment?needle=1")
    assert f"{stack.url}/api/whoami" in stack.log()
    # The line is written once the answer is out.
    wait_until(lambda: "GET /environment 200" in stack.log())
    assert "needle" not in stack.log()


def test_everything_listens_on_loopback_only(stack: LocalStack) -> None:
    """A laptop in a café offers nothing to its neighbours."""
    ports = set(stack.settings.ports_in_use().values())
    listening = {
        (address, int(port, 16))
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        for address, port in [line.split()[1].split(":")]
        if line.split()[3] == "0A" and int(port, 16) in ports
    }
    assert listening == {("0100007F", port) for port in ports}


def test_state_survives_a_restart(project: Path) -> None:
    """Rows, table and key are the same afterwards."""
    with LocalStack(project=project) as stack:
        before = environment_of(stack)
        row = {"pk": {"S": "U#1"}, "sk": {"S": "#"}}
        aws("dynamodb", before).put_item(TableName=before["TABLE_NAME"], Item=row)
        stack.restart()
        after = environment_of(stack)
        found = aws("dynamodb", after).get_item(TableName=after["TABLE_NAME"], Key=row)
    assert found["Item"] == row
    assert after["SIGNING_KEY_ID"] == before["SIGNING_KEY_ID"]


def test_start_warns_of_users_that_no_sign_in_reaches(project: Path) -> None:
    """As after another OIDC_ISSUER. `make users` shows them, and ends the warning."""
    other = "https://other.example.com"
    with LocalStack(project=project) as stack:
        environment = environment_of(stack)
        store = DynamoDBUserStore(aws("dynamodb", environment), environment["TABLE_NAME"])
        assert store.add_user(a_user(issuer=other), an_event())
        assert "no sign-in reaches" not in stack.log()
        stack.restart()
        assert "Warning: no sign-in reaches 1 active user. Their API tokens work." in stack.log()
        assert "`make users` lists them." in stack.log()
        ports = {name: str(port) for name, port in stack.settings.ports_in_use().items()}
        status, output = run_local("users", ports, "list")
        assert (status, output.count(other)) == (0, 2)
        status, output = run_local("users", ports, "deactivate-issuer", other, "--yes")
        assert (status, output.splitlines()[-1]) == (0, "1 user done, 0 refused.")
        said_before = len(stack.log())
        stack.restart()
        assert "no sign-in reaches" not in stack.log()[said_before:]


@pytest.mark.e2e
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopping_leaves_no_child_and_no_traceback(project: Path, number: signal.Signals) -> None:
    """Ctrl-C, a service manager and a closed terminal all end everything, quietly."""
    with LocalStack(project=project) as stack:
        children = children_of(stack.pid)
        assert len(children) == 4  # the three programs and their guard
        assert stack.stop(number) == 0
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
        require_free(stack.settings.ports_in_use())
        assert "Traceback" not in stack.log()


@pytest.mark.e2e
def test_killing_the_stack_leaves_no_program(project: Path) -> None:
    """SIGKILL gives the stack no time. The guard stops the programs, and the emulator saves its state."""
    with LocalStack(project=project) as stack:
        before = environment_of(stack)
        row = {"pk": {"S": "U#1"}, "sk": {"S": "#"}}
        aws("dynamodb", before).put_item(TableName=before["TABLE_NAME"], Item=row)
        children = children_of(stack.pid)
        assert stack.stop(signal.SIGKILL) == -signal.SIGKILL
        wait_until(lambda: not any(is_alive(pid) for pid in children), seconds=30)
        require_free(stack.settings.ports_in_use())
        stack.start()
        after = environment_of(stack)
        found = aws("dynamodb", after).get_item(TableName=after["TABLE_NAME"], Key=row)
    assert found["Item"] == row


@pytest.mark.e2e
def test_killing_make_stops_the_stack(project: Path) -> None:
    """`make run` passes ``--with-parent``, because `make` that is killed cannot pass a signal on."""
    settings = settings_on_free_ports(project / "state-of-make", {"AUTH_MODE": "none"})
    command = [sys.executable, "-m", "infra", "local", "up", "--project-dir", str(project), "--with-parent"]
    script = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    with subprocess.Popen(
        [sys.executable, "-c", script, *command],
        env=dict(settings.environ),
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as make:
        assert make.stdout
        while "Ready: " not in make.stdout.readline():
            pass
        (stack,) = children_of(make.pid)
        programs = children_of(stack)
        make.kill()
    wait_until(lambda: not any(is_alive(pid) for pid in (stack, *programs)), seconds=30)
    require_free(settings.ports_in_use())


@pytest.mark.e2e
def test_the_guide_stays_because_the_log_is_a_file(project: Path) -> None:
    """By default no line of the service follows the guide, which names the file. A line comes before."""
    with LocalStack({"AUTH_MODE": "none", "LOGS": ""}, project) as stack:
        assert stack.log().startswith("Starting the service...\n")
        Client(stack.settings.port).send("GET", "/environment")
        wait_until(lambda: "GET /environment 200" in stack.settings.log.read_text())
        assert str(stack.settings.log) in stack.log()
        assert f"{stack.url}/docs" in stack.log()
        assert "GET /environment" not in stack.log()


@pytest.mark.e2e
def test_a_misspelt_setting_is_named(project: Path) -> None:
    """Variables of other programs are not. The value is never repeated."""
    environ = {"AUTH_MODE": "none", "OIDC_CLIENT_SECRE": "s3cret", "EDITOR": "vi"}
    with LocalStack(environ, project) as stack:
        warned = [line for line in stack.log().splitlines() if line.startswith("Warning: ")]
        assert warned == ["Warning: OIDC_CLIENT_SECRE is not a setting. Did you mean OIDC_CLIENT_SECRET?"]
        assert "s3cret" not in stack.log()


@pytest.mark.e2e
def test_two_stacks_run_at_once(project: Path) -> None:
    """On ports and in folders of their own. A second one in the same folder is refused by name."""
    with LocalStack({"AUTH_MODE": "none"}, project) as first:
        with LocalStack({"AUTH_MODE": "none"}, project) as second:
            assert environment_of(first)["ISSUER"] != environment_of(second)["ISSUER"]
        same = LocalStack({"AUTH_MODE": "none"}, project, state_dir=first.settings.state_dir)
        with pytest.raises(LocalStackError, match="in use by a running stack"), same:
            pass
        assert environment_of(first)["ISSUER"] == first.url


@pytest.mark.e2e
def test_sigint_stops_a_stack_in_the_background(project: Path) -> None:
    """Shells start background jobs with SIGINT ignored. The stack stops all the same."""
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with LocalStack({"AUTH_MODE": "none"}, project) as stack:
            assert stack.stop(signal.SIGINT) == 0
            assert stack.log().endswith("Stopped.\n")
    finally:
        signal.signal(signal.SIGINT, usual)


@pytest.mark.e2e
def test_a_child_that_dies_is_named_and_takes_the_rest_along(project: Path) -> None:
    """Half a stack is worse than none."""
    with LocalStack(project=project) as stack:
        children = children_of(stack.pid)
        (emulator_pid,) = (
            pid for pid in children if "ministack" in Path(f"/proc/{pid}/cmdline").read_text()
        )
        os.kill(emulator_pid, signal.SIGKILL)
        assert stack.wait() == 1
        assert "The AWS emulator stopped by itself" in stack.log()
        require_free(stack.settings.ports_in_use())


@pytest.mark.e2e
def test_a_settings_error_is_its_own_line(tmp_path: Path) -> None:
    """The application says what is wrong; no traceback is in the way."""
    project = make_project(tmp_path / "project", REFUSE_SETTINGS)
    with pytest.raises(LocalStackError) as caught, LocalStack({"AUTH_MODE": "none"}, project):
        pass
    assert "\nIDLE_TIMEOUT_SECONDS must be a number" in str(caught.value)
    assert "Traceback" not in str(caught.value)


@pytest.mark.e2e
def test_without_authentication_only_the_api_server_runs(project: Path) -> None:
    """No emulator, no provider, no key."""
    with LocalStack({"AUTH_MODE": "none"}, project) as stack:
        assert len(children_of(stack.pid)) == 2  # with the guard
        environment = environment_of(stack)
        assert "TABLE_NAME" not in environment
        assert "API tokens are not available" in stack.log()


def test_the_emulator_alone_is_ready_to_use() -> None:
    """For tests that need atomicity and nothing else."""
    with emulator() as running:
        assert isinstance(running, Emulated)
        signature = aws("kms", running.environment).sign(
            KeyId=running.key_id,
            Message=b"x" * 32,
            MessageType="DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )["Signature"]
        assert signature
        table = aws("dynamodb", running.environment).describe_table(TableName=running.table_name)
        assert table["Table"]["TableStatus"] == "ACTIVE"
