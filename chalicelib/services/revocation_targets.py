"""The tokens that a revocation job comes to next, found in a bounded number of reads a page."""

from collections.abc import Sequence

from chalicelib.domain.errors import UnreadableRow
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.ids import USER_ID
from chalicelib.domain.ports.revocation_jobs import RevocationJobStore
from chalicelib.domain.ports.sweeps import OwnedRows, SweepStore, UserPosition
from chalicelib.domain.ports.tokens import TokenIndex
from chalicelib.domain.revocation_jobs import JobPlace, RevocationJob
from chalicelib.domain.token_rules import TokenRules
from chalicelib.services.user_lists import has_text

TOKENS_AT_A_TIME = 100
USERS_AT_A_TIME = 50


class Target(Frozen):
    """A token, and the job's place after it. ``owner_id`` is None if no index knows the token."""

    owner_id: str | None
    token_id: str
    place: JobPlace


class TargetPage(Frozen):
    """Tokens, and the job's place after all of them. The page may be empty before the last one."""

    targets: Sequence[Target]
    place: JobPlace
    is_last: bool


class FindTargets:
    """Pages of tokens. A named token is found by its id, the others by a walk through all users.

    The walk reads the rows of each user strongly consistent, so that it misses no token.
    """

    def __init__(
        self, jobs: RevocationJobStore, rows: SweepStore, index: TokenIndex, rules: TokenRules
    ) -> None:
        self._jobs = jobs
        self._rows = rows
        self._index = index
        self._rules = rules

    def page(self, job: RevocationJob) -> TargetPage:
        """Return the tokens after the job's place. Raises StoreUnavailable or UnreadableRow."""
        token_ids = self._jobs.find_token_ids(job.id) if job.token_count else ()
        if not job.is_as_asked(token_ids):
            raise UnreadableRow
        return self._named(job, token_ids) if job.token_count else self._matching(job)

    def _named(self, job: RevocationJob, token_ids: Sequence[str]) -> TargetPage:
        rest = token_ids[job.done :]
        page = rest[:TOKENS_AT_A_TIME]
        # The job counts what is done, and needs no other place.
        targets = [Target(self._index.find_owner_of(each), each, job.place) for each in page]
        return TargetPage(targets, job.place, is_last=len(page) == len(rest))

    def _matching(self, job: RevocationJob) -> TargetPage:
        is_of_one = USER_ID.fullmatch(job.owner) is not None
        users = (
            [UserPosition(job.owner, job.owner)]
            if is_of_one
            else self._rows.list_positions(job.place.position, USERS_AT_A_TIME)
        )
        page = TargetPage([], job.place, is_last=is_of_one or not users)
        for user in users:
            page, is_full = self._with_tokens_of(user, job, page)
            if is_full:
                break
        return page

    def _with_tokens_of(
        self, user: UserPosition, job: RevocationJob, page: TargetPage
    ) -> tuple[TargetPage, bool]:
        """Return the page with the next tokens of a user. It is full if more of them may follow."""
        after = page.place.token_before(user.position)
        rows = self._rows.read_owned(user.user_id, after, TOKENS_AT_A_TIME, strong=True)
        targets = [*page.targets, *self._targets(user, job, page.place, rows)]
        if rows and rows.next_after:
            place = JobPlace(page.place.position, user.position, rows.next_after)
            return TargetPage(targets, place, is_last=False), True
        done = TargetPage(targets, JobPlace(user.position), page.is_last)
        return done, len(targets) >= TOKENS_AT_A_TIME and not page.is_last

    def _targets(
        self, user: UserPosition, job: RevocationJob, place: JobPlace, rows: OwnedRows | None
    ) -> Sequence[Target]:
        if rows is None or not self._is_about(job, rows):
            return ()
        return [
            Target(user.user_id, each.token.id, JobPlace(place.position, user.position, each.token.id))
            for each in rows.tokens
            if job.matches(each.token, rows.owner, self._rules)
        ]

    def _is_about(self, job: RevocationJob, rows: OwnedRows) -> bool:
        return rows.owner.id == job.owner or has_text(rows.owner, job.owner)
