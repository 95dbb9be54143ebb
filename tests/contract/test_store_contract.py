"""The contract of every store: in memory, and in DynamoDB on moto and on the emulator."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.domain.errors import (
    AlreadyCreated,
    ConcurrentChange,
    IdempotencyKeyReused,
    TokenLimitReached,
    TooManyCreations,
    UserInactive,
)
from chalicelib.domain.ids import new_generation, new_token_id
from chalicelib.domain.keys import KeyRing
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses, SeenNetworks
from chalicelib.domain.token_creation import IdempotencyRecord
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import Role, User, UserStatus
from tests.benchmarks.capacity import item_bytes
from tests.support.actors import an_event
from tests.support.builders import LIMITS, RULES, a_token, a_user, an_ending
from tests.support.clock import START
from tests.support.dynamodb import Stores
from tests.support.keys import LocalSigningKey, publish

LATER = START + timedelta(hours=1)
LATER_STILL = START + timedelta(hours=2)
ONE_MILLISECOND = timedelta(milliseconds=1)


def add(
    stores: Stores, token: Token, *, limit: int = 100, idempotency: IdempotencyRecord | None = None
) -> Token:
    """Add a token and return it."""
    stores.tokens.add_token(
        token, an_event(), limits=replace(LIMITS, live_tokens=limit), idempotency=idempotency
    )
    return token


def found(stores: Stores, token: Token) -> Token | None:
    """Return the stored row of a token."""
    return stores.tokens.find_token(token.user_id, token.id)


def present(stores: Stores, user: User) -> User:
    """Return the stored row of a user."""
    stored = stores.users.find_user(user.id)
    assert stored is not None
    return stored


def with_creations(owner: User, count: int, **changes: Any) -> User:
    """Return the owner after so many creations at the start."""
    return replace(owner, created_day=START.date(), creations=count, **changes)


def live_tokens(stores: Stores, owner: User) -> int:
    """Return the stored count."""
    return present(stores, owner).live_tokens


def listed(
    stores: Stores,
    owner: User,
    *,
    after: str | None = None,
    newest_first: bool = True,
    limit: int = 100,
) -> list[str]:
    """Return the ids of a list."""
    tokens = stores.tokens.list_tokens(owner.id, after=after, newest_first=newest_first, limit=limit)
    return [token.id for token in tokens]


def revoked(token: Token, reason: RevocationReason = RevocationReason.OWNER, at: datetime = LATER) -> Token:
    """Return a token as revoked."""
    return token.revoked(reason, at, RULES)


def a_record(token: Token, *, key: str = "k", body: str = "b") -> IdempotencyRecord:
    """Return the record of a key used for ``token``."""
    expires_at = token.created_at + timedelta(hours=24)
    return IdempotencyRecord(key_hash=key, body_hash=body, token_id=token.id, expires_at=expires_at)


def an_ended(generation: str, reason: RevocationReason = RevocationReason.ADMIN) -> EndedGeneration:
    """Return the record of a generation that ended."""
    return EndedGeneration(generation, Revocation(reason, LATER), LATER.replace(microsecond=0))


def tokens_by_age(stores: Stores, owner: User, count: int) -> list[str]:
    """Add tokens, each a second younger than the one before, and return their ids, oldest first."""
    moments = [START + timedelta(seconds=n) for n in range(count)]
    return [add(stores, a_token(owner, moment)).id for moment in moments]


class TestRoundTrips:
    """Whatever is written is read back the same."""

    def test_token_without_optional_fields_is_read_back(self, stores: Stores, owner: User) -> None:
        """A token that was never used, never expires and is not revoked keeps saying so."""
        token = add(stores, a_token(owner, name="", description=""))
        assert token == found(stores, token)

    def test_token_with_every_field_is_read_back(self, stores: Stores, owner: User) -> None:
        """Every field has a place in the row, and times keep their milliseconds."""
        token = a_token(
            owner,
            name="Nächtlich 夜 🌙",
            description='"quoted" <b> \\ text',
            scopes=frozenset({"api:read"}),
            state=TokenState.REVOKED,
            updated_at=START + 7 * ONE_MILLISECOND,
            last_used_at=START + 11 * ONE_MILLISECOND,
            expires_at=LATER,
            revocation=Revocation(RevocationReason.EXPOSED, START + 13 * ONE_MILLISECOND),
            usage={START.date(): 12, LATER.date(): 1},
            predecessor_id=new_token_id(START),
            successor_id=new_token_id(LATER),
            family_id=new_token_id(START),
            line_id=new_token_id(START),
            lifetime_began_at=START - 3 * ONE_MILLISECOND,
            overlap_ends_at=START + 17 * ONE_MILLISECOND,
            reuse_count=5,
            last_reused_at=START + 19 * ONE_MILLISECOND,
            allowed_networks=allowed_networks(["10.0.0.0/8", "2001:db8::/32"]),
            networks=SeenNetworks().seen("192.0.2.0/24", START, 3).seen("2001:db8:1::/48", LATER),
            refused=RefusedUses(4, START, RefusedReason.NETWORK, "198.51.100.0/24"),
            version=7,
        )
        assert token == found(stores, add(stores, token))

    @pytest.mark.parametrize("reason", RevocationReason)
    def test_every_revocation_reason_is_read_back(
        self, stores: Stores, owner: User, reason: RevocationReason
    ) -> None:
        """No reason is confused with another."""
        token = add(stores, revoked(a_token(owner), reason))
        assert token == found(stores, token)

    @pytest.mark.parametrize("status", UserStatus)
    @pytest.mark.parametrize("role", Role)
    def test_user_with_every_field_is_read_back(
        self, stores: Stores, role: Role, status: UserStatus
    ) -> None:
        """Every field has a place in the row."""
        user = a_user(
            name="Zoë",
            email="",
            role=role,
            status=status,
            updated_at=START + 17 * ONE_MILLISECOND,
            live_tokens=3,
            revision=9,
            removed_at=LATER,
            created_day=START.date(),
            creations=7,
            full_until=LATER + 19 * ONE_MILLISECOND,
            full_count=3,
        )
        assert stores.users.add_user(user, an_event())
        assert user == stores.users.find_user(user.id)

    def test_user_without_optional_fields_is_read_back(self, stores: Stores, owner: User) -> None:
        """A user who was never removed keeps saying so."""
        assert owner == stores.users.find_user(owner.id)

    def test_idempotency_record_is_read_back(self, stores: Stores, owner: User) -> None:
        """The record keeps body, token and expiry."""
        token = a_token(owner)
        record = a_record(token)
        add(stores, token, idempotency=record)
        assert record == stores.tokens.find_idempotency(owner.id, record.key_hash)

    def test_ended_generation_is_read_back(self, stores: Stores, owner: User) -> None:
        """The record keeps when and why."""
        ended = an_ended(owner.generation, RevocationReason.USER_REMOVED)
        stores.users.save_user(owner, owner.in_generation(new_generation()), an_event(), ended)
        expected = {owner.generation: ended}
        assert expected == stores.tokens.find_ended_generations(owner.id, {owner.generation})

    def test_unknown_things_are_none(self, stores: Stores, owner: User) -> None:
        """A row that was never written is None, not an error."""
        stranger = a_user("stranger@example.com")
        assert stores.users.find_user(stranger.id) is None
        assert found(stores, a_token(owner)) is None
        assert stores.tokens.find_idempotency(owner.id, "k") is None
        assert stores.keys.load_keys() == KeyRing()


class TestAuthorization:
    """The rows that a decision reads."""

    def test_token_and_owner_are_found(self, stores: Stores, owner: User) -> None:
        """Both rows come together, each as it stands."""
        token = add(stores, a_token(owner))
        expected = (token, present(stores, owner))
        assert expected == stores.authorization.find_for_authorization(owner.id, token.id)

    def test_missing_token_is_none(self, stores: Stores, owner: User) -> None:
        """The owner is found without the token."""
        token = a_token(owner)
        assert (None, owner) == stores.authorization.find_for_authorization(owner.id, token.id)

    def test_missing_owner_is_none(self, stores: Stores, owner: User) -> None:
        """The token is found without its owner."""
        token = add(stores, a_token(owner))
        stores.forget(owner.id, None)
        assert (token, None) == stores.authorization.find_for_authorization(owner.id, token.id)

    def test_both_missing_are_none(self, stores: Stores) -> None:
        """Nothing is found where nothing is."""
        stranger = a_user("stranger@example.com")
        token = a_token(stranger)
        assert stores.authorization.find_for_authorization(stranger.id, token.id) == (None, None)

    def test_token_of_another_owner_is_none(self, stores: Stores, owner: User) -> None:
        """A token is found under its owner only."""
        other = a_user("other@example.com")
        stores.users.add_user(other, an_event())
        token = add(stores, a_token(other))
        assert (None, owner) == stores.authorization.find_for_authorization(owner.id, token.id)


class TestTouch:
    """Recording a use, and what it may never do."""

    def test_touch_writes_the_three_times_and_nothing_else(self, stores: Stores, owner: User) -> None:
        """A use does not change the version and the time of the last change."""
        token = add(stores, a_token(owner, version=3))
        touched = token.touched(LATER, RULES)
        noise = replace(touched, name="x", version=9, updated_at=LATER, description="y")
        assert stores.authorization.touch(token, noise) is True
        assert touched == found(stores, token)
        assert touched.last_used_at == LATER

    def test_touch_writes_the_days_of_use(self, stores: Stores, owner: User) -> None:
        """Usage travels with the touch, in the same write."""
        token = add(stores, a_token(owner))
        touched = token.touched(LATER, RULES, {LATER.date(): 3})
        assert stores.authorization.touch(token, touched) is True
        assert touched.usage == {LATER.date(): 3}
        assert touched == found(stores, token)

    def test_touch_writes_the_networks(self, stores: Stores, owner: User) -> None:
        """They travel with the touch too. A touch without networks removes them from the row."""
        token = add(stores, a_token(owner))
        touched = token.touched(LATER, RULES, {}, SeenNetworks().seen("192.0.2.0/24", LATER))
        assert stores.authorization.touch(token, touched) is True
        assert touched == found(stores, token)
        off = replace(RULES, record_networks=RecordNetworks.OFF)
        without = touched.touched(LATER_STILL, off)
        assert stores.authorization.touch(touched, without) is True
        assert without.networks == SeenNetworks()
        assert without == found(stores, token)

    def test_later_touch_follows_an_earlier_one(self, stores: Stores, owner: User) -> None:
        """A token that was used before can be touched again."""
        token = add(stores, a_token(owner))
        first = token.touched(LATER, RULES)
        second = first.touched(LATER_STILL, RULES)
        assert stores.authorization.touch(token, first) is True
        assert stores.authorization.touch(first, second) is True
        assert second == found(stores, token)

    def test_second_touch_of_the_same_state_is_not_recorded(self, stores: Stores, owner: User) -> None:
        """Of two that saw the same last use one writes."""
        token = add(stores, a_token(owner))
        first = token.touched(LATER, RULES)
        assert stores.authorization.touch(token, first) is True
        assert stores.authorization.touch(token, token.touched(LATER_STILL, RULES)) is False
        assert first == found(stores, token)

    def test_second_first_use_in_the_moment_of_creation_is_not_recorded(
        self, stores: Stores, owner: User
    ) -> None:
        """Even where the idle deadline stays the same, a first use is recorded once."""
        token = add(stores, a_token(owner))
        assert token.idle_at == token.touched(START, RULES).idle_at
        assert stores.authorization.touch(token, token.touched(START, RULES)) is True
        assert stores.authorization.touch(token, token.touched(START, RULES)) is False

    def test_touch_from_an_older_last_use_is_not_recorded(self, stores: Stores, owner: User) -> None:
        """A use cannot move the clock back to what a slow caller once saw."""
        token = add(stores, a_token(owner, last_used_at=START))
        stale = replace(token, last_used_at=START - ONE_MILLISECOND)
        assert stores.authorization.touch(stale, stale.touched(LATER, RULES)) is False
        assert token == found(stores, token)

    def test_paused_token_is_not_touched(self, stores: Stores, owner: User) -> None:
        """A pause that came between stays."""
        token = add(stores, a_token(owner))
        paused = stores.tokens.save_token(token, token.paused(LATER), an_event())
        assert stores.authorization.touch(token, token.touched(LATER, RULES)) is False
        assert paused == found(stores, token)

    def test_revoked_token_is_not_touched(self, stores: Stores, owner: User) -> None:
        """A revocation that came between stays, with its end of retention."""
        token = add(stores, a_token(owner))
        stores.tokens.end_line(an_ending(token, revoked(token)), [an_event()])
        before = found(stores, token)
        assert stores.authorization.touch(token, token.touched(LATER, RULES)) is False
        assert before == found(stores, token)

    def test_deleted_token_is_never_recreated(self, stores: Stores, owner: User) -> None:
        """A row that is gone stays gone."""
        token = add(stores, a_token(owner))
        stores.forget(owner.id, token.id)
        assert stores.authorization.touch(token, token.touched(LATER, RULES)) is False
        assert found(stores, token) is None

    def test_reactivated_token_is_not_touched_from_before(self, stores: Stores, owner: User) -> None:
        """Another writer restarted the idle clock meanwhile."""
        token = add(stores, a_token(owner))
        paused = stores.tokens.save_token(token, token.paused(LATER), an_event())
        back = stores.tokens.save_token(paused, paused.reactivated(LATER_STILL, RULES), an_event())
        assert stores.authorization.touch(token, token.touched(LATER, RULES)) is False
        assert back == found(stores, token)

    def test_token_of_another_version_is_not_touched(self, stores: Stores, owner: User) -> None:
        """The version alone stands for every change, whatever it was."""
        token = add(stores, a_token(owner, version=2))
        for version in (1, 3):
            other = replace(token, version=version)
            assert stores.authorization.touch(other, other.touched(LATER, RULES)) is False
        assert token == found(stores, token)

    def test_use_from_before_a_new_name_is_left_to_the_next_one(self, stores: Stores, owner: User) -> None:
        """The name stays, and the next use, which has read it, is recorded."""
        token = add(stores, a_token(owner))
        renamed = stores.tokens.save_token(token, token.described("new", "", LATER), an_event())
        assert stores.authorization.touch(token, token.touched(LATER, RULES)) is False
        assert stores.authorization.touch(renamed, renamed.touched(LATER, RULES)) is True
        assert renamed.touched(LATER, RULES) == found(stores, token)


class TestAddToken:
    """A new token, its owner's count and the idempotency record: all or nothing."""

    def test_count_and_revision_grow(self, stores: Stores, owner: User) -> None:
        """Each token counts once."""
        add(stores, a_token(owner))
        add(stores, a_token(owner))
        assert with_creations(owner, 2, live_tokens=2, revision=2) == present(stores, owner)

    def test_quota_is_exact(self, stores: Stores, owner: User) -> None:
        """The limit can be reached and not passed; the refused token leaves nothing."""
        add(stores, a_token(owner), limit=2)
        add(stores, a_token(owner), limit=2)
        before, third = present(stores, owner), a_token(owner)
        with pytest.raises(TokenLimitReached):
            add(stores, third, limit=2, idempotency=a_record(third))
        self.assert_nothing_written(stores, third, before)

    def test_lowered_quota_refuses(self, stores: Stores, owner: User) -> None:
        """An owner with more tokens than a lowered limit allows cannot create another one."""
        add(stores, a_token(owner), limit=2)
        add(stores, a_token(owner), limit=2)
        before, third = present(stores, owner), a_token(owner)
        with pytest.raises(TokenLimitReached):
            add(stores, third, limit=1)
        self.assert_nothing_written(stores, third, before)

    @pytest.mark.parametrize("status", [UserStatus.INACTIVE, UserStatus.REMOVED])
    def test_owner_who_is_not_active_gets_none(self, stores: Stores, status: UserStatus) -> None:
        """A deactivation stops even a creation under way; nothing is written."""
        owner = a_user(status=status)
        stores.users.add_user(owner, an_event())
        token = a_token(owner)
        with pytest.raises(UserInactive):
            add(stores, token, idempotency=a_record(token))
        self.assert_nothing_written(stores, token, owner)

    def test_inactivity_is_named_before_the_quota(self, stores: Stores) -> None:
        """A deactivated owner at the limit hears of the deactivation."""
        owner = a_user(status=UserStatus.INACTIVE, live_tokens=1)
        stores.users.add_user(owner, an_event())
        with pytest.raises(UserInactive):
            add(stores, a_token(owner), limit=1)

    def test_unknown_owner_gets_none_and_is_not_created(self, stores: Stores) -> None:
        """Counting a token never makes a user."""
        stranger = a_user("stranger@example.com")
        token = a_token(stranger)
        with pytest.raises(UserInactive):
            add(stores, token, idempotency=a_record(token))
        assert found(stores, token) is None
        assert stores.users.find_user(stranger.id) is None
        assert stores.tokens.find_idempotency(stranger.id, "k") is None

    def test_token_of_an_ended_generation_is_refused(self, stores: Stores, owner: User) -> None:
        """A creation that a revoke-all overtook leaves nothing."""
        token = a_token(owner)
        stores.users.save_user(owner, owner.in_generation(new_generation()), an_event())
        before = present(stores, owner)
        with pytest.raises(ConcurrentChange):
            add(stores, token, idempotency=a_record(token))
        self.assert_nothing_written(stores, token, before)

    def test_same_key_and_body_makes_no_second_token(self, stores: Stores, owner: User) -> None:
        """A replay names the token that was made; the record stays the first one's."""
        first, second = a_token(owner), a_token(owner)
        record = a_record(first)
        add(stores, first, idempotency=record)
        before = present(stores, owner)
        with pytest.raises(AlreadyCreated) as caught:
            add(stores, second, idempotency=a_record(second))
        assert first.id == caught.value.token_id
        assert found(stores, second) is None
        assert before == present(stores, owner)
        assert record == stores.tokens.find_idempotency(owner.id, "k")

    def test_same_key_and_other_body_is_refused(self, stores: Stores, owner: User) -> None:
        """A key belongs to one body."""
        first, second = a_token(owner), a_token(owner)
        record = a_record(first)
        add(stores, first, idempotency=record)
        before = present(stores, owner)
        with pytest.raises(IdempotencyKeyReused):
            add(stores, second, idempotency=a_record(second, body="other"))
        assert found(stores, second) is None
        assert before == present(stores, owner)
        assert record == stores.tokens.find_idempotency(owner.id, "k")

    @pytest.mark.parametrize("body", ["b", "other"])
    def test_key_may_be_used_again_once_its_record_expired(
        self, stores: Stores, owner: User, body: str
    ) -> None:
        """The record need not have been deleted yet; a new one takes its place."""
        first = add(stores, a_token(owner), idempotency=None)
        expired = a_record(first)
        add(stores, a_token(owner), idempotency=expired)
        second = a_token(owner, expired.expires_at)
        record = a_record(second, body=body)
        add(stores, second, idempotency=record)
        assert second == found(stores, second)
        assert record == stores.tokens.find_idempotency(owner.id, "k")
        assert live_tokens(stores, owner) == 3

    def test_key_is_kept_until_the_last_millisecond(self, stores: Stores, owner: User) -> None:
        """A record counts until its expiry, not a moment less."""
        first = a_token(owner)
        record = a_record(first)
        add(stores, first, idempotency=record)
        second = a_token(owner, record.expires_at - ONE_MILLISECOND)
        with pytest.raises(AlreadyCreated):
            add(stores, second, idempotency=a_record(second))

    def test_keys_of_different_owners_do_not_meet(self, stores: Stores, owner: User) -> None:
        """Everybody has keys of their own."""
        other = a_user("other@example.com")
        stores.users.add_user(other, an_event())
        first, second = a_token(owner), a_token(other)
        add(stores, first, idempotency=a_record(first))
        add(stores, second, idempotency=a_record(second))
        assert second == found(stores, second)

    @staticmethod
    def assert_nothing_written(stores: Stores, token: Token, owner_before: User) -> None:
        """Neither token, nor count, nor record."""
        assert found(stores, token) is None
        assert owner_before == present(stores, owner_before)
        assert stores.tokens.find_idempotency(token.user_id, "k") is None


