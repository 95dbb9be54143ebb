"""A counter for the steps of a regular expression, so that tests of its cost do not need a clock."""

import re
from collections.abc import Iterator, Sequence
from re import _constants as op
from re import _parser as parser
from typing import Any


class Counter:
    """A backtracking search like that of ``re``, for the syntax that our expressions use."""

    def __init__(self, expression: str) -> None:
        self._tree = list(parser.parse(expression))
        self.looks = 0
        """The number of characters compared so far."""

    def search_all(self, text: str) -> list[str]:
        """Return the matches of ``finditer``. For an empty match its first group is returned."""
        found, start = [], 0
        while start <= len(text):
            self._group = ""
            end = next(self._ends(self._tree, text, start), None)
            if end is None:
                start += 1
            else:
                found.append(text[start:end] or self._group)
                start = max(end, start + 1)
        return found

    def _ends(self, items: Sequence[Any], text: str, at: int) -> Iterator[int]:
        if not items:
            yield at
            return
        for end in self._item(items[0], text, at):
            yield from self._ends(items[1:], text, end)

    def _item(self, item: Any, text: str, at: int) -> Iterator[int]:
        kind, value = item
        if kind is op.SUBPATTERN:
            for end in self._ends(list(value[-1]), text, at):
                self._group = text[at:end]
                yield end
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            yield from self._look_around(kind, value, text, at)
        elif kind is op.MAX_REPEAT:
            yield from self._repeat(value, text, at)
        elif at < len(text) and self._is_one(kind, value, text[at]):
            yield at + 1

    def _look_around(self, kind: Any, value: Any, text: str, at: int) -> Iterator[int]:
        direction, tree = value
        start = at if direction > 0 else at - 1
        matches = start >= 0 and next(self._ends(list(tree), text, start), None) is not None
        if matches is (kind is op.ASSERT):
            yield at

    def _repeat(self, value: Any, text: str, at: int) -> Iterator[int]:
        least, most, tree = value
        ((kind, one),) = tree
        end = at
        while end < len(text) and end - at < most and self._is_one(kind, one, text[end]):
            end += 1
        # Greedy: the longest run first, then each shorter one.
        yield from range(end, at + least - 1, -1)

    def _is_one(self, kind: Any, value: Any, character: str) -> bool:
        self.looks += 1
        if kind is op.LITERAL:
            return bool(ord(character) == value)
        return any(
            low <= ord(character) <= high
            for name, bounds in value
            for low, high in [bounds if name is op.RANGE else (bounds, bounds)]
        )


def looks(expression: str, text: str) -> int:
    """Return the number of characters that a search for all matches compares. Check it against ``re``."""
    counter = Counter(expression)
    found = counter.search_all(text)
    assert found == [match.group() or match.group(1) for match in re.finditer(expression, text)]
    return counter.looks
