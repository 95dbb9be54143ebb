"""Changes of many users, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.errors import ApiTokensError, DependencyUnavailable
from infra.aws.errors import OperatorError
from infra.aws.operate.user_lines import counted
from infra.aws.terminal import Say


class Change(Protocol):
    """A change of one user, or its preview. Raises ApiTokensError."""

    def __call__(self, *, confirmed: bool) -> object:
        """Make the change if it is confirmed, else show it."""
        ...


Work = Iterable[tuple[str, Change]]
"""Changes by user id."""


@dataclass(frozen=True)
class Batch:
    """A run of changes. A refused change does not stop the others."""

    say: Say
    confirmed: bool

    def run(self, work: Work) -> None:
        """Make the changes once.

        Raises OperatorError if they are not confirmed or some are refused, or DependencyUnavailable.
        """
        self._end(*self._pass(work))

    def run_until_done(self, find: Callable[[], Work]) -> None:
        """Make the changes that ``find`` returns, again and again until no user is changed.

        This finds users who are added meanwhile. Raises as `run`.
        """
        done, refusals = self._pass(find())
        newly = done
        while self.confirmed and newly:
            newly, refusals = self._pass(find())
            done += newly
        self._end(done, refusals)

    def _pass(self, work: Work) -> tuple[int, dict[str, str]]:
        """Return the number of changed users, and the refusals by user id."""
        done, refusals = 0, {}
        for user_id, change in work:
            try:
                change(confirmed=self.confirmed)
            except DependencyUnavailable:
                self.say(f"Stopped at {user_id}.")
                raise
            except ApiTokensError as error:
                refusals[user_id] = str(error)
            else:
                done += 1
        return done, refusals

    def _end(self, done: int, refusals: Mapping[str, str]) -> None:
        for user_id, reason in refusals.items():
            self.say(f"{user_id} is refused: {reason}")
        verb = "done" if self.confirmed else "to do"
        self.say(f"{counted(done, 'user')} {verb}, {len(refusals):,} refused.")
        if not done and not refusals:
            self.say("`list` shows the users and their issuers.")
        require(confirmed=self.confirmed)
        if refusals:
            raise OperatorError(
                "Some users are left. Read the reasons above, or run the same command again."
            )


def require(*, confirmed: bool) -> None:
    """Raise OperatorError if a change is not confirmed."""
    if not confirmed:
        raise OperatorError("Nothing was changed. Add --yes to make the change.")
