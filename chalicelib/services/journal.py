"""The journal: it makes the event of each change, which is written in the change's own transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.domain.callers import Caller
from chalicelib.domain.events import (
    OF_KEYS,
    SYSTEM,
    Actor,
    Difference,
    Event,
    EventType,
    differences_of_token,
    differences_of_user,
)
from chalicelib.domain.frozen import replace
from chalicelib.domain.ids import derived_event_id, new_event_id
from chalicelib.domain.keys import KeyUse, VerificationKey
from chalicelib.domain.leaks import held_in
from chalicelib.domain.networks import Address, RecordNetworks, recorded
from chalicelib.domain.streamed import TokenReused
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User

_MAX_USER_AGENT = 200
_NO_CHANGES: Mapping[str, Difference] = {}


class Journal:
    """Makes events. Their rows are kept for ``retention``.

    ``record_networks`` is the part of an actor's address that events have.
    """

    def __init__(self, retention: timedelta, record_networks: RecordNetworks) -> None:
        self._retention = retention
        self._record_networks = record_networks

    def about_token(
        self,
        kind: EventType,
        before: Token | None,
        after: Token,
        actor: Actor,
        at: datetime,
        others: Mapping[str, Difference] = _NO_CHANGES,
    ) -> Event:
        """Return the event of a change of a token. ``before`` is None for a new token.

        ``others`` are members that the token's row does not show.
        """
        changes = {**differences_of_token(before, after), **others}
        return self._event(kind, after.user_id, actor, at, changes, after.id)

    def about_user(
        self,
        kind: EventType,
        before: User | None,
        after: User,
        actor: Actor,
        at: datetime,
        others: Mapping[str, Difference] = _NO_CHANGES,
    ) -> Event:
        """Return the event of a change of a user. ``before`` is None for a new user.

        ``others`` are differences that the user's row does not show.
        """
        changes = {**differences_of_user(before, after), **others}
        return self._event(kind, after.id, actor, at, changes)

    def about_key(
        self,
        kind: EventType,
        use: KeyUse,
        before: VerificationKey | None,
        after: VerificationKey,
        actor: Actor,
    ) -> Event:
        """Return the event of a change of a signing key. ``before`` is None for a new key."""
        changes = {
            "kid": Difference(before.kid if before else None, after.kid),
            "use": Difference(use.value if before else None, use.value),
            "state": Difference(before.state.value if before else None, after.state.value),
        }
        return self._event(kind, OF_KEYS, actor, after.changed_at, changes)

    def recorded(self, actor: Actor) -> Actor:
        """Return the actor with that part of its request that events have, to keep it for later events."""
        caller = actor.caller
        if caller is None:
            return actor
        address = recorded(Address.parse(caller.address), self._record_networks)
        # Without its length, because an event parses the address once more. It gets the same network.
        kept = Caller(
            caller.door,
            address.partition("/")[0] if address else None,
            _printable(caller.unverified_user_agent),
            request_id=caller.request_id,
        )
        return replace(actor, caller=kept)

    def about_reuse(self, reused: TokenReused) -> Event:
        """Return the event of a reuse. It is derived from the token's row, so two calls return the same."""
        kind, user_id, token_id = EventType.TOKEN_REUSED, reused.user_id, reused.token_id
        event = self._event(kind, user_id, SYSTEM, reused.at, _NO_CHANGES, token_id)
        return replace(event, id=derived_event_id(kind.value, user_id, token_id, str(reused.count)))

    def _event(
        self,
        kind: EventType,
        user_id: str,
        actor: Actor,
        at: datetime,
        changes: Mapping[str, Difference],
        token_id: str | None = None,
    ) -> Event:
        caller = actor.caller
        address = Address.parse(caller.address) if caller else None
        return Event(
            id=new_event_id(),
            user_id=user_id,
            type=kind,
            at=at,
            actor_kind=actor.kind,
            actor_id=actor.id,
            address=recorded(address, self._record_networks),
            user_agent=_printable(caller.unverified_user_agent) if caller else None,
            request_id=caller.request_id if caller else None,
            token_id=token_id,
            changes=changes,
            purge_at=(at + self._retention).replace(microsecond=0),
        )


def _printable(unverified_user_agent: str | None) -> str | None:
    # The client chooses this text. It must neither grow the row nor forge lines where it is shown.
    text = "".join(each for each in unverified_user_agent or "" if each.isprintable())
    # Events are kept for long, and administrators read them.
    return None if held_in(text) else text[:_MAX_USER_AGENT] or None
