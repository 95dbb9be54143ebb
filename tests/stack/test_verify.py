"""`make verify` against the deployed stack: the promises that an emulator can decide hold."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.__main__ import main
from infra.aws.operate.verify import logs, speed
from infra.aws.operate.verify.deployment import clients_of, facts_of, wire_of
from infra.aws.operate.verify.findings import Finding, Verdict
from infra.aws.operate.verify.site import Credentials, Site
from infra.local.environments import LOCAL_CLIENT, LOCAL_CLIENT_SECRET
from tests.stack.caching import at_rest, flushing
from tests.stack.calls import Caller
from tests.support import canaries
from tests.support.control_plane import ControlPlane
from tests.support.deployed import Deployed
from tests.support.deploying import STACK
from tests.verify.scene import found

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

_REMEMBERED_SECONDS = 15
OPEN = {
    "Attached APIs refuse a revoked token in time",
    "Headers do not change the address of a caller",
    "A cached decision is bound to the caller's address",
    "A warm decision takes milliseconds",
    "A cold start stays below two seconds",
    "An alarm reaches its topic",
    "Owners get mails",
    "No role lacks a permission (AccessDenied in the logs)",
    *(
        f"AWS supplies dynamodb:{key} as the policies expect"
        for key in ("LeadingKeys", "Attributes", "EnclosingOperation")
    ),
}
"""The emulator cannot decide these."""

_NULL_CHECKS = "Policies fail closed if a condition key is missing"


@pytest.fixture(autouse=True)
def account(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the command's environment to the emulator, and keep its turns few."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.settings.aws_url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr(speed, "TURNS", 10)


@contextmanager
def calm_and_remembering(stack: Deployed, plane: ControlPlane) -> Iterator[None]:
    """Let the gateway remember decisions, and flush, from a moment at which no change is under way."""
    at_rest(stack)
    with flushing(stack, plane), stack.remembering(_REMEMBERED_SECONDS):
        yield


def test_promises_hold(
    caller: Caller,
    stack: Deployed,
    plane: ControlPlane,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """By the command itself, as an administrator, with the JWT in a file."""
    admin = caller.admin()
    other = caller.create(admin, name="mine")
    (tmp_path / "jwt").write_text(admin)
    monkeypatch.setenv("VERIFY_SECOND_JWT", caller.newcomer())
    monkeypatch.setenv("VERIFY_CLIENT", f"{LOCAL_CLIENT}:{LOCAL_CLIENT_SECRET}")

    # The emulator has no schedules.
    assert stack.invoke("SweepTokens", {}) == (None, None)
    with calm_and_remembering(stack, plane):
        status = main(["verify", "--stage", "dev", "--jwt-file", str(tmp_path / "jwt"), "--yes"])
    said = capsys.readouterr().out
    verdicts = dict(_verdicts(said))

    has_parameter = "PolicyNullChecks" in facts_of(clients_of(), STACK, "dev").parameters
    failed = {promise for promise, verdict in verdicts.items() if verdict == "fails"}
    assert failed == (set() if has_parameter else {_NULL_CHECKS}), said
    assert status == (0 if has_parameter else 1)
    assert {promise for promise, verdict in verdicts.items() if verdict.startswith("not")} == OPEN, said
    assert "Left behind" not in said
    _leaves_only(caller, admin, other)
    assert stack.client("iam").list_roles(PathPrefix="/")["Roles"]
    assert [r for r in stack.client("iam").list_roles()["Roles"] if "bodhi-verify" in r["RoleName"]] == []
    mapping = stack.client("lambda").get_event_source_mapping(UUID=stack.physical("AuthorizerCacheFlushes"))
    assert mapping["State"] == "Enabled"
    canaries.check("what make verify printed", said)
    assert "bodhi_ey" not in said


def test_refusal_by_iam_in_a_log_is_found(caller: Caller, stack: Deployed) -> None:
    """The one promise about logs, made to fail: a line of a function that lacks a permission."""
    group, stream = stack.physical("PageHandlerLogs"), "verify"
    written = stack.client("logs")
    written.create_log_stream(logGroupName=group, logStreamName=stream)
    try:
        line = {"timestamp": int(time.time() * 1000), "message": '{"cause": "ClientError: AccessDenied"}'}
        written.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[line])
        finding = _found_in_logs(caller)
    finally:
        written.delete_log_stream(logGroupName=group, logStreamName=stream)
    assert (finding.verdict, group in finding.measured) == (Verdict.FAILS, True)


def _found_in_logs(caller: Caller) -> Finding:
    client = clients_of()
    facts = facts_of(client, STACK, "dev")
    site = Site(facts, wire_of(client, facts), client, Credentials(caller.newcomer()), "logs")
    made = site.create()
    canaries.remember(made.token)
    site.demand_accepted("a new token", made.token)
    finding = found(site, logs.CHECKS[0])
    assert site.undo.close() == []
    return finding


def _verdicts(said: str) -> Iterator[tuple[str, str]]:
    for line in said.splitlines():
        for verdict in Verdict:
            if line.startswith(f"  {verdict.value:18}  "):
                yield line[22:].strip(), verdict.value


def _leaves_only(caller: Caller, admin: str, other: dict[str, str]) -> None:
    """Assert that the one token that was there still works, and every other one is revoked."""
    listed = caller.call("GET", "/v1/tokens?limit=100&status=active", admin).json["tokens"]
    ours = [token["name"] for token in listed if token["name"].startswith("verify ")]
    assert ours == []
    assert caller.whoami(other["token"]) == 200
