"""The segments of a restore, several at a time, when both tables are active."""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import time
from collections.abc import Callable
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from botocore.config import Config

from chalicelib.adapters.clock import SystemClock
from chalicelib.domain.networks import RecordNetworks
from chalicelib.services.journal import Journal
from infra.aws.account import session_of_environment
from infra.aws.errors import OperatorError
from infra.aws.operate.restore_progress import Progress
from infra.aws.operate.restore_rows import Outcome, Page, Restore
from infra.aws.terminal import Say

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Pause: TypeAlias = Callable[[float], None]
_Done: TypeAlias = tuple[Outcome, Page | None]

_USABLE = frozenset({"ACTIVE", "UPDATING"})
# In any other state, waiting does not help.
_ON_ITS_WAY = frozenset({"CREATING"})
_PAUSE_SECONDS = 20.0
_TELL_SECONDS = 30.0
# A new table takes 4,000 writes a second at first, and more later. So throttles are usual.
_ATTEMPTS = 12


def restore_of(options: argparse.Namespace) -> Restore:
    """Return the restore that the options describe, with a new client, because each process needs one."""
    config = Config(
        max_pool_connections=options.workers, retries={"mode": "standard", "total_max_attempts": _ATTEMPTS}
    )
    client = cast("DynamoDBClient", session_of_environment().create_client("dynamodb", config=config))
    return Restore(
        client,
        options.source,
        options.target,
        timedelta(days=options.retention_days),
        SystemClock(),
        Journal(timedelta(days=options.audit_retention_days), RecordNetworks.OFF),
        options.actor,
        not options.without_keys,
    )


def wait_until_active(
    client: DynamoDBClient, table: str, say: Say = print, pause: Pause = time.sleep
) -> dict[str, str]:
    """Wait until a table can be used, and return its ARN and id.

    A restore of a large table may take hours, and the AWS CLI waits for 500 seconds only. Raises
    OperatorError for a table that will not become active, ClientError if the table does not exist.
    """
    told = ""
    while True:
        found = client.describe_table(TableName=table)["Table"]
        status: str = found["TableStatus"]
        if status in _USABLE:
            # DynamoDB Local does not give tables an id. The time of creation is unique too.
            return {
                "arn": found["TableArn"],
                "id": found.get("TableId") or found["CreationDateTime"].isoformat(),
            }
        if status not in _ON_ITS_WAY:
            raise OperatorError(f"Table {table} is {status} and cannot be used.")
        if status != told:
            say(f"Table {table} is {status}. Waiting until it is ACTIVE.")
            told = status
        pause(_PAUSE_SECONDS)


def run_segments(
    options: argparse.Namespace, progress: Progress, say: Say = print, tell_seconds: float = _TELL_SECONDS
) -> Progress:
    """Copy or count ``options.workers`` pages at a time until every segment is done; return the progress.

    One loop owns the progress and its file. If a page fails, the running pages are finished and recorded
    first. Raises ClientError, BotoCoreError, OSError.
    """
    with _executor(options) as executor:
        ahead = progress.pages()
        running: dict[Future[_Done], Page] = {}
        told = time.monotonic()
        try:
            while ahead or running:
                while ahead and len(running) < options.workers:
                    page = ahead.pop(0)
                    running[executor.submit(_work, page, options.yes)] = page
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    ahead += _recorded(progress, running.pop(future), future)
                if options.yes and time.monotonic() >= told + tell_seconds:
                    told = time.monotonic()
                    say(progress.told())
        finally:
            _record_the_rest(progress, running)
    return progress


def _recorded(progress: Progress, page: Page, future: Future[_Done]) -> list[Page]:
    """Record a page that is done. Return the next page of its segment, if any."""
    outcome, following = future.result()
    progress.record(page, outcome, following)
    return [following] if following else []


def _record_the_rest(progress: Progress, running: dict[Future[_Done], Page]) -> None:
    """Wait for the running pages, because their rows are written anyway."""
    for future, page in running.items():
        if not future.cancel() and future.exception() is None:
            _recorded(progress, page, future)


def _executor(options: argparse.Namespace) -> Executor:
    if not options.processes:
        _begin(options)
        return ThreadPoolExecutor(options.workers)
    # A forked process would share the parent's connections.
    return ProcessPoolExecutor(
        options.workers,
        multiprocessing.get_context("spawn"),
        initializer=_begin_process,
        initargs=(options,),
    )


# Each process has one restore. Its threads share the client, which is safe.
_here: dict[str, Any] = {}


def _begin(options: argparse.Namespace) -> None:
    _here["restore"] = restore_of(options)


def _begin_process(options: argparse.Namespace) -> None:
    # A terminal sends Ctrl-C to all processes. Only the parent stops, after the running pages.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _begin(options)


def _work(page: Page, write: bool) -> _Done:
    restore: Restore = _here["restore"]
    return restore.run_page(page, write=write)
