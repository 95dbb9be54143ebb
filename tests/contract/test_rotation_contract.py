"""The contract of the stores for rotations: in memory and in DynamoDB."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import (
    ConcurrentChange,
    TokenLimitReached,
    TooManyCreations,
    UserInactive,
)
from chalicelib.domain.ids import new_generation, new_token_id
from chalicelib.domain.lines import Change, Ending, Line
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.rotation import Rotation, own_successor_of, reused, rotation_of, successor_of
from chalicelib.domain.seen_networks import RefusedReason, refused_again
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import User, UserStatus
from tests.support.actors import an_event
from tests.support.builders import LIMITS, RULES, a_token, a_user, an_ending
from tests.support.clock import START
from tests.support.dynamodb import Stores

HOUR = timedelta(hours=1)
LATER = START + HOUR
LATER_STILL = START + 2 * HOUR


def added(stores: Stores, token: Token) -> Token:
    """Add a token and return it."""
    stores.tokens.add_token(token, an_event(), limits=LIMITS, idempotency=None)
    return token


def rotation(token: Token, before: Token | None = None) -> Rotation:
    """Return a rotation an hour after the start, with an overlap of a day."""
    successor = successor_of(token, new_token_id(LATER), LATER, RULES)
    return rotation_of(token, before, successor, timedelta(days=1), RULES)


def self_rotation(token: Token, before: Token | None = None) -> Rotation:
    """Return a rotation by the token itself."""
    successor = own_successor_of(token, new_token_id(LATER), LATER, RULES)
    return rotation_of(token, before, successor, timedelta(days=1), RULES)


def line_row(stores: Stores, made: Rotation) -> Line | None:
    """Return the stored row of the line that a rotation continues."""
    assert made.line
    return stores.rotations.find_rows(made.line.user_id, (), made.line.id)[0]


def ending(stores: Stores, made: Rotation, *, frees_place: bool = True) -> Ending:
    """Return the end of both tokens of a self-rotation, and of their line, as they are stored."""
    pair = (row(stores, made.rotated.after), row(stores, made.successor))
    changes = [Change(each, each.revoked(RevocationReason.EXPOSED, LATER_STILL, RULES)) for each in pair]
    assert made.line
    return Ending(tuple(changes), made.line.ended(LATER_STILL, RULES), frees_place)


def rotate(stores: Stores, made: Rotation, limit: int = 100) -> Rotation:
    """Write a rotation and return it."""
    stores.rotations.rotate_token(made, [an_event()], limits=replace(LIMITS, live_tokens=limit))
    return made


def row(stores: Stores, token: Token) -> Token:
    """Return the stored row of a token."""
    found = stores.tokens.find_token(token.user_id, token.id)
    assert found is not None
    return found


def owner_row(stores: Stores, owner: User) -> User:
    """Return the stored row of a user."""
    found = stores.users.find_user(owner.id)
    assert found is not None
    return found


def everything(stores: Stores, owner: User) -> tuple[User, Sequence[Token]]:
    """Return all rows of a user."""
    tokens = stores.tokens.list_tokens(owner.id, after=None, newest_first=True, limit=100)
    return owner_row(stores, owner), tokens


class TestRotateToken:
    """Both tokens and the owner's row, all or nothing."""

    def test_both_rows_are_written(self, stores: Stores, owner: User) -> None:
        """The successor is there, the predecessor is linked, and the version grows by one."""
        made = rotate(stores, rotation(added(stores, a_token(owner))))
        assert made.successor == row(stores, made.successor)
        assert replace(made.rotated.after, version=2) == row(stores, made.rotated.after)

    def test_successor_takes_its_predecessors_place(self, stores: Stores, owner: User) -> None:
        """The count stays, even at the limit; a recount notices that the rows moved."""
        token = added(stores, a_token(owner))
        rotate(stores, rotation(token), limit=1)
        expected = replace(owner, live_tokens=1, revision=2, created_day=LATER.date(), creations=2)
        assert expected == owner_row(stores, owner)

    @pytest.mark.parametrize("begun", [True, False])
    @pytest.mark.parametrize("new_place", [True, False])
    def test_rotation_counts_as_a_creation_of_its_day(
        self, stores: Stores, owner: User, *, new_place: bool, begun: bool
    ) -> None:
        """The last one allowed is written. The next one changes nothing."""
        limits = replace(LIMITS, per_day=2, day_has_begun=begun)
        token, other = added(stores, a_token(owner)), a_token(owner)
        stores.users.note_full(owner_row(stores, owner), LATER_STILL)
        made = replace(rotation(token), takes_new_place=new_place)
        stores.rotations.rotate_token(made, [an_event()], limits=limits)
        before = everything(stores, owner)
        assert (before[0].creations, before[0].full_until) == (2, None)

        with pytest.raises(TooManyCreations):
            stores.rotations.rotate_token(rotation(made.successor), [an_event()], limits=limits)
        with pytest.raises(TooManyCreations):
            stores.tokens.add_token(other, an_event(), limits=limits, idempotency=None)

        assert before == everything(stores, owner)

    def test_new_place_is_counted(self, stores: Stores, owner: User) -> None:
        """If the predecessor's place may be free already, the successor takes a place of its own."""
        made = replace(rotation(added(stores, a_token(owner))), takes_new_place=True)
        rotate(stores, made, limit=2)
        assert owner_row(stores, owner).live_tokens == 2

    def test_new_place_beyond_the_quota_is_refused(self, stores: Stores, owner: User) -> None:
        """The quota holds, and nothing is written."""
        made = replace(rotation(added(stores, a_token(owner))), takes_new_place=True)
        before = everything(stores, owner)
        with pytest.raises(TokenLimitReached):
            rotate(stores, made, limit=1)
        assert before == everything(stores, owner)

    def test_overlap_before_is_cut_short(self, stores: Stores, owner: User) -> None:
        """A third token of the family ends the first in the same write."""
        first = rotate(stores, rotation(added(stores, a_token(owner))))
        before = row(stores, first.rotated.after)
        again = rotate(stores, rotation(first.successor, before))
        assert again.cut_short
        assert replace(again.cut_short.after, version=3) == row(stores, before)
        assert row(stores, before).overlap_ends_at == LATER

    @pytest.mark.parametrize("which", ["token", "grandparent"])
    def test_change_meanwhile_is_noticed(self, stores: Stores, owner: User, which: str) -> None:
        """If one of the rows has changed, nothing is written."""
        first = rotate(stores, rotation(added(stores, a_token(owner))))
        grandparent = row(stores, first.rotated.after)
        changed = first.successor if which == "token" else grandparent
        stores.tokens.save_token(changed, changed.described("other", "", LATER), an_event())
        before = everything(stores, owner)
        with pytest.raises(ConcurrentChange):
            rotate(stores, rotation(first.successor, grandparent))
        assert before == everything(stores, owner)

    def test_second_rotation_of_the_same_version_is_refused(self, stores: Stores, owner: User) -> None:
        """A token has one successor."""
        token = added(stores, a_token(owner))
        rotate(stores, rotation(token))
        before = everything(stores, owner)
        with pytest.raises(ConcurrentChange):
            rotate(stores, rotation(token))
        assert before == everything(stores, owner)

    def test_revoked_token_gets_no_successor(self, stores: Stores, owner: User) -> None:
        """A revocation that overtook the rotation wins."""
        token = added(stores, a_token(owner))
        stores.tokens.end_line(
            an_ending(token, token.revoked(RevocationReason.OWNER, LATER, RULES)), [an_event()]
        )
        before = everything(stores, owner)
        with pytest.raises(ConcurrentChange):
            rotate(stores, rotation(token))
        assert before == everything(stores, owner)

    def test_missing_token_gets_none_and_is_not_created(self, stores: Stores, owner: User) -> None:
        """A row that was deleted stays deleted."""
        token = added(stores, a_token(owner))
        stores.forget(owner.id, token.id)
        with pytest.raises(ConcurrentChange):
            rotate(stores, rotation(token))
        assert everything(stores, owner)[1] == []

    @pytest.mark.parametrize("status", [UserStatus.INACTIVE, UserStatus.REMOVED])
    def test_owner_who_is_not_active_gets_none(self, stores: Stores, status: UserStatus) -> None:
        """A deactivation stops a rotation under way."""
        owner = a_user("inactive@example.com")
        stores.users.add_user(owner, an_event())
        token = added(stores, a_token(owner))
        stores.users.save_user(owner, replace(owner, status=status), an_event())
        before = everything(stores, owner)
        with pytest.raises(UserInactive):
            rotate(stores, rotation(token))
        assert before == everything(stores, owner)

    def test_ended_generation_gets_none(self, stores: Stores, owner: User) -> None:
        """Revoking all stops a rotation under way."""
        token = added(stores, a_token(owner))
        stores.users.save_user(owner, owner.in_generation(new_generation()), an_event())
        before = everything(stores, owner)
        with pytest.raises(ConcurrentChange):
            rotate(stores, rotation(token))
        assert before == everything(stores, owner)

    def test_revocation_from_before_the_rotation_looks_again(self, stores: Stores, owner: User) -> None:
        """The place has passed on, so a revocation that would free it is refused."""
        token = added(stores, a_token(owner))
        rotate(stores, rotation(token))
        before = everything(stores, owner)
        with pytest.raises(ConcurrentChange):
            stores.tokens.end_line(
                an_ending(token, token.revoked(RevocationReason.OWNER, LATER, RULES)), [an_event()]
            )
        assert before == everything(stores, owner)

    def test_rotated_token_is_revoked_without_freeing_a_place(self, stores: Stores, owner: User) -> None:
        """In its overlap it can be ended like any other."""
        made = rotate(stores, rotation(added(stores, a_token(owner))))
        token = row(stores, made.rotated.after)
        after = token.revoked(RevocationReason.EXPOSED, LATER_STILL, RULES)
        stores.tokens.end_line(an_ending(token, after, frees_place=False), [an_event()])
        assert replace(after, version=3) == row(stores, token)
        assert owner_row(stores, owner).live_tokens == 1

    def test_use_from_before_the_rotation_is_not_recorded(self, stores: Stores, owner: User) -> None:
        """It would put off the day on which the row may be deleted."""
        token = added(stores, a_token(owner))
        made = rotate(stores, rotation(token))
        assert not stores.authorization.touch(token, token.touched(LATER, RULES))
        assert row(stores, token) == replace(made.rotated.after, version=2)

    def test_use_in_the_overlap_is_recorded(self, stores: Stores, owner: User) -> None:
        """The row's end stays where the rotation put it."""
        made = rotate(stores, rotation(added(stores, a_token(owner))))
        token = row(stores, made.rotated.after)
        assert stores.authorization.touch(token, token.touched(LATER_STILL, RULES))
        assert row(stores, token).last_used_at == LATER_STILL
        assert row(stores, token).purge_at == token.purge_at


