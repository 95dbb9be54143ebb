"""The command line of operators and developers: ``python -m infra COMMAND ...``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

SUMMARY = "Deploy, operate and develop Bodhi API Tokens."
EPILOG = """\
exit status:
  0    The command did what it was asked to do.
  1    It did not. The reason is on standard error.
  2    The command line is not valid.
  130  It was stopped with Ctrl-C.
"""
_CONTINUES = "CloudFormation continues with what it has begun."
_REPEAT = "Run the same command again to continue."


class Module(Protocol):
    """The module of a command."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments of the command to its parser."""

    def run(self, options: argparse.Namespace) -> int | None:
        """Run the command and return its exit status, or None for 0.

        Raises an error of ``infra.failures.EXPECTED`` if the command cannot continue.
        """


@dataclass(frozen=True, slots=True)
class Command:
    """A command by the name of its module, which is imported only if the command is run."""

    module: str
    summary: str
    when_stopped: str = ""
    """A sentence for a person who stops the command with Ctrl-C."""


COMMANDS = {
    "package": Command("infra.aws.package.build", "Build the template and the zip of a stage."),
    "deploy": Command(
        "infra.aws.deploy.stage", "Show what a deployment changes, ask, and deploy a stage.", _CONTINUES
    ),
    "destroy": Command(
        "infra.aws.deploy.destroy", "Remove a stage's stack. The table and the keys are kept.", _CONTINUES
    ),
    "verify": Command("infra.aws.operate.verify.command", "Check the promises of a deployed stage."),
    "test-alarm": Command(
        "infra.aws.operate.alarm_trial", "Fire an alarm of a stage and check that its topic got it."
    ),
    "users": Command(
        "infra.aws.operate.users", "List, show, activate, deactivate, remove and move users.", _REPEAT
    ),
    "signing-keys": Command(
        "infra.aws.operate.signing_keys", "List, roll over and revoke the keys that sign tokens.", _REPEAT
    ),
    "events": Command("infra.aws.operate.events", "Send the events of a span to the bus again.", _REPEAT),
    "resource-server": Command(
        "infra.aws.operate.resource_server", "Make the secret of a resource server, and its setting."
    ),
    "restore": Command(
        "infra.aws.operate.restore", "Copy rows from a restored table. No token works again.", _REPEAT
    ),
    "capacity": Command(
        "infra.aws.operate.capacity", "Print the settings for a rate of requests, and AWS's limits."
    ),
    "cost": Command("infra.aws.operate.cost", "Print what a stack costs in a month, line by line."),
    "unicode-table": Command("infra.unicode_table", "Write chalicelib/domain/unicode_table.py."),
    "draw-architecture": Command("infra.architecture", "Draw the rooms into docs/architecture.md."),
    "draw-events": Command("infra.event_catalogue", "Write the catalogue of events into docs/events.md."),
    "draw-reference": Command(
        "infra.reference", "Write the tables of settings and permissions into their pages."
    ),
    "docs": Command("infra.site", "Build the site of docs, or serve it on this machine."),
    "prose": Command("infra.prose", "Check sentences against docs/contributing.md."),
    "local up": Command("infra.local.stack", "Start the whole service on this machine."),
    "local login": Command("infra.local.login", "Print a JWT of the local OpenID provider."),
    "local users": Command("infra.local.users", "Run the command users for the local stack."),
    "local signing-keys": Command(
        "infra.local.signing_keys", "Run the command signing-keys for the local stack.", _REPEAT
    ),
    "local clean-state": Command("infra.local.clean_state", "Remove the state of the local stack."),
}
"""Every command, in the order of ``--help``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    A command that fails prints the reason on standard error. Raises SystemExit for ``--help``, with the
    status 0, and for a command line that is not valid, with the status 2.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    beginnings = (" ".join(given[:count]) for count in (1, 2))
    name = next((each for each in beginnings if each in COMMANDS), None)
    options = argparse.Namespace()
    try:
        module = cast("Module", importlib.import_module(COMMANDS[name].module)) if name else None
        _parser(name, module).parse_args(given, options)
        return (module.run(options) if module else None) or 0
    except KeyboardInterrupt:
        hint = COMMANDS[name].when_stopped if name else ""
        print(f"Stopped. {hint}".strip(), file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader, such as `head`, has closed the pipe. Python would complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        # Imported only now, because it needs botocore, and `--help` must be quick.
        from infra.failures import text_of

        text = text_of(error, getattr(options, "table", None))
        if text is None:
            raise
        print(text, file=sys.stderr)
        return 1


def _parser(chosen: str | None, module: Module | None) -> argparse.ArgumentParser:
    """Return the parser of the command line. Only the chosen command has arguments."""
    # No abbreviations, because the next version may have another option with the same beginning.
    parser = argparse.ArgumentParser("python -m infra", description=SUMMARY, allow_abbrev=False)
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    groups = {"": parser.add_subparsers(metavar="COMMAND", required=True)}
    for name, command in COMMANDS.items():
        group, _, word = name.rpartition(" ")
        if group not in groups:
            commands = groups[""].add_parser(group, help="Run a command for the local stack.")
            groups[group] = commands.add_subparsers(metavar="COMMAND", required=True)
        summary = command.summary
        added = groups[group].add_parser(word, help=summary, description=summary, allow_abbrev=False)
        if module and name == chosen:
            module.add_arguments(added)
    return parser


if __name__ == "__main__":
    sys.exit(main())