class TestSaveToken:
    """An owner's change, on what was read."""

    def test_saved_token_is_returned_as_stored(self, stores: Stores, owner: User) -> None:
        """The version grows by one, whatever the caller made of it."""
        token = add(stores, a_token(owner))
        wanted = token.described("new", "text", LATER)
        saved = stores.tokens.save_token(token, wanted, an_event())
        assert replace(wanted, version=2) == saved
        assert saved == found(stores, token)

    def test_second_change_of_the_same_version_is_refused(self, stores: Stores, owner: User) -> None:
        """The later of two writers has to look again, and the row is the first one's."""
        token = add(stores, a_token(owner))
        saved = stores.tokens.save_token(token, token.described("first", "", LATER), an_event())
        with pytest.raises(ConcurrentChange):
            stores.tokens.save_token(token, token.described("second", "", LATER), an_event())
        assert saved == found(stores, token)

    def test_missing_token_is_never_created(self, stores: Stores, owner: User) -> None:
        """A change does not create a row."""
        token = a_token(owner)
        with pytest.raises(ConcurrentChange):
            stores.tokens.save_token(token, token.described("new", "", LATER), an_event())
        assert found(stores, token) is None

    def test_revoked_token_is_not_changed_from_before(self, stores: Stores, owner: User) -> None:
        """A change that a revocation overtook is refused."""
        token = add(stores, a_token(owner, state=TokenState.INACTIVE))
        stores.tokens.end_line(an_ending(token, revoked(token)), [an_event()])
        before = found(stores, token)
        with pytest.raises(ConcurrentChange):
            stores.tokens.save_token(token, token.reactivated(LATER_STILL, RULES), an_event())
        assert before == found(stores, token)

    def test_concurrent_touch_survives(self, stores: Stores, owner: User) -> None:
        """A use recorded between reading and renaming is kept in the row."""
        token = add(stores, a_token(owner))
        touched = token.touched(LATER, RULES)
        stores.authorization.touch(token, touched)
        saved = stores.tokens.save_token(token, token.described("new", "", LATER_STILL), an_event())
        renamed = token.described("new", "", LATER_STILL)
        assert replace(touched.described("new", "", LATER_STILL), version=2) == found(stores, token)
        assert saved == replace(renamed, version=2)

    def test_fields_that_end_are_removed(self, stores: Stores, owner: User) -> None:
        """A field without a value is not there any more."""
        token = add(stores, a_token(owner, last_used_at=START, expires_at=LATER))
        saved = stores.tokens.save_token(
            token, replace(token, last_used_at=None, expires_at=None), an_event()
        )
        assert (saved.last_used_at, saved.expires_at) == (None, None)
        assert saved == found(stores, token)

    def test_change_does_not_count(self, stores: Stores, owner: User) -> None:
        """The owner's row has nothing to do with it."""
        token = add(stores, a_token(owner))
        before = present(stores, owner)
        stores.tokens.save_token(token, token.paused(LATER), an_event())
        assert before == present(stores, owner)


