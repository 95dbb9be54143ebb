"""The operator's work on users. Each result is one printed sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from chalicelib.domain.administrators import Administrators
from chalicelib.domain.errors import UserRemoved
from chalicelib.domain.identities import SubjectIdentifier
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.users import Role, User, UserStatus
from chalicelib.services.identities import (
    MoveUsers,
    OutOfReach,
    every_user,
    is_out_of_reach,
    out_of_reach,
)
from chalicelib.services.users import ManageUsers
from infra.aws.errors import OperatorError
from infra.aws.operate import user_lines
from infra.aws.operate.operator_name import Name, unnamed
from infra.aws.operate.user_batch import Batch, Work, require
from infra.aws.operate.user_lines import counted
from infra.aws.terminal import Say, say_at_once, warn_at_once


@dataclass(frozen=True)
class UserFilter:
    """The filter of a command for users. None stands for all."""

    issuer: str | None = None
    subject_claim: str | None = None
    status: UserStatus | None = None

    def matches(self, user: User) -> bool:
        """Return whether the filter lets this user through."""
        return (
            self.issuer in (None, user.issuer)
            and self.subject_claim in (None, user.subject_claim)
            and self.status in (None, user.status)
        )


_DEACTIVATED = "All sessions end, and every API token is refused from the next uncached request on."
_REMOVED = "Name and e-mail are deleted. All API tokens and sessions end for good."
_ACTIVATED = {
    True: "The API tokens from before work again.",
    False: "The API tokens from before end for good. --restore-tokens keeps them.",
}


@dataclass(frozen=True)
class UserDesk:
    """The users of one table. No method writes a role, because the next sign-in would undo it."""

    store: UserStore
    manage: ManageUsers
    moves: MoveUsers
    administrators: Administrators
    clock: Clock
    name: Name = unnamed
    say: Say = say_at_once
    warn: Say = warn_at_once

    def list(self, asked: UserFilter, *, as_json: bool) -> None:
        """List users, newest first, and warn of users that no sign-in reaches."""
        shown: Counter[str] = Counter()
        unreached: Counter[tuple[str, str]] = Counter()
        tell = user_lines.json_line if as_json else user_lines.line
        if not as_json:
            self.say(user_lines.HEADER)
        for user in every_user(self.store):
            if self._is_out_of_reach(user):
                unreached[user.issuer, user.subject_claim] += 1
            if asked.matches(user):
                shown[user.issuer] += 1
                self.say(tell(user, self._role(user)))
        if not as_json:
            self._say_counts(shown)
        self._warn(OutOfReach(unreached, is_complete=True))

    def show(self, user_id: str) -> None:
        """Show one user in full. Raises UserNotFound or DependencyUnavailable."""
        user = self.manage.get(user_id)
        for line in user_lines.details(user, self.administrators, self.clock.now()):
            self.say(line)
        self._warn(self._out_of_reach([user]))

    def check(self) -> None:
        """Warn of users that no sign-in reaches, among the newest. Raises DependencyUnavailable."""
        found = self._out_of_reach(every_user(self.store))
        for line in user_lines.warning(found, self.administrators):
            self.say(line)

    def activate(self, user_id: str, *, restore_tokens: bool, confirmed: bool) -> None:
        """Activate a user. Raises OperatorError or ApiTokensError."""

        def change() -> User:
            return self.manage.reactivate(None, user_id, self.name(), restore_tokens=restore_tokens).after

        effect = _ACTIVATED[restore_tokens]
        self._change(user_id, UserStatus.ACTIVE, effect, change, confirmed=confirmed)

    def deactivate(self, user_id: str, *, confirmed: bool) -> None:
        """Deactivate a user. Raises OperatorError or ApiTokensError."""

        def change() -> User:
            return self.manage.deactivate(None, user_id, self.name())

        self._change(user_id, UserStatus.INACTIVE, _DEACTIVATED, change, confirmed=confirmed)

    def remove(self, user_id: str, *, confirmed: bool) -> None:
        """Remove a user, and leave a tombstone. Raises OperatorError or ApiTokensError."""

        def change() -> User:
            return self.manage.remove(None, user_id, self.name())

        self._change(user_id, UserStatus.REMOVED, _REMOVED, change, confirmed=confirmed)

    def deactivate_issuer(self, issuer: str, subject_claim: str | None, *, confirmed: bool) -> None:
        """Deactivate all active users of an issuer, or only the users of one claim.

        Raises OperatorError if some are left, or DependencyUnavailable.
        """
        expected = (self.administrators.issuer, self.administrators.subject_claim)
        if (issuer, subject_claim or expected[1]) == expected:
            self.warn("Warning: sign-ins reach these users. All administrators are among them.")
        asked = UserFilter(issuer, subject_claim, UserStatus.ACTIVE)

        def work() -> Work:
            for user in filter(asked.matches, every_user(self.store)):
                yield user.id, partial(self._deactivate, user.id)

        Batch(self.say, confirmed).run_until_done(work)

    def _deactivate(self, user_id: str, *, confirmed: bool) -> None:
        if confirmed:
            self.manage.deactivate(None, user_id, self.name())
        self.say(f"{user_id} {'is inactive' if confirmed else 'would be deactivated'}.")

    def move(self, user_id: str, to: SubjectIdentifier, *, confirmed: bool) -> None:
        """Move a user to another identity. Raises OperatorError or ApiTokensError."""
        self._expect_sign_ins_of([to])
        is_done = self._move(user_id, to, confirmed=confirmed)
        require(confirmed=confirmed or is_done)

    def move_all(self, targets: Mapping[str, SubjectIdentifier], *, confirmed: bool) -> None:
        """Move users by id. Raises OperatorError if some are left, or DependencyUnavailable."""
        self._expect_sign_ins_of(targets.values())
        work = ((user_id, partial(self._move, user_id, to)) for user_id, to in targets.items())
        Batch(self.say, confirmed).run(work)

    def move_issuer(self, former: str, issuer: str, *, confirmed: bool) -> None:
        """Move all users of an issuer to another one, each with the same subject and claim.

        Raises OperatorError if some are left, or DependencyUnavailable.
        """
        if issuer == former:
            raise OperatorError("The two issuers are the same.")
        self._expect_sign_ins_of([SubjectIdentifier(issuer, "", self.administrators.subject_claim)])

        def work() -> Work:
            for user in filter(UserFilter(issuer=former).matches, every_user(self.store)):
                to = SubjectIdentifier(issuer, user.subject, user.subject_claim)
                yield user.id, partial(self._move, user.id, to)

        Batch(self.say, confirmed).run_until_done(work)

    def _move(self, user_id: str, to: SubjectIdentifier, *, confirmed: bool) -> bool:
        """Move a user, or show the move. Return True if the user was moved before."""
        move = self.moves.move(user_id, to, self.name()) if confirmed else self.moves.plan(user_id, to)
        former = user_lines.identity(SubjectIdentifier.of(move.before))
        if move.is_done:
            self.say(f"{user_id} is {former} already.")
        else:
            verb = "was moved" if confirmed else "would move"
            self.say(f"{user_id} {verb} from {former} to {user_lines.identity(to)}.")
        return move.is_done

    def _change(
        self, user_id: str, status: UserStatus, effect: str, change: Callable[[], User], *, confirmed: bool
    ) -> None:
        user = self.manage.get(user_id)
        self.say(user_lines.line(user, self._role(user)))
        if user.status is status:
            self.say(f"The user is {status.value} already.")
            return
        if user.status is UserStatus.REMOVED:
            raise UserRemoved
        if not confirmed:
            self.say(f"The user would be {status.value}. {effect}")
        require(confirmed=confirmed)
        user = change()
        role = f" The role that counts now is {self._role(user).value}." if user.is_active else ""
        self.say(f"The user is {user.status.value}.{role}")

    def _expect_sign_ins_of(self, targets: Iterable[SubjectIdentifier]) -> None:
        expected = (self.administrators.issuer, self.administrators.subject_claim)
        others = {(to.issuer, to.subject_claim) for to in targets} - {expected}
        for issuer, subject_claim in sorted(others):
            self.warn(
                f"Warning: sign-ins are of {expected[0]} by {expected[1]}, not of {issuer} by "
                f"{subject_claim}. Change OIDC_ISSUER and SUBJECT_CLAIM after the move."
            )

    def _role(self, user: User) -> Role:
        return self.administrators.role_of(user, self.clock.now())

    def _is_out_of_reach(self, user: User) -> bool:
        return is_out_of_reach(user, self.administrators.issuer, self.administrators.subject_claim)

    def _out_of_reach(self, users: Iterable[User]) -> OutOfReach:
        return out_of_reach(users, self.administrators.issuer, self.administrators.subject_claim)

    def _say_counts(self, shown: Counter[str]) -> None:
        if not shown:
            self.say("No user was found.")
        for issuer, count in shown.most_common() if len(shown) > 1 else ():
            self.say(f"{counted(count, 'user')} of {issuer}")

    def _warn(self, found: OutOfReach) -> None:
        for line in user_lines.warning(found, self.administrators):
            self.warn(line)
