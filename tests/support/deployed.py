"""The packaged template, deployed to the emulator: API Gateway, functions, table and keys.

`with deployed() as stack: ...` packages the project and deploys the package with the code of `make deploy`.
The package is changed only as gateway_gaps.py says.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.aws.package.build import Package
from infra.local import programs
from infra.local.children import Child
from infra.local.environments import OTHER_SERVICE, local_servers
from infra.local.login import sign_in
from infra.local.settings import StackSettings
from tests.support import gateway_gaps
from tests.support.deploying import STACK, deploy_here, emulated, package_here
from tests.support.local_stack import settings_on_free_ports

SERVICES = (
    "apigateway",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "dynamodbstreams",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "secretsmanager",
    "sqs",
    "sts",
)
AUTHORIZER = "ApiTokenAuthorizer"
_START_SECONDS = 60
# Each start of a function's process unpacks 40 MB. In memory that takes a quarter of the time.
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 << 30


@dataclass(frozen=True)
class Deployed:
    """A deployed stack."""

    settings: StackSettings
    package: Package
    outputs: Mapping[str, str]
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def api_id(self) -> str:
        """The id of the REST API."""
        return self.outputs["RestAPIId"]

    @property
    def host(self) -> str:
        """The host that callers name. They connect to ``settings.aws_port`` of this machine."""
        return f"{self.api_id}.execute-api.localhost:{self.settings.aws_port}"

    @property
    def prefix(self) -> str:
        """The prefix of every path: a slash and the name of the stage."""
        return f"/{self.outputs['EndpointURL'].rstrip('/').rpartition('/')[2]}"

    def client(self, service: str) -> Any:
        """Return a client of the emulator."""
        if service not in self._clients:
            self._clients[service] = emulated(service, self.settings)
        return self._clients[service]

    def login(self, subject: str = "user@example.com") -> str:
        """Sign in at the development provider and return the JWT."""
        return sign_in(self.settings, subject)

    def physical(self, logical_id: str) -> str:
        """Return the physical id of a resource of the template."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=STACK, LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def invoke(self, logical_id: str, event: object) -> tuple[str | None, Any]:
        """Invoke a function as AWS services do. Return its error, or None, and its response.

        An authorizer is invoked by its alias.
        """
        name = self.physical(logical_id)
        aliases = self.client("lambda").list_aliases(FunctionName=name)["Aliases"]
        asked = aliases[0]["AliasArn"] if aliases else name
        answer = self.client("lambda").invoke(FunctionName=asked, Payload=json.dumps(event).encode())
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    def log_lines(self, logical_id: str) -> list[str]:
        """Return all lines of a function's log, with those of Lambda."""
        pages = self.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=self.physical(f"{logical_id}Logs"))
        return [event["message"] for page in found for event in page["events"]]

    def invocations(self, logical_id: str) -> int:
        """Return how often a function has run."""
        return sum(line.startswith("START ") for line in self.log_lines(logical_id))

    def make_cold(self, logical_id: str) -> None:
        """Have the next call start a new process. A change of the settings ends all others."""
        with self.changed(logical_id, MADE_COLD="yes"):
            pass

    @contextlib.contextmanager
    def changed(self, logical_id: str, **variables: str) -> Iterator[None]:
        """Give a function other environment variables for a while."""
        functions, name = self.client("lambda"), self.physical(logical_id)
        usual = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        self._configure(name, usual | variables)
        try:
            yield
        finally:
            self._configure(name, usual)

    def _configure(self, name: str, variables: Mapping[str, str]) -> None:
        """Set a function's variables. If it has an alias, lead that to a version that has them."""
        functions = self.client("lambda")
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        for alias in functions.list_aliases(FunctionName=name)["Aliases"]:
            version = functions.publish_version(FunctionName=name)["Version"]
            functions.update_alias(FunctionName=name, Name=alias["Name"], FunctionVersion=version)
            # Each version has processes of its own, which would stay.
            functions.delete_function(FunctionName=name, Qualifier=alias["FunctionVersion"])

    @contextlib.contextmanager
    def remembering(self, seconds: int) -> Iterator[None]:
        """Have the gateway remember decisions for so long, for a while."""
        gateway = self.client("apigateway")
        (authorizer,) = gateway.get_authorizers(restApiId=self.api_id)["items"]
        gateway_gaps.remember_decisions(gateway, self.api_id, seconds)
        try:
            yield
        finally:
            usual = int(authorizer["authorizerResultTtlInSeconds"])
            gateway_gaps.remember_decisions(gateway, self.api_id, usual)

    def forget_decisions(self) -> None:
        """Have the gateway ask about every token again."""
        gateway_gaps.forget_decisions(self.client("apigateway"), self.api_id)


@contextlib.contextmanager
def deployed(variables: Mapping[str, str] | None = None) -> Iterator[Deployed]:
    """Package, deploy and run. ``variables`` are settings beside the usual ones of the local stack.

    Raises PackagingError, LocalStackError.
    """
    with tempfile.TemporaryDirectory(prefix="bodhi-deployed-", dir=fast_folder()) as name:
        folder = Path(name)
        settings = settings_on_free_ports(folder / "state")
        built = package_here(folder / "build", {**usual_settings(settings), **(variables or {})})
        with running(settings):
            yield deploy_package(settings, built)


def fast_folder() -> Path | None:
    """Return a folder in memory with room for many processes, or None for the usual one."""
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES:
        return _MEMORY
    return None


def usual_settings(settings: StackSettings) -> dict[str, str]:
    """Return the service's settings that match the emulator and the development provider."""
    return {
        # A caller does not wait for a cache, unless a test is about that.
        "AUTHORIZER_CACHE_SECONDS": "0",
        "OIDC_ISSUER": settings.oidc_url,
        "OIDC_CLIENT_ID": settings.client_id,
        "ADMIN_SUBJECTS": "admin@example.com",
        "DERIVED_TOKEN_AUDIENCES": OTHER_SERVICE,
        "RESOURCE_SERVERS": json.dumps(local_servers()),
    }


@contextlib.contextmanager
def running(settings: StackSettings) -> Iterator[None]:
    """Run the emulator and the development provider."""
    for name in ("aws", "logs", "tmp"):
        (settings.state_dir / name).mkdir(parents=True)
    started = [programs.emulator(settings, SERVICES), programs.provider(settings)]
    with contextlib.ExitStack() as stopping:
        for program in started:
            child = Child(program)
            # The emulator's session holds the processes of the functions too.
            stopping.callback(child.kill)
            child.wait_until_it_responds(_START_SECONDS)
        yield


def deploy_package(settings: StackSettings, built: Package) -> Deployed:
    """Deploy a package to the running emulator, and make up for what the emulator lacks."""
    gateway_gaps.without_what_is_not_made(built.template)
    gateway_gaps.keep_decisions_by_token_alone(built.template)
    stack = Deployed(settings, built, deploy_here(built, settings))
    gateway = stack.client("apigateway")
    gateway_gaps.take_gateway_responses(built.template, gateway, stack.api_id, stack.prefix.strip("/"))
    return stack
