"""Issuing: what is written, what is signed, and what leaves no trace."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import (
    AlreadyCreated,
    ApiTokensError,
    ConcurrentChange,
    IdempotencyKeyReused,
    InvalidRequest,
    SigningUnavailable,
    StoreUnavailable,
    TokenLimitReached,
    TooManyCreations,
    UserInactive,
)
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_creation import TokenRequest
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenState, TokenStatus
from chalicelib.domain.users import User, UserStatus
from chalicelib.services.issue import IssueToken
from chalicelib.services.rotate import RotateToken
from tests.support.actors import JOURNAL, PERSON, an_event
from tests.support.builders import RULES, a_request, a_token, a_user, an_ending
from tests.support.clock import START, FixedClock
from tests.unit.services.log_lines import written
from tests.unit.services.stores import BusyStore

LIMIT = 3
SMALL = replace(RULES, max_live_tokens=LIMIT)
TICK = timedelta(milliseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class RecordingSigner:
    """Signs nothing, remembers what it was asked, or is out of order."""

    def __init__(self) -> None:
        self.signed: list[Claims] = []
        self.out_of_order = False

    def sign(self, claims: Claims) -> str:
        """Return a string that names the token."""
        if self.out_of_order:
            raise SigningUnavailable
        self.signed.append(claims)
        return f"signed {claims.token_id}"


class Desk:
    """Issuing for one owner over the store in memory."""

    def __init__(self) -> None:
        self.store = BusyStore()
        self.signer = RecordingSigner()
        self.clock = FixedClock()
        self.owner = a_user()
        self.store.put(self.owner)
        self.issuing = self.issuing_with(SMALL)
        self.rotating = RotateToken(self.store, self.store, self.signer, self.clock, SMALL, JOURNAL)

    def issuing_with(self, rules: TokenRules) -> IssueToken:
        """Return issuing over the same store by another rules."""
        return IssueToken(self.store, self.store, self.signer, self.clock, rules, JOURNAL)

    def issue(self, request: TokenRequest | None = None, key: str | None = None) -> Token:
        """Issue a token to the owner as stored now."""
        owner = self.store.read_user(self.owner)
        return self.issuing(owner, request or a_request(), PERSON, key).token

    def fill(self, **changes: Any) -> list[Token]:
        """Use the whole quota up."""
        tokens = [a_token(self.owner, **changes) for _ in range(LIMIT)]
        self.store.put(*tokens, replace(self.owner, live_tokens=LIMIT))
        return tokens

    @property
    def count(self) -> int:
        """The count of live tokens in the owner's row."""
        return self.store.read_user(self.owner).live_tokens

    @property
    def truth(self) -> int:
        """The number of families of which a token is live."""
        owner = self.store.read_user(self.owner)
        dead = (TokenStatus.REVOKED, TokenStatus.EXPIRED)
        rows, now = self.store.rows(), self.clock.now()
        live = [token for token in rows if token.status(owner, now, RULES) not in dead]
        return len({token.family_id or token.id for token in live})


@pytest.fixture
def desk() -> Desk:
    """Return a desk with an owner who has no token yet."""
    return Desk()


def test_token_is_stored_and_its_string_handed_out(desk: Desk) -> None:
    """The row holds what was asked; the string is returned and nowhere else."""
    request = a_request(name="ci", description="builds", lifetime=DAY)

    issued = desk.issuing(desk.owner, request, PERSON)

    assert desk.store.rows() == [issued.token]
    assert issued.secret == f"signed {issued.token.id}"
    assert issued.secret not in repr(desk.store.rows())
    assert (issued.token.name, issued.token.description) == ("ci", "builds")
    assert issued.token.expires_at == START + DAY
    assert desk.count == 1


def test_claims_say_what_the_row_says(desk: Desk) -> None:
    """Signed string and row agree about owner, id, time, scopes and expiry."""
    token = desk.issue(a_request(scopes=frozenset({"api:read"}), lifetime=DAY))

    assert desk.signer.signed == [
        Claims(desk.owner.id, token.id, START, frozenset({"api:read"}), START + DAY)
    ]


def test_too_long_a_lifetime_is_refused_before_anything_is_signed(desk: Desk) -> None:
    """A request against the rules costs neither signature nor write."""
    rules = replace(SMALL, max_lifetime=DAY)
    issuing = desk.issuing_with(rules)

    with pytest.raises(InvalidRequest):
        issuing(desk.owner, a_request(lifetime=2 * DAY), PERSON)

    assert (desk.signer.signed, desk.store.rows()) == ([], [])


def test_signing_failure_leaves_nothing(desk: Desk) -> None:
    """Without a signature nothing is written: neither row, nor count, nor idempotency record."""
    desk.signer.out_of_order = True

    with pytest.raises(SigningUnavailable):
        desk.issue(key="k")

    assert (desk.store.rows(), desk.count) == ([], 0)
    desk.signer.out_of_order = False
    assert desk.issue(key="k") in desk.store.rows()


