"""The price of a decision by memory is arithmetic, so it is tested with made-up times."""

import pytest

from tests.benchmarks import memory
from tests.benchmarks.memory import billed_seconds, dollars


@pytest.mark.parametrize(
    ("megabytes", "billed"),
    [(1_769, 0.006), (3_000, 0.006), (128, 0.019), (512, 0.009)],
)
def test_share_of_a_processor_grows_with_memory(megabytes: int, billed: float) -> None:
    """One millisecond of processor time and five of waiting, in whole milliseconds. A vCPU is the most."""
    assert billed_seconds(0.001, megabytes, 0.005) == pytest.approx(billed)


def test_dollars_have_memory_and_requests() -> None:
    """A millisecond in a gigabyte costs $0.0133 a million times, and the requests $0.20."""
    assert dollars(0.0, 1_024, 0.001) == pytest.approx(0.2133334)


def test_least_memory_costs_least_if_the_function_waits() -> None:
    """Processor time costs the same at any memory, and waiting costs more with more memory."""
    costs = [dollars(0.0008, megabytes) for megabytes in memory.SIZES]
    assert costs == sorted(costs)


def test_section_is_calculated_from_the_table() -> None:
    """Its times are those of the decision and of the first decision."""
    table = """
### Decision, warm, processor time

| decision, to verification and boto3's BatchGetItem | p50 500.0 us, p99 1.00 ms |  |  |  |  |

### Cold start of the authorizer, processor time

| first decision, to cryptography and a bare socket | 60.00 ms | 40.00 ms | 1.5 x |  |  |
"""
    assert memory.calculated(table) == memory.section(0.0005, 0.06)
    with pytest.raises(ValueError, match="no row"):
        memory.calculated("")
