"""The deployed stack for checks: its API, its resources, and the tokens of the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from infra.aws.operate.verify.findings import Broken
from infra.aws.operate.verify.undo import Undo
from infra.aws.operate.verify.wire import Reply, Wire


class Clients(Protocol):
    """A maker of clients of AWS services."""

    def __call__(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:
        """Return a client with the operator's credentials, or with those of an STS session."""
        ...


WHOAMI = "/api/whoami"
REFUSED = 401
_LET_IN, _SCOPE_MISSING = 200, 403
_POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Time:
    """The clocks of a run; tests bring others."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the stack."""

    kind: str
    name: str
    """Its physical id."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts about the deployment, from CloudFormation and the API's function."""

    stack: str
    stage: str
    account: str
    region: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    resources: Mapping[str, Resource]
    settings: Mapping[str, str] = field(repr=False)
    """The environment variables of the API's function. One of them may be a secret."""
    deployed_at: datetime
    cache_seconds: int
    """The seconds for which API Gateway caches decisions."""
    emulated: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """The JWTs and the client. They are never printed."""

    jwt: str = field(repr=False)
    second_jwt: str | None = field(default=None, repr=False)
    """The JWT of a person who may be deactivated for a moment."""
    client: str | None = field(default=None, repr=False)
    """``id:secret`` of a resource server that may introspect."""


@dataclass(frozen=True, slots=True)
class Made:
    """A token of this run."""

    id: str
    token: str = field(repr=False)
    resource: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that a check needs."""

    facts: Facts
    wire: Wire
    client: Clients
    credentials: Credentials
    run_id: str
    doors: tuple[Wire, ...] = ()
    """Operations of other APIs with the authorizer."""
    time: Time = Time()
    undo: Undo = field(default_factory=Undo)
    made: list[str] = field(default_factory=list)
    """Ids of the tokens of this run."""
    shared: dict[str, Any] = field(default_factory=dict)
    """Values that one check makes and others use."""
    others: dict[str, str] = field(default_factory=dict)
    """The status of each token of the person before the run, by id."""

    @property
    def custom_scopes(self) -> bool:
        """True if the stage has its own scopes, which may not include those of the sample API."""
        return bool(self.facts.settings.get("SCOPES"))

    def physical(self, logical_id: str) -> str:
        """Return the physical id of a resource. Raises Broken if the stack lacks the resource."""
        if logical_id not in self.facts.resources:
            raise Broken(f"the stack lacks {logical_id}")
        return self.facts.resources[logical_id].name

    def names_of(self, kind: str) -> list[str]:
        """Return the physical ids of all resources of a type."""
        return sorted(each.name for each in self.facts.resources.values() if each.kind == kind)

    def call(
        self, method: str, path: str, *wanted: int, credential: str | None = None, body: object = None
    ) -> Reply:
        """Call as the person, or with another credential. Raises Broken if the status is not wanted."""
        reply = self.wire.send(method, path, credential or self.credentials.jwt, body)
        if reply.status not in wanted:
            raise Broken(f"{method} {_hidden(path)} responded with {reply.told}, not {wanted[0]}")
        return reply

    def create(self, jwt: str | None = None, **members: Any) -> Made:
        """Return a new token, which is revoked in the end. It also expires within a day."""
        named = {"name": f"verify {self.run_id}", "expires_in_days": 1, **members}
        return self.taken(self.call("POST", "/v1/tokens", 201, credential=jwt, body=named), jwt)

    def taken(self, reply: Reply, jwt: str | None = None) -> Made:
        """Return the token in a reply, and register its revocation. Raises Broken."""
        document = reply.json
        try:
            made = Made(document["id"], document["token"], document)
        except (KeyError, TypeError) as error:
            raise Broken("the response shows no token") from error
        self.keep(made.id, jwt)
        return made

    def keep(self, token_id: str, jwt: str | None = None) -> None:
        """Have a token of this run revoked in the end."""
        self.made.append(token_id)
        self.undo.add(f"token {token_id}, which expires within a day", partial(self._revoke, token_id, jwt))

    def shown(self, token_id: str) -> dict[str, Any]:
        """Return the resource of a token as the person sees it."""
        shown: dict[str, Any] = self.call("GET", f"/v1/tokens/{token_id}", 200).json
        return shown

    def whoami(self, token: str) -> Reply:
        """Call the sample API with a token."""
        return self.wire.send("GET", WHOAMI, token)

    def lets_in(self, reply: Reply) -> bool:
        """Return whether the authorizer accepted the token.

        If the stage has its own scopes, a refusal for a missing scope also means that the token is valid.
        """
        return reply.status == _LET_IN or (self.custom_scopes and reply.status == _SCOPE_MISSING)

    def demand_accepted(self, what: str, token: str) -> None:
        """Raise Broken unless the token is accepted."""
        reply = self.whoami(token)
        if not self.lets_in(reply):
            raise Broken(f"{what} got {reply.told}, not 200")

    def demand_refused(self, what: str, token: str) -> None:
        """Raise Broken unless the token is refused at once. The gateway must not have it in its cache."""
        reply = self.whoami(token)
        if reply.status != REFUSED:
            raise Broken(f"{what} got {reply.told}, not 401")

    def seconds_until_refused(self, token: str, patience: float, wire: Wire | None = None) -> float | None:
        """Return the seconds until the token is refused, or None if it works longer than ``patience``."""
        begun = self.time.monotonic()
        while True:
            reply = (wire or self.wire).send("GET", "" if wire else WHOAMI, token)
            waited = self.time.monotonic() - begun
            if reply.status in (REFUSED, _SCOPE_MISSING) if wire else reply.status == REFUSED:
                return waited
            if waited > patience:
                return None
            self.time.sleep(_POLL_SECONDS)

    def wait_for(self, seconds: float, happened: Callable[[], bool]) -> bool:
        """Return whether ``happened`` returns True within the seconds."""
        end = self.time.monotonic() + seconds
        while not happened():
            if self.time.monotonic() >= end:
                return False
            self.time.sleep(_POLL_SECONDS * 4)
        return True

    def _revoke(self, token_id: str, jwt: str | None) -> None:
        self.call("DELETE", f"/v1/tokens/{token_id}", 204, 404, credential=jwt)


def _hidden(path: str) -> str:
    """Return a path without its query, which a message does not need."""
    return path.partition("?")[0]
