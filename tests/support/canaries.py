"""Secrets of the whole suite, and whoever lets one slip."""

import logging
import re

from chalicelib import logs

# An API token, a JWT, or the tail of one: whatever begins like a JOSE header in base64url.
_SECRET = re.compile(r"bodhi_[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")
_SHORTEST_SIGNATURE = 40

_signatures: set[str] = set()
_slips: list[str] = []


def remember(credential: str) -> None:
    """Note a credential: neither it nor its signature may turn up in a line or an answer."""
    signature = credential.rpartition(".")[2]
    if len(signature) >= _SHORTEST_SIGNATURE:
        _signatures.add(signature)


def check(where: str, text: str) -> None:
    """Note a slip when ``text`` holds a secret."""
    if _SECRET.search(text) or any(signature in text for signature in _signatures):
        _slips.append(where)


def take_slips() -> list[str]:
    """Return where secrets slipped out since the last call."""
    slips = list(_slips)
    _slips.clear()
    return slips


class Watcher(logging.Handler):
    """Reads every log line of the suite, as it would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logs.JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Check the line, and the plain rendering with its traceback."""
        plain = logging.Formatter().format(record)
        check(f"log line {record.name}", f"{self.format(record)}\n{plain}")
