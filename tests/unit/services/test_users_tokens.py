"""One token of any user, for administrators."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.administrators import Administrators
from chalicelib.domain.errors import (
    AdminRequired,
    ApiTokensError,
    PreconditionFailed,
    ReactivationLimitReached,
    StoreUnavailable,
    TokenAlreadyExpired,
    TokenAlreadyRevoked,
    TokenNotFound,
    TooManyChanges,
    UserNotFound,
)
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.domain.tokens import Token, TokenState, TokenStatus
from chalicelib.domain.users import Role, User, UserStatus
from chalicelib.services.daily_limits import CountChange
from chalicelib.services.listing import ListTokens
from chalicelib.services.manage import ManageTokens, TokenPatch
from chalicelib.services.revocation import RevokeToken
from chalicelib.services.users import ManageUsers
from chalicelib.services.users_tokens import AdministerTokens
from tests.support.actors import ADMINISTRATOR, JOURNAL, PERSON
from tests.support.builders import ISSUER, RULES, a_token, a_user, an_admin
from tests.support.clock import START, FixedClock
from tests.unit.services.stores import BusyStore

DAY = timedelta(days=1)
MOST, CHANGES_A_DAY = 3, 5
ACTIVE, INACTIVE = TokenState.ACTIVE, TokenState.INACTIVE
ADMIN = an_admin("admin@example.com", role_given_at=START + DAY)
NAMED = a_user("named@example.com")
RULES_WITH_NAMES = replace(RULES, administrators=Administrators(ISSUER, "sub", frozenset({NAMED.subject})))


class Office:
    """An administrator's calls over the store in memory, one day after the token was made."""

    def __init__(self) -> None:
        self.store = BusyStore()
        self.clock = FixedClock(START + DAY)
        rules = RULES_WITH_NAMES
        counted = CountChange(self.store, self.clock, MOST, CHANGES_A_DAY)
        users = ManageUsers(self.store, self.clock, rules, counted, JOURNAL)
        listing = ListTokens(self.store, self.clock, rules)
        self.manage = ManageTokens(self.store, listing, counted, self.clock, rules, JOURNAL)
        revoke = RevokeToken(self.store, self.store, self.store, self.clock, rules, JOURNAL)
        self.tokens = AdministerTokens(users, self.manage, revoke)
        self.owner = a_user(generation="now", live_tokens=1)
        self.store.put(self.owner, ADMIN, NAMED)

    def has(self, owner: User | None = None, **changes: Any) -> Token:
        """Return a token that a user has."""
        token = a_token(owner or self.owner, **changes)
        self.store.put(token)
        return token


@pytest.fixture
def office() -> Office:
    """Return an office."""
    return Office()


Call = Callable[[Office, User, str, str], object]
READ: Call = lambda office, admin, user_id, token_id: office.tokens.get(user_id, token_id)  # noqa: E731
PAUSE: Call = lambda office, admin, user_id, token_id: office.tokens.set_status(  # noqa: E731
    admin, user_id, token_id, INACTIVE, ADMINISTRATOR
)
RESUME: Call = lambda office, admin, user_id, token_id: office.tokens.set_status(  # noqa: E731
    admin, user_id, token_id, ACTIVE, ADMINISTRATOR
)
REVOKE: Call = lambda office, admin, user_id, token_id: office.tokens.revoke(  # noqa: E731
    admin, user_id, token_id, ADMINISTRATOR
)
CALLS = {"read": READ, "pause": PAUSE, "resume": RESUME, "revoke": REVOKE}
CHANGES = {name: call for name, call in CALLS.items() if name != "read"}


@pytest.mark.parametrize("call", CALLS)
def test_token_under_a_wrong_user_is_not_found(office: Office, call: str) -> None:
    """The id of another user's token, an unknown id and a text of another form are one error."""
    other = a_user("other@example.com")
    token = office.has()
    office.store.put(other)

    for token_id in (token.id, new_token_id(START), "tok_1", "", "../keys"):
        with pytest.raises(TokenNotFound):
            CALLS[call](office, ADMIN, other.id, token_id)
    assert office.store.read_token(token) == token


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("user_id", ["usr_" + "a" * 32, "", "usr_1", "#", "KEYS"])
def test_unknown_user_is_not_found(office: Office, call: str, user_id: str) -> None:
    """The token's own id helps nothing."""
    token = office.has()

    with pytest.raises(UserNotFound):
        CALLS[call](office, ADMIN, user_id, token.id)
    assert office.store.read_token(token) == token


