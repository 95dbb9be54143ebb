"""One structured line per decision and per change. Never a token, JWT, cookie or signature."""

import json
import logging
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

LOGGER_NAME = "bodhi"

_logger = logging.getLogger(LOGGER_NAME)
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_entry: "ContextVar[Entry | None]" = ContextVar("entry", default=None)


class Entry:
    """The line about one decision or change, filled in while it is being made."""

    def __init__(self, event: str) -> None:
        self.event = event
        self.level = logging.INFO
        self.fields: dict[str, object] = {"outcome": "ok"}

    def add(self, **fields: object) -> None:
        """Add ids, outcome, reason: callers name what they add, nothing is copied in bulk."""
        self.fields.update(fields)


@contextmanager
def entry(event: str) -> Iterator[Entry]:
    """Write one line about what happens meanwhile, with its duration in milliseconds."""
    line = Entry(event)
    started = time.perf_counter()
    token = _entry.set(line)
    try:
        yield line
    except Exception as error:
        # Who refuses knowingly has named the outcome already; this is what nobody foresaw.
        if line.fields["outcome"] == "ok":
            line.add(outcome="error", error=type(error).__name__, at=place(error))
            line.level = logging.ERROR
        raise
    finally:
        _entry.reset(token)
        line.add(duration_ms=round((time.perf_counter() - started) * 1000, 3))
        _write(line.level, event, line.fields)


def add(**fields: object) -> None:
    """Add to the line that is being filled in, if there is one."""
    line = _entry.get()
    if line:
        line.add(**fields)


def warn(event: str, **fields: object) -> None:
    """Write a line about something that went wrong without refusing the caller."""
    _write(logging.WARNING, event, fields)


@contextmanager
def request(request_id: str | None) -> Iterator[None]:
    """Put ``request_id`` into every line written meanwhile."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def configure(level: str) -> None:
    """Send the lines to standard output, where Lambda collects them."""
    _logger.setLevel(level)
    if not _logger.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(JsonFormatter())
        _logger.addHandler(handler)
        # Lambda's root handler would write every line a second time.
        _logger.propagate = False


class JsonFormatter(logging.Formatter):
    """Renders a record as one JSON object, ASCII only so that no text can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields: dict[str, object] = getattr(record, "fields", {})
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "event": record.getMessage(),
            **fields,
        }
        return json.dumps(line, ensure_ascii=True, default=str)


def _write(level: int, event: str, fields: dict[str, object]) -> None:
    named = {**fields, "request_id": _request_id.get()}
    known = {name: value for name, value in named.items() if value is not None}
    _logger.log(level, event, extra={"fields": known})


def cause(error: BaseException) -> str:
    """Return the type of what lies behind an error; its message may quote a request."""
    return type(error.__cause__ or error).__name__


def place(error: BaseException) -> str:
    """Return where an error was raised, for lines that may not quote its message."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].name}:{frames[-1].lineno}" if frames else "unknown"