class TestSelfRotation:
    """The line's row goes on with the newest token, until the line ends."""

    def test_line_names_the_token_and_its_successor(self, stores: Stores, owner: User) -> None:
        """Each rotation writes it anew, and both tokens carry what the line needs."""
        first = rotate(stores, self_rotation(added(stores, a_token(owner))))
        assert line_row(stores, first) == first.line
        assert row(stores, first.successor) == first.successor
        again = rotate(stores, self_rotation(first.successor, row(stores, first.rotated.after)))
        assert line_row(stores, again) == again.line
        assert again.line
        assert again.line.token_ids == (first.successor.id, again.successor.id)
        assert row(stores, again.successor).lifetime_began_at == START

    def test_persons_rotation_writes_no_line(self, stores: Stores, owner: User) -> None:
        """A line begins with its first self-rotation."""
        made = rotate(stores, rotation(added(stores, a_token(owner))))
        assert stores.rotations.find_rows(owner.id, (), made.successor.id_of_line) == (None, [])

    def test_line_that_was_stopped_goes_no_further(self, stores: Stores, owner: User) -> None:
        """Its tokens stay as they are; nothing of the rotation is written."""
        first = rotate(stores, self_rotation(added(stores, a_token(owner))))
        assert first.line
        stopped = first.line.ended(LATER_STILL, RULES)
        stores.rotations.stop_line(stopped)
        assert line_row(stores, first) == stopped
        before = everything(stores, owner)
        with pytest.raises(ConcurrentChange):
            rotate(stores, self_rotation(first.successor, row(stores, first.rotated.after)))
        assert (everything(stores, owner), line_row(stores, first)) == (before, stopped)
        rotate(stores, rotation(first.successor, row(stores, first.rotated.after)))

    def test_line_that_moved_on_goes_on_from_there_only(self, stores: Stores, owner: User) -> None:
        """A row that names another newest token refuses the rotation."""
        first = rotate(stores, self_rotation(added(stores, a_token(owner))))
        stale = replace(first.successor, line_id=first.successor.line_id, id=new_token_id(LATER))
        added(stores, stale)
        before = everything(stores, owner)
        with pytest.raises(ConcurrentChange):
            rotate(stores, self_rotation(stale))
        assert (everything(stores, owner), line_row(stores, first)) == (before, first.line)

    def test_stopping_creates_no_row(self, stores: Stores, owner: User) -> None:
        """A row that TTL deleted stays deleted."""
        made = self_rotation(added(stores, a_token(owner)))
        assert made.line
        stores.rotations.stop_line(made.line.ended(LATER, RULES))
        assert line_row(stores, made) is None


