"""Tokens whose rows are damaged."""

from datetime import datetime

from chalicelib.domain.tokens import Token


class DamagedToken(Token):
    """The readable parts of a damaged row. Such a token can only be ended.

    Parts that cannot be read have placeholders. So no decision may use it, and no list may show it.
    """

    def surely_holds_place(self, now: datetime) -> bool:
        """Return False, because nothing is sure. The count may be too high, but never too low."""
        return False