@pytest.mark.parametrize("admin", [ADMIN, NAMED], ids=["by claim", "by name"])
def test_token_is_paused_and_resumed(office: Office, admin: User) -> None:
    """The way back restarts the idle clock, as for the owner."""
    token = office.has()

    paused = office.tokens.set_status(admin, office.owner.id, token.id, INACTIVE, ADMINISTRATOR)
    assert (paused.status, paused.token.version) == (TokenStatus.INACTIVE, 2)
    office.clock.advance(timedelta(hours=1))
    back = office.tokens.set_status(admin, office.owner.id, token.id, ACTIVE, ADMINISTRATOR)

    assert (back.status, back.token.version) == (TokenStatus.ACTIVE, 3)
    assert back.token.idle_at == office.clock.now() + RULES.idle_timeout
    assert office.store.read_token(token) == back.token


def test_owner_may_resume_what_an_administrator_paused(office: Office) -> None:
    """A pause is not a lock: only a revocation is final."""
    token = office.has()
    office.tokens.set_status(ADMIN, office.owner.id, token.id, INACTIVE, ADMINISTRATOR)

    view = office.manage.patch(office.owner, token.id, TokenPatch(status=ACTIVE), PERSON)

    assert view.status is TokenStatus.ACTIVE


def test_revocation_has_the_reason_and_frees_the_place(office: Office) -> None:
    """A second revocation keeps the first one, also if the owner was first."""
    token = office.has()
    office.tokens.revoke(ADMIN, office.owner.id, token.id, ADMINISTRATOR)
    revoked = office.store.read_token(token)
    assert revoked.revocation == Revocation(RevocationReason.ADMIN, office.clock.now())
    assert office.store.read_user(office.owner).live_tokens == 0

    office.clock.advance(timedelta(hours=1))
    office.tokens.revoke(ADMIN, office.owner.id, token.id, ADMINISTRATOR)
    assert office.store.read_token(token) == revoked


@pytest.mark.parametrize("owner_is", [UserStatus.INACTIVE, UserStatus.REMOVED])
def test_tokens_of_inactive_and_removed_users(office: Office, owner_is: UserStatus) -> None:
    """A token of a deactivated user may be revoked before the user returns. A removed user's ended."""
    token = office.has()
    removed = owner_is is UserStatus.REMOVED
    office.store.put(
        replace(office.owner, status=owner_is, generation="next" if removed else office.owner.generation)
    )

    if removed:
        with pytest.raises(TokenAlreadyRevoked):
            office.tokens.set_status(ADMIN, office.owner.id, token.id, ACTIVE, ADMINISTRATOR)
    else:
        view = office.tokens.set_status(ADMIN, office.owner.id, token.id, INACTIVE, ADMINISTRATOR)
        assert view.status is TokenStatus.INACTIVE
        view = office.tokens.set_status(ADMIN, office.owner.id, token.id, ACTIVE, ADMINISTRATOR)
        assert view.status is TokenStatus.INACTIVE
    office.tokens.revoke(ADMIN, office.owner.id, token.id, ADMINISTRATOR)

    state = office.store.read_token(token).state
    assert state is (ACTIVE if removed else TokenState.REVOKED)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (
            {"state": TokenState.REVOKED, "revocation": Revocation(RevocationReason.OWNER, START)},
            TokenAlreadyRevoked,
        ),
        ({"expires_at": START + DAY}, TokenAlreadyExpired),
    ],
)
@pytest.mark.parametrize("status", [ACTIVE, INACTIVE])
def test_final_statuses_stay(
    office: Office, changes: dict[str, Any], error: type[ApiTokensError], status: TokenState
) -> None:
    """An administrator brings no ended token back."""
    token = office.has(**changes)

    with pytest.raises(error):
        office.tokens.set_status(ADMIN, office.owner.id, token.id, status, ADMINISTRATOR)
    assert office.store.read_token(token) == token


def test_change_of_another_version_is_refused(office: Office) -> None:
    """Two administrators at one token: the second is told."""
    token = office.has()
    office.tokens.set_status(ADMIN, office.owner.id, token.id, INACTIVE, ADMINISTRATOR, {1})

    with pytest.raises(PreconditionFailed):
        office.tokens.set_status(NAMED, office.owner.id, token.id, ACTIVE, ADMINISTRATOR, {1})


