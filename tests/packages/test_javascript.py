"""The JavaScript package in Node: its own tests, with Express, Hono and the token service itself."""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bodhi_tokens import caller
from tests.packages import contexts
from tests.packages.contexts import MEMBERS
from tests.packages.service import AUDIENCE, OTHER, served
from tests.support.clients import SECRET, SERVER
from tests.support.node import node_with_packages

TESTS = Path(__file__).with_name("js")


def run(node: str, files: list[Path], **environment: str) -> None:
    """Run test files, and fail with their output."""
    command = [node, "--test", *map(str, sorted(files))]
    env = {"PATH": os.environ["PATH"], **environment}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_does_what_its_tests_say() -> None:
    """Each test in ``tests/packages/js``, with the events that the Python package is tested with."""
    doors = (contexts.rest, contexts.http_2, contexts.websocket, contexts.appsync)
    events = {door.__name__: door(MEMBERS) for door in doors}
    expected = caller(events["rest"])
    assert expected.expires_at
    files = [file for file in TESTS.glob("*.test.js") if file.name != "service.test.js"]
    assert len(files) >= 4
    run(node_with_packages(TESTS), files, EVENTS=json.dumps(events), TOKEN_NAME=expected.token_name)


def test_the_token_service_is_understood() -> None:
    """Introspection and keys of the service itself."""
    node = node_with_packages(TESTS)
    with served() as (issuer, person):
        person.service.clock.set_to(datetime.now(UTC))
        limited = person.api.create_token(person.person, allowed_networks=["192.0.2.0/24"])
        facts = {
            "issuer": issuer,
            "clientId": SERVER,
            "clientSecret": SECRET,
            "audience": AUDIENCE,
            "otherAudience": OTHER,
            "token": person.token,
            "tokenId": person.created["id"],
            "scopes": sorted(person.created["scopes"]),
            "accessToken": person.access_token(),
            "limitedToken": limited["token"],
        }
        run(node, [TESTS / "service.test.js"], SERVICE=json.dumps(facts))
