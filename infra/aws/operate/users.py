"""The command ``users``: list, show, activate, deactivate, remove and move users."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from chalicelib.adapters.clock import SystemClock
from chalicelib.bootstrap import Service
from chalicelib.domain.identities import SubjectIdentifier
from chalicelib.domain.users import UserStatus
from chalicelib.services.identities import MoveUsers
from chalicelib.settings import Settings
from infra.aws.account import session_of_environment
from infra.aws.errors import OperatorError
from infra.aws.operate.moves_file import read_moves
from infra.aws.operate.operator_name import caller_of
from infra.aws.operate.user_desk import UserDesk, UserFilter
from infra.aws.package.project_config import check_config
from infra.aws.package.stage_settings import complete, settings_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Environ: TypeAlias = Mapping[str, str]
Act: TypeAlias = Callable[[UserDesk, argparse.Namespace, Environ], None]


class Add(Protocol):
    """The function that registers a subcommand."""

    def __call__(
        self, name: str, act: Act, words: str, *, changes: bool = False
    ) -> argparse.ArgumentParser:
        """Return the subcommand's parser. ``changes`` adds the option ``--yes``."""
        ...


_PROJECT = Path(__file__).resolve().parents[3]
_WAYS_TO_MOVE = "USER_ID --subject VALUE, --from FILE, or --issuer-from URL --issuer-to URL"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the commands for users."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, act: Act, words: str, *, changes: bool = False) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words, description=words, allow_abbrev=False)
        command.set_defaults(act=act)
        command.add_argument(
            "--table", default=os.environ.get("TABLE_NAME", ""), help="default: TABLE_NAME"
        )
        command.add_argument("--stage", help="read the settings of this stage; default: the environment")
        if changes:
            command.add_argument(
                "--yes", action="store_true", help="make the change; without it nothing is changed"
            )
        return command

    _add_looks(add)
    _add_changes(add)
    move = add("move", _move, f"Move users to other identities: {_WAYS_TO_MOVE}.", changes=True)
    move.add_argument("user_id", metavar="USER_ID", nargs="?")
    move.add_argument("--subject", metavar="VALUE", help="write --subject=VALUE if it begins with a hyphen")
    move.add_argument("--from", dest="file", metavar="FILE", type=Path, help="CSV: user_id,subject")
    move.add_argument("--issuer", metavar="URL", help="default: OIDC_ISSUER")
    move.add_argument("--subject-claim", metavar="NAME", help="default: SUBJECT_CLAIM")
    move.add_argument(
        "--issuer-from",
        dest="former",
        metavar="URL",
        help="its users keep subject and claim",
    )
    move.add_argument("--issuer-to", dest="later", metavar="URL")


def _add_looks(add: Add) -> None:
    listed = add(
        "list",
        lambda desk, asked, _: desk.list(_filter(asked), as_json=asked.json),
        "List users, newest first.",
    )
    listed.add_argument("--issuer", metavar="URL", help="only users of exactly this issuer")
    listed.add_argument("--subject-claim", metavar="NAME", help="only users with this subject claim")
    listed.add_argument("--status", choices=[status.value for status in UserStatus])
    listed.add_argument("--json", action="store_true", help="print one JSON object per line")
    shown = add("show", lambda desk, asked, _: desk.show(asked.user_id), "Show one user in full.")
    shown.add_argument("user_id", metavar="USER_ID")
    add("check", lambda desk, _options, _: desk.check(), "Warn of users that no sign-in reaches.")