class TestCreationsPerDay:
    """The creations of a UTC day are counted exactly, even if the caller's row is out of date."""

    @pytest.mark.parametrize("begun", [True, False])
    def test_limit_is_exact(self, stores: Stores, owner: User, *, begun: bool) -> None:
        """The last one allowed is written, the next one is not, and the refusal ends with the day."""
        limits = replace(LIMITS, per_day=2, day_has_begun=begun)
        for _ in range(2):
            stores.tokens.add_token(a_token(owner), an_event(), limits=limits, idempotency=None)
        before, third = present(stores, owner), a_token(owner)

        with pytest.raises(TooManyCreations) as caught:
            stores.tokens.add_token(third, an_event(), limits=limits, idempotency=a_record(third))

        assert caught.value.retry_after == timedelta(hours=12)
        TestAddToken.assert_nothing_written(stores, third, before)
        assert (before.created_day, before.creations) == (START.date(), 2)

    @pytest.mark.parametrize("begun", [True, False])
    def test_next_day_begins_anew(self, stores: Stores, owner: User, *, begun: bool) -> None:
        """Creations of yesterday do not count, even if tokens were revoked since."""
        limits = replace(LIMITS, per_day=1, day_has_begun=begun)
        tomorrow = START + timedelta(hours=12)
        stores.tokens.add_token(a_token(owner), an_event(), limits=limits, idempotency=None)
        stores.tokens.add_token(a_token(owner, tomorrow), an_event(), limits=limits, idempotency=None)

        assert present(stores, owner).creations_on(tomorrow.date()) == 1
        with pytest.raises(TooManyCreations):
            stores.tokens.add_token(a_token(owner, tomorrow), an_event(), limits=limits, idempotency=None)

    @pytest.mark.parametrize("begun", [True, False])
    def test_clock_that_is_behind_counts_on_the_day_that_has_begun(
        self, stores: Stores, owner: User, *, begun: bool
    ) -> None:
        """At midnight two machines may disagree. None of them takes the day back."""
        limits = replace(LIMITS, per_day=2, day_has_begun=begun)
        midnight = START + timedelta(hours=12)
        for moment in (midnight, midnight - ONE_MILLISECOND):
            stores.tokens.add_token(a_token(owner, moment), an_event(), limits=limits, idempotency=None)

        assert present(stores, owner).created_day == midnight.date()
        for moment in (midnight, midnight - ONE_MILLISECOND):
            with pytest.raises(TooManyCreations):
                stores.tokens.add_token(a_token(owner, moment), an_event(), limits=limits, idempotency=None)

    def test_replay_and_inactive_owner_come_first(self, stores: Stores, owner: User) -> None:
        """A caller who lost an answer still learns of the token, at the end of the day's creations too."""
        limits = replace(LIMITS, per_day=1)
        token = a_token(owner)
        stores.tokens.add_token(token, an_event(), limits=limits, idempotency=a_record(token))

        with pytest.raises(AlreadyCreated):
            stores.tokens.add_token(a_token(owner), an_event(), limits=limits, idempotency=a_record(token))
        stores.users.save_user(owner, owner.deactivated(LATER), an_event())
        with pytest.raises(UserInactive):
            stores.tokens.add_token(a_token(owner), an_event(), limits=limits, idempotency=None)

    def test_changes_of_the_user_take_no_creation_back(self, stores: Stores, owner: User) -> None:
        """A removed person who signs in again has created as many as before."""
        add(stores, a_token(owner))
        generation = new_generation()
        stores.users.save_user(owner, owner.removed(LATER, generation), an_event())

        back = present(stores, owner)
        assert (back.created_day, back.creations, back.live_tokens) == (START.date(), 1, 0)


