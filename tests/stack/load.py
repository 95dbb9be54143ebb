"""Many clients at once at the deployed stack while tokens and users change: `run_load(stack, seconds)`.

Bounded in time and in count; everything that was seen is kept and judged afterwards (verdicts.py).
"""

from __future__ import annotations

import http.client
import math
import random
import statistics
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from infra.local.deployed import Deployed
from tests.stack.verdicts import LET_IN, REFUSED, Change, Kept, Use, faults
from tests.stack.wire import Wire

CLIENTS = 8
REFRESH_SECONDS = 2
"""LAST_USED_REFRESH_SECONDS of the stack that is called, short so that uses are written often."""

_PEOPLE, _TOKENS_EACH = 4, 4
_CHANGE_EVERY_SECONDS = 0.25
_MOST_USES = 200_000
_WARMING_ROUNDS = 2
# Together clients stay below what the stage lets through, ThrottleRate.
_MOST_PER_SECOND = 160
# How often clients try what is refused, for good or just now. Each refusal ends a process of the
# emulator's, unlike of Lambda's, and the next call waits for another to start.
_DEAD, _REFUSED_NOW = 0.02, 0.2


@dataclass(frozen=True)
class LoadReport:
    """What happened."""

    seconds: float
    uses: Sequence[Use]
    changes: Sequence[Change]
    faults: Sequence[str]

    @property
    def let_in(self) -> int:
        """How many answers were 200."""
        return sum(use.status == LET_IN for use in self.uses)

    @property
    def refused(self) -> int:
        """How many answers were 401."""
        return sum(use.status == REFUSED for use in self.uses)

    def milliseconds(self, quantile: float) -> float:
        """Return how long so many of those let in waited at most."""
        waited = [1000 * (use.received - use.sent) for use in self.uses if use.status == LET_IN]
        return statistics.quantiles(waited, n=1000)[math.ceil(quantile * 1000) - 1]


@dataclass
class _Token:
    """A token under load; nobody else changes it."""

    id: str
    string: str
    paused: bool = False


@dataclass
class _Person:
    """Somebody with tokens."""

    user_id: str
    jwt: str
    tokens: list[_Token] = field(default_factory=list)
    deactivated: bool = False


def run_load(stack: Deployed, seconds: float = 60, clients: int = CLIENTS) -> LoadReport:
    """Call for so long and judge.

    The stack's gateway remembers no decision, and LAST_USED_REFRESH_SECONDS is REFRESH_SECONDS.
    """
    wire = Wire(stack)
    crowd = _Crowd(wire)
    _warm_up(wire, clients)
    end = time.time() + seconds
    started = time.time()
    callers = [_Client(stack, crowd, end, clients / _MOST_PER_SECOND) for _ in range(clients)]
    controller = _Controller(wire, crowd, end)
    for thread in (*callers, controller):
        thread.start()
    for thread in (*callers, controller):
        thread.join()
    taken = time.time() - started
    uses = [use for each in callers for use in each.uses]
    wrong = [*controller.failed, *faults(uses, controller.changes, crowd.kept(), REFRESH_SECONDS)]
    return LoadReport(taken, uses, controller.changes, wrong)


def _warm_up(wire: Wire, clients: int) -> None:
    """Have as many processes of each function as there are clients, before anything is timed."""
    jwt = wire.stack.login(f"{uuid.uuid4().hex[:12]}@example.com")
    token = wire.send("POST", "/v1/tokens", jwt, {}).json["token"]
    with ThreadPoolExecutor(clients) as pool:
        for _ in range(_WARMING_ROUNDS):
            list(pool.map(lambda _: wire.send("GET", "/api/whoami", token), range(clients)))


