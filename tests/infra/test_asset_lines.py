"""The lines about files of the pages are left out, but failures keep theirs."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from infra.local import asset_lines


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return what is written to the two logs while the filters are on."""
    written: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(record.getMessage())

    loggers = [logging.getLogger("access"), logging.getLogger("bodhi")]
    handler, before = Keep(), dict[logging.Logger, int]()
    for logger in loggers:
        monkeypatch.setattr(logger, "filters", [])
        before[logger] = logger.level
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
    asset_lines.leave_out()
    yield written
    for logger in loggers:
        logger.removeHandler(handler)
        logger.setLevel(before[logger])


@pytest.mark.parametrize(
    ("path", "status", "kept"),
    [
        ("/assets/1/page.js", 200, False),
        ("/assets/1/page.js", 304, False),
        ("/assets/1/page.js", 404, True),
        ("/assets/1/page.js", 500, True),
        ("/assets", 200, True),
        ("/v1/tokens", 200, True),
    ],
)
def test_access_lines(lines: list[str], path: str, status: int, kept: bool) -> None:
    """As the server writes them."""
    logging.getLogger("access").info("%s %s %d %.1fms", "GET", path, status, 1.5)
    assert lines == ([f"GET {path} {status} 1.5ms"] if kept else [])


@pytest.mark.parametrize(
    ("level", "event", "kept"),
    [
        (logging.INFO, "page.asset", False),
        (logging.ERROR, "page.asset", True),
        (logging.INFO, "page.show", True),
    ],
)
def test_lines_of_the_service(lines: list[str], level: int, event: str, kept: bool) -> None:
    """An unexpected error is logged at a higher level."""
    logging.getLogger("bodhi").log(level, event)
    assert lines == ([event] if kept else [])


def test_other_messages_pass(lines: list[str]) -> None:
    """The filters know the form of one line, and let any other pass."""
    logging.getLogger("access").info("nothing to fill in")
    assert lines == ["nothing to fill in"]