class TestNoteFull:
    """A recount that found no place is not repeated until one can be free."""

    def test_note_is_written_with_the_count_it_was_made_at(self, stores: Stores) -> None:
        """The row tells until when every place is taken, unless the count falls."""
        user = a_user(live_tokens=5, revision=3)
        stores.users.add_user(user, an_event())
        stores.users.note_full(user, LATER)
        full = replace(user, full_until=LATER, full_count=5, revision=4)
        assert full == present(stores, user)
        assert full.is_surely_full(LATER - ONE_MILLISECOND)
        assert not full.is_surely_full(LATER)

    def test_row_that_moved_on_is_left(self, stores: Stores, owner: User) -> None:
        """A creation or a revocation since the recount makes its result out of date."""
        add(stores, a_token(owner))
        stores.users.note_full(owner, LATER)
        assert present(stores, owner).full_until is None

    @pytest.mark.parametrize("frees_place", [True, False])
    def test_end_takes_the_note_back(self, stores: Stores, owner: User, *, frees_place: bool) -> None:
        """An end frees a place, also if the count leaves it to the next recount."""
        token = add(stores, a_token(owner))
        stores.users.note_full(present(stores, owner), LATER)
        stores.tokens.end_line(an_ending(token, revoked(token), frees_place=frees_place), [an_event()])

        assert present(stores, owner).full_until is None

    def test_creation_takes_the_note_back(self, stores: Stores, owner: User) -> None:
        """The new token may end before those that the recount saw."""
        add(stores, a_token(owner))
        stores.users.note_full(present(stores, owner), LATER)
        add(stores, a_token(owner))

        assert present(stores, owner).full_until is None


