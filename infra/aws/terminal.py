"""The conversation of commands with a person at the terminal, or with a pipeline."""

from __future__ import annotations

import sys
from collections.abc import Callable

from infra.aws.errors import DeploymentError

Say = Callable[[str], None]
"""Prints a sentence."""

Confirm = Callable[[str, str], bool]
"""Asks a question and returns if the answer is yes. The second argument is the word that means yes."""

YES = "y"
"""The word for a change that can be undone. Other changes need a word that is not typed by habit."""


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
    """Return a function that asks the person at the terminal, or says yes if the command line agreed."""
    return _agree if agreed else _ask


def _agree(question: str, word: str) -> bool:
    if word != YES:
        raise DeploymentError(f"{question} YES=1 never agrees to this. Run the command at a terminal.")
    print(f"\n{question} Yes (YES=1).")
    return True


def _ask(question: str, word: str) -> bool:
    if not sys.stdin.isatty():
        raise DeploymentError(f"{question} The question needs a terminal. YES=1 skips it.")
    if word == YES:
        return input(f"\n{question} [y/N] ").strip().lower() in {"y", "yes"}
    return input(f"\n{question} Type {word} to agree: ").strip() == word
