"""The measures of docs/decisions/0030-house.md."""

from __future__ import annotations

import pytest

from tests.support import house


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def _once(): ...\n_once()\n", (1, 1)),
        ("def _twice(): ...\n_twice()\n_twice()\n", (0, 1)),
        ("class A:\n    def _once(self): ...\n    def all(self):\n        return self._once()\n", (1, 1)),
        ("def public(): ...\npublic()\nclass A:\n    def __init__(self): ...\n", (0, 0)),
    ],
)
def test_private_functions_are_counted(source: str, expected: tuple[int, int]) -> None:
    """Those with one mention in their module, and all."""
    assert house.called_once(source) == expected


def test_comments_are_counted_without_orders_to_tools() -> None:
    """Each line of a comment counts; a number sign in a string does not."""
    assert (
        house.comments(
            '# Why,\n# and why not.\na = "# no"  # noqa: E501\nb = 1  # type: ignore\nc = 1  # a\n'
        )
        == 3
    )


def test_the_house_is_measured() -> None:
    """Each figure of the table, for the code as it is."""
    figures = house.measured(house.ROOT)
    assert len(figures) == 9
    walks = [figure for name, figure in figures.items() if name.startswith("files entered by")]
    assert len(walks) == 4
    assert all(int(figure.split(",")[0]) > 5 for figure in walks)
