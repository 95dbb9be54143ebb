"""One structured log line per decision and per change, without tokens, JWTs, cookies or signatures."""

import json
import logging
import re
import sys
import time
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO
from zlib import crc32

LOGGER_NAME = "bodhi"

_AWS_CODE = re.compile(r"[A-Za-z][A-Za-z.]{0,63}")
_LONGEST_FACT = 100
_logger = logging.getLogger(LOGGER_NAME)
# Without spaces, because logs are paid for by the byte.
_encode = json.JSONEncoder(ensure_ascii=True, default=str, separators=(",", ":")).encode
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_entry: "ContextVar[Entry | None]" = ContextVar("entry", default=None)
_allowed_percent = 100
_handler: "logging.StreamHandler[TextIO] | None" = None


class Entry:
    """The line about one decision or change. The code inside fills it in. It is written at the end.

    ``outcome`` is written unless the code inside sets another one, or an unexpected error occurs. If
    ``sampled``, a line with that outcome may be left out; ``keep`` prevents it.
    """

    def __init__(
        self, event: str, outcome: str, *, sampled: bool = False, request_id: str | None = None
    ) -> None:
        self.event = event
        self._request_id = request_id
        self.sampled = sampled
        self.level = logging.INFO
        self.fields: dict[str, object] = {"outcome": outcome}
        self._good_end = outcome

    def add(self, **fields: object) -> None:
        """Add fields. Callers name each one, so that no secret is copied with others."""
        self.fields.update(fields)

    def __enter__(self) -> "Entry":
        """Begin the line. Fields that are added meanwhile go into it."""
        self._started = time.perf_counter()
        self._outer_id = _request_id.set(self._request_id or _request_id.get())
        self._outer = _entry.set(self)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Write the line."""
        # A refusal has named its outcome already. Any other exception is unexpected.
        if isinstance(error, Exception) and self.fields["outcome"] == self._good_end:
            self.add(outcome="error", error=type(error).__name__, at=place(error))
            self.level = logging.ERROR
        _entry.reset(self._outer)
        if self._is_chosen():
            self.fields["duration_ms"] = round((time.perf_counter() - self._started) * 1000, 3)
            _write(self.level, self.event, self.fields)
        _request_id.reset(self._outer_id)

    def _is_chosen(self) -> bool:
        if not self.sampled or _allowed_percent == 100 or self.fields["outcome"] != self._good_end:
            return True
        self.fields["sampled_percent"] = _allowed_percent
        return _is_chosen(_request_id.get())


def entry(
    event: str, outcome: str = "ok", *, sampled: bool = False, request_id: str | None = None
) -> Entry:
    """Write one line about the code inside, with its duration in milliseconds.

    If ``sampled``, only the configured share of the lines with this outcome is written. ``request_id`` goes
    into every line that is written inside.
    """
    return Entry(event, outcome, sampled=sampled, request_id=request_id)


def keep() -> None:
    """Write the line that is being filled in, if there is one, even if it is sampled."""
    line = _entry.get()
    if line:
        line.sampled = False


def add(**fields: object) -> None:
    """Add to the line that is being filled in, if there is one."""
    line = _entry.get()
    if line:
        line.add(**fields)


def fail(**fields: object) -> None:
    """Add to the line that is being filled in, if there is one, with the outcome error."""
    line = _entry.get()
    if line:
        line.add(outcome="error", **fields)
        line.level = logging.ERROR


def warn(event: str, **fields: object) -> None:
    """Write a warning about a failure that does not refuse the caller."""
    _write(logging.WARNING, event, fields)


def note(event: str, **fields: object) -> None:
    """Write a line about the process itself."""
    _write(logging.INFO, event, fields)


class Request:
    """The scope of one request. Its id is in every line that is written inside."""

    def __init__(self, request_id: str | None) -> None:
        self._id = request_id

    def __enter__(self) -> None:
        """Begin."""
        self._outer = _request_id.set(self._id)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """End, and restore the request id from before."""
        _request_id.reset(self._outer)


def request(request_id: str | None) -> Request:
    """Put ``request_id`` into every line that is written inside."""
    return Request(request_id)


def request_id() -> str | None:
    """Return the present request id, which callers can report."""
    return _request_id.get()


def configure(level: str, allowed_percent: int = 100) -> None:
    """Send the lines to standard output, where Lambda collects them.

    ``allowed_percent`` is the share of sampled lines that is written.
    """
    global _allowed_percent, _handler
    _allowed_percent = allowed_percent
    _logger.setLevel(level)
    # No line names threads or processes, and each decision would pay for looking them up.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    if not _logger.handlers:
        _handler = logging.StreamHandler(sys.stdout)
        _handler.setFormatter(JsonFormatter())
        _logger.addHandler(_handler)
        # Lambda's root handler would write every line a second time.
        _logger.propagate = False


class JsonFormatter(logging.Formatter):
    """Renders a record as one JSON object, ASCII only so that no text can forge a line.

    A line without ``level`` is INFO, as most are.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields: dict[str, object] = getattr(record, "fields", {})
        return _rendered(record.created, record.levelno, record.getMessage(), fields)