def test_store_failure_leaves_nothing(desk: Desk) -> None:
    """A string whose row could not be written is never handed out, and the key stays free."""
    desk.store.broken = {"add_token"}

    with pytest.raises(StoreUnavailable):
        desk.issue(key="k")

    assert (desk.store.rows(), desk.count) == ([], 0)
    desk.store.broken.clear()
    assert desk.issue(key="k") in desk.store.rows()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"status": UserStatus.INACTIVE}, UserInactive),
        ({"status": UserStatus.REMOVED}, UserInactive),
        ({"generation": "fresh"}, ConcurrentChange),
    ],
)
def test_owner_who_changed_since_sign_in_gets_nothing(
    desk: Desk, changes: dict[str, Any], error: type[ApiTokensError]
) -> None:
    """A deactivation, removal or revoke-all between sign-in and write wins."""
    desk.store.let("add_token", lambda: desk.store.put(replace(desk.owner, **changes)))

    with pytest.raises(error):
        desk.issue()

    assert (desk.store.rows(), desk.count) == ([], 0)


def test_same_key_and_body_make_one_token(desk: Desk) -> None:
    """A replay is told which token it made, and nothing is signed for it."""
    first = desk.issue(a_request(name="ci"), key="k")

    with pytest.raises(AlreadyCreated) as caught:
        desk.issue(a_request(name="ci"), key="k")

    assert caught.value.token_id == first.id
    assert desk.store.rows() == [first]
    assert len(desk.signer.signed) == 1
    assert desk.count == 1


@pytest.mark.parametrize(
    "other",
    [
        {"name": "cd"},
        {"description": "other"},
        {"scopes": frozenset({"api:read"})},
        {"lifetime": DAY},
        {"name": "", "description": "ci"},
    ],
)
def test_same_key_with_another_body_is_refused(desk: Desk, other: dict[str, object]) -> None:
    """Each member of the body counts, and none is mistaken for another."""
    first = desk.issue(a_request(name="ci"), key="k")

    with pytest.raises(IdempotencyKeyReused):
        desk.issue(a_request(**{"name": "ci", **other}), key="k")

    assert desk.store.rows() == [first]
    assert len(desk.signer.signed) == 1


def test_other_keys_or_none_make_other_tokens(desk: Desk) -> None:
    """Only the same key makes two requests one."""
    for key in ("k", "K", None):
        desk.issue(key=key)

    assert len(desk.store.rows()) == 3


def test_key_belongs_to_its_owner(desk: Desk) -> None:
    """Two people may use the same key."""
    other = a_user("other@example.com")
    desk.store.put(other)
    desk.issue(key="k")

    assert desk.issuing(other, a_request(), PERSON, "k").token.user_id == other.id


def test_key_is_honoured_for_exactly_24_hours(desk: Desk) -> None:
    """One millisecond before the day is over a replay is refused; then the key is free again."""
    first = desk.issue(key="k")

    desk.clock.advance(DAY - TICK)
    with pytest.raises(AlreadyCreated):
        desk.issue(key="k")
    desk.clock.advance(TICK)
    second = desk.issue(key="k")

    assert {token.id for token in desk.store.rows()} == {first.id, second.id}
    with pytest.raises(AlreadyCreated) as caught:
        desk.issue(key="k")
    assert caught.value.token_id == second.id


def test_reused_key_is_free_after_24_hours_too(desk: Desk) -> None:
    """Another body may have the key once its day is over."""
    desk.issue(a_request(name="ci"), key="k")

    desk.clock.advance(DAY)

    assert desk.issue(a_request(name="cd"), key="k").name == "cd"


def test_replay_that_races_its_original_makes_no_second_token(desk: Desk) -> None:
    """The write itself refuses what the look before could not see."""
    first: list[Token] = []
    desk.store.let("add_token", lambda: first.append(desk.issue(key="k")))

    with pytest.raises(AlreadyCreated) as caught:
        desk.issue(key="k")

    assert caught.value.token_id == first[0].id
    assert desk.store.rows() == first
    assert desk.count == 1


def test_replay_at_the_quota_is_still_a_replay(desk: Desk) -> None:
    """After a lost response, the caller learns that the token exists, even at the quota."""
    for key in ("a", "b", "c"):
        desk.issue(key=key)

    with pytest.raises(AlreadyCreated):
        desk.issue(key="c")


def test_quota_is_exact(desk: Desk) -> None:
    """As many tokens as allowed, not one more, and nothing is signed for the one refused."""
    for _ in range(LIMIT):
        desk.issue()

    with pytest.raises(TokenLimitReached, match="3 tokens"):
        desk.issue(key="k")

    assert desk.count == desk.truth == LIMIT
    assert len(desk.signer.signed) == LIMIT


