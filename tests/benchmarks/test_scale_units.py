"""Lists and searches cost the same, once a page is full, whatever the number of rows."""

import pytest

from tests.benchmarks import scale
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


def test_sizes_end_at_the_largest() -> None:
    """A quick look has small sizes."""
    assert scale.sizes_up_to(1_000) == [100, 1_000]
    assert scale.sizes_up_to(10_000) == [100, 1_000, 10_000]
    assert scale.sizes_up_to(50) == [50]