class TestEndLine:
    """Both tokens, the line's row and the count, all or nothing."""

    def test_everything_ends_at_once(self, stores: Stores, owner: User) -> None:
        """For one reason at one moment; the count goes down by one."""
        made = rotate(stores, self_rotation(added(stores, a_token(owner))))
        ends = ending(stores, made)
        stores.tokens.end_line(ends, [an_event()])
        for change in ends.changes:
            assert row(stores, change.before) == replace(change.after, version=change.before.version + 1)
        assert line_row(stores, made) == ends.line
        assert owner_row(stores, owner).live_tokens == 0

    @pytest.mark.parametrize("what", ["older", "newer", "line", "generation", "rotated"])
    def test_one_that_moved_on_stops_it_all(self, stores: Stores, owner: User, what: str) -> None:
        """A token or the generation that ended, a line that was deleted, a newest token that rotated."""
        made = rotate(stores, self_rotation(added(stores, a_token(owner))))
        ends = ending(stores, made)
        older, newer = (change.before for change in ends.changes)
        if what == "rotated":
            rotate(stores, self_rotation(newer, older))
        elif what == "generation":
            user = owner_row(stores, owner)
            stores.users.save_user(user, user.in_generation(new_generation()), an_event())
        elif what == "line":
            assert ends.line
            ends = replace(ends, line=replace(ends.line, id=new_token_id(LATER)))
        else:
            token = older if what == "older" else newer
            after = token.revoked(RevocationReason.OWNER, LATER, RULES)
            stores.tokens.end_line(an_ending(token, after, frees_place=False), [an_event()])
        before = everything(stores, owner), line_row(stores, made)
        with pytest.raises(ConcurrentChange):
            stores.tokens.end_line(ends, [an_event()])
        assert before == (everything(stores, owner), line_row(stores, made))

    def test_renames_and_uses_do_not_hold_it_up(self, stores: Stores, owner: User) -> None:
        """No version is asked for, and the name stays."""
        made = rotate(stores, self_rotation(added(stores, a_token(owner))))
        ends = ending(stores, made)
        newer = ends.changes[1].before
        stores.tokens.save_token(newer, newer.described("other", "", LATER), an_event())
        stores.tokens.end_line(ends, [an_event()])
        assert (row(stores, newer).name, row(stores, newer).state) == ("other", TokenState.REVOKED)