def test_no_recount_without_need(desk: Desk) -> None:
    """An owner with room costs no list of tokens."""
    desk.issue()

    assert desk.store.calls["list_unended"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": START},
        {"expires_at": START - DAY},
        {"generation": "before"},
        {"state": TokenState.REVOKED},
    ],
)
def test_tokens_that_ended_make_room(desk: Desk, changes: dict[str, Any]) -> None:
    """Expired, revoked and generation-dead tokens leave the count when it matters."""
    dead, *_ = desk.fill()
    desk.store.put(replace(dead, **changes))

    desk.issue()

    assert desk.count == desk.truth == LIMIT
    with pytest.raises(TokenLimitReached):
        desk.issue()


def test_purged_rows_make_room(desk: Desk) -> None:
    """Rows that TTL deleted leave the count when it matters."""
    gone, *_ = desk.fill()
    desk.store.purge(gone)

    desk.issue()

    assert desk.count == desk.truth == LIMIT


@pytest.mark.parametrize(
    "changes",
    [{"state": TokenState.INACTIVE}, {"idle_at": START}, {"expires_at": START + TICK}],
)
def test_tokens_that_can_come_back_hold_their_place(desk: Desk, changes: dict[str, Any]) -> None:
    """Paused and idle tokens can be re-activated, so they count."""
    desk.fill(**changes)

    with pytest.raises(TokenLimitReached):
        desk.issue()

    assert desk.count == LIMIT
    assert desk.signer.signed == []


def test_recount_sees_every_row(desk: Desk) -> None:
    """A thousand dead rows, more than one page, neither hide a live token nor count."""
    dead = [a_token(desk.owner, state=TokenState.REVOKED) for _ in range(1001)]
    oldest = a_token(desk.owner, START - 30 * DAY, idle_at=START + DAY)
    desk.store.put(*dead, oldest, replace(desk.owner, live_tokens=LIMIT))

    desk.issue()

    assert desk.count == desk.truth == 2


def test_recount_never_undoes_what_was_issued_meanwhile(desk: Desk) -> None:
    """A count that was taken before others filled the quota again is thrown away."""
    for ended in desk.fill():
        desk.store.put(replace(ended, expires_at=START))

    def fill_again() -> None:
        desk.issue()
        desk.issue()
        desk.issue()

    desk.store.let("list_unended", fill_again)

    with pytest.raises(TokenLimitReached):
        desk.issue()

    assert desk.count == desk.truth == LIMIT


def test_recount_never_undoes_a_revocation(desk: Desk) -> None:
    """A token revoked during the recount leaves the count once, not twice."""
    ended, revoked, kept = desk.fill()
    desk.store.put(replace(ended, expires_at=START))

    def revoke() -> None:
        after = revoked.revoked(RevocationReason.OWNER, START, SMALL)
        desk.store.end_line(an_ending(revoked, after), [an_event()])

    desk.store.let("list_unended", revoke)

    desk.issue()

    assert kept in desk.store.rows()
    assert desk.truth == 2
    assert desk.count == 3  # one too many until the next recount, never too few
    desk.issue()
    assert desk.count == desk.truth == 3


def test_count_that_is_right_is_not_written(desk: Desk) -> None:
    """A refusal at a full quota leaves the count. The row notes that the owner has no place left."""
    desk.fill()
    before = desk.store.read_user(desk.owner)

    with pytest.raises(TokenLimitReached):
        desk.issue()

    full = replace(before, full_until=START + HOUR, full_count=LIMIT, revision=before.revision + 1)
    assert desk.store.read_user(desk.owner) == full
    assert desk.store.calls["correct_live_tokens"] == 0


def test_recount_stops_at_the_limit(desk: Desk) -> None:
    """However many tokens there are, no more of them are read than may be live."""
    tokens = [a_token(desk.owner) for _ in range(50)]
    desk.store.put(*tokens, replace(desk.owner, live_tokens=50))

    with pytest.raises(TokenLimitReached):
        desk.issue()

    assert desk.store.calls["unended read"] == LIMIT


def test_recount_that_found_no_place_is_not_repeated(desk: Desk) -> None:
    """A hundred refusals at the quota cost one recount, until a place can be free."""
    desk.fill()

    for _ in range(100):
        with pytest.raises(TokenLimitReached):
            desk.issue()

    assert (desk.store.calls["list_unended"], desk.store.calls["note_full"]) == (1, 1)
    desk.clock.advance(HOUR)
    with pytest.raises(TokenLimitReached):
        desk.issue()
    assert desk.store.calls["list_unended"] == 2


