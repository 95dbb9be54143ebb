"""The rooms of the handlers stay small enough to be read at a glance."""

from pathlib import Path

import chalicelib.handlers

HANDLERS = Path(chalicelib.handlers.__file__).parent


def test_no_room_has_more_than_13_modules() -> None:
    """Each front has a room, and what fronts share is on the floor."""
    rooms = [HANDLERS, *(path for path in HANDLERS.iterdir() if (path / "__init__.py").exists())]
    modules = {room.name: len([*room.glob("*.py")]) - 1 for room in rooms}
    assert set(modules) == {"handlers", "http", "v1", "oauth", "docs", "page"}
    assert {name: count for name, count in modules.items() if count > 13} == {}
