"""Changes to users by administrators."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.administrators import ROLE_LIFETIME, Administrators
from chalicelib.domain.errors import (
    AdminRequired,
    ConcurrentChange,
    InvalidCursor,
    OwnAccount,
    ReactivationLimitReached,
    StoreUnavailable,
    UserNotFound,
    UserRemoved,
)
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.tokens import TokenStatus
from chalicelib.domain.users import Role, User, UserStatus
from chalicelib.services.daily_limits import CountChange
from chalicelib.services.listing import ListTokens, TokenQuery
from chalicelib.services.user_lists import UserQuery
from chalicelib.services.users import ManageUsers
from tests.support.actors import ADMINISTRATOR, JOURNAL, OPERATOR
from tests.support.builders import ISSUER, RULES, a_token, a_user, an_admin
from tests.support.clock import START, FixedClock
from tests.unit.services.stores import BusyStore

DAY = timedelta(days=1)
MOST = 20
NOW = START + 3 * DAY
ADMIN = a_user("admin@example.com")
NAMED = Administrators(ISSUER, "sub", frozenset({ADMIN.subject}))
BY_CLAIM = an_admin("claim@example.com", role_given_at=NOW)
STRANGER = user_id_for(ISSUER, "nobody@example.com")

Change = Callable[[ManageUsers, User], User]

CHANGES_BY: dict[str, Callable[[ManageUsers, User, User], User]] = {
    "deactivate": lambda users, admin, user: users.deactivate(admin, user.id, ADMINISTRATOR),
    "reactivate": lambda users, admin, user: (
        users.reactivate(admin, user.id, ADMINISTRATOR, restore_tokens=False).after
    ),
    "restore": lambda users, admin, user: (
        users.reactivate(admin, user.id, ADMINISTRATOR, restore_tokens=True).after
    ),
    "remove": lambda users, admin, user: users.remove(admin, user.id, ADMINISTRATOR),
    "revoke-all": lambda users, admin, user: users.revoke_all_tokens(admin, user.id, ADMINISTRATOR),
}


def _by_admin(name: str) -> Change:
    return lambda users, user: CHANGES_BY[name](users, ADMIN, user)


CHANGES: dict[str, Change] = {name: _by_admin(name) for name in CHANGES_BY}


class Office:
    """An administrator's calls over the store in memory, three days after START."""

    def __init__(self) -> None:
        self.store = BusyStore()
        self.clock = FixedClock(NOW)
        counted = CountChange(self.store, self.clock, MOST, 1000)
        rules = replace(RULES, administrators=NAMED)
        self.users = ManageUsers(self.store, self.clock, rules, counted, JOURNAL)
        self.store.put(ADMIN)

    def has(self, **changes: Any) -> User:
        """Return a user with two live tokens, in the generation ``now``."""
        user = a_user(**{"generation": "now", "live_tokens": 2, **changes})
        self.store.put(user)
        return user

    def ended(self, user: User) -> EndedGeneration | None:
        """Return the record of the end of the generation ``now``."""
        return self.store.find_ended_generations(user.id, ["now"]).get("now")


@pytest.fixture
def office() -> Office:
    """Return an office."""
    return Office()


def any_user(**changes: Any) -> UserQuery:
    """Return a query for everybody."""
    return replace(UserQuery(status=None, text="", limit=10, cursor=None), **changes)


def test_deactivation_keeps_generation_and_count(office: Office) -> None:
    """The tokens may come back, so their generation does not end."""
    user = office.has()

    after = CHANGES["deactivate"](office.users, user)

    assert (after.status, after.generation, after.live_tokens) == (UserStatus.INACTIVE, "now", 2)
    assert office.store.read_user(user).status is UserStatus.INACTIVE
    assert office.ended(user) is None


def test_reactivation_ends_the_generation(office: Office) -> None:
    """Old tokens stay dead, listed with the reason ``user_deactivated``."""
    user = office.has(status=UserStatus.INACTIVE)

    after = CHANGES["reactivate"](office.users, user)

    row = office.store.read_user(user)
    assert (after.status, row.status, row.live_tokens) == (UserStatus.ACTIVE, UserStatus.ACTIVE, 0)
    assert after.generation == row.generation != "now"
    assert office.ended(user) == EndedGeneration(
        "now", Revocation(RevocationReason.USER_DEACTIVATED, NOW), NOW + 120 * DAY
    )


