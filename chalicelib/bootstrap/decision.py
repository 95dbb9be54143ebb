"""What the authorizer's decision is made of, and what a refused one may lead to."""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.stores import Stores
from chalicelib.domain.administrators import Administrators
from chalicelib.domain.scopes import ScopeCatalogue
from chalicelib.domain.tokens import Token, TokenPolicy
from chalicelib.settings import RotatedTokenReuse

if TYPE_CHECKING:
    from chalicelib.domain.ports import TokenVerifier
    from chalicelib.services.reuse import RecordReuse
    from chalicelib.services.revocation import RevokeToken
    from chalicelib.services.verify import VerifyToken


class Decision(Stores):
    """Whether a token may be used right now."""

    def prepare(self) -> None:
        """Build what a decision needs; nothing is asked over the network."""
        _ = self.verify

    @property
    def scopes(self) -> ScopeCatalogue:
        """The scopes that there are."""
        return self.settings.scopes

    @cached_property
    def policy(self) -> TokenPolicy:
        """The durations, the quota and the scopes that govern tokens."""
        settings = self.settings
        return TokenPolicy(
            idle_timeout=settings.idle_timeout,
            refresh_interval=settings.last_used_refresh,
            retention=settings.retention,
            max_live_tokens=settings.max_tokens_per_user,
            max_creations_per_day=settings.max_creations_per_day,
            max_lifetime=settings.max_token_lifetime,
            scopes=settings.scopes,
            administrators=Administrators(
                settings.oidc_issuer, settings.subject_claim, settings.admin_subjects
            ),
        )

    @cached_property
    def verifier(self) -> "TokenVerifier":
        """Reading API tokens."""
        from chalicelib.adapters.api_token import ApiTokenVerifier, load_public_keys
        from chalicelib.adapters.key_cache import KeyCache

        settings = self.settings
        keys = KeyCache(lambda: load_public_keys(self.verification_keys), self.clock)
        return ApiTokenVerifier(keys, settings.issuer, settings.audience, self.clock)

    @cached_property
    def verify(self) -> "VerifyToken":
        """The authorizer's decision."""
        from chalicelib.services.verify import VerifyToken

        store, policy = self.authorization, self.policy
        return VerifyToken(self.verifier, store, self.clock, policy, self._note_reuse)

    def _note_reuse(self, token: Token) -> None:
        """Record it: only a refused decision loads what does."""
        self._reuse.record(token)

    @cached_property
    def _reuse(self) -> "RecordReuse":
        from chalicelib.services.reuse import RecordReuse, RevokeFamily

        respond = None
        if self.settings.rotated_token_reuse is RotatedTokenReuse.REVOKE_FAMILY:
            family = RevokeFamily(self.rotations, self.authorization, self.revocations, self.clock)
            respond = family.revoke
        return RecordReuse(self.rotations, self.clock, self.policy, respond)

    @cached_property
    def revocations(self) -> "RevokeToken":
        """Revoking one token, whoever asks for it."""
        from chalicelib.services.revocation import RevokeToken

        return RevokeToken(self.tokens, self.rotations, self.clock, self.policy)
