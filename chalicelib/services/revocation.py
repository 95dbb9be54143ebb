"""End a token and its line."""

from collections.abc import Callable

from chalicelib import logs
from chalicelib.domain.errors import ConcurrentChange, DependencyUnavailable
from chalicelib.domain.lines import Ending, Line, ending_of
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import RotationStore, TokenStore
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services.lines import FindMembers

_ATTEMPTS = 5


class RevokeToken:
    """Revokes on what was read, and reads again what changed meanwhile."""

    def __init__(
        self, store: TokenStore, rotations: RotationStore, clock: Clock, rules: TokenRules
    ) -> None:
        self._store = store
        self._rotations = rotations
        self._members = FindMembers(rotations)
        self._clock = clock
        self._rules = rules

    def revoke(
        self, read: Callable[[], tuple[Token | None, User | None]], reason: RevocationReason
    ) -> bool:
        """Revoke the token that ``read`` returns with its owner, and what works of its line.

        Return whether anything ended now. Raises ConcurrentChange or DependencyUnavailable.
        """
        for _ in range(_ATTEMPTS):
            token, owner = read()
            if token is None or owner is None or token.generation != owner.generation:
                return False
            try:
                return self._end(token, reason)
            except ConcurrentChange:
                continue
        raise ConcurrentChange

    def _end(self, token: Token, reason: RevocationReason) -> bool:
        members = self._members.of(token)
        ending = ending_of(members, reason, self._clock.now(), self._rules)
        if ending is None:
            return False
        self._write(ending)
        others = [change.before.id for change in ending.changes if change.before.id != token.id]
        if others:
            logs.add(also_revoked=others)
        return True

    def _write(self, ending: Ending) -> None:
        try:
            self._store.end_line(ending)
        except ConcurrentChange:
            if ending.line:
                self._stop(ending.line)
            raise

    def _stop(self, line: Line) -> None:
        """Stop a line whose token keeps rotating itself, so that it cannot hold up its own end."""
        try:
            self._rotations.stop_line(line)
        except DependencyUnavailable as error:
            # The next attempt may end the line without this help.
            logs.warn("line.not_stopped", line_id=line.id, cause=logs.cause(error))
