"""The names of all settings, and the known name that a wrong one is closest to."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.settings.gateway import GatewaySettings
from chalicelib.settings.reading import SettingsError
from chalicelib.settings.service import Settings

# Names as short as PORT are similar to many others.
_SHORTEST = 5
_SIMILAR = 0.85


def known_settings() -> frozenset[str]:
    """Return the names of all settings."""
    asked = _Asked()
    for each in (GatewaySettings, Settings):
        try:
            each.from_environ(asked)
        except SettingsError:
            continue
    return frozenset(asked.names)


def nearest(name: str, known: Iterable[str], similar: float = 0.6) -> str | None:
    """Return the known name that is closest, or None. ``similar`` is from 0 to 1."""
    close = difflib.get_close_matches(name.upper(), sorted(known), n=1, cutoff=similar)
    return close[0] if close else None


def misspelt(environ: Mapping[str, str], known: frozenset[str]) -> list[str]:
    """Return a sentence for each variable whose name is almost that of a setting.

    An environment has many variables of other programs, so other unknown names pass.
    """
    found = {}
    for name in sorted(environ):
        close = nearest(name, known, _SIMILAR) if name not in known and len(name) >= _SHORTEST else None
        # A program may have a variable of its own beside ours.
        if close and close not in environ:
            found[name] = close
    return [f"{name} is not a setting. Did you mean {close}?" for name, close in found.items()]


class _Asked(dict[str, str]):
    """An environment without variables that records the names that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        """Record the name."""
        self.names.add(name)
        return default
