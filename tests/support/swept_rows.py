"""The rows in memory as the sweep reads and corrects them."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from chalicelib.domain.events import Event
from chalicelib.domain.mails import MailRound, UrgentMails
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.ports.mails import KeptRound, KeptUrgent
from chalicelib.domain.ports.sweeps import KeptWalk, OwnedRows, SweptToken, UserPosition
from chalicelib.domain.tokens import Token
from chalicelib.domain.walks import Walk
from tests.support.rows import Rows


class SweptRows(Rows):
    """The checkpoint, and the rows that lack the keys of the generic index."""

    def __init__(self) -> None:
        super().__init__()
        self._walk: KeptWalk | None = None
        self._rounds: dict[str, KeptRound] = {}
        self._urgent: dict[tuple[str, date], KeptUrgent] = {}
        self._unindexed: set[tuple[str, str]] = set()

    def find_walk(self) -> KeptWalk | None:
        """Return the checkpoint."""
        return self._walk

    def save_walk(self, before: KeptWalk | None, after: Walk) -> KeptWalk | None:
        """Write the checkpoint, unless another run did."""
        with self._lock:
            if (self._walk and self._walk.write_id) != (before and before.write_id):
                return None
            self._walk = KeptWalk(after, secrets.token_hex(8))
            return self._walk

    def list_positions(self, after: str, limit: int) -> Sequence[UserPosition]:
        """Return users, the oldest first."""
        with self._lock:
            found = sorted((user.position, user.id) for user in self._users.values())
        return [UserPosition(user_id, place) for place, user_id in found if place > after][:limit]

    def read_owned(self, user_id: str, after: str, limit: int, *, strong: bool = False) -> OwnedRows | None:
        """Return a user and tokens in the order of their ids."""
        with self._lock:
            owner = self._users.get(user_id)
            owned = sorted(t for o, t in self._tokens if o == user_id and t > after)
            if owner is None:
                return None
            tokens = [
                SweptToken(self._tokens[user_id, token_id], (user_id, token_id) not in self._unindexed)
                for token_id in owned[:limit]
            ]
            ended = {g: each for (o, g), each in self._ended.items() if o == user_id}
        return OwnedRows(owner, ended, tokens, owned[limit - 1] if len(owned) > limit else None)

    def fill_index_keys(self, token: Token) -> bool:
        """Give a row the keys of the index."""
        with self._lock:
            key = token.user_id, token.id
            is_filled = key in self._tokens and key in self._unindexed
            self._unindexed.discard(key)
            return is_filled

    def save_notices(self, before: Token, after: Token, events: Sequence[Event]) -> bool:
        """Write the notices and the events, unless the token moved on."""
        with self._lock:
            row = self._tokens.get((before.user_id, before.id))
            seen = (before.noticed, before.idle_at, before.version)
            if row is None or (row.noticed, row.idle_at, row.version) != seen:
                return False
            self._tokens[row.user_id, row.id] = replace(row, noticed=after.noticed)
            self._events.update({event.id: event for event in events})
            return True

    def forget_addresses(self, token: Token) -> bool:
        """Delete the addresses of a row."""
        with self._lock:
            row = self._tokens.get((token.user_id, token.id))
            if row is None:
                return False
            bare = row.showing(RecordNetworks.OFF)
            self._tokens[row.user_id, row.id] = replace(row, networks=bare.networks, refused=bare.refused)
            return True

    def find_mail_round(self, user_id: str) -> KeptRound | None:
        """Return the owner's last mail round."""
        return self._rounds.get(user_id)

    def save_mail_round(self, user_id: str, before: KeptRound | None, after: MailRound) -> KeptRound | None:
        """Write a round, unless another run did."""
        with self._lock:
            found = self._rounds.get(user_id)
            if (found and found.write_id) != (before and before.write_id):
                return None
            self._rounds[user_id] = KeptRound(after, secrets.token_hex(8))
            return self._rounds[user_id]

    def find_urgent_mails(self, user_id: str, day: date) -> KeptUrgent | None:
        """Return the urgent mails about an owner's day."""
        return self._urgent.get((user_id, day))

    def save_urgent_mails(
        self, user_id: str, day: date, before: KeptUrgent | None, after: UrgentMails
    ) -> KeptUrgent | None:
        """Write them, unless another run did."""
        with self._lock:
            found = self._urgent.get((user_id, day))
            if (found and found.write_id) != (before and before.write_id):
                return None
            self._urgent[user_id, day] = KeptUrgent(after, secrets.token_hex(8))
            return self._urgent[user_id, day]

    def lose_index_keys(self, token: Token) -> None:
        """Make a row like one of 0.1."""
        self._unindexed.add((token.user_id, token.id))

    def unindexed(self) -> set[str]:
        """Return the ids of tokens whose rows lack the keys of the index."""
        return {token_id for _, token_id in self._unindexed}
