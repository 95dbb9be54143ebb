"""The log lines about files of the pages, which hide the lines that a developer looks for."""

from __future__ import annotations

import logging

from chalicelib.logs import LOGGER_NAME

_EVENT = "page.asset"
_PREFIX = "/assets/"
_ACCESS_LOG = "access"


def leave_out() -> None:
    """Write no line about a file of the pages that was served. Failures keep their lines."""
    logging.getLogger(LOGGER_NAME).addFilter(_is_no_event)
    logging.getLogger(_ACCESS_LOG).addFilter(_is_no_access)


def _is_no_event(record: logging.LogRecord) -> bool:
    return record.msg != _EVENT or record.levelno > logging.INFO


def _is_no_access(record: logging.LogRecord) -> bool:
    match record.args:
        case (_, str(path), int(status), _):
            return not path.startswith(_PREFIX) or status >= 400
    return True
