"""Deployments of 0.1, this version and 0.1 again over one table."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.aws.package.build import Package
from infra.local.settings import StackSettings
from tests.stack.wire import Wire
from tests.support.deployed import (
    AUTHORIZER,
    Deployed,
    deploy_package,
    fast_folder,
    running,
    usual_settings,
)
from tests.support.deploying import package_here
from tests.support.jws import issued_at
from tests.support.local_stack import settings_on_free_ports
from tests.support.waiting import wait_until
from tests.upgrades.release import V0_1, unpacked

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

_PACKAGE = """
import json, sys
from pathlib import Path
from infra.local.deploying import package_here
package_here(Path(sys.argv[1]), json.load(sys.stdin))
"""


@dataclass(frozen=True)
class Releases:
    """Both packages, and the stack that they are deployed to in turn."""

    settings: StackSettings
    before: Package
    after: Package

    def deploy(self, package: Package) -> "Caller":
        """Deploy one of the packages, as a new stack or as an update."""
        return Caller(deploy_package(self.settings, package))

    def give_function(self, caller: "Caller", package: Package) -> None:
        """Give the function of our API's authorizer the code of a package, and leave the gateway as it is.

        CloudFormation does so in the middle of each deployment.
        """
        functions, name = caller.stack.client("lambda"), caller.stack.physical(AUTHORIZER)
        functions.update_function_code(FunctionName=name, ZipFile=package.code.read_bytes())


class Caller:
    """A client of the deployed service."""

    def __init__(self, stack: Deployed) -> None:
        self.stack = stack
        self._wire = Wire(stack)

    def call(self, method: str, path: str, credential: str, body: Any = None) -> tuple[int, Any]:
        """Return the status and the document."""
        reply = self._wire.send(method, path, credential, body)
        return reply.status, json.loads(reply.text) if reply.text.strip() else None

    def jwt(self, subject: str = "user@example.com") -> str:
        """Sign in."""
        return self.stack.login(subject)

    def create(self, jwt: str | None = None, **members: Any) -> dict[str, Any]:
        """Return a new token with its string."""
        body = {"name": "kept", **members}
        status, created = self.call("POST", "/v1/tokens", jwt or self.jwt(), body)
        assert status == 201, created
        token: dict[str, Any] = created
        return token

    def uses(self, *tokens: dict[str, Any]) -> list[int]:
        """Return the protected API's answer to each token."""
        return [self.call("GET", "/api/whoami", token["token"])[0] for token in tokens]


@pytest.fixture(scope="module")
def releases() -> Iterator[Releases]:
    """Package both versions, and run an emulated account for them."""
    with tempfile.TemporaryDirectory(prefix="bodhi-upgrade-", dir=fast_folder()) as name:
        folder = Path(name)
        settings = settings_on_free_ports(folder / "state")
        variables = usual_settings(settings)
        before = _packaged_by_release(folder, variables)
        after = package_here(folder / "after", variables)
        with running(settings):
            yield Releases(settings, before, after)


def _packaged_by_release(folder: Path, variables: Mapping[str, str]) -> Package:
    release, target = folder / "release", folder / "before"
    release.mkdir()
    unpacked(V0_1, ".", release)
    subprocess.run(
        [sys.executable, "-c", _PACKAGE, str(target)],
        cwd=release,
        env={**os.environ, "PYTHONPATH": str(release)},
        input=json.dumps(dict(variables)),
        text=True,
        check=True,
        capture_output=True,
    )
    code = target / "deployment.zip"
    return Package(target / "template.json", code, code.stat().st_size)