def test_reactivation_that_restores_keeps_the_generation(office: Office) -> None:
    """The tokens are back with their count, and nothing is said to have ended."""
    user = office.has(status=UserStatus.INACTIVE)

    CHANGES["restore"](office.users, user)

    row = office.store.read_user(user)
    assert (row.status, row.generation, row.live_tokens) == (UserStatus.ACTIVE, "now", 2)
    assert office.ended(user) is None


@pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.INACTIVE])
def test_removal_ends_the_generation_and_erases_the_person(office: Office, status: UserStatus) -> None:
    """The tombstone keeps the tokens dead, with the reason ``user_removed``."""
    user = office.has(status=status)

    CHANGES["remove"](office.users, user)

    row = office.store.read_user(user)
    assert (row.status, row.name, row.email, row.live_tokens) == (UserStatus.REMOVED, "", "", 0)
    assert row.removed_at == NOW
    assert row.generation != "now"
    assert office.ended(user) == EndedGeneration(
        "now", Revocation(RevocationReason.USER_REMOVED, NOW), NOW + 120 * DAY
    )


@pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.INACTIVE])
def test_revoke_all_ends_the_generation_only(office: Office, status: UserStatus) -> None:
    """The user's own status stays; the tokens are revoked with the reason ``admin``."""
    user = office.has(status=status)

    CHANGES["revoke-all"](office.users, user)

    row = office.store.read_user(user)
    assert (row.status, row.live_tokens) == (status, 0)
    assert row.generation != "now"
    assert office.ended(user) == EndedGeneration(
        "now", Revocation(RevocationReason.ADMIN, NOW), NOW + 120 * DAY
    )


def test_restoring_after_revoke_all_restores_nothing(office: Office) -> None:
    """Tokens revoked while their owner was deactivated stay revoked, for that reason."""
    user = office.has(status=UserStatus.INACTIVE)
    CHANGES["revoke-all"](office.users, user)

    CHANGES["restore"](office.users, user)

    assert office.store.read_user(user).generation != "now"
    ended = office.ended(user)
    assert ended is not None
    assert ended.revocation.reason is RevocationReason.ADMIN


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (["deactivate", "reactivate"], RevocationReason.USER_DEACTIVATED),
        (["remove"], RevocationReason.USER_REMOVED),
        (["deactivate", "remove"], RevocationReason.USER_REMOVED),
        (["revoke-all"], RevocationReason.ADMIN),
        (["revoke-all", "deactivate", "reactivate"], RevocationReason.ADMIN),
        (["revoke-all", "remove"], RevocationReason.ADMIN),
    ],
)
def test_list_shows_why_tokens_were_revoked(
    office: Office, changes: list[str], reason: RevocationReason
) -> None:
    """The first end of a generation is the reason of all its tokens."""
    user = office.has()
    office.store.put(a_token(user), a_token(user))
    for change in changes:
        CHANGES[change](office.users, user)
        office.clock.advance(DAY)

    page = ListTokens(office.store, office.clock, RULES).page(office.store.read_user(user), TokenQuery())

    assert [(v.status, v.revocation and v.revocation.reason) for v in page.tokens] == [
        (TokenStatus.REVOKED, reason)
    ] * 2


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("deactivate", UserStatus.INACTIVE),
        ("reactivate", UserStatus.ACTIVE),
        ("restore", UserStatus.ACTIVE),
        ("remove", UserStatus.REMOVED),
    ],
)
def test_change_to_what_is_already_so_writes_nothing(
    office: Office, change: str, status: UserStatus
) -> None:
    """A second call changes nothing: it ends no token."""
    user = office.has(status=status)

    assert CHANGES[change](office.users, user) == user
    assert office.store.calls["save_user"] == 0