def _rendered(at: float, level: int, event: str, fields: dict[str, object]) -> str:
    seconds, fraction = divmod(at, 1)
    line: dict[str, object] = {
        "time": f"{_until_the_second(int(seconds))}.{int(fraction * 1000):03}Z",
        "event": event,
    }
    if level != logging.INFO:
        line["level"] = logging.getLevelName(level)
    return _encode(line | fields)


# A refusal spent a sixth of its time on this text, which stays the same for a second.
@lru_cache(maxsize=1)
def _until_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _is_chosen(request_id: str | None) -> bool:
    """Return True for the share of requests whose lines are written, and for all without an id.

    Lambda makes the id at random. So each caller has the same share, and cannot choose it.
    """
    return request_id is None or crc32(request_id.encode()) % 100 < _allowed_percent


def _write(level: int, event: str, fields: dict[str, object]) -> None:
    if not _logger.isEnabledFor(level):
        return
    known = {name: value for name, value in fields.items() if value is not None}
    request_id = _request_id.get()
    if request_id is not None:
        known["request_id"] = request_id
    # The time is that of a record of ``logging``, not that of the service's clock.
    if _is_alone() and _wrote_at_once(_rendered(time.time(), level, event, known)):  # noqa: TID251
        return
    # Logger.log would look for the calling line, which takes longer than the rest of this function.
    record = logging.LogRecord(LOGGER_NAME, level, "", 0, event, None, None)
    vars(record)["fields"] = known
    _logger.handle(record)


def _is_alone() -> bool:
    """Return True if only our own handler gets the lines, as on Lambda."""
    return _logger.handlers == [_handler] and not _logger.propagate


def _wrote_at_once(line: str) -> bool:
    """Write a line as the handler does. A refusal spends a third of its time on a record and its way there.

    Return False if that fails. Then the handler tries, and reports the failure as always.
    """
    if _handler is None or _handler.lock is None:
        return False
    try:
        with _handler.lock:
            _handler.stream.write(f"{line}{_handler.terminator}")
            _handler.stream.flush()
    except Exception:  # noqa: BLE001 (as in ``StreamHandler.emit``: a line must not fail its caller)
        return False
    return True


def cause(error: BaseException) -> str:
    """Return the type of the underlying error, and AWS's code for it if there is one.

    The message is left out, because it may quote a request. The code tells an AccessDenied from a throttle.
    """
    underlying = error.__cause__ or error
    name, code = type(underlying).__name__, _aws_code(getattr(underlying, "response", None))
    return f"{name}: {code}" if code else name


def _aws_code(response: object) -> str | None:
    """Return the error code of an SDK's response, if its form is that of a code."""
    # The response comes from the network, so a wrong one must not get into the log.
    error = response.get("Error") if isinstance(response, dict) else None
    code = str(error.get("Code")) if isinstance(error, dict) else ""
    return code if _AWS_CODE.fullmatch(code) else None


def place(error: BaseException) -> str:
    """Return the place where an error was raised, for lines that must not quote its message."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].name}:{frames[-1].lineno}" if frames else "unknown"


def fact(value: object) -> str:
    """Return a value from outside as printable ASCII of at most 100 characters, for a line.

    A list is joined by spaces. Other values are named by their types alone.
    """
    if isinstance(value, str):
        return _escaped_fact(value)
    if isinstance(value, list):
        texts = [one if isinstance(one, str) else _type_of(one) for one in value[:_LONGEST_FACT]]
        return _escaped_fact(" ".join(texts))
    return _type_of(value)


def _escaped_fact(text: str) -> str:
    return text[:_LONGEST_FACT].encode("unicode_escape").decode("ascii")[:_LONGEST_FACT]


def _type_of(value: object) -> str:
    return "null" if value is None else f"({type(value).__name__})"