class TestListUnended:
    """The rows that a recount looks at."""

    def test_only_what_has_not_ended_is_listed_newest_first(self, stores: Stores, owner: User) -> None:
        """Revoked tokens, other generations, and those past an end are left out."""
        ids = [a_token(owner, START - n * ONE_MILLISECOND).id for n in range(9)]
        changes: list[dict[str, Any]] = [
            {},
            {"state": TokenState.INACTIVE},
            {"idle_at": START},
            {"expires_at": LATER + ONE_MILLISECOND},
            {"overlap_ends_at": LATER + ONE_MILLISECOND, "successor_id": ids[0]},
            {"expires_at": LATER},
            {"overlap_ends_at": LATER, "successor_id": ids[0]},
            {"generation": "before"},
            {"state": TokenState.REVOKED, "revocation": Revocation(RevocationReason.OWNER, START)},
        ]
        for token_id, changed in zip(ids, changes, strict=True):
            put_token(stores, owner, a_token(owner, **{"id": token_id, **changed}))

        listed = [token.id for token in stores.tokens.list_unended(owner, LATER)]

        assert listed == sorted(ids[:5], reverse=True)

    def test_user_without_tokens_has_none(self, stores: Stores, owner: User) -> None:
        """Rows of other kinds in the same partition are not tokens."""
        token = a_token(owner, generation="before")
        put_token(stores, owner, token)
        assert list(stores.tokens.list_unended(owner, LATER)) == []


def put_token(stores: Stores, owner: User, token: Token) -> None:
    """Add a token that may be of a generation before the owner's."""
    before = present(stores, owner)
    if token.generation != owner.generation:
        stores.users.save_user(before, before.in_generation(token.generation), an_event())
    add(stores, token)
    after = present(stores, owner)
    if token.generation != owner.generation:
        stores.users.save_user(after, after.in_generation(owner.generation), an_event())


