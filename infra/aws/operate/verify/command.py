"""The command ``verify``: check the promises of a deployed stack, and print one table."""

from __future__ import annotations

import argparse
import getpass
import os
import re
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from infra.aws.errors import DeploymentError
from infra.aws.operate.verify.deployment import clients_of, facts_of, wire_at, wire_of
from infra.aws.operate.verify.findings import Result, Verdict
from infra.aws.operate.verify.run import CHECKS, exit_status, run_checks, table_of
from infra.aws.operate.verify.site import Credentials, Facts, Site
from infra.aws.stacks import add_stack_arguments, stack_name_of
from infra.aws.terminal import YES, Confirm, Say, confirmation, say_at_once

_JWT, _SECOND, _CLIENT = "VERIFY_JWT", "VERIFY_SECOND_JWT", "VERIFY_CLIENT"
# RFC 7515 section 3.1. Another character could end the header line.
_THREE_PARTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_COST = """\
This calls the deployed stack some hundred times. On AWS it costs less than $0.05.
- It creates about 40 tokens named "verify ...", and revokes them. They also expire within a day.
- It fires one alarm and sets it back. Your alarm topic gets both messages.
- It creates an IAM role for its probes, and deletes it.
- It turns off the flush of cached decisions for one revocation, at most 5 minutes, except on stage prod.
  In this time, revoked tokens of other people may be accepted for the TTL.
- It does not change your other tokens."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stage and the credentials. No argument takes a JWT, because other users see arguments."""
    add_stack_arguments(parser)
    parser.add_argument("--jwt-file", default="", help=f"holds your JWT; default: {_JWT}, or a question")
    parser.add_argument("--url", default="", help="of the API; default: its domain, or its own address")
    parser.add_argument("--doors", default="", help="URLs with the authorizer, called with GET")


def run(options: argparse.Namespace) -> int:
    """Verify a stage, and return 0 if no promise fails.

    Raises DeploymentError, ClientError, BotoCoreError.
    """
    name, client = stack_name_of(options), clients_of()
    facts = facts_of(client, name, options.stage)
    wire = wire_of(client, facts, options.url)
    doors = tuple(wire_at(url) for url in options.doors.split())
    say_at_once(f"Account {facts.account}, region {facts.region}, stack {facts.stack}, {wire.url}.")
    agree(facts, confirmation(agreed=options.yes))
    second = os.environ.get(_SECOND, "")
    credentials = Credentials(
        jwt_of(options.jwt_file), checked(second) if second else None, os.environ.get(_CLIENT) or None
    )
    return verify(Site(facts, wire, client, credentials, secrets.token_hex(4), doors), say_at_once)


def verify(site: Site, say: Say) -> int:
    """Run every check, clean up, print the table, and return the exit status.

    Ctrl-C ends the checks, but not the clean-up.
    """
    results: list[Result] = []
    left: list[str] = []
    with _handled(_interrupt):
        try:
            run_checks(site, CHECKS, say, results)
        except KeyboardInterrupt:
            say("Stopped. Cleaning up.")
        finally:
            with _handled(signal.SIG_IGN):
                left += site.undo.close()
    for line in ("", *table_of(results), ""):
        say(line)
    counts = {verdict: sum(each.finding.verdict is verdict for each in results) for verdict in Verdict}
    say(", ".join(f"{count} {verdict.value}" for verdict, count in counts.items()) + ".")
    for each in left:
        say(f"Left behind: {each}")
    return exit_status(results, len(CHECKS), left)


def agree(facts: Facts, confirm: Confirm) -> None:
    """Print the actions and the cost of the run, and ask. Raises DeploymentError after another answer."""
    for line in ("", *_COST.splitlines()):
        say_at_once(line)
    if not confirm(f"Verify {facts.stack}?", YES):
        raise DeploymentError("Nothing was done.")


def jwt_of(path: str) -> str:
    """Return the JWT from a file, from VERIFY_JWT, or from a question.

    Raises DeploymentError if there is none.
    """
    if path:
        try:
            given = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise DeploymentError(
                f"The file with the JWT cannot be read: {type(error).__name__}"
            ) from error
    elif _JWT in os.environ:
        given = os.environ[_JWT]
    elif sys.stdin.isatty():
        given = getpass.getpass("JWT of your OpenID provider (not shown): ")
    else:
        raise DeploymentError(f"The JWT is missing. Set {_JWT}, or name a file with JWT_FILE=.")
    return checked(given)


def checked(given: str) -> str:
    """Return a JWT without the spaces around it. Raises DeploymentError if the text is not a JWT."""
    jwt = given.strip()
    if not _THREE_PARTS.fullmatch(jwt):
        raise DeploymentError(
            "This is not a JWT. A JWT has three parts of base64url with dots between them."
        )
    return jwt


@contextmanager
def _handled(handler: Callable[..., object] | signal.Handlers) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)


def _interrupt(*_: object) -> NoReturn:
    # A second signal must not end the clean-up.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