class TestFindRows:
    """A line and a few tokens by one read."""

    def test_what_exists_is_found(self, stores: Stores, owner: User) -> None:
        """Missing tokens are left out; another user's are never found."""
        made = rotate(stores, self_rotation(added(stores, a_token(owner))))
        ids = [made.rotated.after.id, made.successor.id, new_token_id(LATER)]
        line, tokens = stores.rotations.find_rows(owner.id, ids, made.rotated.after.id_of_line)
        assert line == made.line
        assert {token.id for token in tokens} == set(ids[:2])
        assert stores.rotations.find_rows("usr_other", ids, made.rotated.after.id_of_line) == (None, [])
        assert stores.rotations.find_rows(owner.id, ids[:1])[0] is None


class TestRecordReuse:
    """The row tells how often the token was used after its overlap, and when last."""

    def test_reuse_is_recorded(self, stores: Stores, owner: User) -> None:
        """Count and time are written, and nothing else, the version included."""
        made = rotate(stores, rotation(added(stores, a_token(owner))))
        token = row(stores, made.rotated.after)
        assert stores.authorization.record_refusal(token, reused(token, 3, LATER_STILL))
        assert reused(token, 3, LATER_STILL) == row(stores, token)

    def test_second_record_on_the_same_reading_is_refused(self, stores: Stores, owner: User) -> None:
        """Of two processes in the same interval one writes."""
        made = rotate(stores, rotation(added(stores, a_token(owner))))
        token = row(stores, made.rotated.after)
        assert stores.authorization.record_refusal(token, reused(token, 1, LATER))
        assert not stores.authorization.record_refusal(token, reused(token, 7, LATER_STILL))
        again = row(stores, token)
        assert stores.authorization.record_refusal(again, reused(again, 2, LATER_STILL))
        assert (row(stores, token).reuse_count, row(stores, token).last_reused_at) == (3, LATER_STILL)

    def test_deleted_row_is_not_recreated(self, stores: Stores, owner: User) -> None:
        """A reuse does not create a row."""
        made = rotate(stores, rotation(added(stores, a_token(owner))))
        token = row(stores, made.rotated.after)
        stores.forget(owner.id, token.id)
        assert not stores.authorization.record_refusal(token, reused(token, 1, LATER))
        assert stores.tokens.find_token(owner.id, token.id) is None

    def test_revoked_token_stays_revoked(self, stores: Stores, owner: User) -> None:
        """A revocation meanwhile is not undone."""
        made = rotate(stores, rotation(added(stores, a_token(owner))))
        token = row(stores, made.rotated.after)
        after = token.revoked(RevocationReason.OWNER, LATER, RULES)
        stores.tokens.end_line(an_ending(token, after, frees_place=False), [an_event()])
        stores.authorization.record_refusal(token, reused(token, 1, LATER))
        assert row(stores, token).state is TokenState.REVOKED


