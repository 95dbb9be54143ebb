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
from tests.support.deployed import Deployed, deploy_package, fast_folder, running, usual_settings
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


class Caller:
    """A client of the deployed service."""

    def __init__(self, stack: Deployed) -> None:
        self._stack = stack
        self._wire = Wire(stack)

    def call(self, method: str, path: str, credential: str, body: Any = None) -> tuple[int, Any]:
        """Return the status and the document."""
        reply = self._wire.send(method, path, credential, body)
        return reply.status, json.loads(reply.text) if reply.text.strip() else None

    def jwt(self, subject: str = "user@example.com") -> str:
        """Sign in."""
        return self._stack.login(subject)

    def create(self) -> dict[str, Any]:
        """Return a new token with its string."""
        status, created = self.call("POST", "/v1/tokens", self.jwt(), {"name": "kept"})
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
