"""Token exchange (RFC 8693): a token of the OpenID provider for an API token."""

from collections.abc import Collection

from chalicelib.domain.callers import Caller
from chalicelib.domain.claims import TokenType
from chalicelib.domain.errors import InvalidSubjectToken, InvalidTarget, SignInRefused
from chalicelib.domain.events import Actor, ActorKind
from chalicelib.domain.ids import API_TOKEN_PREFIX
from chalicelib.domain.ports.sign_in import SubjectTokenVerifier
from chalicelib.domain.token_creation import IssuedToken, TokenRequest
from chalicelib.services.accounts import Accounts
from chalicelib.services.issue import IssueToken


class ExchangeSignIn:
    """API tokens for identities that the provider has verified. They are like all other API tokens."""

    def __init__(
        self, provider: SubjectTokenVerifier, accounts: Accounts, issue: IssueToken, audience: str
    ) -> None:
        self._provider = provider
        self._accounts = accounts
        self._issue = issue
        self._audience = audience

    def __call__(
        self,
        unverified_subject_token: str,
        kind: TokenType,
        targets: Collection[str],
        request: TokenRequest,
        caller: Caller,
        idempotency_key: str | None,
    ) -> IssuedToken:
        """Return a new API token for the user of the subject token.

        ``targets`` are the requested resources and audiences. Raises InvalidTarget, InvalidSubjectToken
        also for a refused sign-in, and the other errors of ``Accounts.present`` and ``IssueToken``.
        """
        if any(target != self._audience for target in targets):
            raise InvalidTarget
        # The provider's verifier would refuse it as well, but could not say what to do.
        if unverified_subject_token.startswith(API_TOKEN_PREFIX):
            raise InvalidSubjectToken("An API token must be exchanged as an access token.")
        try:
            owner = self._accounts.present(self._provider.verify_as(unverified_subject_token, kind), caller)
        except SignInRefused as error:
            raise InvalidSubjectToken(refusal=error) from error
        actor = Actor(ActorKind.PERSON, owner.id, caller)
        return self._issue(owner, request, actor, idempotency_key)
