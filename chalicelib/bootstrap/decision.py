"""The parts of the authorizer's decision, and of the reaction to refused uses."""

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING

from chalicelib.bootstrap.stores import Stores
from chalicelib.domain.administrators import Administrators
from chalicelib.domain.callers import Caller
from chalicelib.domain.errors import MalformedToken
from chalicelib.domain.scopes import ScopeCatalogue
from chalicelib.domain.seen_networks import RefusedReason
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.services.callers import Admitted, AdmittedToken, RoutesOf
from chalicelib.settings import RotatedTokenReuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    from chalicelib.domain.ports.signing import TokenVerifier
    from chalicelib.services.journal import Journal
    from chalicelib.services.recent_rows import RecentRows
    from chalicelib.services.refused_uses import RecordRefusal
    from chalicelib.services.revocation import RevokeToken
    from chalicelib.services.verify import VerifyToken


class Decision(Stores):
    """The decision whether a token may be used right now."""

    def prepare(self) -> None:
        """Build the parts of a decision, without any call over the network."""
        _ = self.verify

    @property
    def catalogue(self) -> ScopeCatalogue:
        """The scopes that the service has."""
        return self.settings.catalogue

    @property
    def max_lifetime(self) -> timedelta | None:
        """The lifetime after which every token expires, or None if a token may never expire."""
        return self.settings.max_token_lifetime

    @cached_property
    def rules(self) -> TokenRules:
        """The durations, the quota and the scopes that govern tokens."""
        settings = self.settings
        return TokenRules(
            idle_timeout=settings.idle_timeout,
            refresh_interval=settings.last_used_refresh,
            retention=settings.retention,
            max_live_tokens=settings.max_tokens_per_user,
            max_creations_per_day=settings.max_creations_per_day,
            max_lifetime=self.max_lifetime,
            record_networks=settings.record_networks,
            catalogue=settings.catalogue,
            administrators=Administrators(
                settings.oidc_issuer, settings.subject_claim, settings.admin_subjects
            ),
        )

    @cached_property
    def verifier(self) -> "TokenVerifier":
        """The verifier of API tokens' signatures and claims."""
        from chalicelib.adapters.api_token import ApiTokenVerifier
        from chalicelib.adapters.jws import load_public_keys
        from chalicelib.adapters.key_cache import KeyCache
        from chalicelib.adapters.verified_signatures import VerifiedSignatures

        verified: VerifiedSignatures[EllipticCurvePublicKey] = VerifiedSignatures()

        def load() -> "Mapping[str, EllipticCurvePublicKey]":
            keys = load_public_keys(self.keys)
            # After an operator revokes a key, nothing that it verified may be used longer than the key.
            self.recent_rows.clear()
            verified.clear()
            return keys

        settings = self.settings
        keys = KeyCache(load, self.clock)
        return ApiTokenVerifier(keys, settings.issuer, settings.audience, self.clock, verified)

    @cached_property
    def recent_rows(self) -> "RecentRows":
        """The rows that decisions may use again."""
        from chalicelib.services.recent_rows import RecentRows

        return RecentRows(self.settings.decision_reuse, self.clock)

    @cached_property
    def verify(self) -> "VerifyToken":
        """The authorizer's decision."""
        from chalicelib.services.verify import VerifyToken

        def note_refusal(token: Token, reason: RefusedReason, network: str | None) -> None:
            # Only a decision that refuses a genuine token loads the parts that record it.
            self._record_refusal(token, reason, network)

        store, rules, recent = self.authorization, self.rules, self.recent_rows
        return VerifyToken(self.verifier, store, self.clock, rules, note_refusal, recent)

    def admit(
        self, unverified_token: str | None, caller: Caller, lets_in: Callable[[Admitted], bool]
    ) -> Admitted:
        """Return the bearer of a token that a front door presents.

        ``lets_in`` returns True if the door would let the bearer in.
        Raises InvalidToken for every refusal, and DependencyUnavailable if nothing can be decided.
        """
        if unverified_token is None:
            raise MalformedToken
        admitted = partial(AdmittedToken, catalogue=self.rules.catalogue, routes_of=self._routes_of)
        return admitted(
            self.verify.decide(unverified_token, caller, lambda verified: lets_in(admitted(verified)))
        )

    @cached_property
    def _routes_of(self) -> RoutesOf:
        """The routes by scopes. A process sees few sets of scopes, and each of them often."""
        return lru_cache(maxsize=256)(self.rules.catalogue.routes)

    @cached_property
    def _record_refusal(self) -> "RecordRefusal":
        from chalicelib.services.refused_uses import RecordRefusal

        is_strict = self.settings.rotated_token_reuse is RotatedTokenReuse.REVOKE_FAMILY
        respond = self._revoke_family if is_strict else None
        return RecordRefusal(self.authorization, self.clock, self.rules, respond)

    def _revoke_family(self, token: Token) -> bool:
        """Revoke the family of a reused token. Only a reuse loads the SDK for it."""
        from chalicelib.services.reuse import RevokeFamily

        return RevokeFamily(self.rotations, self.revoke, self.clock)(token)

    @cached_property
    def revoke(self) -> "RevokeToken":
        """The revocation of tokens."""
        from chalicelib.services.revocation import RevokeToken

        return RevokeToken(
            self.tokens, self.rotations, self.authorization, self.clock, self.rules, self.journal
        )

    @cached_property
    def journal(self) -> "Journal":
        """The events of changes."""
        from chalicelib.services.journal import Journal

        return Journal(self.settings.audit_retention, self.settings.record_networks)
