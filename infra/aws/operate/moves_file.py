"""The CSV file of users and their new subjects."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from chalicelib.domain.ids import USER_ID
from chalicelib.domain.text import is_valid_subject
from infra.aws.errors import OperatorError

HEADER = ["user_id", "subject"]


def read_moves(path: Path) -> dict[str, str]:
    """Return the new subject of each user, by user id.

    The file is CSV in UTF-8 (RFC 4180) with the fields ``user_id`` and ``subject``. A first line with
    these names is optional. Raises OperatorError, which names the line.
    """
    subjects: dict[str, str] = {}
    owners: dict[str, str] = {}
    for number, fields in _rows(path):
        problem = _problem(fields)
        if problem:
            raise OperatorError(f"{path}, line {number}: {problem}")
        user_id, subject = fields
        if user_id in subjects or subject in owners:
            raise OperatorError(f"{path}, line {number}: this user or this subject was given before.")
        subjects[user_id] = subject
        owners[subject] = user_id
    if not subjects:
        raise OperatorError(f"{path} does not name a user.")
    return subjects


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        # utf-8-sig, because spreadsheets write a byte order mark.
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            for fields in rows:
                if fields and (rows.line_num > 1 or fields != HEADER):
                    yield rows.line_num, fields
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OperatorError(f"{path} cannot be read: {error}") from error


def _problem(fields: list[str]) -> str | None:
    if len(fields) != len(HEADER):
        return f"write two fields, {','.join(HEADER)}. Put a subject with a comma in double quotes."
    user_id, subject = fields
    if not USER_ID.fullmatch(user_id):
        return "the first field is not the id of a user."
    if not is_valid_subject(subject):
        return "the second field is not valid as a subject."
    return None