def _add_changes(add: Add) -> None:
    activate = add(
        "activate",
        lambda desk, asked, _: desk.activate(
            asked.user_id, restore_tokens=asked.restore_tokens, confirmed=asked.yes
        ),
        "Activate a user.",
        changes=True,
    )
    activate.add_argument("--restore-tokens", action="store_true", help="let the old tokens work again")
    deactivate = add(
        "deactivate",
        lambda desk, asked, _: desk.deactivate(asked.user_id, confirmed=asked.yes),
        "Deactivate a user: refuse the sign-ins and API tokens.",
        changes=True,
    )
    remove = add(
        "remove",
        lambda desk, asked, _: desk.remove(asked.user_id, confirmed=asked.yes),
        "Remove a user: delete name and e-mail, and end all tokens.",
        changes=True,
    )
    for command in (activate, deactivate, remove):
        command.add_argument("user_id", metavar="USER_ID")
    every = add(
        "deactivate-issuer",
        lambda desk, asked, _: desk.deactivate_issuer(asked.url, asked.subject_claim, confirmed=asked.yes),
        "Deactivate all users of an issuer.",
        changes=True,
    )
    every.add_argument("--subject-claim", metavar="NAME", help="only users with this subject claim")
    every.add_argument("url", metavar="URL", help="exactly this issuer")


def run(options: argparse.Namespace) -> None:
    """Run one of the commands.

    Raises OperatorError, PackagingError, SettingsError, ApiTokensError, ClientError, BotoCoreError.
    """
    environ = _environ(options)
    options.act(_desk(environ), options, environ)


def _environ(options: argparse.Namespace) -> Environ:
    """Return the settings of the stage or the environment. Raises OperatorError or PackagingError."""
    if not options.table:
        raise OperatorError("Name the service's table: --table, or TABLE_NAME in the environment.")
    if options.stage:
        given: Environ = settings_of(check_config(_PROJECT, options.stage), options.stage)
    elif "OIDC_ISSUER" in os.environ:
        given = os.environ
    else:
        raise OperatorError("Name the stage, because its settings name the OpenID provider: --stage prod.")
    return {**complete(given), "TABLE_NAME": options.table}


def _desk(environ: Environ) -> UserDesk:
    session = session_of_environment()
    client = cast("DynamoDBClient", session.create_client("dynamodb"))
    service = Service(environ, SystemClock(), dynamodb_once=client)
    return UserDesk(
        service.users,
        service.administer,
        MoveUsers(service.users, service.clock, service.journal),
        service.rules.administrators,
        service.clock,
        caller_of(session),
    )


def _move(desk: UserDesk, options: argparse.Namespace, environ: Environ) -> None:
    match options:
        case argparse.Namespace(user_id=str(), subject=str(), file=None, former=None, later=None):
            to = _identifiers(options, environ)
            desk.move(options.user_id, to(options.subject), confirmed=options.yes)
        case argparse.Namespace(user_id=None, subject=None, file=Path(), former=None, later=None):
            to = _identifiers(options, environ)
            moves = {user_id: to(subject) for user_id, subject in read_moves(options.file).items()}
            desk.move_all(moves, confirmed=options.yes)
        case argparse.Namespace(
            user_id=None,
            subject=None,
            file=None,
            former=str(),
            later=str(),
            issuer=None,
            subject_claim=None,
        ):
            issuer = _settings(environ, OIDC_ISSUER=options.later).oidc_issuer
            desk.move_issuer(options.former, issuer, confirmed=options.yes)
        case _:
            raise OperatorError(f"Move in one of three ways: {_WAYS_TO_MOVE}.")


def _identifiers(options: argparse.Namespace, environ: Environ) -> Callable[[str], SubjectIdentifier]:
    """Return the function that makes an identity from a subject. Raises SettingsError."""
    settings = _settings(environ, OIDC_ISSUER=options.issuer, SUBJECT_CLAIM=options.subject_claim)
    return partial(_identifier, settings)


def _identifier(settings: Settings, subject: str) -> SubjectIdentifier:
    return SubjectIdentifier(settings.oidc_issuer, subject, settings.subject_claim)


def _settings(environ: Environ, **changes: str | None) -> Settings:
    """Return the settings with changes from the command line.

    Raises SettingsError if a typed value breaks the rules of its setting.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    return Settings.from_environ({**environ, **given})


def _filter(options: argparse.Namespace) -> UserFilter:
    status = UserStatus(options.status) if options.status else None
    return UserFilter(options.issuer, options.subject_claim, status)
