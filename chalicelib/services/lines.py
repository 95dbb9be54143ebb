"""The tokens that end together, found by a bounded number of reads."""

from collections.abc import Iterable, Sequence

from chalicelib.domain.errors import ConcurrentChange
from chalicelib.domain.lines import Line, Members
from chalicelib.domain.ports.tokens import RotationStore
from chalicelib.domain.tokens import Token


def find_members(rotations: RotationStore, token: Token) -> Members:
    """Return the tokens that may work: of the token's line, and beside it in the family.

    A line that 0.1 began has no row. Its newest token is found among the rows of its family.
    Raises ConcurrentChange if the line grows meanwhile, or DependencyUnavailable.
    """
    # Most tokens were never rotated. Their end costs no read.
    if not (token.predecessor_id or token.successor_id):
        return Members(None, (token,))
    rows = _around(rotations, token)
    if rows.goes_on:
        rows = _around(rotations, _newest(rotations, rows.newest))
    if rows.goes_on:
        raise ConcurrentChange
    return rows.members()


def _around(rotations: RotationStore, token: Token) -> "_Rows":
    rows = _Rows(token)
    near = (token.predecessor_id, token.successor_id)
    rows.line, found = rotations.find_rows(token.user_id, rows.missing(near), token.id_of_line)
    rows.add(found)
    for wanted in (rows.named, rows.neighbours):
        if missing := rows.missing(wanted()):
            rows.add(rotations.find_rows(token.user_id, missing)[1])
    return rows


def _newest(rotations: RotationStore, token: Token) -> Token:
    family = rotations.list_family(token.user_id, token.family_id or token.id)
    by_id = {each.id: each for each in family}
    while (follower := by_id.get(token.successor_id or "")) and follower.is_self_rotated:
        token = follower
    return token


class _Rows:
    """A line's row and the rows of tokens around it, each read at most once."""

    def __init__(self, token: Token) -> None:
        self.line: Line | None = None
        self._token = token
        self._known = {token.id: token}

    def missing(self, token_ids: Iterable[str | None]) -> set[str]:
        """Return the ids among ``token_ids`` whose rows are not known."""
        return {each for each in token_ids if each} - self._known.keys()

    def add(self, found: Sequence[Token]) -> None:
        """Keep rows."""
        self._known |= {token.id: token for token in found}

    def named(self) -> Sequence[str]:
        """Return the ids of the tokens that the line's row names, or else of the token itself."""
        return self.line.token_ids if self.line else [self._token.id]

    def neighbours(self) -> set[str | None]:
        """Return the ids of the predecessors and successors of the named tokens."""
        tokens = self._rows(self.named())
        return {each for token in tokens for each in (token.predecessor_id, token.successor_id)}

    @property
    def newest(self) -> Token:
        """The newest token that the line's row names, or else the token itself."""
        return self._known.get(self.named()[-1], self._token)

    @property
    def goes_on(self) -> bool:
        """True if the newest named token rotated itself and the line's row does not say so."""
        return any(token.is_self_rotated for token in self._rows([self.newest.successor_id]))

    def members(self) -> Members:
        """Return the tokens of the line that may work, and the other neighbours."""
        named = self._rows(self.named())
        before = [token.predecessor_id for token in named if token.is_self_rotated]
        ids = dict.fromkeys([*before, *self.named()])
        return Members(self.line, self._rows(ids), self._rows(self.neighbours() - ids.keys()))

    def _rows(self, token_ids: Iterable[str | None]) -> Sequence[Token]:
        return [self._known[each] for each in token_ids if each in self._known]
