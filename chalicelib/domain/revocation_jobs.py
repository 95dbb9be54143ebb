"""Jobs of administrators that revoke or pause many tokens, page by page."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from chalicelib.domain.events import Actor
from chalicelib.domain.frozen import Frozen, field, replace
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_filters import TokenFilter
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenState, TokenStatus
from chalicelib.domain.users import User

MAX_TOKEN_IDS = 1_000
MAX_RUNNING_JOBS = 20
"""The largest number of jobs of all administrators that run at once."""

_DIGEST_LENGTH = 12


def digest_of_request(
    reason: RevocationReason,
    token_ids: Sequence[str],
    owner: str,
    wanted: TokenFilter,
    action: "JobAction",
    *,
    is_dry_run: bool,
) -> str:
    """Return the digest of all that decides which tokens a job changes, and how."""
    members = [reason.value, is_dry_run, list(token_ids), owner, wanted.members()]
    if action is not JobAction.REVOKE:
        # Not for a revocation: jobs from before there were other actions have no such member.
        members.append(action.value)
    return hashlib.sha256(json.dumps(members, sort_keys=True).encode()).hexdigest()


class JobStatus(Enum):
    """The status of a job. A stopped one does not go on, because its administrator is none any more."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"


class JobAction(Enum):
    """The change that a job makes to each token."""

    REVOKE = "revoke"
    PAUSE = "pause"


class Outcome(Enum):
    """The result of a job for one token. In a dry run, ``ENDED`` means that the job would change it.

    A job that pauses counts tokens that are not active as ``ALREADY_REVOKED``.
    """

    ENDED = "tokens"
    ALREADY_REVOKED = "already_revoked"
    NOT_FOUND = "not_found"
    FAILED = "failed"


class JobPlace(Frozen):
    """The place that a walk through users has reached.

    All users up to ``position`` are done. Of the user at ``owner_position``, the tokens up to ``token_id``
    are done too.
    """

    position: str = ""
    owner_position: str = ""
    token_id: str = ""

    def token_before(self, position: str) -> str:
        """Return the id of the last token that is done of the user at a position, or ``""``."""
        return self.token_id if position == self.owner_position else ""


class RevocationJob(Frozen):
    """A job, what it is about, and how far it is.

    The request named ``token_count`` tokens. If it is zero, the job is about the tokens that ``filter`` and
    ``owner`` match. ``owner`` is a user id or a text, as in the list of all tokens. ``body_hash`` is the
    digest of the request. ``owners`` has the digests of counted owners who may have more tokens.
    """

    id: str
    actor: Actor
    body_hash: str
    reason: RevocationReason
    is_dry_run: bool
    created_at: datetime
    updated_at: datetime
    purge_at: datetime
    token_count: int = 0
    owner: str = ""
    filter: TokenFilter = field(default_factory=TokenFilter)
    status: JobStatus = JobStatus.RUNNING
    place: JobPlace = JobPlace()
    owners: frozenset[str] = frozenset()
    tokens: int = 0
    people: int = 0
    already_revoked: int = 0
    not_found: int = 0
    failed: int = 0
    action: JobAction = JobAction.REVOKE

    @property
    def admin_id(self) -> str:
        """The user id of the administrator who asked."""
        return self.actor.id or ""

    @property
    def is_running(self) -> bool:
        """True if the job has work left."""
        return self.status is JobStatus.RUNNING

    @property
    def done(self) -> int:
        """The number of tokens that are done."""
        return self.tokens + self.already_revoked + self.not_found + self.failed

    def is_as_asked(self, token_ids: Sequence[str]) -> bool:
        """Return True if the job is still about what its request named. ``token_ids`` are those of its row.

        A damaged row could lack the owner, or the mark of a dry run. Such a job would revoke other tokens.
        """
        digest = digest_of_request(
            self.reason, token_ids, self.owner, self.filter, self.action, is_dry_run=self.is_dry_run
        )
        return digest == self.body_hash and len(token_ids) == self.token_count

    def outcome_for(
        self, token: Token | None, owner: User | None, now: datetime, rules: TokenRules
    ) -> Outcome:
        """Return the outcome that the rows of a token and its owner show, after the job has come to it.

        It depends on the rows alone, so an interrupted page has the same outcomes when it is repeated.
        """
        if token is None or owner is None:
            return Outcome.NOT_FOUND
        if self.action is JobAction.PAUSE:
            return self._outcome_of_pause(token, owner, now, rules)
        if token.revocation and token.revocation.job_id == self.id:
            return Outcome.ENDED
        if token.generation != owner.generation or not token.may_work(now):
            return Outcome.ALREADY_REVOKED
        return Outcome.ENDED if self.is_dry_run else Outcome.FAILED

    def _outcome_of_pause(self, token: Token, owner: User, now: datetime, rules: TokenRules) -> Outcome:
        if not self.is_dry_run and self._may_have_paused(token):
            return Outcome.ENDED
        if token.status(owner, now, rules) is not TokenStatus.ACTIVE:
            return Outcome.ALREADY_REVOKED
        return Outcome.ENDED if self.is_dry_run else Outcome.FAILED

    def _may_have_paused(self, token: Token) -> bool:
        """Return True if a token was paused since the job began, by the job or by another call.

        A rename of a paused token counts too, because it moves the same time. The row has no room for the
        id of the job: it stays within one write unit.
        """
        is_paused = self.action is JobAction.PAUSE and token.state is TokenState.INACTIVE
        return is_paused and token.updated_at >= self.created_at

    def matches(self, token: Token, owner: User, rules: TokenRules) -> bool:
        """Return True if a token is among those that the job is about.

        Deadlines count from the beginning of the job. A token that was revoked since then is judged as if
        it were not: the job itself, or its owner, may have revoked it. If the job pauses, the same holds
        for a token that was paused since then.
        """
        since = self.created_at
        if token.created_at > since:
            return False
        states = [token]
        if token.revocation and token.revocation.at >= since:
            states = [replace(token, state=each) for each in (TokenState.ACTIVE, TokenState.INACTIVE)]
        elif self._may_have_paused(token):
            states.append(replace(token, state=TokenState.ACTIVE))
        return any(self.filter.matches(each, owner, since, rules) for each in states)

    def past(self, outcome: Outcome, owner_id: str | None) -> "RevocationJob":
        """Return the job after one more token."""
        counted = {outcome.value: getattr(self, outcome.value) + 1}
        job: RevocationJob = replace(self, **counted)
        if outcome is not Outcome.ENDED or owner_id is None:
            return job
        digest = hashlib.sha256(owner_id.encode()).hexdigest()[:_DIGEST_LENGTH]
        if digest in self.owners:
            return job
        # A walk meets all tokens of an owner in turn. Tokens that are named come in any order.
        owners = self.owners | {digest} if self.token_count else frozenset({digest})
        return replace(job, people=job.people + 1, owners=owners)

    def at(self, place: JobPlace) -> "RevocationJob":
        """Return the job at a place of its walk."""
        return replace(self, place=place)

    def ended(self, status: JobStatus) -> "RevocationJob":
        """Return the job with its last status."""
        return replace(self, status=status, owners=frozenset())

    def saved(self, now: datetime, rules: TokenRules) -> "RevocationJob":
        """Return the job as it is written at ``now``."""
        return replace(self, updated_at=now, purge_at=rules.purge_time(now))
