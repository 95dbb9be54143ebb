"""The detail of an event on the bus: ids, type and times. Its receivers may be other companies.

It has no address, no name and no text that a person wrote. ``docs/events.md`` has its JSON Schema, which
``infra/event_catalogue.py`` makes of this table.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC

from chalicelib.domain.events import OF_KEYS, ActorKind, Event, EventType
from chalicelib.domain.frozen import Frozen, field

SOURCE = "bodhi.api-tokens"

_LONGEST = 200
# The id of an operator is a name, and often that of a person.
_ACTORS_WITH_ID = frozenset({ActorKind.PERSON, ActorKind.TOKEN, ActorKind.ADMINISTRATOR})


class DetailMember(Frozen):
    """A member of the detail. It is left out if ``read`` returns None."""

    name: str
    read: Callable[[Event], str | None]
    text: str
    """A sentence for its receivers."""
    required: bool = False
    choices: Sequence[str] = field(default=())
    format: str | None = None


def detail_of(event: Event) -> Mapping[str, str]:
    """Return the detail of an event. Each value has at most 200 characters."""
    pairs = ((member.name, member.read(event)) for member in DETAIL)
    # A row from an unknown writer must not make an entry that the bus never takes.
    return {name: value[:_LONGEST] for name, value in pairs if value is not None}


def _time_of(event: Event) -> str:
    return event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _after(member: str) -> Callable[[Event], str | None]:
    def read(event: Event) -> str | None:
        change = event.changes.get(member)
        return change.after if change and isinstance(change.after, str) else None

    return read


DETAIL = (
    DetailMember(
        "id", lambda event: event.id, "The event. An event that is sent twice has one id.", required=True
    ),
    DetailMember(
        "type",
        lambda event: event.type.value,
        "The kind of the change, as in `detail-type`.",
        required=True,
        choices=[each.value for each in EventType],
    ),
    DetailMember("time", _time_of, "The time of the change.", required=True, format="date-time"),
    DetailMember(
        "actor_kind",
        lambda event: event.actor_kind.value,
        "The kind of the one that made the change.",
        required=True,
        choices=[each.value for each in ActorKind],
    ),
    DetailMember(
        "actor_id",
        lambda event: event.actor_id if event.actor_kind in _ACTORS_WITH_ID else None,
        "The id of the person, the administrator or the token that made the change.",
    ),
    DetailMember(
        "user_id",
        lambda event: None if event.user_id == OF_KEYS else event.user_id,
        "The user, or the owner of the token. Events of signing keys have none.",
    ),
    DetailMember("token_id", lambda event: event.token_id, "The token, if the event is about one."),
    DetailMember(
        "successor_id", _after("successor_id"), "The token that replaces the one of `token.rotated`."
    ),
    DetailMember("key_id", _after("kid"), "The signing key (`kid`), if the event is about one."),
    DetailMember(
        "request_id",
        lambda event: event.request_id,
        "The request that made the change, as in the log. Changes without a request have none.",
    ),
)
"""The members, in their order."""
