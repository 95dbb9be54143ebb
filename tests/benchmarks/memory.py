"""The price of a decision by the memory of the function, calculated from processor time.

A function with 1,769 MB has one vCPU, and its share grows with the memory.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from collections.abc import Sequence

from infra.aws.operate.prices import DEFAULT_REGION, Item, price
from tests.benchmarks.figure import PANELS, rows_of, value_of
from tests.benchmarks.prices import DOLLARS_PER_MILLION_LAMBDA_REQUESTS
from tests.benchmarks.table import Row, Section, duration

MEGABYTES_OF_A_VCPU = 1_769
SIZES = (128, 256, 512, 1_024, 1_769)
# A strongly consistent BatchGetItem, which the function waits for at any memory.
WAIT_SECONDS = 0.005
_MILLISECOND = 0.001
_DOLLARS_PER_MILLION_GB_SECONDS = price(DEFAULT_REGION, Item.LAMBDA_SECOND).dollars


def billed_seconds(processor_seconds: float, megabytes: int, wait_seconds: float) -> float:
    """Return the time that Lambda bills, in whole milliseconds, rounded up."""
    share = min(megabytes / MEGABYTES_OF_A_VCPU, 1.0)
    taken = processor_seconds / share + wait_seconds
    # Without the rounding of floats, 5 ms could become 6.
    return -(-round(taken * 1e6) // 1000) * _MILLISECOND


def dollars(processor_seconds: float, megabytes: int, wait_seconds: float = WAIT_SECONDS) -> float:
    """Return the dollars of a million invocations, the requests included."""
    gigabyte_seconds = billed_seconds(processor_seconds, megabytes, wait_seconds) * megabytes / 1024
    return gigabyte_seconds * _DOLLARS_PER_MILLION_GB_SECONDS + DOLLARS_PER_MILLION_LAMBDA_REQUESTS


def calculated(table: str) -> Section:
    """Return the section from the times of a table in Markdown. Raises ValueError if one is missing."""
    rows = rows_of(table)
    warm, cold = (value_of(rows, panel.section, panel.bars[0].what) * _MILLISECOND for panel in PANELS[:2])
    return section(warm, cold)


def section(warm: float, cold: float) -> Section:
    """Return the section for the processor time of a warm decision and of a cold start, in seconds."""
    return Section(
        "Memory of the authorizer, dollars per million decisions, calculated",
        [_row(megabytes, warm, cold) for megabytes in SIZES],
        _notes(warm, cold),
    )


def _row(megabytes: int, warm: float, cold: float) -> Row:
    time = duration(billed_seconds(warm, megabytes, WAIT_SECONDS))
    start = duration(billed_seconds(cold, megabytes, WAIT_SECONDS))
    return Row(
        f"{megabytes:,} MB", f"${dollars(warm, megabytes):.3f}", f"{time} billed; cold start {start}"
    )


def _notes(warm: float, cold: float) -> Sequence[str]:
    return (
        f"A decision takes {duration(warm)} of processor time and waits {duration(WAIT_SECONDS)} for "
        f"DynamoDB. The wait is assumed. A first decision takes {duration(cold)} of processor time.",
        f"A function with {MEGABYTES_OF_A_VCPU:,} MB has one vCPU, and its share grows with the memory "
        "(AWS Lambda, Configure function memory). Lambda bills whole milliseconds.",
    )