def test_upgrade_and_rollback_keep_tokens_and_people(releases: Releases) -> None:
    """Tokens and people that one version changes mean the same to the other."""
    old = releases.deploy(releases.before)
    kept, ended = old.create(), old.create()
    old.call("DELETE", f"/v1/tokens/{ended['id']}", old.jwt())
    _, me = old.call("GET", "/v1/me", old.jwt())
    assert old.uses(kept, ended) == [200, 401]

    new = releases.deploy(releases.after)
    assert new.uses(kept, ended) == [200, 401]
    # A JWT says in whole seconds when it was made. The newest one is written into the row.
    signed_in = issued_at(new.jwt())
    wait_until(lambda: issued_at(new.jwt()) > signed_in)
    added, ended_later = new.create(), new.create()
    assert new.call("GET", "/v1/me", new.jwt())[1]["id"] == me["id"]
    assert new.call("GET", "/v1/users", new.jwt("admin@example.com"))[0] == 200
    new.call("DELETE", f"/v1/tokens/{ended_later['id']}", new.jwt())
    assert new.uses(kept, added, ended_later) == [200, 200, 401]

    back = releases.deploy(releases.before)
    assert back.uses(kept, added, ended, ended_later) == [200, 200, 401, 401]
    assert back.call("GET", "/v1/me", back.jwt())[1]["id"] == me["id"]
    assert back.call("GET", "/v1/users", back.jwt("admin@example.com"))[0] == 200
    _, listed = back.call("GET", "/v1/tokens", back.jwt())
    assert {token["id"]: token["status"] for token in listed["tokens"]} == {
        kept["id"]: "active",
        ended["id"]: "revoked",
        added["id"]: "active",
        ended_later["id"]: "revoked",
    }
    user = f"/v1/users/{me['id']}"
    assert back.call("PATCH", user, back.jwt("admin@example.com"), {"status": "inactive"})[0] == 200
    assert back.uses(kept, added) == [401, 401]


def test_gateway_and_function_may_switch_in_either_order(releases: Releases) -> None:
    """In both directions, each gateway gets right responses before and after the function's code changes.

    The gateway of 0.1 asks the function itself with TOKEN events, which this version still understands. The
    gateway of this version sends REQUEST events, which 0.1 does not understand. But it asks an alias, and
    the alias stays with its version until the gateway is that of 0.1.
    """
    old = releases.deploy(releases.before)
    # The person of the other test may have been deactivated.
    jwt = old.jwt("other@example.com")
    kept, ended = old.create(jwt), old.create(jwt)
    old.call("DELETE", f"/v1/tokens/{ended['id']}", jwt)
    releases.give_function(old, releases.after)
    assert old.uses(kept, ended) == [200, 401]

    new = releases.deploy(releases.after)
    listed = new.create(new.jwt("other@example.com"), allowed_networks=["198.51.100.0/24"])
    assert new.uses(kept, ended, listed) == [200, 401, 401]
    releases.give_function(new, releases.before)
    assert new.uses(kept, ended, listed) == [200, 401, 401]

    back = releases.deploy(releases.before)
    # 0.1 does not know the list.
    assert back.uses(kept, ended, listed) == [200, 401, 200]
    releases.give_function(back, releases.after)
    assert back.uses(kept, ended, listed) == [200, 401, 401]


def test_gateway_of_this_version_asks_what_0_1_does_not_have(releases: Releases) -> None:
    """CloudFormation deletes an alias that a template lacks after it has updated everything else.

    So a rollback leaves the alias, and its version, for as long as the gateway asks it.
    """
    before, after = (json.loads(each.template.read_text()) for each in (releases.before, releases.after))
    assert "AWS::Lambda::Alias" not in {each["Type"] for each in before["Resources"].values()}
    assert [f"{AUTHORIZER}.Arn" in uri for uri in _authorizer_uris(before)] == [True]
    assert [f"{AUTHORIZER}Alias" in uri for uri in _authorizer_uris(after)] == [True]


def _authorizer_uris(template: Mapping[str, Any]) -> list[str]:
    schemes = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["securityDefinitions"]
    found = [each.get("x-amazon-apigateway-authorizer") for each in schemes.values()]
    return [json.dumps(each["authorizerUri"]) for each in found if each]
