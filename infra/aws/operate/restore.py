"""The command ``restore``: copy rows from a restored table. No token works again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from infra.aws.errors import OperatorError
from infra.aws.operate.operator_name import caller_of, unnamed
from infra.aws.operate.restore_progress import Progress
from infra.aws.operate.restore_rows import Outcome
from infra.aws.operate.restore_segments import restore_of, run_segments, wait_until_active

_MOST_SEGMENTS = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the tables, and how to copy."""
    parser.add_argument("--from", dest="source", required=True, metavar="TABLE", help="the restored table")
    parser.add_argument("--to", dest="target", required=True, metavar="TABLE", help="the service's table")
    parser.add_argument("--retention-days", type=int, default=90, help="RETENTION_DAYS; default: 90")
    parser.add_argument(
        "--audit-retention-days", type=int, default=400, help="AUDIT_RETENTION_DAYS; default: 400"
    )
    parser.add_argument(
        "--without-keys",
        action="store_true",
        help="for another region, where the first token publishes new keys",
    )
    parser.add_argument(
        "--segments", type=_count, default=64, help="parts of the table, at least as many as workers"
    )
    parser.add_argument("--workers", type=_count, default=16, help="parts that are copied at once")
    parser.add_argument(
        "--processes", action="store_true", help="make each worker a process, for more than one core"
    )
    parser.add_argument(
        "--progress", type=Path, metavar="FILE", help="default: restore-FROM-to-TO.json in this folder"
    )
    parser.add_argument("--yes", action="store_true", help="copy the rows; without it, count them")
    parser.set_defaults(actor=unnamed())


def run(options: argparse.Namespace) -> None:
    """Count the rows that are missing, or copy them, and print the counts.

    Raises OperatorError, OSError, ClientError, BotoCoreError.
    """
    if options.source == options.target:
        raise OperatorError("--from and --to name the same table.")
    restore = restore_of(options)
    tables = [wait_until_active(restore.client, name) for name in (options.source, options.target)]
    if not options.yes:
        print(_told(run_segments(options, Progress.unsaved(options.segments)).outcome, written=False))
        return
    path = options.progress or Path(f"restore-{options.source}-to-{options.target}.json")
    known = {"from": tables[0], "to": tables[1], "segments": options.segments}
    known |= {"retention_days": options.retention_days, "keys": not options.without_keys}
    progress = Progress.load(path, known)
    if progress.outcome != Outcome() or progress.done:
        print(f"{path}: {progress.told()}")
    if progress.is_complete:
        print("This restore is complete. Remove the file to run it once more.")
        return
    options.actor = caller_of()()
    print(_told(run_segments(options, progress).outcome, written=True))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_SEGMENTS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {_MOST_SEGMENTS}")
    return int(text)


def _told(outcome: Outcome, *, written: bool) -> str:
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(outcome.brought.items())) or "nothing"
    others = f"{outcome.present:,} rows exist already, and {outcome.left:,} are not restored."
    others += _told_altered(outcome.altered)
    if not written:
        return f"To restore: {counts}. {others}\nNothing was changed. Add --yes to restore the rows."
    return f"Restored: {counts}. Every restored token is revoked. {others}"


def _told_altered(altered: Sequence[str]) -> str:
    if not altered:
        return ""
    # An operator who looks for traces needs the rows, and the backup may be deleted afterwards.
    return "\n".join(
        ["\nThese events are not as in the restored table. The service changes none:", *altered]
    )
