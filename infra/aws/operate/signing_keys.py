"""The command ``signing-keys``: list, roll over and revoke the keys that sign tokens."""

from __future__ import annotations

import argparse
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from chalicelib.adapters.clock import SystemClock, sleep
from chalicelib.adapters.dynamodb.key_store import DynamoDBKeyStore
from chalicelib.adapters.repeating import repeating
from chalicelib.adapters.retries import Retries
from chalicelib.domain.keys import KeyUse
from chalicelib.domain.networks import RecordNetworks
from chalicelib.services.journal import Journal
from chalicelib.settings.reading import Reader
from chalicelib.settings.service import read_audit_retention
from infra.aws.account import session_of_environment
from infra.aws.errors import OperatorError
from infra.aws.operate.key_rollover import Operator
from infra.aws.operate.operator_name import caller_of
from infra.aws.package.project_config import check_config
from infra.aws.package.stage_settings import settings_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

LEAD_SECONDS = 600
"""Authorizers know a new key after 60 s, readers of the JWKS after 300 s. The rest is a margin."""

_PROJECT = Path(__file__).resolve().parents[3]
_KEY_SETTINGS = {KeyUse.API_TOKEN: "SIGNING_KEY_ID", KeyUse.ACCESS_TOKEN: "DERIVED_TOKEN_KEY_ID"}
_KID_LIKE_AN_OPTION = re.compile(r"-[A-Za-z0-9_-]{42}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the three commands for signing keys."""
    common = _KidParser(add_help=False, allow_abbrev=False)
    common.add_argument("--table", default=os.environ.get("TABLE_NAME", ""), help="default: TABLE_NAME")
    common.add_argument(
        "--stage", help="keep the events as long as this stage does; default: AUDIT_RETENTION_DAYS"
    )
    common.add_argument(
        "--use",
        choices=[use.value for use in KeyUse],
        default=KeyUse.API_TOKEN.value,
        help=f"the tokens that the keys sign; default: {KeyUse.API_TOKEN.value}",
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_KidParser
    )

    def add(name: str, words: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, parents=[common], help=words, description=words, allow_abbrev=False
        )

    add("list", "Show every key and its state.")
    roll_over = add("roll-over", "Publish a new key, wait until every verifier knows it, and sign with it.")
    roll_over.add_argument("--key-id", help="KMS key to imitate if none is active; default: SIGNING_KEY_ID")
    roll_over.add_argument(
        "--lead-seconds",
        type=_seconds,
        default=LEAD_SECONDS,
        help=f"from publishing to signing; default: {LEAD_SECONDS}, 0 in an emergency",
    )
    revoke = add("revoke", "Refuse every token that a key signed. This is final.")
    revoke.add_argument("kid", metavar="KID")
    revoke.add_argument("--yes", action="store_true", help="revoke the key; without it nothing is changed")


def run(options: argparse.Namespace) -> None:
    """Run one of the commands.

    Raises OperatorError, PackagingError, SettingsError, ApiTokensError, ClientError, BotoCoreError.
    """
    # As `make revoke-signing-key` gives it without KID.
    if options.command == "revoke" and not options.kid:
        raise OperatorError("The kid of the key is missing. `list` shows it. Name it, for example KID=...")
    operator = _operator(options)
    if options.command == "list":
        operator.list()
    elif options.command == "roll-over":
        model = options.key_id or os.environ.get(_KEY_SETTINGS[operator.use], "")
        operator.roll_over(model, timedelta(seconds=options.lead_seconds))
    else:
        operator.revoke(options.kid, confirmed=options.yes)


class _KidParser(argparse.ArgumentParser):
    """A parser that does not take a kid that begins with a hyphen for an option."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse the arguments with the kid last, behind ``--``."""
        kids = [argument for argument in args if _KID_LIKE_AN_OPTION.fullmatch(argument)]
        others = [argument for argument in args if argument not in kids]
        return super().parse_known_args([*others, "--", *kids] if kids else others, namespace)


def _operator(options: argparse.Namespace) -> Operator:
    if not options.table:
        raise OperatorError("Name the service's table: --table, or TABLE_NAME in the environment.")
    session, use = session_of_environment(), KeyUse(options.use)
    dynamodb = cast("DynamoDBClient", session.create_client("dynamodb"))
    kms = cast("KMSClient", session.create_client("kms"))
    clock = SystemClock()
    store = DynamoDBKeyStore(repeating(dynamodb, Retries(clock, sleep)), options.table, use)
    journal = Journal(_retention(options.stage), RecordNetworks.OFF)
    return Operator(use, store, kms, clock, journal, caller_of(session))


def _retention(stage: str | None) -> timedelta:
    """Return how long events are kept. Raises PackagingError or SettingsError."""
    environ = settings_of(check_config(_PROJECT, stage), stage) if stage else os.environ
    read = Reader(environ)
    retention = read_audit_retention(read)
    read.finish()
    return retention


def _seconds(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of seconds")
    return int(text)