class TestRevokeToken:
    """The end of a token, and the slot it frees."""

    def test_revocation_and_count_are_written(self, stores: Stores, owner: User) -> None:
        """The row says when and why, and the slot is free."""
        token = add(stores, a_token(owner))
        stores.tokens.end_line(an_ending(token, revoked(token)), [an_event()])
        assert replace(revoked(token), version=2) == found(stores, token)
        assert with_creations(owner, 1, live_tokens=0, revision=2) == present(stores, owner)

    def test_token_that_was_paused_meanwhile_is_not_ended_as_read(
        self, stores: Stores, owner: User
    ) -> None:
        """Its event would tell a state that it no longer has. Without that wish it ends."""
        token = add(stores, a_token(owner))
        stores.tokens.save_token(token, token.paused(START), an_event())
        paused = found(stores, token)
        ending = an_ending(token, revoked(token))
        with pytest.raises(ConcurrentChange):
            stores.tokens.end_line(ending, [an_event()], as_read=True)
        assert found(stores, token) == paused
        stores.tokens.end_line(ending, [an_event()])
        ended = found(stores, token)
        assert ended is not None
        assert ended.state is TokenState.REVOKED

    def test_token_that_is_as_it_was_read_is_ended(self, stores: Stores, owner: User) -> None:
        """Whatever else has changed: a name must not hold up a revocation."""
        token = add(stores, a_token(owner))
        stores.tokens.save_token(token, replace(token, name="new"), an_event())
        stores.tokens.end_line(an_ending(token, revoked(token)), [an_event()], as_read=True)
        ended = found(stores, token)
        assert ended is not None
        assert ended.state is TokenState.REVOKED

    def test_count_stays_where_no_slot_is_freed(self, stores: Stores, owner: User) -> None:
        """A token that a recount left out already is not taken off twice; a recount still notices."""
        token = add(stores, a_token(owner))
        stores.tokens.end_line(an_ending(token, revoked(token), frees_place=False), [an_event()])
        assert with_creations(owner, 1, live_tokens=1, revision=2) == present(stores, owner)

    def test_second_revocation_is_refused(self, stores: Stores, owner: User) -> None:
        """The first reason stays, and the slot is freed once."""
        token = add(stores, a_token(owner))
        add(stores, a_token(owner))
        stores.tokens.end_line(an_ending(token, revoked(token)), [an_event()])
        before = found(stores, token)
        with pytest.raises(ConcurrentChange):
            stores.tokens.end_line(
                an_ending(token, revoked(token, RevocationReason.ADMIN, LATER_STILL)), [an_event()]
            )
        assert before == found(stores, token)
        assert live_tokens(stores, owner) == 1

    def test_ended_generation_is_not_counted_down(self, stores: Stores, owner: User) -> None:
        """A token that a revoke-all ended holds no place."""
        token = add(stores, a_token(owner))
        stores.users.save_user(present(stores, owner), owner.in_generation(new_generation()), an_event())
        before = present(stores, owner)
        with pytest.raises(ConcurrentChange):
            stores.tokens.end_line(an_ending(token, revoked(token)), [an_event()])
        assert token == found(stores, token)
        assert before == present(stores, owner)

    def test_missing_token_is_never_created(self, stores: Stores, owner: User) -> None:
        """Neither row nor count changes for a token that is gone."""
        add(stores, a_token(owner))
        before, token = present(stores, owner), a_token(owner)
        with pytest.raises(ConcurrentChange):
            stores.tokens.end_line(an_ending(token, revoked(token)), [an_event()])
        assert found(stores, token) is None
        assert before == present(stores, owner)

    def test_missing_owner_is_never_created(self, stores: Stores, owner: User) -> None:
        """A count makes no user."""
        token = add(stores, a_token(owner))
        stores.forget(owner.id, None)
        with pytest.raises(ConcurrentChange):
            stores.tokens.end_line(an_ending(token, revoked(token)), [an_event()])
        assert stores.users.find_user(owner.id) is None
        assert token == found(stores, token)

    def test_revocation_is_not_held_up_by_a_change(self, stores: Stores, owner: User) -> None:
        """A new name since the token was read stays, and the token is revoked all the same."""
        token = add(stores, a_token(owner))
        renamed = stores.tokens.save_token(token, token.described("new", "", START), an_event())
        stores.tokens.end_line(an_ending(token, revoked(token)), [an_event()])
        assert replace(revoked(renamed), version=3) == found(stores, token)

    def test_revocation_keeps_a_touch_that_came_between(self, stores: Stores, owner: User) -> None:
        """The last use stays known, and no use hides the revocation's own times."""
        token = add(stores, a_token(owner))
        stores.authorization.touch(token, token.touched(START + ONE_MILLISECOND, RULES))
        stores.tokens.end_line(an_ending(token, revoked(token)), [an_event()])
        stored = found(stores, token)
        assert stored is not None
        assert stored.last_used_at == START + ONE_MILLISECOND
        assert revoked(token).purge_at == stored.purge_at
        assert stored.state is TokenState.REVOKED

    def test_token_of_a_deactivated_owner_can_be_revoked(self, stores: Stores, owner: User) -> None:
        """A generation that may be restored is cleaned up one by one."""
        token = add(stores, a_token(owner))
        stores.users.save_user(present(stores, owner), owner.deactivated(LATER), an_event())
        stores.tokens.end_line(an_ending(token, revoked(token)), [an_event()])
        assert live_tokens(stores, owner) == 0


class TestListTokens:
    """A user's tokens by their ids, which sort by creation."""

    def test_newest_come_first(self, stores: Stores, owner: User) -> None:
        """Ids descend."""
        oldest_first = tokens_by_age(stores, owner, 5)
        assert oldest_first[::-1] == listed(stores, owner, newest_first=True)

    def test_oldest_come_first(self, stores: Stores, owner: User) -> None:
        """Ids ascend."""
        assert tokens_by_age(stores, owner, 5) == listed(stores, owner, newest_first=False)

    def test_list_goes_on_behind_a_token(self, stores: Stores, owner: User) -> None:
        """The token named is not listed again, in either direction."""
        ids = tokens_by_age(stores, owner, 5)
        assert [ids[3], ids[4]] == listed(stores, owner, after=ids[2], newest_first=False)
        assert [ids[1], ids[0]] == listed(stores, owner, after=ids[2], newest_first=True)

    def test_list_goes_on_behind_a_token_that_is_gone(self, stores: Stores, owner: User) -> None:
        """A place in the order outlives its token."""
        ids = tokens_by_age(stores, owner, 5)
        stores.forget(owner.id, ids[2])
        assert [ids[3], ids[4]] == listed(stores, owner, after=ids[2], newest_first=False)
        assert [ids[1], ids[0]] == listed(stores, owner, after=ids[2], newest_first=True)

    def test_list_behind_the_last_token_is_empty(self, stores: Stores, owner: User) -> None:
        """There is nothing behind the end."""
        ids = tokens_by_age(stores, owner, 2)
        assert listed(stores, owner, after=ids[1], newest_first=False) == []
        assert listed(stores, owner, after=ids[0], newest_first=True) == []

    def test_limit_is_kept(self, stores: Stores, owner: User) -> None:
        """No more than asked for, from the right end."""
        ids = tokens_by_age(stores, owner, 5)
        assert ids[:2] == listed(stores, owner, limit=2, newest_first=False)
        assert [ids[4], ids[3]] == listed(stores, owner, limit=2, newest_first=True)

    @pytest.mark.parametrize("newest_first", [True, False])
    def test_rows_are_read_with_their_size(
        self, stores: Stores, owner: User, *, newest_first: bool
    ) -> None:
        """The size is at least that of DynamoDB's rules, and not much more."""
        ids = tokens_by_age(stores, owner, 5)
        read = stores.tokens.read_tokens(owner.id, after=ids[2], newest_first=newest_first, limit=9)
        assert [each.id for each in read.tokens] == listed(
            stores, owner, after=ids[2], newest_first=newest_first
        )
        least = sum(item_bytes(items.TOKEN.item(token)) for token in read.tokens)
        assert least <= read.size <= least * 1.3

    @pytest.mark.parametrize("newest_first", [True, False])
    def test_pages_neither_skip_nor_repeat(
        self, stores: Stores, owner: User, *, newest_first: bool
    ) -> None:
        """Walking on from the last of each page gives every token once."""
        ids = tokens_by_age(stores, owner, 7)
        walked: list[str] = []
        while page := listed(
            stores, owner, after=walked[-1] if walked else None, newest_first=newest_first, limit=3
        ):
            walked += page
        assert (ids[::-1] if newest_first else ids) == walked

    def test_rows_beyond_one_megabyte_are_listed(self, stores: Stores, owner: User) -> None:
        """DynamoDB cuts an answer at 1 MB; the list does not end there."""
        large = "x" * 200_000
        moments = [START + timedelta(seconds=n) for n in range(12)]
        ids = [add(stores, a_token(owner, moment, description=large)).id for moment in moments]
        assert ids == listed(stores, owner, newest_first=False)
        assert ids[:8] == listed(stores, owner, newest_first=False, limit=8)

    def test_only_this_users_tokens_are_listed(self, stores: Stores, owner: User) -> None:
        """Neither another user's tokens nor any other kind of row."""
        other = a_user("other@example.com")
        stores.users.add_user(other, an_event())
        add(stores, a_token(other))
        token = a_token(owner)
        add(stores, token, idempotency=a_record(token))
        before = present(stores, owner)
        ended = an_ended(owner.generation)
        stores.users.save_user(before, before.in_generation(new_generation()), an_event(), ended)
        assert [token.id] == listed(stores, owner, newest_first=True)
        assert [token.id] == listed(stores, owner, newest_first=False)

    def test_user_without_tokens_has_an_empty_list(self, stores: Stores, owner: User) -> None:
        """An empty list is a valid result."""
        assert listed(stores, owner) == []


