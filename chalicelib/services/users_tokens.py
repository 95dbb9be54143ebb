"""One token of any user, for administrators."""

from collections.abc import Collection

from chalicelib.domain.events import Actor
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.tokens import TokenState
from chalicelib.domain.users import User
from chalicelib.services.listing import TokenView
from chalicelib.services.manage import ManageTokens, TokenPatch
from chalicelib.services.revocation import RevokeToken
from chalicelib.services.users import ManageUsers


class AdministerTokens:
    """Reads, pauses, re-activations and revocations of one token.

    A write succeeds only if the administrator is still active and an administrator at that moment.
    """

    def __init__(self, users: ManageUsers, manage: ManageTokens, revoke: RevokeToken) -> None:
        self._users = users
        self._manage = manage
        self._revoke = revoke

    def get(self, user_id: str, token_id: str) -> TokenView:
        """Return a token. Raises UserNotFound, TokenNotFound or DependencyUnavailable."""
        return self._manage.get(self._users.get(user_id), token_id)

    def set_status(
        self,
        admin: User,
        user_id: str,
        token_id: str,
        status: TokenState,
        actor: Actor,
        if_match: Collection[int] | None = None,
    ) -> TokenView:
        """Pause or re-activate a token and return it. The owner may undo either.

        Raises UserNotFound, AdminRequired and the errors of ``ManageTokens.patch``.
        """
        owner = self._users.get(user_id)
        acting = self._users.acting(admin, owner)
        return self._manage.patch(owner, token_id, TokenPatch(status=status), actor, if_match, acting)

    def revoke(self, admin: User, user_id: str, token_id: str, actor: Actor) -> None:
        """Revoke a token and its line for good.

        Raises UserNotFound, TokenNotFound, AdminRequired, ConcurrentChange or DependencyUnavailable.
        """
        owner = self._users.get(user_id)
        acting = self._users.acting(admin, owner)
        self._revoke(owner, token_id, RevocationReason.ADMIN, actor, acting)
