"""Leak reports: whoever finds a token may have it revoked, and learns nothing by trying."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib import logs
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import ConcurrentChange, DependencyUnavailable, InvalidToken, StoreUnavailable
from chalicelib.domain.ports.signing import TokenVerifier
from chalicelib.domain.revocations import RevocationReason
from chalicelib.services.lines import FindPresented
from chalicelib.services.revocation import RevokeToken

MAX_REPORTED = 100


@dataclass(slots=True)
class _Outcome:
    """What became of a report so far; ``failure`` is the last thing that could not be done."""

    revoked: list[str]
    failure: Exception | None = None


class RevokeExposed:
    """Signature first, without any I/O: what this service did not sign costs no database read."""

    def __init__(self, verifier: TokenVerifier, find: FindPresented, revocations: RevokeToken) -> None:
        self._verifier = verifier
        self._find = find
        self._revocations = revocations

    def report(self, unverified_tokens: Sequence[str]) -> Sequence[str]:
        """Revoke the genuine tokens among at most 100 candidates. Return the ids that were revoked now.

        Raises StoreUnavailable if some could not be read or revoked, after trying the others. Repeating
        the report revokes the rest.
        """
        outcome = _Outcome([])
        for unverified_token in dict.fromkeys(unverified_tokens[:MAX_REPORTED]):
            self._try(unverified_token, outcome)
        revoked = outcome.revoked
        logs.add(candidates=len(unverified_tokens), revoked=len(revoked), token_ids=revoked)
        if outcome.failure:
            raise StoreUnavailable from outcome.failure
        return outcome.revoked

    def _try(self, unverified_token: str, outcome: _Outcome) -> None:
        try:
            claims = self._verifier.verify(unverified_token)
            if self._is_revoked_now(claims):
                outcome.revoked.append(claims.token_id)
        except InvalidToken:
            return
        except (ConcurrentChange, DependencyUnavailable) as error:
            outcome.failure = error

    def _is_revoked_now(self, claims: Claims) -> bool:
        return self._revocations.revoke(lambda: self._find.of(claims), RevocationReason.EXPOSED)
