"""The bounds of one page of a list or a search that reads more rows than it shows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

MOST_CALLS = 40
"""The largest number of calls to DynamoDB for one page, the sign-in included."""
MOST_READ_UNITS = 100
"""The largest number of read units for one page, the sign-in included."""

OWNERS_AT_ONCE = 25
_ROWS_AT_ONCE = 100
# Quarters of a read unit for each eventually consistent read. A token's row has at most 4 KB: its texts
# have at most 600 characters, of up to four bytes each. Only a list of many long scopes makes it larger.
TOKEN, OWNER, ENDED_GENERATION, QUERY = 2, 2, 2, 2
WHOLE_UNIT = 4

# A day of events is eight queries of an index, whose 50 keys are within two units each time, and one batch.
_DAY_QUERIES, _DAY_KEYS = 8, 8 * 2 * QUERY
_EVENTS_AT_ONCE = 50
EVENT_UNITS = 2
"""The read units of the largest event: a name, a description and a list of networks, before and after."""
# The names of an event's owner and of its actor.
NAMES = 2 * OWNER

_UNIT_BYTES = 4096
# A sign-in reads a session, the user and where the identity leads. An administrator's list reads the owner.
_SIGN_IN_CALLS, _SIGN_IN_UNITS = 4, 6
# Strongly consistent reads of tokens leave these for the records of ended generations.
_KEPT = 10 * WHOLE_UNIT


class PageIsFullError(Exception):
    """The page has enough tokens, or nothing is left to read for it."""


@dataclass(slots=True)
class ReadBudget:
    """The calls and the quarters of read units that are left for a page."""

    # The last call reads the ended generations of the tokens that were found.
    calls: int = MOST_CALLS - _SIGN_IN_CALLS - 1
    quarters: int = (MOST_READ_UNITS - _SIGN_IN_UNITS) * WHOLE_UNIT

    def pay(self, calls: int, quarters: int) -> None:
        """Pay for reads. Raises PageIsFullError if too little is left."""
        if self.calls < calls or self.quarters < quarters:
            raise PageIsFullError
        self.calls -= calls
        self.quarters -= quarters

    def most_rows(self) -> int:
        """Return the number of tokens that a query may read. Raises PageIsFullError if it is zero."""
        # Each token may need the record of an ended generation.
        rows = min((self.quarters - QUERY) // (TOKEN + ENDED_GENERATION), _ROWS_AT_ONCE)
        if self.calls == 0 or rows <= 0:
            raise PageIsFullError
        return rows

    def most_strong_rows(self, units_each: int = 1) -> int:
        """Return the number of rows that a strongly consistent query may read.

        Rows are often much smaller than ``units_each`` allows. So pay for their size after the read. Raises
        PageIsFullError if it is zero.
        """
        rows = min((self.quarters - _KEPT) // (units_each * WHOLE_UNIT), _ROWS_AT_ONCE)
        if self.calls == 0 or rows <= 0:
            raise PageIsFullError
        return rows

    def pay_strong_query(self, size: int) -> None:
        """Pay for a strongly consistent query that read rows of ``size`` bytes together."""
        self._pay_afterwards(1, max(math.ceil(size / _UNIT_BYTES), 1) * WHOLE_UNIT)

    def most_events(self) -> int:
        """Return the number of events of a day that may be read.

        Rows are often much smaller than 8 KB. So pay for their sizes after the read. Raises PageIsFullError
        if it is zero.
        """
        rows = min((self.quarters - _DAY_KEYS - NAMES) // (EVENT_UNITS * WHOLE_UNIT), _EVENTS_AT_ONCE)
        if self.calls <= _DAY_QUERIES or rows <= 0:
            raise PageIsFullError
        return rows

    def pay_events(self, sizes: Sequence[int]) -> None:
        """Pay for a day of which rows of these sizes were read, strongly consistent, by their keys."""
        rows = sum(math.ceil(size / _UNIT_BYTES) for size in sizes)
        self._pay_afterwards(_DAY_QUERIES + bool(sizes), _DAY_KEYS + rows * WHOLE_UNIT)

    def pay_owners(self, most: int) -> int:
        """Pay for an eventually consistent read of users. Return their number, which is at most ``most``.

        ``most`` is at least 25. Raises PageIsFullError if too little is left for 25 users.
        """
        # The index has 25 users in half a read unit.
        price = QUERY + OWNERS_AT_ONCE * OWNER
        groups = max(min(self.quarters // price, most // OWNERS_AT_ONCE), 1)
        self.pay(2, groups * price)
        return groups * OWNERS_AT_ONCE

    def _pay_afterwards(self, calls: int, quarters: int) -> None:
        """Pay for rows that were read. If they were larger than expected, enough is left to show one.

        Otherwise the page would end before its first row, and so would every later page.
        """
        self.calls -= calls
        self.quarters = max(self.quarters - quarters, NAMES)
