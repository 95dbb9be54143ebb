"""A run of `make verify`: its table, its exit status, its clean-up, and the JWT that it is given."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from infra.__main__ import main
from infra.aws.errors import DeploymentError
from infra.aws.operate import alarm_trial
from infra.aws.operate.verify import (
    alarm,
    background,
    command,
    conditions,
    doors,
    flows,
    logs,
    networks,
    oauth,
    parameters,
    people,
    run,
    speed,
    staleness,
)
from infra.aws.operate.verify.deployment import facts_of, wire_at, wire_of
from infra.aws.operate.verify.findings import Broken, Check, Finding, Verdict, fails, holds, not_decidable
from infra.aws.operate.verify.run import CHECKS
from infra.aws.operate.verify.site import Site
from infra.aws.operate.verify.undo import Undo
from infra.aws.operate.verify.wire import HttpWire, Reply
from infra.aws.terminal import confirmation
from tests.support.clock import START
from tests.verify.scene import Aws, Scene, facts, found, resources, scene_of
from tests.verify.test_aws import PUBLISHED, CloudWatch, Sns

JWT = "aaaa.bbbb.cccc"


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Return the app."""
    with scene_of() as scene:
        yield scene


def verified(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, *checks: Check, site: Site | None = None
) -> tuple[int, list[str]]:
    """Run these checks alone; return the exit status and what was said."""
    said: list[str] = []
    monkeypatch.setattr(command, "CHECKS", checks)
    return command.verify(site or scene.site(), said.append), said


