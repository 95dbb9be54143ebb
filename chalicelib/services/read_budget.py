"""The bounds of one page of a walk through all users and their tokens."""

from dataclasses import dataclass

MOST_CALLS = 40
"""The largest number of calls to DynamoDB for one page."""
MOST_READ_UNITS = 100
"""The largest number of read units for one page."""

OWNERS_AT_ONCE = 25
_ROWS_AT_ONCE = 100
# Quarters of a read unit for each eventually consistent read. A token's row has at most 4 KB: its texts
# have at most 600 characters, of up to four bytes each.
TOKEN, OWNER, ENDED_GENERATION, QUERY = 2, 2, 2, 2
WHOLE_UNIT = 4


class PageIsFullError(Exception):
    """The page has enough tokens, or nothing is left to read for it."""


@dataclass(slots=True)
class ReadBudget:
    """The calls and the quarters of read units that are left for a page."""

    # The last call reads the ended generations of the tokens that were found.
    calls: int = MOST_CALLS - 1
    quarters: int = MOST_READ_UNITS * WHOLE_UNIT

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
