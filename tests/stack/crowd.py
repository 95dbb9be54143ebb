"""The people and tokens of a run under load."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from tests.stack.verdicts import Kept
from tests.stack.wire import Wire

_PEOPLE, _TOKENS_EACH = 4, 4


@dataclass
class Token:
    """A token under load. Only the controller changes it."""

    id: str
    string: str
    paused: bool = False


@dataclass
class Person:
    """A person with tokens."""

    user_id: str
    jwt: str
    tokens: list[Token] = field(default_factory=list)
    deactivated: bool = False


class Crowd:
    """People and tokens, living and dead."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.admin = wire.stack.login("admin@example.com")
        self.people = [self._person() for _ in range(_PEOPLE)]
        # Lists that clients read are replaced, never changed.
        self.living: list[tuple[Token, Person]] = [(t, p) for p in self.people for t in p.tokens]
        self.dead: list[tuple[Token, Person]] = []

    def issue(self, person: Person) -> Token:
        """Make another token."""
        answer = self._wire.send("POST", "/v1/tokens", person.jwt, {})
        if answer.status != HTTPStatus.CREATED:
            raise RuntimeError(f"no token was made: {answer.status}")
        created = answer.json
        token = Token(created["id"], created["token"])
        person.tokens.append(token)
        return token

    def kept(self) -> dict[str, Kept]:
        """Return the service's record of every token."""
        return {token.id: self._kept(token, person) for person in self.people for token in person.tokens}

    def _person(self) -> Person:
        jwt = self._wire.stack.login(f"{uuid.uuid4().hex[:12]}@example.com")
        person = Person(self._wire.send("GET", "/v1/me", jwt).json["id"], jwt)
        for _ in range(_TOKENS_EACH):
            self.issue(person)
        return person

    def _kept(self, token: Token, person: Person) -> Kept:
        path = f"/v1/tokens/{token.id}"
        last = self._wire.send("GET", path, person.jwt).json["last_used_at"]
        days = self._wire.send("GET", f"{path}/usage", person.jwt).json["days"]
        counted = sum(day["at_least"] for day in days)
        return Kept(datetime.fromisoformat(last).timestamp() if last else None, counted)