class TestTheEnd:
    """The exit status and the table."""

    @pytest.mark.parametrize(
        ("findings", "status"),
        [
            ([holds("x"), not_decidable("y")], 0),
            ([holds("x"), fails("y")], 1),
            ([fails("x"), holds("y")], 1),
            ([not_decidable("x")], 0),
        ],
    )
    def test_status_is_of_the_promises(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch, findings: list[Finding], status: int
    ) -> None:
        """One promise that fails is enough. An open one is not a failure."""

        def always(finding: Finding) -> Check:
            return Check(f"Promise {finding.measured}", lambda _: finding)

        checks = [always(finding) for finding in findings]
        ended, said = verified(scene, monkeypatch, *checks)
        assert ended == status
        table = "\n".join(said)
        for finding in findings:
            assert f"Promise {finding.measured}" in table
            assert finding.verdict.value in table

    @pytest.mark.parametrize(
        ("error", "verdict", "told"),
        [
            (Broken("no answer"), Verdict.FAILS, "no answer"),
            (KeyError("secret"), Verdict.FAILS, "not measured: KeyError"),
            (TypeError("secret"), Verdict.FAILS, "not measured: TypeError"),
            (EndpointConnectionError(endpoint_url="secret"), Verdict.FAILS, "EndpointConnectionError"),
            (ClientError({"Error": {"Code": "Throttling"}}, "Do"), Verdict.FAILS, "Do failed, Throttling"),
            (
                ClientError({"Error": {"Code": "AccessDenied", "Message": "you may not"}}, "Do"),
                Verdict.NOT_DECIDABLE,
                "you may not",
            ),
        ],
        ids=["broken", "shape", "type", "network", "aws", "operator"],
    )
    def test_check_that_cannot_go_on(
        self, scene: Scene, error: Exception, verdict: Verdict, told: str
    ) -> None:
        """An unseen promise fails, unless the operator may not look. No message is quoted."""

        def measure(_: Site) -> Finding:
            raise error

        finding = found(scene.site(), Check("A promise", measure))
        assert finding.verdict is verdict
        assert told in finding.measured
        assert "secret" not in finding.measured

    def test_table_fits_a_terminal_and_controls_nothing(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Names come from other systems."""
        long = Check("A promise " * 20, lambda _: holds("\x1b[31m" + "word " * 60))
        _, said = verified(scene, monkeypatch, long)
        assert max(len(line) for line in said if "A promise" not in line or "  " in line[50:]) < 400
        assert all("\x1b" not in line for line in said)

    def test_every_check_has_a_promise_of_its_own(self) -> None:
        """Rows of the table are told apart."""
        promises = [check.promise for check in CHECKS]
        assert len(set(promises)) == len(promises)
        assert all(len(promise) <= 64 for promise in promises)


class TestTheCleanUp:
    """Whatever ends the run."""

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_signal_ends_the_checks_and_not_the_clean_up(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
    ) -> None:
        """Each token is revoked, a second signal does not matter, and the table shows what there is."""

        def interrupted(site: Site) -> Finding:
            made = site.create()
            site.undo.add("nothing", lambda: os.kill(os.getpid(), number))
            os.kill(os.getpid(), number)
            return holds(made.id)

        before = {each: signal.getsignal(each) for each in command._SIGNALS}
        first, last = Check("First", lambda _: holds("x")), Check("Last", lambda _: holds("x"))
        status, said = verified(scene, monkeypatch, first, Check("Stopped", interrupted), last)
        assert status == 1
        assert "Stopped. Cleaning up." in said
        assert not any("Left behind" in line for line in said)
        (token,) = scene.wire.api.get("/v1/tokens", scene.person).json["tokens"]
        assert token["status"] == "revoked"
        assert {each: signal.getsignal(each) for each in command._SIGNALS} == before

    def test_error_that_nobody_expects_cleans_up_too(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A mistake in a check leaves no token behind."""

        def mistaken(site: Site) -> Finding:
            site.create()
            raise AssertionError

        with pytest.raises(AssertionError):
            verified(scene, monkeypatch, Check("Mistaken", mistaken))
        (token,) = scene.wire.api.get("/v1/tokens", scene.person).json["tokens"]
        assert token["status"] == "revoked"

    def test_left_behind_is_told_and_fails(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        """The JWT may have expired meanwhile. Other things are cleaned up all the same."""
        undone: list[str] = []

        def stubborn(site: Site) -> Finding:
            site.undo.add("first", lambda: undone.append("first"))
            site.create()
            scene.falsify("DELETE", "/v1/tokens", lambda reply: Reply(401, {}, b"{}"))
            site.undo.add("last", lambda: undone.append("last"))
            return holds("x")

        status, said = verified(scene, monkeypatch, Check("Stubborn", stubborn))
        (left,) = [line for line in said if line.startswith("Left behind")]
        assert (status, undone) == (1, ["last", "first"])
        assert "which expires within a day (Broken)" in left

    def test_tokens_of_a_run_expire_within_a_day(self, scene: Scene) -> None:
        """A run that is killed leaves nothing for long."""
        made = scene.site().create()
        assert made.resource["expires_at"] == "2026-01-16T12:00:00.000Z"
        assert made.resource["name"] == "verify run1"

    def test_step_is_taken_back_once(self) -> None:
        """And stays registered if that fails, to be tried again in the end."""
        undo, tries = Undo(), []

        def fragile() -> None:
            tries.append(1)
            if len(tries) == 1:
                raise OSError

        step = undo.add("a thing", fragile)
        with pytest.raises(OSError, match=r"^$"):
            undo.done(step)
        assert undo.close() == []
        assert len(tries) == 2
        assert undo.close() == []


class TestTheJwt:
    """It comes from a file, the environment or a question, never from the command."""

    def test_file_comes_before_the_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Line ends around it do not matter."""
        monkeypatch.setenv("VERIFY_JWT", "e.e.e")
        (tmp_path / "jwt").write_text(f"\n{JWT}\n")
        assert command.jwt_of(str(tmp_path / "jwt")) == JWT
        assert command.jwt_of("") == "e.e.e"

    def test_question_does_not_show_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """By getpass, at a terminal."""
        monkeypatch.delenv("VERIFY_JWT", raising=False)
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("getpass.getpass", lambda _: JWT)
        assert command.jwt_of("") == JWT

    def test_without_any_the_ways_are_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """In a pipeline nobody is asked."""
        monkeypatch.delenv("VERIFY_JWT", raising=False)
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(DeploymentError, match=r"Set VERIFY_JWT, or name a file with JWT_FILE="):
            command.jwt_of("")

    @pytest.mark.parametrize(
        "text", ["", "bodhi_secret", "a.b", "a.b.c\r\nHost: x", "a.b.c.d", "a..c", "\u0430.b.c", "a b.c.d"]
    )
    def test_other_text_is_refused_and_not_repeated(
        self, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        """It goes into a header line."""
        monkeypatch.setenv("VERIFY_JWT", text)
        with pytest.raises(DeploymentError) as caught:
            command.jwt_of("")
        assert (
            str(caught.value)
            == "This is not a JWT. A JWT has three parts of base64url with dots between them."
        )

    def test_missing_file_is_one_line(self, tmp_path: Path) -> None:
        """Its content is not shown."""
        with pytest.raises(DeploymentError, match="cannot be read: FileNotFoundError"):
            command.jwt_of(str(tmp_path / "none"))

    def test_no_option_takes_it(self) -> None:
        """The list of processes shows arguments to every user of the machine."""
        with pytest.raises(SystemExit):
            main(["verify", "--stage", "dev", "--jwt", JWT])

    def test_it_is_in_no_repr(self, scene: Scene) -> None:
        """Neither are tokens, the client's secret and settings."""
        site = scene.site(settings={"OIDC_CLIENT_SECRET": "secret-of-oidc"})
        made = site.create()
        shown = repr(site) + repr(made) + repr(site.facts) + repr(site.credentials)
        assert [s for s in (scene.person, made.token, "secret-of-oidc") if s in shown] == []


class TestAgreement:
    """The command says what it does and costs, and asks."""

    def test_no_means_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The cost is said before the question."""
        with pytest.raises(DeploymentError, match=r"Nothing was done\."):
            command.agree(facts(), lambda question, word: False)
        said = capsys.readouterr().out
        assert "costs less than $0.05" in said
        assert "\\n" not in said

    def test_pipeline_must_agree(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """YES=1 does; silence does not."""
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(DeploymentError, match="YES=1"):
            command.agree(facts(), confirmation(agreed=False))
        command.agree(facts(), confirmation(agreed=True))


class CloudFormation:
    """A stack."""

    def __init__(
        self, *, status: str = "UPDATE_COMPLETE", endpoint: str = "https://x", **names: str
    ) -> None:
        self.meta = type("Meta", (), {"endpoint_url": endpoint, "region_name": "eu-west-1"})()
        self.status, self.names = status, names

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        """Return it."""
        if self.status == "none":
            raise ClientError({"Error": {"Code": "x", "Message": "does not exist"}}, "DescribeStacks")
        outputs = {"RestAPIId": "a1", "EndpointURL": "https://a1.execute-api.eu-west-1.amazonaws.com/dev/"}
        return {
            "Stacks": [
                {
                    "StackStatus": self.status,
                    "CreationTime": START,
                    "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()],
                    "Parameters": [{"ParameterKey": "PolicyNullChecks", "ParameterValue": "true"}],
                }
            ]
        }

    def get_paginator(self, _: str) -> Any:
        """Return pages of its resources."""
        summaries = [
            {"LogicalResourceId": n, "ResourceType": k, "PhysicalResourceId": n}
            for n, k in self.names.items()
        ]
        return type("P", (), {"paginate": lambda self, **_: [{"StackResourceSummaries": summaries}]})()


class TestDeployment:
    """The stack that is looked at."""

    def client(self, cloudformation: CloudFormation) -> Aws:
        """Return clients of an account with that stack."""
        function = {"Environment": {"Variables": {"ISSUER": "https://x"}}}
        return Aws(
            cloudformation=cloudformation,
            sts=type("S", (), {"get_caller_identity": lambda self: {"Account": "1"}})(),
            apigateway=type("G", (), {"get_authorizers": lambda self, **_: {"items": [{}]}})(),
            **{"lambda": type("L", (), {"get_function_configuration": lambda self, **_: function})()},
        )

    def test_facts_are_of_the_stack(self) -> None:
        """An authorizer without a TTL has API Gateway's own."""
        read = facts_of(self.client(CloudFormation(APIHandler="F")), "s", "dev")
        assert (read.cache_seconds, read.emulated, read.parameters["PolicyNullChecks"]) == (
            300,
            False,
            "true",
        )
        assert read.deployed_at == START

    @pytest.mark.parametrize("status", ["none", "DELETE_COMPLETE", "REVIEW_IN_PROGRESS"])
    def test_missing_stack_is_one_line(self, status: str) -> None:
        """With what to do."""
        client = self.client(CloudFormation(status=status, APIHandler="F"))
        with pytest.raises(DeploymentError, match="The stack s does not exist"):
            facts_of(client, "s", "dev")

    def test_stack_of_another_service_is_refused(self) -> None:
        """Nothing of it is called."""
        with pytest.raises(DeploymentError, match="not a stack of this service"):
            facts_of(self.client(CloudFormation(Other="F")), "s", "dev")

    def test_address_is_given_or_the_domain_or_its_own(self) -> None:
        """In this order."""
        client = self.client(CloudFormation(APIHandler="F"))
        read = facts_of(client, "s", "dev")
        own = "https://a1.execute-api.eu-west-1.amazonaws.com/dev/"
        assert wire_of(client, read, "https://given.example").url == "https://given.example"
        assert wire_of(client, facts(parameters={"DomainName": "d.example"})).url == "https://d.example"
        assert wire_of(client, read).url == own

    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("http://orders.example.com/x", "must be an address with https"),
            ("http://127.0.0.1.evil.example/x", "must be an address with https"),
            ("orders.example.com/x", "must be addresses such as"),
            ("ftp://orders.example.com", "must be addresses such as"),
            ("https://user:secret@orders.example.com", "must be addresses such as"),
            ("https://[::1", "must be addresses such as"),
            ("https://x:99999", "must be addresses such as"),
            ("https://", "must be addresses such as"),
        ],
    )
    def test_token_goes_nowhere_else(self, url: str, told: str) -> None:
        """A JWT would be readable on its way. The address is not repeated with its password."""
        with pytest.raises(DeploymentError, match=told) as caught:
            wire_at(url)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        "url", ["https://orders.example.com/x", "http://127.0.0.1:8000", "http://[::1]:1/"]
    )
    def test_good_address_is_taken(self, url: str) -> None:
        """By https, or on this machine."""
        assert wire_at(url).url == url

    def test_emulator_is_known_by_its_endpoint(self) -> None:
        """Its gateway is at the same port."""
        client = self.client(CloudFormation(endpoint="http://127.0.0.1:4566", APIHandler="F"))
        read = facts_of(client, "s", "dev")
        assert read.emulated
        wire = wire_of(client, read)
        assert wire == HttpWire("http://127.0.0.1:4566/dev", "a1.execute-api.localhost:4566")


