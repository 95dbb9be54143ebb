"""Log lines: one JSON object each, about one decision or change."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from chalicelib import logs
from chalicelib.domain.errors import StoreUnavailable
from tests.unit.services.log_lines import written


@pytest.fixture(autouse=True)
def logger_as_it_was() -> Iterator[logging.Logger]:
    """Leave the service's logger as it was found."""
    logger = logging.getLogger(logs.LOGGER_NAME)
    level, handlers = logger.level, list(logger.handlers)
    yield logger
    logger.setLevel(level)
    logger.handlers[:] = handlers


def test_decision_is_one_line_with_what_was_added_meanwhile() -> None:
    """Event, outcome, ids and duration are in the line that ends the work."""
    with written() as lines, logs.entry("token.create") as entry:
        logs.add(user_id="usr_1")
        entry.add(outcome="refused", reason="token_limit_reached")
        assert lines == []

    (line,) = lines
    assert line.pop("time")
    assert line.pop("duration_ms") >= 0
    assert line == {
        "event": "token.create",
        "outcome": "refused",
        "reason": "token_limit_reached",
        "user_id": "usr_1",
    }


def test_outcome_is_ok_unless_somebody_says_otherwise() -> None:
    """What goes well needs no words."""
    with written() as lines, logs.entry("token.list"):
        pass

    assert lines[0]["outcome"] == "ok"


def test_line_is_written_even_if_the_work_fails() -> None:
    """An error that passes leaves its line, once."""
    with written() as lines, pytest.raises(KeyError), logs.entry("authorize"):
        raise KeyError

    assert [line["event"] for line in lines] == ["authorize"]


def test_work_that_fails_unforeseen_is_not_called_ok() -> None:
    """A line never says that a decision went well that was not made."""
    with written() as lines, pytest.raises(KeyError), logs.entry("authorize"):
        raise KeyError("a message that may quote a request")

    (line,) = lines
    assert (line["outcome"], line["error"], line["level"]) == ("error", "KeyError", "ERROR")
    assert line["at"].startswith("test_work_that_fails_unforeseen_is_not_called_ok:")
    assert "quote" not in json.dumps(lines)


def test_outcome_that_was_named_stays_when_the_error_passes() -> None:
    """Who refuses and raises has said it better already."""

    def refuse() -> None:
        with logs.entry("authorize") as entry:
            entry.add(outcome="refused", reason="idle")
            raise KeyError

    with written() as lines, pytest.raises(KeyError):
        refuse()

    assert (lines[0]["outcome"], lines[0]["reason"]) == ("refused", "idle")


def test_level_of_the_line_can_be_raised() -> None:
    """Failures stand out."""
    with written() as lines, logs.entry("authorize") as entry:
        entry.level = logging.ERROR

    assert lines[0]["level"] == "ERROR"


def test_what_is_unknown_is_left_out() -> None:
    """A field without a value is no field."""
    with written() as lines, logs.entry("token.create") as entry:
        entry.add(reason=None, user_id="usr_1")

    assert "reason" not in lines[0]


def test_adding_without_a_line_does_nothing() -> None:
    """Services may say what they know whether or not anybody writes it down."""
    with written() as lines:
        logs.add(user_id="usr_1")
        with logs.entry("next"):
            pass
        logs.add(user_id="usr_1")

    assert ["user_id" in line for line in lines] == [False]


def test_line_within_a_line_keeps_its_own_fields() -> None:
    """What is added belongs to the innermost line."""
    with written() as lines, logs.entry("outer"):
        with logs.entry("inner"):
            logs.add(token_id="tok_1")
        logs.add(user_id="usr_1")

    inner, outer = lines
    assert ("token_id" in inner, "user_id" in inner) == (True, False)
    assert ("token_id" in outer, "user_id" in outer) == (False, True)


def test_request_id_is_in_every_line_of_a_request_and_in_no_other() -> None:
    """Lines of one request can be found together."""
    with written() as lines:
        with logs.request("r-1"):
            logs.warn("first")
            with logs.entry("second"):
                pass
        logs.warn("third")

    assert [line.get("request_id") for line in lines] == ["r-1", "r-1", None]


def test_warning_names_what_went_wrong() -> None:
    """Something went wrong without refusing anybody."""
    with written() as lines:
        logs.warn("token.touch_failed", token_id="tok_1")

    assert (lines[0]["level"], lines[0]["event"], lines[0]["token_id"]) == (
        "WARNING",
        "token.touch_failed",
        "tok_1",
    )


