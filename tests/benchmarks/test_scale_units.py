"""Lists and searches cost the same, once a page is full, whatever the number of rows."""

import pytest

from tests.benchmarks import large, scale
from tests.benchmarks.scale import Cost

pytestmark = [pytest.mark.slow, pytest.mark.emulator]


def test_pages_do_not_grow_with_the_rows() -> None:
    """The sizes are small here. Rows say if a page kept its target."""
    sections = scale.measured(400)

    assert [row.what for row in sections[0].rows if row.what.startswith("list")] == [
        "list of 100, 100 tokens",
        "list of 100, 400 tokens",
    ]
    judged = [row for section in sections for row in section.rows if row.met is not None]
    assert [row.met for row in judged] == [True] * 5
    cells = {row.what: row.measured for section in sections for row in section.rows}
    # One row more than the page shows that there is another page.
    assert cells["list of 100, 400 tokens"] == str(Cost(1, 7))
    assert cells["list of 100 users, 400 users"] == cells["list of 100 users, 100 users"]


def test_emulator_and_moto_count_the_same() -> None:
    """So moto may count for more rows than the emulator can sort.

    Reads of all users' events also depend on how many of them were on each day.
    """
    cells = {row.what: row.measured for section in scale.measured(400) for row in section.rows}
    costs = large.counted(400)
    of_all = {"list of 100 events of all users", "a page of a search for a type"}
    assert of_all < costs.keys()
    for name in costs.keys() - of_all:
        noun = "tokens" if f"{name}, 400 tokens" in cells else "events"
        assert cells[f"{name}, 400 {noun}"] == str(costs[name])


def test_sizes_end_at_the_largest() -> None:
    """A quick look has small sizes."""
    assert scale.sizes_up_to(1_000) == [100, 1_000]
    assert scale.sizes_up_to(10_000) == [100, 1_000, 10_000]
    assert scale.sizes_up_to(50) == [50]
