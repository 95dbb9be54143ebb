"""Secrets of the whole suite, and the places that let one slip."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib import logs

# An API token, a JWT, or the tail of one: whatever begins like a JOSE header in base64url.
_SECRET = re.compile(r"bodhi_[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")
# Signatures are recognised by their beginning, anywhere in a run of base64url characters. That costs one
# look-up for each place, however many signatures the suite has seen.
_BEGINNING = 40
_RUN = re.compile(rf"[A-Za-z0-9_-]{{{_BEGINNING},}}")
_FEWEST_CHARACTERS = 8  # "AAAA..." in an attack is not a signature

_signatures: set[str] = set()
_slips: list[str] = []


def remember(credential: str) -> None:
    """Note a credential: neither it nor its signature may turn up in a line or an answer."""
    runs = _RUN.findall(credential.rpartition(".")[2])
    beginnings = {run[:_BEGINNING] for run in runs}
    _signatures.update(b for b in beginnings if len(set(b)) >= _FEWEST_CHARACTERS)


def check(where: str, text: str) -> None:
    """Note a slip when ``text`` holds a secret."""
    if _SECRET.search(text) or any(_holds_signature(run) for run in _RUN.findall(text)):
        _slips.append(where)


def _holds_signature(run: str) -> bool:
    places = range(len(run) - _BEGINNING + 1)
    return any(run[place : place + _BEGINNING] in _signatures for place in places)


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


class Recorder(logging.Handler):
    """Keeps the lines of the service as they would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logs.JsonFormatter())
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.written.append(self.format(record))

    def lines(self, event: str | None = None) -> list[dict[str, Any]]:
        """Return the lines, all of them or those of one event."""
        parsed = [json.loads(line) for line in self.written]
        return [line for line in parsed if event is None or line["event"] == event]


@contextmanager
def recorded() -> Iterator[Recorder]:
    """Keep what the service logs meanwhile."""
    recorder = Recorder()
    logger = logging.getLogger(logs.LOGGER_NAME)
    logger.addHandler(recorder)
    try:
        yield recorder
    finally:
        logger.removeHandler(recorder)


def watch(logger: logging.Logger) -> None:
    """Read what ``logger`` writes, once, however often it is asked for."""
    if not any(isinstance(handler, Watcher) for handler in logger.handlers):
        logger.addHandler(Watcher())
