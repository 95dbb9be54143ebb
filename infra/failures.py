"""The errors that a command may end with, and the text that it prints for each."""

from __future__ import annotations

from botocore.exceptions import ClientError

from chalicelib.domain.errors import ApiTokensError, DependencyUnavailable
from chalicelib.settings import SettingsError
from infra.aws.account import AWS_ERRORS, reason_of
from infra.aws.errors import CommandError
from infra.aws.terminal import printable

EXPECTED = (CommandError, ApiTokensError, SettingsError, OSError, *AWS_ERRORS)
"""The errors that end a command. Any other error is a fault of this project, and needs its traceback."""


def text_of(error: Exception, table: str | None) -> str | None:
    """Return the text for the terminal, or None if the error is a fault of this project.

    ``table`` is the table that the command works on, because DynamoDB's own error does not name it.
    """
    if not isinstance(error, EXPECTED):
        return None
    if isinstance(error, CommandError):
        return "\n".join(printable(line) for line in str(error).splitlines())
    # The error of AWS says more than our own, which callers of the API see.
    cause = error.__cause__ if isinstance(error, DependencyUnavailable) and error.__cause__ else error
    code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else None
    if table and code == "ResourceNotFoundException":
        return f"Table {table} does not exist in this account and region."
    return printable(reason_of(cause))