@pytest.mark.parametrize("change", ["deactivate", "reactivate", "restore"])
def test_removed_user_has_no_status_to_change(office: Office, change: str) -> None:
    """Only signing in again brings a removed person back."""
    user = office.has(status=UserStatus.REMOVED)

    with pytest.raises(UserRemoved):
        CHANGES[change](office.users, user)
    assert office.store.read_user(user) == user


@pytest.mark.parametrize("change", CHANGES)
def test_unknown_user_is_not_found(office: Office, change: str) -> None:
    """No call makes a user."""
    with pytest.raises(UserNotFound):
        CHANGES[change](office.users, a_user("nobody@example.com"))
    assert office.store.find_user(STRANGER) is None


@pytest.mark.parametrize("user_id", ["", "usr_", "#", "usr_" + "A" * 32, "usr_" + "a" * 33, "KEYS"])
def test_anything_but_an_id_is_not_found(office: Office, user_id: str) -> None:
    """A text of another form is answered like an unknown id."""
    for change in CHANGES.values():
        with pytest.raises(UserNotFound):
            change(office.users, replace(ADMIN, id=user_id))
    with pytest.raises(UserNotFound):
        office.users.get(user_id)


def test_user_is_shown(office: Office) -> None:
    """An administrator sees the row."""
    user = office.has()

    assert office.users.get(user.id) == user


@pytest.mark.parametrize("change", ["deactivate", "remove"])
def test_administrators_cannot_lock_themselves_out(office: Office, change: str) -> None:
    """The own account is another administrator's business."""
    with pytest.raises(OwnAccount):
        CHANGES[change](office.users, ADMIN)
    assert office.store.read_user(ADMIN) == ADMIN


def test_administrators_can_revoke_all_their_own_tokens(office: Office) -> None:
    """It locks no administrator out."""
    CHANGES["revoke-all"](office.users, ADMIN)

    assert office.store.read_user(ADMIN).generation != ADMIN.generation


@pytest.mark.parametrize("change", ["deactivate", "remove", "revoke-all"])
def test_change_that_meets_another_is_made_on_top_of_it(office: Office, change: str) -> None:
    """Nothing that happens meanwhile saves the tokens; the generation that ended is the last one."""
    user = office.has()
    office.store.let("save_user", lambda: office.store.put(replace(user, generation="next")))

    CHANGES[change](office.users, user)

    row = office.store.read_user(user)
    if change == "deactivate":
        assert (row.status, row.generation) == (UserStatus.INACTIVE, "next")
    else:
        assert row.generation not in ("now", "next")
        assert set(office.store.find_ended_generations(user.id, ["now", "next"])) == {"next"}


def test_change_is_not_held_up_by_issuing_and_signing_in(office: Office) -> None:
    """A user who keeps making tokens or renaming cannot put off a deactivation."""
    user = office.has()
    busy = replace(user, live_tokens=5, revision=9, name="Other")
    office.store.let("save_user", lambda: office.store.put(busy))

    CHANGES["deactivate"](office.users, user)

    row = office.store.read_user(user)
    assert (row.status, row.live_tokens, row.name) == (UserStatus.INACTIVE, 5, "Other")
    assert office.store.calls["save_user"] == 1


def test_reactivation_that_meets_a_removal_is_refused(office: Office) -> None:
    """A tombstone is not brought back by a call that was under way."""
    user = office.has(status=UserStatus.INACTIVE)
    office.store.let("save_user", lambda: CHANGES["remove"](office.users, user))

    with pytest.raises(UserRemoved):
        CHANGES["reactivate"](office.users, user)
    assert office.store.read_user(user).status is UserStatus.REMOVED


@pytest.mark.parametrize(("conflicts", "through"), [(4, True), (5, False)])
def test_change_that_keeps_meeting_others_gives_up_after_five_attempts(
    office: Office, conflicts: int, through: bool
) -> None:
    """The caller is told when it was not made."""
    user = office.has()
    for number in range(conflicts):
        office.store.let("save_user", _put_generation(office, user, str(number)))

    if through:
        assert CHANGES["deactivate"](office.users, user).status is UserStatus.INACTIVE
        return
    with pytest.raises(ConcurrentChange):
        CHANGES["deactivate"](office.users, user)
    assert office.store.read_user(user).status is UserStatus.ACTIVE


