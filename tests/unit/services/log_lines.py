"""The lines that are written during a test."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib import logs


class _Recorder(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []
        self.setFormatter(logs.JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@contextmanager
def written() -> Iterator[list[dict[str, Any]]]:
    """Gather the lines that are written meanwhile, as they would be read."""
    recorder = _Recorder()
    logger = logging.getLogger(logs.LOGGER_NAME)
    logger.addHandler(recorder)
    try:
        yield recorder.lines
    finally:
        logger.removeHandler(recorder)