def test_refusal_at_the_quota_does_not_depend_on_its_note(desk: Desk) -> None:
    """The owner hears of the limit. Only the recount is made again."""
    desk.fill()
    desk.store.broken = {"note_full"}

    with written() as lines:
        for _ in range(2):
            with pytest.raises(TokenLimitReached):
                desk.issue()

    assert [line["event"] for line in lines] == ["user.full_not_noted"] * 2
    assert desk.store.calls["list_unended"] == 2


@pytest.mark.parametrize("excess", [0, 1, 5])
def test_place_that_a_revocation_frees_is_found_at_once(desk: Desk, excess: int) -> None:
    """The note holds for the count that it was made at, also if that count was too high."""
    revoked, *_ = desk.fill()
    desk.store.put(replace(desk.owner, live_tokens=LIMIT + excess))
    with pytest.raises(TokenLimitReached):
        desk.issue()

    after = revoked.revoked(RevocationReason.OWNER, START, SMALL)
    desk.store.end_line(an_ending(revoked, after), [an_event()])

    desk.issue()
    assert desk.count == desk.truth == LIMIT


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": START + 10 * MINUTE},
        {"purge_at": START + 10 * MINUTE},
        {"expires_at": START + 10 * MINUTE, "purge_at": START + DAY},
    ],
)
def test_place_that_the_clock_frees_is_found_in_time(desk: Desk, changes: dict[str, Any]) -> None:
    """The note ends five minutes before a token can end by itself, so no clock is late for it."""
    ending, *_ = desk.fill()
    desk.store.put(replace(ending, **changes))
    with pytest.raises(TokenLimitReached):
        desk.issue()
    assert desk.store.read_user(desk.owner).full_until == START + 5 * MINUTE

    desk.clock.advance(10 * MINUTE)
    if "expires_at" not in changes:
        desk.store.purge(ending)

    desk.issue()
    assert desk.count == LIMIT


def test_token_that_ends_sooner_than_the_note_frees_its_place_in_time(desk: Desk) -> None:
    """A token created after the recount is not known to it, so the note goes with the creation."""
    revoked, *_ = desk.fill()
    with pytest.raises(TokenLimitReached):
        desk.issue()
    desk.store.end_line(
        an_ending(revoked, revoked.revoked(RevocationReason.OWNER, START, SMALL)), [an_event()]
    )
    desk.issue(a_request(lifetime=10 * MINUTE))
    with pytest.raises(TokenLimitReached):
        desk.issue()

    desk.clock.advance(10 * MINUTE)

    desk.issue()


def test_no_note_that_is_over_is_written(desk: Desk) -> None:
    """A token that ends within five minutes is looked at again each time."""
    desk.fill(expires_at=START + MINUTE)

    for _ in range(2):
        with pytest.raises(TokenLimitReached):
            desk.issue()

    assert (desk.store.calls["list_unended"], desk.store.calls["note_full"]) == (2, 0)


def test_creations_of_a_day_are_bounded(desk: Desk) -> None:
    """Revoking frees places, but no creation of the day; nothing is signed or recounted any more."""
    desk.issuing = desk.issuing_with(replace(SMALL, max_creations_per_day=5))
    for _ in range(5):
        token = desk.issue()
        after = token.revoked(RevocationReason.OWNER, START, SMALL)
        desk.store.end_line(an_ending(token, after), [an_event()])
    signed = len(desk.signer.signed)

    with pytest.raises(TooManyCreations, match="5 tokens were created") as caught:
        desk.issue(key="k")

    assert caught.value.retry_after == timedelta(hours=12)
    assert (len(desk.signer.signed), len(desk.store.rows())) == (signed, 5)
    assert desk.store.calls["list_unended"] == 0
    desk.clock.advance(timedelta(hours=12))
    desk.issue(key="k")
    assert desk.store.read_user(desk.owner).creations == 1


def test_creations_that_race_are_counted_each(desk: Desk) -> None:
    """An owner who was read before others created the rest of the day is refused by the write."""
    desk.issuing = desk.issuing_with(replace(SMALL, max_creations_per_day=2))
    desk.store.let("add_token", desk.issue, desk.issue)

    with pytest.raises(TooManyCreations):
        desk.issue()

    assert len(desk.store.rows()) == 2


def test_quota_that_was_lowered_refuses_at_once(desk: Desk) -> None:
    """More tokens than allowed today stay usable, but none is added."""
    tokens = [a_token(desk.owner) for _ in range(LIMIT + 2)]
    desk.store.put(*tokens, replace(desk.owner, live_tokens=LIMIT + 2))

    with pytest.raises(TokenLimitReached):
        desk.issue()

    assert desk.count == LIMIT + 2


def test_quota_is_each_users_own(desk: Desk) -> None:
    """One user's tokens take no room from another."""
    desk.fill()
    other: User = a_user("other@example.com")
    desk.store.put(other)

    assert desk.issuing(other, a_request(), PERSON).token.user_id == other.id
