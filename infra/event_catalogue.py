"""`python -m infra draw-events`: write the catalogue of events into docs/events.md.

The types and the members of the detail are those of the code that writes and sends the events.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chalicelib.adapters.event_detail import DETAIL, DetailMember
from chalicelib.domain.events import EventType

PAGE = Path(__file__).parents[1] / "docs" / "events.md"
BEGIN = "<!-- catalogue: `python -m infra draw-events` writes from here -->"
END = "<!-- catalogue: to here -->"

MEANINGS: Mapping[EventType, str] = {
    EventType.TOKEN_CREATED: "A token was created, by its owner or by an exchange.",
    EventType.TOKEN_CHANGED: "The name, the description or the networks of a token were changed.",
    EventType.TOKEN_PAUSED: "A token was paused. It is refused until it is activated.",
    EventType.TOKEN_ACTIVATED: "A paused or idle token works again.",
    EventType.TOKEN_ROTATED: "A token got a successor. The overlap may let it work for some time.",
    EventType.TOKEN_REVOKED: "A token was revoked for good.",
    EventType.TOKEN_EXPOSED: "A token was reported as exposed, and revoked.",
    EventType.TOKEN_REUSED: "A rotated token was used after its overlap. It may be stolen.",
    EventType.TOKEN_KEPT_ALIVE: "The idle time of a token began anew, without a use.",
    EventType.TOKEN_IDLING: "A token goes idle soon, because it is not used.",
    EventType.TOKEN_EXPIRING: "A token expires soon.",
    EventType.TOKEN_NEVER_USED: "A token was never used since it was created.",
    EventType.USER_CREATED: "A person or a machine signed in for the first time.",
    EventType.USER_ROLE_CHANGED: "A user became an administrator, or is one no longer.",
    EventType.USER_DEACTIVATED: "A user was deactivated. All tokens of the user are refused.",
    EventType.USER_ACTIVATED: "A user was activated again.",
    EventType.USER_REMOVED: "A user was removed. All tokens of the user are revoked.",
    EventType.USER_TOKENS_REVOKED: "All tokens of a user were revoked at once.",
    EventType.USER_IDENTITY_MOVED: "A user signs in by another identity now.",
    EventType.KEY_PUBLISHED: "A signing key was published. It does not sign yet.",
    EventType.KEY_ACTIVATED: "A signing key signs from now on.",
    EventType.KEY_REVOKED: "A signing key was revoked. All tokens that it signed are refused.",
}
"""A sentence about each type, for its receivers."""


def schema() -> Mapping[str, Any]:
    """Return the JSON Schema of the detail. Later versions may add members and types."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The detail of an event of Bodhi API Tokens",
        "type": "object",
        "required": [member.name for member in DETAIL if member.required],
        "properties": {member.name: _schema_of(member) for member in DETAIL},
    }


def updated(page: str) -> str:
    """Return the page with the present catalogue between its marks. Raises ValueError without marks."""
    before, after = page.index(BEGIN) + len(BEGIN), page.index(END)
    catalogue = "\n".join(_catalogue())
    return f"{page[:before]}\n\n{catalogue}\n\n{page[after:]}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add no argument: there is one page."""


def run(options: argparse.Namespace) -> None:
    """Write the catalogue into the page."""
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def _schema_of(member: DetailMember) -> Mapping[str, Any]:
    found: dict[str, Any] = {"type": "string", "description": member.text}
    if member.choices:
        found["enum"] = list(member.choices)
    if member.format:
        found["format"] = member.format
    return found


def _catalogue() -> Iterator[str]:
    yield "| `detail-type` | meaning |"
    yield "|---|---|"
    yield from (f"| `{kind.value}` | {MEANINGS[kind]} |" for kind in EventType)
    yield ""
    yield "```json"
    yield json.dumps(schema(), indent=2)
    yield "```"