class TestRecordRefusal:
    """The row tells how often the token was refused, and the last time."""

    def test_refusal_is_recorded(self, stores: Stores, owner: User) -> None:
        """The version and everything else stay."""
        token = added(stores, a_token(owner))
        after = refused(token)
        noise = replace(after, name="x", version=9, last_used_at=LATER, allowed_networks=(), idle_at=LATER)
        assert stores.authorization.record_refusal(token, noise)
        assert after == row(stores, token)
        again = refused(after, count=3)
        assert stores.authorization.record_refusal(after, again)
        assert again == row(stores, token)

    def test_second_record_on_the_same_reading_is_refused(self, stores: Stores, owner: User) -> None:
        """Of two processes in the same interval one writes."""
        token = added(stores, a_token(owner))
        first = refused(token)
        assert stores.authorization.record_refusal(token, first)
        assert not stores.authorization.record_refusal(token, refused(token, count=7))
        second = refused(first)
        assert stores.authorization.record_refusal(first, second)
        assert not stores.authorization.record_refusal(first, refused(first, count=7))
        assert second == row(stores, token)

    def test_use_and_change_meanwhile_stay(self, stores: Stores, owner: User) -> None:
        """A refusal is about one attribute, whatever else happens to the row."""
        token = added(stores, a_token(owner))
        used = token.touched(LATER, RULES, {LATER.date(): 1})
        assert stores.authorization.touch(token, used)
        renamed = stores.tokens.save_token(used, used.described("other", "", LATER), an_event())
        assert stores.authorization.record_refusal(token, refused(token))
        assert row(stores, token) == replace(renamed, refused=refused(token).refused)

    def test_deleted_row_is_not_recreated(self, stores: Stores, owner: User) -> None:
        """A refusal does not create a row."""
        token = added(stores, a_token(owner))
        stores.forget(owner.id, token.id)
        assert not stores.authorization.record_refusal(token, refused(token))
        assert stores.tokens.find_token(owner.id, token.id) is None

    def test_revoked_token_stays_revoked(self, stores: Stores, owner: User) -> None:
        """A revocation meanwhile is not undone, and the refusal is recorded."""
        token = added(stores, a_token(owner))
        after = token.revoked(RevocationReason.OWNER, LATER, RULES)
        stores.tokens.end_line(an_ending(token, after, frees_place=False), [an_event()])
        assert stores.authorization.record_refusal(token, refused(token))
        assert row(stores, token).state is TokenState.REVOKED


def refused(token: Token, count: int = 1) -> Token:
    """Return a token after refused uses from a network."""
    again = refused_again(token.refused, RefusedReason.NETWORK, "192.0.2.0/24", LATER, count)
    return replace(token, refused=again)


class TestListFamily:
    """The tokens of one line, and no others."""

    def test_family_is_found_among_other_tokens(self, stores: Stores, owner: User) -> None:
        """Three generations of a line; neither strangers' tokens nor the owner's others."""
        first = rotate(stores, rotation(added(stores, a_token(owner))))
        second = rotate(stores, rotation(first.successor))
        added(stores, a_token(owner))
        rotate(stores, rotation(added(stores, a_token(owner))))
        family = stores.rotations.list_family(owner.id, first.rotated.after.id)
        line = (first.rotated.after, first.successor, second.successor)
        assert {token.id for token in family} == {token.id for token in line}
        assert all(token == row(stores, token) for token in family)

    def test_unknown_family_is_empty(self, stores: Stores, owner: User) -> None:
        """A token that was never rotated has none."""
        token = added(stores, a_token(owner))
        assert stores.rotations.list_family(owner.id, token.id) == []
