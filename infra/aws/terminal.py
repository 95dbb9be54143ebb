"""How the commands for AWS speak with the person at the terminal, or with the pipeline there."""

from __future__ import annotations

import sys
from collections.abc import Callable

from botocore.exceptions import ClientError

from chalicelib.domain.errors import DependencyUnavailable
from infra.aws.account import AWS_ERRORS, reason_of
from infra.aws.errors import DeploymentError, PackagingError

Confirm = Callable[[str, str], bool]
"""Asked a question and the word that agrees to it."""

YES = "y"
"""The word for what can be undone; what cannot wants another one, which nobody types by habit."""


def run(action: Callable[[], None]) -> int:
    """Do it and return the exit status; any reason for not doing it is told in a line."""
    try:
        action()
    except KeyboardInterrupt:
        print("\nStopped. What CloudFormation has begun goes on without us.", file=sys.stderr)
        return 130
    except (PackagingError, DeploymentError) as error:
        print(error, file=sys.stderr)
        return 1
    except AWS_ERRORS as error:
        print(reason_of(error), file=sys.stderr)
        return 1
    return 0


def say_at_once(sentence: str) -> None:
    """Print a line and flush, so that a person sees the progress through a pipe too."""
    print(printable(sentence), flush=True)


def warn_at_once(sentence: str) -> None:
    """Print a line to standard error, because the output may go into a file."""
    print(printable(sentence), file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """Return a line that cannot control the terminal or pass for another text.

    Names and subjects come from OpenID providers. Characters that are not printable, or that the
    terminal's encoding lacks, are escaped as in Python.
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    encoding = sys.stdout.encoding or "utf-8"
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def reason_for_operator(error: Exception, table: str) -> str:
    """Return an error as one line. AWS's own message is preferred, because it tells more."""
    cause = error.__cause__ if isinstance(error, DependencyUnavailable) and error.__cause__ else error
    if isinstance(cause, ClientError) and cause.response["Error"]["Code"] == "ResourceNotFoundException":
        return f"Table {table} does not exist in this account and region."
    return printable(reason_of(cause))


def confirmation(*, agreed: bool) -> Confirm:
    """Return who is asked: somebody who agreed beforehand, or the person at the terminal."""
    return _agree if agreed else _ask


def _agree(question: str, word: str) -> bool:
    if word != YES:
        raise DeploymentError(f"{question} YES=1 does not agree to that: do it at a terminal.")
    print(f"\n{question} Yes, as given.")
    return True


def _ask(question: str, word: str) -> bool:
    if not sys.stdin.isatty():
        raise DeploymentError(f"{question} Nobody can be asked here: YES=1 agrees beforehand.")
    if word == YES:
        return input(f"\n{question} [y/N] ").strip().lower() in {"y", "yes"}
    return input(f"\n{question} Type {word} to agree: ").strip() == word
