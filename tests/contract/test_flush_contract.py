"""What the store of flushes promises, in memory and in DynamoDB alike."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.ports import FlushClaim
from tests.support.clock import START
from tests.support.dynamodb import Cloud, Stores, dynamodb_stores, new_table

STAGE = "restapis/a1b2c3/v1"
SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
THREADS = 16


def test_first_claim_wins(stores: Stores) -> None:
    """A stage that nobody ever flushed may be flushed."""
    assert stores.flushes.claim_flush(STAGE, START, SECOND) == FlushClaim(won=True, at=START)


@pytest.mark.parametrize("later", [timedelta(0), MILLISECOND, SECOND - MILLISECOND])
def test_second_claim_within_the_spacing_hears_of_the_first(stores: Stores, later: timedelta) -> None:
    """Whoever loses learns when the winner claimed."""
    stores.flushes.claim_flush(STAGE, START, SECOND)
    assert stores.flushes.claim_flush(STAGE, START + later, SECOND) == FlushClaim(won=False, at=START)


def test_claim_after_the_spacing_wins_and_counts_itself(stores: Stores) -> None:
    """Exactly one spacing later the stage is free, and then taken anew."""
    stores.flushes.claim_flush(STAGE, START, SECOND)
    assert stores.flushes.claim_flush(STAGE, START + SECOND, SECOND).won
    late = stores.flushes.claim_flush(STAGE, START + 2 * SECOND - MILLISECOND, SECOND)
    assert late == FlushClaim(won=False, at=START + SECOND)


def test_clock_that_is_behind_by_less_than_the_spacing_loses(stores: Stores) -> None:
    """Machines differ by milliseconds."""
    stores.flushes.claim_flush(STAGE, START, SECOND)
    assert not stores.flushes.claim_flush(STAGE, START - SECOND, SECOND).won


def test_claim_from_the_future_holds_nobody_up(stores: Stores) -> None:
    """One machine with a wrong clock must not stop every flush until that time comes."""
    stores.flushes.claim_flush(STAGE, START + timedelta(days=1), SECOND)
    assert stores.flushes.claim_flush(STAGE, START, SECOND).won


def test_stages_do_not_wait_for_each_other(stores: Stores) -> None:
    """Each stage has its own claim."""
    assert stores.flushes.claim_flush(STAGE, START, SECOND).won
    assert stores.flushes.claim_flush("apis/d4e5f6/$default", START, SECOND).won


@pytest.mark.slow
@pytest.mark.emulator
def test_exactly_one_of_many_wins(emulated: Cloud) -> None:
    """However many functions claim at the same moment, for each of several moments."""
    stores = dynamodb_stores(replace(emulated, table=new_table(emulated.dynamodb)))
    start = threading.Barrier(THREADS)

    def claim(round_number: int) -> bool:
        start.wait()
        return stores.flushes.claim_flush(STAGE, START + round_number * SECOND, SECOND).won

    with ThreadPoolExecutor(THREADS) as pool:
        for number in range(10):
            assert list(pool.map(claim, [number] * THREADS)).count(True) == 1