@pytest.mark.parametrize(
    "text", ["two\nlines", '"}\n{"event": "forged', "\u2028", "Käse 🧀", "\ud800", "\x1b[31m", "\x00"]
)
def test_no_text_forges_or_breaks_a_line(text: str) -> None:
    """Whatever a field holds, it is one line of ASCII that reads back as it was."""
    line = logs.JsonFormatter().format(_record(text))

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["name"] == text


def test_line_tells_its_time_in_utc() -> None:
    """RFC 3339, in milliseconds."""
    record = _record("x")
    record.created = datetime(2026, 1, 15, 12, 0, 0, 250_000, tzinfo=UTC).timestamp()

    assert json.loads(logs.JsonFormatter().format(record))["time"] == "2026-01-15T12:00:00.250Z"


def test_field_of_any_type_can_be_written() -> None:
    """A line is never lost because of what somebody put into it."""
    assert json.loads(logs.JsonFormatter().format(_record({1})))["name"] == "{1}"


def test_level_decides_what_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines go to standard output, once each, from the level on that was configured."""
    logger = logging.getLogger(logs.LOGGER_NAME)
    logger.handlers.clear()
    logs.configure("WARNING")
    logs.configure("WARNING")

    with logs.entry("quiet"):
        pass
    logs.warn("loud")

    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["loud"]
    assert logger.propagate is False


def alone() -> None:
    """Let our own handler be the only one, as on Lambda. Before a test, pytest adds its own."""
    logging.getLogger(logs.LOGGER_NAME).handlers.clear()
    logs.configure("INFO")


@pytest.mark.parametrize("write", [logs.note, logs.warn])
@pytest.mark.parametrize(
    "fields", [{}, {"name": "\u2713\n\x00 {}", "count": 1, "none": None, "kind": {1}, "list": ["a", True]}]
)
def test_line_alone_is_that_of_the_formatter(
    capsys: pytest.CaptureFixture[str], write: Callable[..., None], fields: dict[str, object]
) -> None:
    """With and without a record of ``logging``, byte for byte."""
    alone()
    with logs.request("request-7"):
        write("event", **fields)
        at_once = capsys.readouterr().out
        with written():
            write("event", **fields)
        by_records = capsys.readouterr().out
    times = [json.loads(line)["time"] for line in (at_once, by_records)]
    assert at_once.replace(times[0], "") == by_records.replace(times[1], "")
    assert at_once.count("\n") == 1


def test_line_alone_makes_no_record(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third of a refusal's time went into them."""
    alone()
    monkeypatch.setattr(logging, "LogRecord", None)
    logs.note("event")
    assert json.loads(capsys.readouterr().out)["event"] == "event"


def test_line_that_cannot_be_written_fails_no_caller(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output may be closed. ``logging`` reports it as always."""
    alone()

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise ValueError("I/O operation on closed file.")

    (handler,) = logging.getLogger(logs.LOGGER_NAME).handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(Closed())
    with logs.entry("authorize"):
        pass
    assert "--- Logging error ---" in capsys.readouterr().err


def test_cause_is_the_type_of_what_lies_behind() -> None:
    """Messages of foreign errors may quote requests; their types do not."""
    with pytest.raises(StoreUnavailable) as caught:
        raise StoreUnavailable from TimeoutError("with a secret")

    assert logs.cause(caught.value) == "TimeoutError"
    assert logs.cause(StoreUnavailable()) == "StoreUnavailable"


@pytest.mark.parametrize(
    ("response", "told"),
    [
        ({"Error": {"Code": "AccessDeniedException", "Message": "secret"}}, "Cut: AccessDeniedException"),
        ({"Error": {"Code": "a secret"}}, "Cut"),
        ({"Error": {"Code": "A" * 65}}, "Cut"),
        ({"Error": "AccessDenied"}, "Cut"),
        ("AccessDenied", "Cut"),
        ({}, "Cut"),
    ],
)
def test_cause_has_the_code_of_aws(response: object, told: str) -> None:
    """An operator who searches the logs for AccessDenied finds it. Anything but a code is left out."""

    class Cut(Exception):
        pass

    error = Cut()
    error.response = response  # type: ignore[attr-defined]

    assert logs.cause(error) == told


def test_place_is_where_an_error_was_raised() -> None:
    """Function and line are enough to find it."""
    with pytest.raises(ValueError, match=r"^$") as caught:
        _fail()

    assert logs.place(caught.value).startswith("_fail:")
    assert logs.place(ValueError()) == "unknown"


def _fail() -> None:
    raise ValueError


def _record(value: object) -> logging.LogRecord:
    record = logging.LogRecord("bodhi", logging.INFO, "x.py", 1, "event", None, None)
    record.fields = {"name": value}
    return record