@pytest.mark.parametrize("change", ["deactivate", "remove", "revoke-all"])
def test_store_that_does_not_answer_is_an_error(office: Office, change: str) -> None:
    """A change that was not written is never acknowledged."""
    user = office.has()
    office.store.broken = {"save_user"}

    with pytest.raises(StoreUnavailable):
        CHANGES[change](office.users, user)


def test_users_are_listed_newest_first_without_skips_or_repeats(office: Office) -> None:
    """Pages go on where the one before ended, also among users of the same moment."""
    people = [a_user(f"p{n}@example.com", created_at=START + (n // 3) * DAY) for n in range(10)]
    office.store.put(*people)

    pages, cursor = [], None
    while True:
        page = office.users.page(any_user(limit=4, cursor=cursor))
        pages.append(list(page.users))
        cursor = page.next_cursor
        if cursor is None:
            break
        # A new user is at the front, which no later page shows.
        office.store.put(a_user(f"new{len(pages)}@example.com", created_at=NOW))

    listed = [user for page in pages for user in page]
    assert [len(page) for page in pages] == [4, 4, 3]
    expected = sorted([ADMIN, *people], key=lambda user: (user.created_at, user.id), reverse=True)
    assert listed == expected


@pytest.mark.parametrize("status", UserStatus)
def test_users_are_filtered_by_status(office: Office, status: UserStatus) -> None:
    """Only those with the status asked for."""
    for other in UserStatus:
        office.store.put(a_user(f"{other.value}@example.com", status=other))

    page = office.users.page(any_user(status=status, text="@example.com"))

    expected = {f"{status.value}@example.com"}
    if status is UserStatus.ACTIVE:
        expected.add(ADMIN.subject)
    assert {user.subject for user in page.users} == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("STRASSE", True),
        ("ada strasse", True),
        ("Àdá", True),
        ("ada@", True),
        ("subject-7", True),
        ("usr_", False),
        ("", True),
        ("x", False),
    ],
)
def test_users_are_searched_by_name_email_and_subject(office: Office, text: str, found: bool) -> None:
    """Case and accents do not matter. Ids and issuers are not searched."""
    user = a_user("SUBJECT-7", name="Ada Straße", email="ada@host.net")
    office.store.put(user)

    assert (user in office.users.page(any_user(text=text)).users) is found


def test_page_of_rare_users_is_filled_from_many(office: Office) -> None:
    """Those who do not match take no place on the page; the last page says so."""
    office.store.put(*(a_user(f"p{n}@example.com") for n in range(150)))
    wanted = [a_user(f"wanted{n}@example.com", created_at=START - n * DAY) for n in range(3)]
    office.store.put(*wanted)

    page = office.users.page(any_user(text="wanted", limit=5))

    assert (list(page.users), page.next_cursor) == (wanted, None)


def test_call_stops_reading_in_time(office: Office) -> None:
    """Among very many users a page may end early; its cursor goes on from there."""
    office.store.put(*(a_user(f"p{n}@example.com") for n in range(180)))
    oldest = a_user("oldest@example.com", created_at=START - DAY)
    office.store.put(oldest)

    first = office.users.page(any_user(text="oldest", limit=100))
    second = office.users.page(any_user(text="oldest", limit=100, cursor=first.next_cursor))

    assert (list(first.users), list(second.users), second.next_cursor) == ([], [oldest], None)


@pytest.mark.parametrize("limit", [1, 30, 100])
@pytest.mark.parametrize(("text", "most"), [("", 1), ("zzz", 2), ("p599", 2)])
def test_calls_do_not_depend_on_the_limit(office: Office, limit: int, text: str, most: int) -> None:
    """A page of one that few match costs no more calls than a page of a hundred."""
    office.store.put(*(a_user(f"p{n}@example.com", created_at=START - n * DAY) for n in range(700)))

    office.users.page(any_user(text=text, limit=limit))

    assert office.store.calls["list_users"] <= most


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_matches_that_are_cut_off_begin_the_next_page(office: Office, limit: int) -> None:
    """A page ends at its last match, wherever the reads ended. None is skipped or repeated."""
    people = [a_user(f"p{n}@example.com", created_at=START - (n // 4) * DAY) for n in range(170)]
    office.store.put(*people)
    wanted = sorted(
        (user for user in people if "7" in user.subject), key=lambda user: user.position, reverse=True
    )

    pages: list[list[User]] = []
    cursor = None
    while not pages or cursor:
        page = office.users.page(any_user(text="7", limit=limit, cursor=cursor))
        pages.append(list(page.users))
        cursor = page.next_cursor

    assert [user for page in pages for user in page] == wanted
    assert all(len(page) == limit for page in pages[:-1])


def test_cursor_of_version_0_1_goes_on(office: Office) -> None:
    """The form is the same: milliseconds and id of the last user that was read."""
    older, newer = (a_user(f"p{n}@example.com", created_at=START + n * DAY) for n in (-1, 1))
    office.store.put(older, newer)
    milliseconds = round(newer.created_at.timestamp() * 1000)
    cursor = base64.urlsafe_b64encode(f"{milliseconds:015d}#{newer.id}".encode()).decode().rstrip("=")

    page = office.users.page(any_user(cursor=cursor))

    assert list(page.users) == [ADMIN, older]
    assert office.users.page(any_user(limit=1)).next_cursor == cursor


@pytest.mark.parametrize(
    "cursor",
    [
        "garbage",
        "%%%",
        "é",
        "AAAA",
        base64.urlsafe_b64encode(b"1#usr_x").decode(),
        base64.urlsafe_b64encode(b"00000000000000#" + STRANGER.encode()).decode(),
        base64.urlsafe_b64encode(b"000000000000000#" + STRANGER.encode() + b" ").decode(),
        base64.urlsafe_b64encode(("\u0660" * 15 + "#").encode() + STRANGER.encode()).decode(),
    ],
)
def test_cursor_of_another_form_is_refused(office: Office, cursor: str) -> None:
    """A cursor that this list did not make is refused."""
    with pytest.raises(InvalidCursor):
        office.users.page(any_user(cursor=cursor))


def test_forged_cursor_opens_only_a_place(office: Office) -> None:
    """A well-formed place without a user continues from there."""
    forged = base64.urlsafe_b64encode(b"999999999999999#" + STRANGER.encode()).decode().rstrip("=")

    assert list(office.users.page(any_user(cursor=forged)).users) == [ADMIN]


def _put_generation(office: Office, user: User, generation: str) -> Callable[[], None]:
    return lambda: office.store.put(replace(user, generation=generation))


Loss = Callable[[Office, User], None]


def _deactivated(office: Office, admin: User) -> None:
    office.store.put(office.store.read_user(admin).deactivated(NOW))


def _removed(office: Office, admin: User) -> None:
    office.store.put(office.store.read_user(admin).removed(NOW, "gone"))


def _demoted(office: Office, admin: User) -> None:
    office.store.put(replace(office.store.read_user(admin), role=Role.USER, role_given_at=NOW))


def _expired(office: Office, admin: User) -> None:
    office.store.put(replace(office.store.read_user(admin), role_given_at=NOW - ROLE_LIFETIME))


LOSSES: list[tuple[User, Loss]] = [
    (ADMIN, _deactivated),
    (ADMIN, _removed),
    (BY_CLAIM, _deactivated),
    (BY_CLAIM, _removed),
    (BY_CLAIM, _demoted),
    (BY_CLAIM, _expired),
]


@pytest.mark.parametrize("change", ["deactivate", "reactivate", "restore", "remove", "revoke-all"])
@pytest.mark.parametrize(("admin", "loss"), LOSSES)
def test_change_of_somebody_who_is_no_administrator_any_more_does_not_happen(
    office: Office, admin: User, loss: Loss, change: str
) -> None:
    """The administrator loses the role between the check and the write."""
    inactive = change in ("reactivate", "restore")
    user = office.has(status=UserStatus.INACTIVE if inactive else UserStatus.ACTIVE)
    office.store.put(admin)
    office.store.let("save_user", lambda: loss(office, admin))

    with pytest.raises(AdminRequired):
        CHANGES_BY[change](office.users, admin, user)
    assert office.store.read_user(user) == user
    assert office.ended(user) is None


def test_two_administrators_who_deactivate_each_other_leave_one(office: Office) -> None:
    """The second of the two is not an administrator any more."""
    office.store.put(BY_CLAIM)
    office.store.let("save_user", lambda: office.users.deactivate(BY_CLAIM, ADMIN.id, ADMINISTRATOR))

    with pytest.raises(AdminRequired):
        office.users.deactivate(ADMIN, BY_CLAIM.id, ADMINISTRATOR)
    assert office.store.read_user(BY_CLAIM).is_active
    assert not office.store.read_user(ADMIN).is_active


@pytest.mark.parametrize(("admin", "loss"), LOSSES)
def test_change_of_the_own_row_carries_the_condition_itself(
    office: Office, admin: User, loss: Loss
) -> None:
    """A transaction may name a row only once, so the update also checks the actor."""
    office.store.put(admin)
    office.store.let("save_user", lambda: loss(office, admin))

    with pytest.raises(AdminRequired):
        office.users.revoke_all_tokens(admin, admin.id, ADMINISTRATOR)


def test_administrator_may_revoke_the_own_tokens(office: Office) -> None:
    """An administrator may revoke the own tokens at once."""
    office.store.put(BY_CLAIM)

    assert (
        office.users.revoke_all_tokens(BY_CLAIM, BY_CLAIM.id, ADMINISTRATOR).generation
        != BY_CLAIM.generation
    )


def test_operator_has_no_account(office: Office) -> None:
    """The operator's command acts without an administrator: it is the way back in."""
    user = office.has(status=UserStatus.INACTIVE)

    assert office.users.reactivate(None, user.id, OPERATOR, restore_tokens=True).after.is_active
    assert not office.users.deactivate(None, ADMIN.id, OPERATOR).is_active


def test_user_is_reactivated_so_many_times_a_day(office: Office) -> None:
    """A deactivation, a removal and a revocation of all tokens are never refused for a count."""
    user = office.has()
    for name in ["deactivate", "restore"] * MOST:
        CHANGES[name](office.users, user)
    CHANGES["deactivate"](office.users, user)
    for name in ("restore", "reactivate"):
        with pytest.raises(ReactivationLimitReached) as caught:
            CHANGES[name](office.users, user)
        assert caught.value.retry_after == timedelta(hours=12)
    assert office.store.read_user(user).status is UserStatus.INACTIVE
    CHANGES["revoke-all"](office.users, user)
    office.clock.advance(timedelta(hours=12))
    CHANGES["reactivate"](office.users, user)
    CHANGES["deactivate"](office.users, user)
    CHANGES["remove"](office.users, user)


def test_active_user_is_not_counted(office: Office) -> None:
    """Nothing changes, so nothing is flushed."""
    user = office.has()
    for _ in range(MOST + 1):
        CHANGES["restore"](office.users, user)


def test_operator_is_not_counted(office: Office) -> None:
    """The operator's command is the way out."""
    user = office.has()
    for _ in range(MOST + 1):
        office.users.deactivate(None, user.id, ADMINISTRATOR)
        office.users.reactivate(None, user.id, ADMINISTRATOR, restore_tokens=True)


def test_user_that_changes_meanwhile_is_counted_once(office: Office) -> None:
    """The change is made again on top of what it met."""
    user = office.has()

    def meet() -> None:
        office.store.put(replace(office.store.read_user(user), generation="met"))

    for number in range(MOST):
        CHANGES["deactivate"](office.users, user)
        office.store.put(replace(office.store.read_user(user), generation=f"now-{number}"))
        office.store.let("save_user", meet)
        assert CHANGES["restore"](office.users, user).generation == "met"