def test_reactivations_of_administrators_and_of_owners_are_counted_apart(office: Office) -> None:
    """An owner cannot use up what administrators have, nor the reverse."""
    token = office.has(state=INACTIVE)
    for _ in range(MOST):
        office.manage.patch(office.owner, token.id, TokenPatch(status=ACTIVE), PERSON)
        office.manage.patch(office.owner, token.id, TokenPatch(status=INACTIVE), PERSON)
    for _ in range(MOST):
        office.tokens.set_status(ADMIN, office.owner.id, token.id, ACTIVE, ADMINISTRATOR)
        office.tokens.set_status(NAMED, office.owner.id, token.id, INACTIVE, ADMINISTRATOR)

    with pytest.raises(ReactivationLimitReached):
        office.tokens.set_status(ADMIN, office.owner.id, token.id, ACTIVE, ADMINISTRATOR)
    with pytest.raises(ReactivationLimitReached):
        office.manage.patch(office.owner, token.id, TokenPatch(status=ACTIVE), PERSON)
    office.tokens.revoke(ADMIN, office.owner.id, token.id, ADMINISTRATOR)


def test_owner_who_used_up_the_day_does_not_hinder_administrators(office: Office) -> None:
    """Also for an idle token, whose way back is among an owner's other changes."""
    token = office.has()
    for number in range(CHANGES_A_DAY):
        patch = TokenPatch(name=f"name {number}")
        office.manage.patch(office.owner, token.id, patch, PERSON)
    idle = office.has(idle_at=START)

    with pytest.raises(TooManyChanges):
        office.manage.patch(office.owner, idle.id, TokenPatch(status=ACTIVE), PERSON)
    view = office.tokens.set_status(ADMIN, office.owner.id, idle.id, ACTIVE, ADMINISTRATOR)
    assert view.status is TokenStatus.ACTIVE


LOSSES: dict[str, dict[str, Any]] = {
    "role": {"role": Role.USER, "role_given_at": START + DAY},
    "deactivated": {"status": UserStatus.INACTIVE},
    "removed": {"status": UserStatus.REMOVED},
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("of_own_token", [False, True], ids=["of another", "own"])
def test_administrator_who_loses_the_role_meanwhile_changes_nothing(
    office: Office, change: str, loss: str, *, of_own_token: bool
) -> None:
    """The write itself checks the administrator's row."""
    owner = ADMIN if of_own_token else office.owner
    token = office.has(owner, state=INACTIVE if change == "resume" else ACTIVE)
    for call in ("save_token", "end_line"):
        office.store.let(
            call, lambda: office.store.put(replace(office.store.read_user(ADMIN), **LOSSES[loss]))
        )

    with pytest.raises(AdminRequired):
        CHANGES[change](office, ADMIN, owner.id, token.id)
    assert office.store.read_token(token) == token


@pytest.mark.parametrize("change", CHANGES)
def test_person_who_is_not_an_administrator_changes_nothing(office: Office, change: str) -> None:
    """The service asks too, not only the sign-in."""
    token = office.has()

    with pytest.raises(AdminRequired):
        CHANGES[change](office, office.owner, office.owner.id, token.id)
    assert office.store.read_token(token) == token


def test_former_administrator_does_not_stop_a_line(office: Office) -> None:
    """If the token rotates meanwhile, the loss of the role is what counts."""
    token = office.has(successor_id=None)

    def meanwhile() -> None:
        office.store.put(replace(office.store.read_token(token), successor_id=new_token_id(START)))
        office.store.put(replace(ADMIN, status=UserStatus.INACTIVE))

    office.store.let("end_line", meanwhile)
    with pytest.raises(AdminRequired):
        office.tokens.revoke(ADMIN, office.owner.id, token.id, ADMINISTRATOR)
    assert office.store.calls["stop_line"] == 0


def test_store_that_does_not_answer_is_an_error(office: Office) -> None:
    """A change that was not written is never acknowledged."""
    token = office.has()
    office.store.broken = {"end_line", "save_token"}

    for change in (PAUSE, REVOKE):
        with pytest.raises(StoreUnavailable):
            change(office, ADMIN, office.owner.id, token.id)
