"""Pauses of tokens by the jobs of administrators."""

from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.events import EventType
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import AuthorizationStore, TokenStore
from chalicelib.domain.revocation_jobs import RevocationJob
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import TokenStatus
from chalicelib.services.conflicts import retry_on_conflict
from chalicelib.services.journal import Journal


class PauseToken:
    """The pause of an active token alone, without its line. A token that is not active stays as it is."""

    def __init__(
        self,
        tokens: TokenStore,
        rows: AuthorizationStore,
        clock: Clock,
        rules: TokenRules,
        journal: Journal,
    ) -> None:
        self._tokens = tokens
        self._rows = rows
        self._clock = clock
        self._rules = rules
        self._journal = journal

    def by_job(self, user_id: str, token_id: str, job: RevocationJob, admin: ActingAdmin) -> None:
        """Pause a token for a job, if it is active.

        Raises AdminRequired, ConcurrentChange or DependencyUnavailable.
        """
        retry_on_conflict(lambda: self._pause(user_id, token_id, job, admin))

    def _pause(self, user_id: str, token_id: str, job: RevocationJob, admin: ActingAdmin) -> None:
        token, owner = self._rows.find_for_authorization(user_id, token_id)
        # By another machine's clock the job may begin later than now. Its pauses must not come before it.
        now = max(self._clock.now(), job.created_at)
        if token is None or owner is None:
            return
        if token.status(owner, now, self._rules) is not TokenStatus.ACTIVE:
            return
        after = token.paused(now)
        event = self._journal.about_token(EventType.TOKEN_PAUSED, token, after, job.actor, now)
        self._tokens.save_token(token, after, event, admin)
