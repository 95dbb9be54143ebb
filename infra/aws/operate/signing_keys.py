"""`python -m infra.aws.operate.signing_keys`: list, rotate and revoke the keys that sign tokens."""

from __future__ import annotations

import argparse
import os
import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.clock import SystemClock, sleep
from chalicelib.adapters.dynamodb.key_store import DynamoDBKeyStore
from chalicelib.adapters.repeating import repeating
from chalicelib.adapters.retries import Retries
from chalicelib.domain.errors import ApiTokensError
from chalicelib.domain.keys import KeyUse
from infra.aws.account import session_of_environment
from infra.aws.errors import OperatorError
from infra.aws.operate.key_rollover import Operator
from infra.aws.terminal import reason_for_operator

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

LEAD_SECONDS = 600
"""Authorizers know a new key after 60 s, readers of the JWKS after 300 s; the rest is room."""

_KEY_SETTINGS = {KeyUse.API_TOKEN: "SIGNING_KEY_ID", KeyUse.ACCESS_TOKEN: "DERIVED_TOKEN_KEY_ID"}
_KID_LIKE_AN_OPTION = re.compile(r"-[A-Za-z0-9_-]{42}")


def main(arguments: list[str] | None = None) -> int:
    """Do what the operator asks for; any reason for not doing it is told in one line."""
    options = _options(sys.argv[1:] if arguments is None else arguments)
    try:
        _run(_operator(options), options)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except (OperatorError, ApiTokensError, BotoCoreError, ClientError) as error:
        print(reason_for_operator(error, options.table), file=sys.stderr)
        return 1
    return 0


def _run(operator: Operator, options: argparse.Namespace) -> None:
    if options.command == "list":
        operator.list()
    elif options.command == "rotate":
        model = options.key_id or os.environ.get(_KEY_SETTINGS[operator.use], "")
        operator.rotate(model, timedelta(seconds=options.lead_seconds))
    else:
        operator.revoke(options.kid, confirmed=options.yes)


def _operator(options: argparse.Namespace) -> Operator:
    if not options.table:
        raise OperatorError("Name the service's table: --table, or TABLE_NAME in the environment.")
    session, use = session_of_environment(), KeyUse(options.use)
    dynamodb = cast("DynamoDBClient", session.create_client("dynamodb"))
    kms = cast("KMSClient", session.create_client("kms"))
    clock = SystemClock()
    store = DynamoDBKeyStore(repeating(dynamodb, Retries(clock, sleep)), options.table, use)
    return Operator(use, store, kms, clock)


def _options(arguments: list[str]) -> argparse.Namespace:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--table", default=os.environ.get("TABLE_NAME", ""), help="default: TABLE_NAME")
    common.add_argument("--use", choices=[u.value for u in KeyUse], default=KeyUse.API_TOKEN.value)
    parser = argparse.ArgumentParser(prog="python -m infra.aws.operate.signing_keys", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", parents=[common], help="show every key and its state")
    rotate = commands.add_parser("rotate", parents=[common], help="publish a new key, then let it sign")
    rotate.add_argument("--key-id", help="KMS key to imitate if none is active; default: SIGNING_KEY_ID")
    rotate.add_argument(
        "--lead-seconds",
        type=_seconds,
        default=LEAD_SECONDS,
        help=f"from publishing to signing; default: {LEAD_SECONDS}, 0 in an emergency",
    )
    revoke = commands.add_parser("revoke", parents=[common], help="refuse every token a key signed")
    revoke.add_argument("kid", metavar="KID")
    revoke.add_argument("--yes", action="store_true", help="do it; without this nothing is changed")
    return parser.parse_args(_kid_last(arguments))


def _kid_last(arguments: list[str]) -> list[str]:
    """Return the arguments so that a kid that begins with a hyphen is not taken for an option."""
    kids = [argument for argument in arguments if _KID_LIKE_AN_OPTION.fullmatch(argument)]
    others = [argument for argument in arguments if argument not in kids]
    return [*others, "--", *kids] if kids else others


def _seconds(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of seconds")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