class TestEndedGenerations:
    """When and why all tokens of a generation were revoked."""

    def test_only_ended_ones_among_those_asked_for_are_found(self, stores: Stores, owner: User) -> None:
        """Generations that continue, and generations that were not asked for, are left out."""
        user, generations = owner, [owner.generation]
        for _ in range(3):
            generations.append(new_generation())
            stores.users.save_user(
                user, user.in_generation(generations[-1]), an_event(), an_ended(user.generation)
            )
            user = present(stores, owner)
        asked = [generations[0], generations[2], generations[3]]
        ended = stores.tokens.find_ended_generations(owner.id, asked)
        assert {g: an_ended(g) for g in (generations[0], generations[2])} == ended

    def test_nothing_is_found_where_nothing_is_asked(self, stores: Stores, owner: User) -> None:
        """An empty question has an empty answer."""
        assert stores.tokens.find_ended_generations(owner.id, set()) == {}

    def test_generations_of_others_are_not_found(self, stores: Stores, owner: User) -> None:
        """A record belongs to its user."""
        other = a_user("other@example.com", generation=owner.generation)
        stores.users.add_user(other, an_event())
        stores.users.save_user(
            other, other.in_generation(new_generation()), an_event(), an_ended(owner.generation)
        )
        assert stores.tokens.find_ended_generations(owner.id, {owner.generation}) == {}

    def test_a_hundred_can_be_asked_for(self, stores: Stores, owner: User) -> None:
        """A full page of tokens may be of as many generations."""
        stores.users.save_user(
            owner, owner.in_generation(new_generation()), an_event(), an_ended(owner.generation)
        )
        asked = {owner.generation, *(new_generation() for _ in range(99))}
        assert {owner.generation} == stores.tokens.find_ended_generations(owner.id, asked).keys()


class TestAddUser:
    """First sight of a person."""

    def test_second_user_of_the_same_id_is_not_added(self, stores: Stores, owner: User) -> None:
        """The first row stays, with its generation."""
        again = replace(owner, name="Somebody Else", generation=new_generation())
        assert stores.users.add_user(again, an_event()) is False
        assert owner == present(stores, owner)


class TestSaveUser:
    """A change of a user, on the status and generation that were read."""

    def test_only_what_differs_is_written(self, stores: Stores, owner: User) -> None:
        """Two changes from the same read, of different fields, both last."""
        stores.users.save_user(owner, replace(owner, name="New Name"), an_event())
        stores.users.save_user(owner, replace(owner, role=Role.ADMIN), an_event())
        expected = replace(owner, name="New Name", role=Role.ADMIN, revision=2)
        assert expected == present(stores, owner)

    def test_count_survives_a_concurrent_creation(self, stores: Stores, owner: User) -> None:
        """A deactivation writes no count that it read before."""
        add(stores, a_token(owner))
        stores.users.save_user(owner, owner.deactivated(LATER), an_event())
        expected = with_creations(owner.deactivated(LATER), 1, live_tokens=1, revision=2)
        assert expected == present(stores, owner)

    def test_new_generation_resets_the_count_even_if_it_was_read_as_nothing(
        self, stores: Stores, owner: User
    ) -> None:
        """A token made since the read is as dead as the others."""
        add(stores, a_token(owner))
        generation = new_generation()
        stores.users.save_user(owner, owner.in_generation(generation), an_event())
        expected = with_creations(owner, 1, generation=generation, live_tokens=0, revision=2)
        assert expected == present(stores, owner)

    def test_new_generation_resets_a_count_that_was_read(self, stores: Stores, owner: User) -> None:
        """The new generation starts with nothing."""
        add(stores, a_token(owner))
        before = present(stores, owner)
        stores.users.save_user(before, before.in_generation(new_generation()), an_event())
        assert live_tokens(stores, owner) == 0

    def test_change_of_another_status_is_refused(self, stores: Stores, owner: User) -> None:
        """A writer who read the user as active cannot overwrite a deactivation."""
        stores.users.save_user(owner, owner.deactivated(LATER), an_event())
        before = present(stores, owner)
        with pytest.raises(ConcurrentChange):
            stores.users.save_user(owner, replace(owner, name="New Name"), an_event())
        assert before == present(stores, owner)

    def test_change_of_another_generation_is_refused(self, stores: Stores, owner: User) -> None:
        """Of two that end the same generation one has to look again; its record is not written."""
        ended = an_ended(owner.generation, RevocationReason.USER_REMOVED)
        stores.users.save_user(owner, owner.in_generation(new_generation()), an_event(), ended)
        before = present(stores, owner)
        with pytest.raises(ConcurrentChange):
            stores.users.save_user(
                owner, owner.in_generation(new_generation()), an_event(), an_ended(owner.generation)
            )
        assert before == present(stores, owner)
        records = stores.tokens.find_ended_generations(owner.id, {owner.generation})
        assert {owner.generation: ended} == records

    @pytest.mark.parametrize("ends", [True, False])
    def test_unknown_user_is_never_created(self, stores: Stores, *, ends: bool) -> None:
        """A change does not create a user or a record."""
        stranger = a_user("stranger@example.com")
        ended = an_ended(stranger.generation) if ends else None
        with pytest.raises(ConcurrentChange):
            stores.users.save_user(stranger, stranger.deactivated(LATER), an_event(), ended)
        assert stores.users.find_user(stranger.id) is None
        assert stores.tokens.find_ended_generations(stranger.id, {stranger.generation}) == {}

    def test_tombstone_and_return_are_written(self, stores: Stores, owner: User) -> None:
        """A removal empties name and email; a return drops the time of the removal."""
        stores.users.save_user(owner, owner.removed(LATER, new_generation()), an_event())
        tombstone = present(stores, owner)
        assert (tombstone.name, tombstone.email, tombstone.removed_at) == ("", "", LATER)
        back = replace(tombstone, status=UserStatus.ACTIVE, removed_at=None, name="Una")
        stores.users.save_user(tombstone, back, an_event())
        assert replace(back, revision=2) == present(stores, owner)