class _Crowd:
    """People and tokens, living and dead."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.admin = wire.stack.login("admin@example.com")
        self.people = [self._person() for _ in range(_PEOPLE)]
        # Lists are replaced, never changed, where clients read them.
        self.living: list[tuple[_Token, _Person]] = [(t, p) for p in self.people for t in p.tokens]
        self.dead: list[tuple[_Token, _Person]] = []

    def issue(self, person: _Person) -> _Token:
        """Make another token."""
        answer = self._wire.send("POST", "/v1/tokens", person.jwt, {})
        if answer.status != HTTPStatus.CREATED:
            raise RuntimeError(f"no token was made: {answer.status}")
        created = answer.json
        token = _Token(created["id"], created["token"])
        person.tokens.append(token)
        return token

    def kept(self) -> dict[str, Kept]:
        """Ask what the service says of every token."""
        return {token.id: self._kept(token, person) for person in self.people for token in person.tokens}

    def _person(self) -> _Person:
        jwt = self._wire.stack.login(f"{uuid.uuid4().hex[:12]}@example.com")
        person = _Person(self._wire.send("GET", "/v1/me", jwt).json["id"], jwt)
        for _ in range(_TOKENS_EACH):
            self.issue(person)
        return person

    def _kept(self, token: _Token, person: _Person) -> Kept:
        path = f"/v1/tokens/{token.id}"
        last = self._wire.send("GET", path, person.jwt).json["last_used_at"]
        days = self._wire.send("GET", f"{path}/usage", person.jwt).json["days"]
        counted = sum(day["at_least"] for day in days)
        return Kept(datetime.fromisoformat(last).timestamp() if last else None, counted)


class _Client(threading.Thread):
    """Calls with one token after the other, on one connection."""

    def __init__(self, stack: Deployed, crowd: _Crowd, end: float, pace: float) -> None:
        super().__init__(daemon=True)
        self.uses: list[Use] = []
        self._crowd, self._end, self._pace = crowd, end, pace
        self._path, self._host = f"{stack.prefix}/api/whoami", stack.host
        self._connection = http.client.HTTPConnection("127.0.0.1", stack.settings.aws_port, timeout=30)
        self._random = random.Random()

    def run(self) -> None:
        """Call until the time is over."""
        while time.time() < self._end and len(self.uses) < _MOST_USES:
            token, person = self._chosen()
            sent = time.time()
            status = self._status(token.string)
            self.uses.append(Use(token.id, person.user_id, sent, time.time(), status))
            time.sleep(max(0.0, sent + self._pace - time.time()))
        self._connection.close()

    def _chosen(self) -> tuple[_Token, _Person]:
        if self._crowd.dead and self._random.random() < _DEAD:
            return self._random.choice(self._crowd.dead)
        token, person = self._random.choice(self._crowd.living)
        if (token.paused or person.deactivated) and self._random.random() > _REFUSED_NOW:
            return self._random.choice(self._crowd.living)
        return token, person

    def _status(self, token: str) -> int:
        headers = {"Host": self._host, "Authorization": f"Bearer {token}"}
        try:
            self._connection.request("GET", self._path, headers=headers)
            response = self._connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0
        return response.status


class _Controller(threading.Thread):
    """Changes tokens and users at random, one after the other, and notes when each was acknowledged."""

    def __init__(self, wire: Wire, crowd: _Crowd, end: float) -> None:
        super().__init__(daemon=True)
        self.changes: list[Change] = []
        self.failed: list[str] = []
        self._wire, self._crowd, self._end = wire, crowd, end
        self._random = random.Random()

    def run(self) -> None:
        """Change until the time is over, then let everybody in again, so that all can be asked about."""
        while time.time() < self._end:
            person = self._random.choice(self._crowd.people)
            if person.deactivated:
                self._let_in_again(person)
            else:
                self._change(person)
            time.sleep(_CHANGE_EVERY_SECONDS)
        for person in self._crowd.people:
            if person.deactivated:
                self._let_in_again(person)

    def _change(self, person: _Person) -> None:
        token, _ = self._random.choice([pair for pair in self._crowd.living if pair[1] is person])
        doing = self._random.choices((self._revoke, self._pause, self._deactivate), (2, 3, 1))[0]
        if token.paused:
            doing = self._reactivate
        doing(token, person)

    def _revoke(self, token: _Token, person: _Person) -> None:
        self._noted(token.id, False, 204, "DELETE", f"/v1/tokens/{token.id}", person.jwt)
        successor = self._crowd.issue(person)
        self._crowd.dead = [*self._crowd.dead, (token, person)]
        self._crowd.living = [p for p in self._crowd.living if p[0] is not token] + [(successor, person)]

    def _pause(self, token: _Token, person: _Person) -> None:
        body = {"status": "inactive"}
        token.paused = self._noted(
            token.id, False, 200, "PATCH", f"/v1/tokens/{token.id}", person.jwt, body
        )

    def _reactivate(self, token: _Token, person: _Person) -> None:
        body = {"status": "active"}
        back = self._noted(token.id, True, 200, "PATCH", f"/v1/tokens/{token.id}", person.jwt, body)
        token.paused = not back

    def _deactivate(self, _: _Token, person: _Person) -> None:
        path, body = f"/v1/users/{person.user_id}", {"status": "inactive"}
        person.deactivated = self._noted(person.user_id, False, 200, "PATCH", path, self._crowd.admin, body)

    def _let_in_again(self, person: _Person) -> None:
        path, body = f"/v1/users/{person.user_id}", {"status": "active", "restore_tokens": True}
        person.deactivated = not self._noted(
            person.user_id, True, 200, "PATCH", path, self._crowd.admin, body
        )

    def _noted(self, subject: str, usable: bool, expected: int, *call: Any) -> bool:
        asked = time.time()
        answer = self._wire.send(*call)
        acknowledged = time.time() if answer.status == expected else math.inf
        self.changes.append(Change(subject, usable, asked, acknowledged))
        if answer.status != expected:
            self.failed.append(f"{call[0]} {call[1]} was answered {answer.status}")
        return answer.status == expected
