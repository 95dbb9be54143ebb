"""The threads of a run under load: clients that call, and one that changes tokens and users meanwhile."""

from __future__ import annotations

import contextlib
import http.client
import math
import random
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from tests.stack.crowd import Crowd, Person, Token
from tests.stack.verdicts import Change, Use
from tests.stack.wire import Wire
from tests.support.deployed import Deployed

REVOKED, PAUSED, DEACTIVATED, REACTIVATED = "revoked", "paused", "deactivated", "re-activated"

_CHANGE_EVERY_SECONDS = 0.25
_DONE = {"DELETE": HTTPStatus.NO_CONTENT, "PATCH": HTTPStatus.OK}
_MOST_USES = 200_000
# The shares of calls with a dead token, and with a paused one. Each refusal ends a process of the
# emulator, unlike on Lambda, and the next call waits for another process.
_DEAD, _REFUSED_NOW = 0.02, 0.2
# Tokens and JWTs, which errors may quote.
_SECRET = re.compile(r"(bodhi_|eyJ)[^\s'\"]+")


@contextmanager
def noting(failed: list[str], who: str) -> Iterator[None]:
    """Turn what ends the block early into a line, with no secret in it."""
    try:
        yield
    except Exception as error:
        failed.append(f"{who} ended: {_SECRET.sub('...', repr(error))}")


class Worker(threading.Thread):
    """A thread whose early end is a fault of the run, never a run with less to judge."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.failed: list[str] = []

    def run(self) -> None:
        """Do the work. Note an error that ends it early."""
        with noting(self.failed, type(self).__name__):
            self.work()

    def work(self) -> None:
        """Work until the time is over."""
        raise NotImplementedError


class Client(Worker):
    """Calls with one token after the other, on one connection."""

    def __init__(
        self, stack: Deployed, crowd: Crowd, end: float, pace: float, choices: random.Random
    ) -> None:
        super().__init__()
        self.uses: list[Use] = []
        self._crowd, self._end, self._pace = crowd, end, pace
        self._path, self._host = f"{stack.prefix}/api/whoami", stack.host
        self._connection = http.client.HTTPConnection("127.0.0.1", stack.settings.aws_port, timeout=30)
        self._random = choices

    def work(self) -> None:
        """Call until the time is over."""
        with contextlib.closing(self._connection):
            while time.time() < self._end and len(self.uses) < _MOST_USES:
                token, person = self._chosen()
                sent = time.time()
                status = self._status(token.string)
                self.uses.append(Use(token.id, person.user_id, sent, time.time(), status))
                time.sleep(max(0.0, sent + self._pace - time.time()))

    def _chosen(self) -> tuple[Token, Person]:
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


class Controller(Worker):
    """Changes tokens and users, one after the other, and notes when each change was acknowledged.

    It begins with one end of each kind, however short the time, and goes on at random.
    """

    def __init__(self, wire: Wire, crowd: Crowd, end: float, choices: random.Random) -> None:
        super().__init__()
        self.changes: list[Change] = []
        self._wire, self._crowd, self._end, self._random = wire, crowd, end, choices

    def work(self) -> None:
        """Change until the time is over, then let everybody in again, so that all can be asked about."""
        first = [self._revoke, self._pause, self._deactivate]
        try:
            while first or time.time() < self._end:
                doing = first.pop(0) if first else self._change
                doing(*self._random.choice(self._crowd.living))
                time.sleep(_CHANGE_EVERY_SECONDS)
        finally:
            for person in self._crowd.people:
                if person.deactivated:
                    self._let_in_again(person)

    def _change(self, token: Token, person: Person) -> None:
        if person.deactivated:
            self._let_in_again(person)
        elif token.paused:
            token.paused = not self._noted(REACTIVATED, token.id, *_with_status(token, person, "active"))
        else:
            ways = (self._revoke, self._pause, self._deactivate)
            self._random.choices(ways, (2, 3, 1))[0](token, person)

    def _revoke(self, token: Token, person: Person) -> None:
        self._noted(REVOKED, token.id, "DELETE", f"/v1/tokens/{token.id}", person.jwt)
        successor = self._crowd.issue(person)
        self._crowd.dead = [*self._crowd.dead, (token, person)]
        self._crowd.living = [p for p in self._crowd.living if p[0] is not token] + [(successor, person)]

    def _pause(self, token: Token, person: Person) -> None:
        token.paused = self._noted(PAUSED, token.id, *_with_status(token, person, "inactive"))

    def _deactivate(self, _: Token, person: Person) -> None:
        path, body = f"/v1/users/{person.user_id}", {"status": "inactive"}
        try:
            self._noted(DEACTIVATED, person.user_id, "PATCH", path, self._crowd.admin, body)
        finally:
            # A person who may be deactivated is re-activated in the end, whatever the response was.
            person.deactivated = True

    def _let_in_again(self, person: Person) -> None:
        path, body = f"/v1/users/{person.user_id}", {"status": "active", "restore_tokens": True}
        person.deactivated = not self._noted(
            REACTIVATED, person.user_id, "PATCH", path, self._crowd.admin, body
        )

    def _noted(self, what: str, subject: str, method: str, path: str, *rest: Any) -> bool:
        asked, acknowledged = time.time(), math.inf
        try:
            answer = self._wire.send(method, path, *rest)
            if answer.status == _DONE[method]:
                acknowledged = time.time()
            else:
                self.failed.append(f"{method} {path} was answered {answer.status}")
        finally:
            # One whose answer is lost may have been done, or not.
            self.changes.append(Change(subject, what == REACTIVATED, asked, acknowledged, what))
        return acknowledged < math.inf


def _with_status(token: Token, person: Person, status: str) -> tuple[str, str, str, dict[str, str]]:
    return "PATCH", f"/v1/tokens/{token.id}", person.jwt, {"status": status}
