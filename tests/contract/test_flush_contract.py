"""The promises of the store of flushes, in memory and in DynamoDB alike."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.flush_budget import FlushBudget
from chalicelib.domain.ports.flushes import KeptBudget
from tests.support.clock import START
from tests.support.dynamodb import Cloud, Stores, dynamodb_stores

SECOND = timedelta(seconds=1)
FIRST = FlushBudget(START, START - SECOND, 2.718, START - 2 * SECOND)
SECOND_ONE = replace(FIRST, whole_at=START + SECOND)
THREADS = 16


def test_first_write_wins(stores: Stores) -> None:
    """A new stack has no budget yet."""
    swap = stores.flushes.swap_budget(None, FIRST, START)
    assert swap.won
    assert swap.kept
    assert swap.kept.budget == FIRST


def test_write_on_what_is_there_wins(stores: Stores) -> None:
    """Each write has an id of its own."""
    kept = stores.flushes.swap_budget(None, FIRST, START).kept
    swap = stores.flushes.swap_budget(kept, SECOND_ONE, START)
    assert swap.won
    assert kept
    assert swap.kept
    assert swap.kept.budget == SECOND_ONE
    assert swap.kept.write_id != kept.write_id


def test_process_that_has_seen_nothing_learns_what_is_there(stores: Stores) -> None:
    """It writes nothing, and its next write can win."""
    kept = stores.flushes.swap_budget(None, FIRST, START).kept
    swap = stores.flushes.swap_budget(None, SECOND_ONE, START)
    assert (swap.won, swap.kept) == (False, kept)
    assert stores.flushes.swap_budget(swap.kept, SECOND_ONE, START).won


def test_write_on_what_was_there_before_loses(stores: Stores) -> None:
    """The same budget with another id is another write's."""
    old = stores.flushes.swap_budget(None, FIRST, START).kept
    new = stores.flushes.swap_budget(old, FIRST, START).kept
    swap = stores.flushes.swap_budget(old, SECOND_ONE, START)
    assert (swap.won, swap.kept) == (False, new)


def test_budget_that_is_gone_is_not_brought_back(stores: Stores) -> None:
    """TTL or an operator deletes the row, and a process may remember it for longer."""
    swap = stores.flushes.swap_budget(KeptBudget(FIRST, "gone"), SECOND_ONE, START)
    assert (swap.won, swap.kept) == (False, None)
    assert stores.flushes.swap_budget(None, SECOND_ONE, START).won


def test_exactly_one_of_many_wins(atomic: Cloud) -> None:
    """Of all functions that write at the same moment, in each of several rounds."""
    stores = dynamodb_stores(atomic)
    start = threading.Barrier(THREADS)
    kept = stores.flushes.swap_budget(None, FIRST, START).kept

    def write(_: int) -> KeptBudget | None:
        start.wait()
        swap = stores.flushes.swap_budget(kept, SECOND_ONE, START)
        return swap.kept if swap.won else None

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(10):
            (kept,) = [won for won in pool.map(write, range(THREADS)) if won]