class TestWire:
    """Calls of the API."""

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            (b'{"code": "not_found"}', "404 not_found"),
            (b'{"error": "invalid_client"}', "404 invalid_client"),
            (b'{"code": "' + b"x" * 41 + b'"}', "404"),
            (b'{"code": {"a": 1}}', "404"),
            (b"<html>", "404"),
            (b"[]", "404"),
            (b"\xff", "404"),
        ],
    )
    def test_reply_is_told_by_its_code(self, body: bytes, told: str) -> None:
        """Another server may answer, so nothing else of it is repeated."""
        assert Reply(404, {}, body).told == told

    def test_dead_address_is_named_without_the_credential(self) -> None:
        """The check fails with a reason."""
        with pytest.raises(Broken, match=r"^GET /v1/me: ConnectionRefusedError$"):
            HttpWire("http://127.0.0.1:9").send("GET", "/v1/me", "secret")


class TestAlarmTrial:
    """`make test-alarm`."""

    def site(self, scene: Scene, cloudwatch: CloudWatch) -> Site:
        """Return a site with one alarm."""
        kinds = resources(ApiFailures="AWS::CloudWatch::Alarm")
        return scene.site(client=Aws(cloudwatch=cloudwatch, sns=Sns("arn:1")), resources=kinds)

    def test_published_alarm_is_success(self, scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
        """The rest is in the operator's inbox."""
        cloudwatch = CloudWatch([PUBLISHED])
        alarm_trial.trial(self.site(scene, cloudwatch))
        assert "Check that it arrived" in capsys.readouterr().out
        assert cloudwatch.states == ["ALARM", "OK"]

    @pytest.mark.parametrize(
        ("cloudwatch", "told"),
        [
            (CloudWatch([PUBLISHED], AlarmActions=[]), "AlarmTopicArn is empty"),
            (CloudWatch(["Failed to execute action. Received error: KMS"]), "KMS key"),
        ],
        ids=["no topic", "encrypted"],
    )
    def test_anything_else_is_an_error(self, scene: Scene, cloudwatch: CloudWatch, told: str) -> None:
        """Also an alarm without a destination, because this command is about nothing else."""
        with pytest.raises(DeploymentError, match=told):
            alarm_trial.trial(self.site(scene, cloudwatch))


def test_registry_has_every_module() -> None:
    """A module of checks that no run runs is forgotten."""
    modules = (
        *(alarm, background, conditions, doors, flows, logs, networks, oauth),
        *(parameters, people, speed, staleness),
    )
    for module in modules:
        assert set(module.CHECKS) <= set(CHECKS)
    folder = Path(run.__file__).parent
    with_checks = {path.stem for path in folder.glob("*.py") if "\nCHECKS = " in path.read_text()}
    assert with_checks == {module.__name__.rpartition(".")[2] for module in modules}
