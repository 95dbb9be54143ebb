"""Events as their readers may see them."""

from chalicelib.domain.events import ActorKind, Event
from chalicelib.domain.frozen import replace
from chalicelib.domain.networks import RecordNetworks, still_recorded
from chalicelib.domain.users import User


def as_administrators_see(event: Event, record: RecordNetworks) -> Event:
    """Return an event with the part of the address that may still be kept."""
    return replace(event, address=still_recorded(event.address, record))


def as_its_owner_sees(event: Event, owner: User, record: RecordNetworks) -> Event:
    """Return an event in the history of ``owner`` without what only administrators may see.

    An owner sees their own id, address and user agent, and those of their tokens. Of every other actor an
    owner sees the kind alone. Another person may return by the identity of a removed one, so addresses and
    user agents from before the removal are hidden too.
    """
    if not _is_own(event, owner):
        return replace(event, actor_id=None, address=None, user_agent=None, request_id=None)
    if owner.returned_at and event.at < owner.returned_at:
        return replace(event, address=None, user_agent=None, request_id=None)
    return as_administrators_see(event, record)


def is_about(event: Event, token_id: str) -> bool:
    """Return True if a token changed, or was made by the rotation of its predecessor."""
    made = event.changes.get("successor_id")
    return event.token_id == token_id or (made is not None and made.after == token_id)


def _is_own(event: Event, owner: User) -> bool:
    if event.actor_kind is ActorKind.PERSON:
        return event.actor_id == owner.id
    return event.actor_kind is ActorKind.TOKEN