class TestCorrectLiveTokens:
    """Putting right a count that holds tokens which ended by themselves."""

    def test_count_is_set_on_an_unchanged_row(self, stores: Stores) -> None:
        """The count changes, and so does the revision, for the next recount."""
        user = a_user(live_tokens=5, revision=3)
        stores.users.add_user(user, an_event())
        stores.users.correct_live_tokens(user, 2)
        assert replace(user, live_tokens=2, revision=4) == present(stores, user)

    def test_count_is_left_when_a_token_was_added(self, stores: Stores, owner: User) -> None:
        """A token that the recount did not see is not forgotten."""
        add(stores, a_token(owner))
        stores.users.correct_live_tokens(owner, 0)
        assert live_tokens(stores, owner) == 1

    @pytest.mark.parametrize("frees_slot", [True, False])
    def test_count_is_left_when_a_token_was_revoked(
        self, stores: Stores, owner: User, *, frees_slot: bool
    ) -> None:
        """A revocation shows in the revision even where it frees no slot."""
        token = add(stores, a_token(owner))
        before = present(stores, owner)
        stores.tokens.end_line(an_ending(token, revoked(token), frees_place=frees_slot), [an_event()])
        stores.users.correct_live_tokens(before, 7)
        assert (0 if frees_slot else 1) == live_tokens(stores, owner)

    def test_count_is_left_when_the_user_changed(self, stores: Stores, owner: User) -> None:
        """Any change of the row makes the recount one of another row."""
        stores.users.save_user(owner, replace(owner, name="New Name"), an_event())
        stores.users.correct_live_tokens(owner, 7)
        assert live_tokens(stores, owner) == 0

    def test_second_correction_of_the_same_row_is_left_out(self, stores: Stores, owner: User) -> None:
        """Of two recounts of the same row one is written."""
        stores.users.correct_live_tokens(owner, 7)
        stores.users.correct_live_tokens(owner, 8)
        assert live_tokens(stores, owner) == 7

    def test_unknown_user_is_never_created(self, stores: Stores) -> None:
        """A count makes no user."""
        stranger = a_user("stranger@example.com")
        stores.users.correct_live_tokens(stranger, 0)
        assert stores.users.find_user(stranger.id) is None


class TestListUsers:
    """All users, newest first."""

    def test_newest_come_first(self, stores: Stores) -> None:
        """Users are listed by creation, each as it stands."""
        users = add_users(stores, [0, 1, 2])
        page = stores.users.list_users(after=None, limit=10)
        assert users[::-1] == list(page.users)
        assert page.next_position is None

    def test_users_of_the_same_moment_are_ordered_by_id(self, stores: Stores) -> None:
        """Ties have one order, so that pages cannot lose anybody."""
        users = add_users(stores, [5, 5, 5, 5, 5])
        by_id = sorted(users, key=lambda user: user.id, reverse=True)
        assert by_id == walk(stores, 2)

    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 100])
    def test_pages_neither_skip_nor_repeat(self, stores: Stores, limit: int) -> None:
        """Walking on gives every user once and comes to an end."""
        users = add_users(stores, [0, 1, 1, 2, 3, 3])
        newest_first = sorted(users, key=lambda user: (user.created_at, user.id), reverse=True)
        assert newest_first == walk(stores, limit)

    def test_users_added_meanwhile_shift_nothing(self, stores: Stores) -> None:
        """A page goes on behind a place, not behind a number of users."""
        users = add_users(stores, [0, 1, 2, 3])
        first = stores.users.list_users(after=None, limit=2)
        late = a_user("late@example.com", created_at=START + timedelta(days=1))
        stores.users.add_user(late, an_event())
        second = stores.users.list_users(after=first.next_position, limit=2)
        assert [users[1], users[0]] == list(second.users)

    def test_changed_users_keep_their_place(self, stores: Stores) -> None:
        """The list shows users as they stand, where they always stood."""
        users = add_users(stores, [0, 1])
        stores.users.save_user(users[0], users[0].removed(LATER, new_generation()), an_event())
        assert [users[1], present(stores, users[0])] == walk(stores, 10)

    def test_only_users_are_listed(self, stores: Stores, owner: User) -> None:
        """Tokens, keys and records are not listed as users."""
        token = a_token(owner)
        add(stores, token, idempotency=a_record(token))
        publish(stores.keys, LocalSigningKey().public)
        assert [owner.id] == [user.id for user in walk(stores, 1)]

    def test_list_without_users_is_empty(self, stores: Stores) -> None:
        """An empty list is a valid result."""
        page = stores.users.list_users(after=None, limit=10)
        assert (list(page.users), page.next_position) == ([], None)


def add_users(stores: Stores, ages: list[int]) -> list[User]:
    """Add a user per entry, created so many seconds after the start."""
    users = [
        a_user(f"user-{n}@example.com", created_at=START + timedelta(seconds=age))
        for n, age in enumerate(ages)
    ]
    for user in users:
        assert stores.users.add_user(user, an_event())
    return users


def walk(stores: Stores, limit: int) -> list[User]:
    """Return all users, page by page."""
    users: list[User] = []
    position: str | None = None
    for _ in range(50):
        page = stores.users.list_users(after=position, limit=limit)
        assert len(page.users) <= limit
        users += page.users
        position = page.next_position
        if position is None:
            return users
    raise AssertionError("the list does not end")
