"""How the commands for AWS speak with the person at the terminal, or with the pipeline there."""

from __future__ import annotations

import sys
from collections.abc import Callable

from infra.aws.errors import DeploymentError

Confirm = Callable[[str, str], bool]
"""Asked a question and the word that agrees to it."""

YES = "y"
"""The word for what can be undone; what cannot wants another one, which nobody types by habit."""


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
