"""The app in this process as a deployed stack, whose answers a test may falsify."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from infra.aws.operate.verify.findings import Check, Finding, Result
from infra.aws.operate.verify.run import run_checks
from infra.aws.operate.verify.site import Credentials, Facts, Resource, Site, Time
from infra.aws.operate.verify.wire import Reply
from tests.support.api import Api, api_of
from tests.support.clock import START, FixedClock
from tests.support.service import MemoryService

Falsify = Callable[[str, str, Reply], Reply]
"""Of method, path and the genuine reply; returns what the caller gets."""


def genuine(method: str, path: str, reply: Reply) -> Reply:
    """Change nothing."""
    return reply


class AppWire:
    """Calls the app; ``falsify`` changes what comes back."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.falsify: Falsify = genuine
        self.calls: list[tuple[str, str, str | None]] = []

    def send(
        self,
        method: str,
        path: str,
        credential: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Call the app."""
        self.calls.append((method, path, credential))
        answer = self.api.call(method, path, credential, body, headers)
        return self.falsify(method, path, Reply(answer.status, answer.headers, answer.text.encode()))


class Aws:
    """Stubs of AWS's clients by service; a missing one is a mistake of the test."""

    def __init__(self, **stubs: Any) -> None:
        self.stubs = stubs
        self.sessions: list[Mapping[str, str]] = []

    def __call__(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:
        """Return the stub."""
        if credentials is not None:
            self.sessions.append(credentials)
        stub = self.stubs[service]
        return stub(credentials) if credentials is not None else stub


def facts(**changes: Any) -> Facts:
    """Return the facts of a stack that keeps every promise."""
    usual = Facts(
        stack="bodhi-api-tokens-dev",
        stage="dev",
        account="123456789012",
        region="us-east-1",
        outputs={},
        parameters={"PolicyNullChecks": "true"},
        resources={},
        settings={"ISSUER": "https://api.example.com"},
        deployed_at=START - timedelta(hours=1),
        cache_seconds=0,
        emulated=False,
    )
    return replace(usual, **changes)


def clocks(clock: FixedClock) -> Time:
    """Return clocks that a sleep moves."""
    return Time(
        monotonic=lambda: (clock.now() - START).total_seconds(),
        sleep=lambda seconds: clock.advance(timedelta(seconds=seconds)),
        now=clock.now,
    )


def resources(**kinds: str) -> dict[str, Resource]:
    """Return resources by logical id, whose physical ids have ``-1`` at the end."""
    return {name: Resource(kind, f"{name}-1") for name, kind in kinds.items()}


class Scene:
    """A site over the app, and the persons in it."""

    def __init__(self, service: MemoryService, api: Api) -> None:
        self.service = service
        self.wire = AppWire(api)
        self.person = service.provider.sign_in("user@example.com")
        self.admin = service.provider.sign_in("admin@example.com")
        self.second = service.provider.sign_in("second@example.com")

    def site(self, *, client: Any = None, credentials: Credentials | None = None, **changes: Any) -> Site:
        """Return the site; ``changes`` are of its facts."""
        stated = facts(**changes)
        person = credentials or Credentials(self.person)
        clock = self.service.clock
        return Site(stated, self.wire, client or Aws(), person, "run1", time=clocks(clock))

    def falsify(self, method: str, path: str, change: Callable[[Reply], Reply]) -> None:
        """Change the replies to calls whose path begins so."""

        def falsify(called: str, at: str, reply: Reply) -> Reply:
            return change(reply) if (called, at[: len(path)]) == (method, path) else reply

        self.wire.falsify = falsify


@contextmanager
def scene_of(**environ: str) -> Iterator[Scene]:
    """Run the app with settings."""
    service = MemoryService(environ)
    with api_of(service) as api:
        yield Scene(service, api)


def found(site: Site, check: Check) -> Finding:
    """Run one check as a run does, without the clean-up."""
    results: list[Result] = []
    run_checks(site, [check], lambda _: None, results)
    (result,) = results
    return result.finding


def measured(check: Check, site: Site) -> Finding:
    """Run one check as a run does, and clean up."""
    finding = found(site, check)
    assert site.undo.close() == []
    return finding
