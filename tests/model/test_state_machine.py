"""Lives of users and tokens at random, held against the model after every step.

Through the real services with real signatures, over the store in memory.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chalicelib.domain.errors import (
    ApiTokensError,
    InvalidToken,
    NoPredecessor,
    SignInTooSoon,
    TokenAlreadyExpired,
    TokenAlreadyRevoked,
    TokenAlreadyRotated,
    TokenLimitReached,
    TokenNotActive,
    TokenNotFound,
    UserInactive,
    UserNotFound,
    UserRemoved,
)
from chalicelib.domain.events import Event
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_creation import TokenRequest
from chalicelib.domain.token_filters import TokenFilter
from chalicelib.domain.tokens import Token, TokenState, TokenStatus
from chalicelib.domain.users import User
from chalicelib.handlers.v1 import rendering
from chalicelib.handlers.v1.summaries import routes as summaries
from chalicelib.services.all_events import AllEventsQuery
from chalicelib.services.all_tokens import AllTokensQuery
from chalicelib.services.histories import EventPage, HistoryQuery
from chalicelib.services.listing import TokenQuery
from chalicelib.services.manage import TokenPatch
from chalicelib.services.sign_in import Credentials
from chalicelib.services.verify import UNKNOWN_CALLER, Verified, VerifyToken
from tests.model.summary import WEEK, counts, summary_of
from tests.model.world import IDLE, SKEW, Row, World
from tests.support.actors import ADMINISTRATOR, CALLER, PERSON
from tests.support.builders import A_CALLER, ISSUER
from tests.support.histories import check_histories
from tests.support.memory import InMemoryStore
from tests.support.service import MemoryService

QUOTA = 2
PEOPLE = ("ada@example.com", "ben@example.com")

people = st.sampled_from(PEOPLE)
picks = st.integers(0, 4)
lifetimes = st.sampled_from([None, None, 1, 7, 30, 45])
pauses = st.sampled_from([0, 1, 59_999, 60_000, 299_999, 300_000, 300_001, 3_600_000]).map(
    lambda ms: timedelta(milliseconds=ms)
)

overlaps = st.sampled_from([0, 0, 1, 3_600, 604_800]).map(lambda seconds: timedelta(seconds=seconds))


OFFICE = "192.0.2.7"
addresses = st.sampled_from([None, OFFICE, OFFICE, "192.0.2.200", "203.0.113.9", "2001:db8:1::1"])
lists = st.sampled_from([(), (), ("192.0.2.0/24",), ("2001:db8::/32", "203.0.113.9/32")])


class ExpiringStore(InMemoryStore):
    """The store in memory with the TTL of DynamoDB, which comes when a test calls it."""

    def collect_garbage(self, now: datetime) -> None:
        """Delete what may be deleted."""
        self._tokens = {key: row for key, row in self._tokens.items() if row.purge_at > now}
        self._lines = {key: row for key, row in self._lines.items() if row.purge_at > now}
        self._ended = {key: row for key, row in self._ended.items() if row.purge_at > now}


def refused_of(token: Token) -> tuple[object, ...] | None:
    """Return what the owner sees of refused uses."""
    refused = token.refused
    if refused is None or refused.last_reason is None:
        return None
    return refused.count, refused.last_at, refused.last_reason.value, refused.last_from


class Onlooker:
    """The store of a verification that must leave no trace: nothing is recorded."""

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store

    def find_for_authorization(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return token and owner."""
        return self._store.find_for_authorization(user_id, token_id)

    def touch(self, before: Token, after: Token) -> bool:
        """Record nothing."""
        return False

    def record_refusal(self, before: Token, after: Token) -> bool:
        """Record nothing."""
        return False


class Life(RuleBasedStateMachine):
    """What owners, administrators, bearers and time may do, in any order."""

    @initialize(days=lifetimes)
    def begin(self, days: int | None) -> None:
        """Start with an administrator and one person who has a token."""
        self.store = ExpiringStore()
        self.service = MemoryService({"MAX_TOKENS_PER_USER": str(QUOTA)}, store=self.store)
        service, clock = self.service, self.service.clock
        self.admin = service.sign_in.admin(
            Credentials(CALLER, unverified_bearer=service.provider.sign_in("admin@example.com"))
        )
        onlooker = Onlooker(self.store)
        self.looking = VerifyToken(service.verifier, onlooker, clock, service.rules)
        self.world = World(clock.now(), QUOTA)
        self.create(PEOPLE[0], days)

    # What people do with their own tokens.

    @rule(name=people, days=lifetimes, allowed=lists)
    def create(self, name: str, days: int | None, allowed: tuple[str, ...] = ()) -> None:
        """Create a token, unless the person is out or the quota is used up."""
        owner = self._signed_in(name)
        if owner is None:
            return
        lifetime = None if days is None else timedelta(days=days)
        request = TokenRequest("first", "", None, lifetime, allowed_networks(allowed))
        if self.world.live(name) >= QUOTA:
            with pytest.raises(TokenLimitReached):
                self.service.issue(owner, request, PERSON)
            return
        issued = self.service.issue(owner, request, PERSON)
        self.world.create(name, issued.token.id, issued.secret, days, allowed)

    @precondition(lambda self: self.world.tokens)
    @rule(pick=picks, name=st.sampled_from([None, "first", "second"]), pause=st.booleans())
    def change(self, pick: int, name: str | None, pause: bool) -> None:
        """Rename a token, pause it, or both at once."""
        token_id, token = self._token(pick)
        status = TokenState.INACTIVE if pause else None
        if self._patch(token_id, token, TokenPatch(name=name, status=status)):
            token["name"] = name or token["name"]
            if pause:
                self.world.pause(token)

    @precondition(lambda self: self.world.tokens)
    @rule(pick=picks, idle=st.booleans())
    def resume(self, pick: int, idle: bool) -> None:
        """Re-activate a token, now or once it is idle."""
        token_id, token = self._token(pick)
        if idle:
            self._advance(max(token["alive_since"] + IDLE - self.world.now, timedelta(0)))
        if self._patch(token_id, token, TokenPatch(status=TokenState.ACTIVE)):
            self.world.resume(token)

    @precondition(lambda self: self.world.tokens)
    @rule(pick=picks)
    def keep_alive(self, pick: int) -> None:
        """Begin the idle clock of a token anew, while it is active."""
        token_id, token = self._token(pick)
        owner = self._signed_in(token["owner"])
        if owner is None:
            return
        refusal = self._refusal_of_inactive(token)
        if refusal:
            with pytest.raises(refusal):
                self.service.manage.keep_alive(owner, token_id, PERSON)
            return
        self.service.manage.keep_alive(owner, token_id, PERSON)
        self.world.keep_alive(token)

    @precondition(lambda self: self.world.tokens)
    @rule(pick=picks, reason=st.sampled_from(["owner", "exposed", "rotated"]))
    def revoke(self, pick: int, reason: str) -> None:
        """Revoke a token; revoked ones stay as they are."""
        token_id, token = self._token(pick)
        owner = self._signed_in(token["owner"])
        if owner is None:
            return
        if token["gone"]:
            with pytest.raises(TokenNotFound):
                self.service.revoke(owner, token_id, RevocationReason(reason), PERSON)
            return
        self.service.revoke(owner, token_id, RevocationReason(reason), PERSON)
        self.world.revoke(token, reason)

    @precondition(lambda self: self.world.tokens)
    @rule(pick=picks, overlap=overlaps)
    def rotate(self, pick: int, overlap: timedelta) -> None:
        """Replace a token by a successor, once, while it is active."""
        token_id, token = self._token(pick)
        owner = self._signed_in(token["owner"])
        if owner is None:
            return
        refusal = self._rotation_refusal(token)
        if refusal:
            with pytest.raises(refusal):
                self.service.rotate(owner, token_id, overlap, PERSON)
            return
        issued = self.service.rotate(owner, token_id, overlap, PERSON)
        self.world.rotate(token_id, issued.token.id, issued.secret, overlap)

    @precondition(lambda self: self.world.tokens)
    @rule(pick=picks, overlap=overlaps)
    def rotate_itself(self, pick: int, overlap: timedelta) -> None:
        """Let a token replace itself: it prolongs nothing, and takes no place."""
        token_id, token = self._token(pick)
        bearer = self._bearer(token)
        if bearer is None:
            return
        if token["successor"]:
            with pytest.raises(TokenAlreadyRotated):
                self.service.self_service.rotate(bearer, overlap, CALLER)
            return
        issued = self.service.self_service.rotate(bearer, overlap, CALLER)
        self.world.rotate(token_id, issued.token.id, issued.secret, overlap, by_itself=True)

    @precondition(lambda self: self.world.tokens)
    @rule(pick=picks)
    def end_predecessor(self, pick: int) -> None:
        """Let a token end the overlap of its predecessor."""
        _, token = self._token(pick)
        bearer = self._bearer(token)
        if bearer is None:
            return
        if self.world.end_overlap_before(token):
            self.service.self_service.end_predecessor(bearer, CALLER)
            return
        with pytest.raises(NoPredecessor):
            self.service.self_service.end_predecessor(bearer, CALLER)

    @precondition(lambda self: self.world.tokens)
    @rule(pick=picks)
    def report(self, pick: int) -> None:
        """Report a token as exposed: its line ends, also if the token was rotated out long ago."""
        token_id, token = self._token(pick)
        self.service.revoke_exposed([token["secret"]], CALLER)
        self.world.report(token_id)

    @precondition(lambda self: self.world.tokens)
    @rule(pick=picks)
    def meddle(self, pick: int) -> None:
        """Try another user's id: as unknown as any other."""
        token_id, token = self._token(pick)
        other = self._signed_in(next(name for name in PEOPLE if name != token["owner"]))
        if other is None:
            return
        with pytest.raises(TokenNotFound):
            self.service.revoke(other, token_id, RevocationReason.OWNER, PERSON)
        with pytest.raises(TokenNotFound):
            self.service.manage.patch(other, token_id, TokenPatch(status=TokenState.ACTIVE), PERSON)

    @rule(name=people)
    def sign_in(self, name: str) -> None:
        """Sign in, for the first time, again, or after a removal."""
        self._signed_in(name)

    # What bearers do.

    @precondition(lambda self: self.world.tokens)
    @rule(pick=picks, first=addresses, more=st.lists(st.tuples(pauses, addresses), max_size=3))
    def use(self, pick: int, first: str | None, more: list[tuple[timedelta, str | None]]) -> None:
        """Present a token at the authorizer, once or several times in a row, from any address."""
        token_id, token = self._token(pick)
        for pause, address in [(timedelta(0), first), *more]:
            self._advance(pause)
            self._use(token_id, token, address)

    # What administrators do. One rule for all that ends tokens, or none would live long enough to
    # meet anything else.

    @rule(name=people, act=st.sampled_from(["deactivate", "deactivate", "remove", "revoke all"]))
    def put_out(self, name: str, act: str) -> None:
        """Deactivate or remove a user, or revoke all tokens."""
        administer = self.service.administer
        if act == "deactivate":
            if self._changed(name, lambda user: administer.deactivate(self.admin, user, ADMINISTRATOR)):
                self.world.deactivate(name)
        elif act == "remove":
            if self._changed(
                name, lambda user: administer.remove(self.admin, user, ADMINISTRATOR), tombstones=True
            ):
                self.world.remove(name)
        elif self._changed(
            name,
            lambda user: administer.revoke_all_tokens(self.admin, user, ADMINISTRATOR),
            tombstones=True,
        ):
            self.world.end_generation(name, "admin")

    @precondition(lambda self: self.world.tokens)
    @rule(pick=picks, act=st.sampled_from(["pause", "resume", "revoke"]))
    def administer_a_token(self, pick: int, act: str) -> None:
        """Pause, re-activate or revoke one token, also of a person who is out."""
        token_id, token = self._token(pick)
        user_id, tokens = user_id_for(ISSUER, token["owner"]), self.service.administer_tokens
        if act == "revoke":
            if token["gone"]:
                with pytest.raises(TokenNotFound):
                    tokens.revoke(self.admin, user_id, token_id, ADMINISTRATOR)
                return
            tokens.revoke(self.admin, user_id, token_id, ADMINISTRATOR)
            self.world.revoke(token, "admin")
            return
        status = TokenState.INACTIVE if act == "pause" else TokenState.ACTIVE
        refusal = self._patch_refusal(token, TokenPatch(status=status))
        if refusal:
            with pytest.raises(refusal):
                tokens.set_status(self.admin, user_id, token_id, status, ADMINISTRATOR)
            return
        tokens.set_status(self.admin, user_id, token_id, status, ADMINISTRATOR)
        (self.world.pause if act == "pause" else self.world.resume)(token)

    @precondition(lambda self: any(u["status"] != "active" for u in self.world.users.values()))
    @rule(name=people, restore=st.booleans())
    def let_in(self, name: str, restore: bool) -> None:
        """Re-activate a user, with or without the tokens."""
        administer, changes = self.service.administer, []

        def change(user: str) -> User:
            changes.append(administer.reactivate(self.admin, user, ADMINISTRATOR, restore_tokens=restore))
            return changes[0].after

        before = self._not_ended(name) if name in self.world.users else 0
        if self._changed(name, change):
            self.world.reactivate(name, restore=restore)
            after = self._not_ended(name)
            if changes[0].ends_tokens:
                count = self.service.summary.count_revoked(changes[0].before)
                assert (count.count, count.is_more) == (before, False)
                assert after == 0
            else:
                assert after == before

    # What time does.

    @rule(
        span=st.one_of(
            st.integers(1, 2_000).map(lambda ms: timedelta(milliseconds=ms)),
            st.integers(1, 600).map(lambda seconds: timedelta(seconds=seconds)),
            st.integers(1, 40).map(lambda days: timedelta(days=days)),
        ),
        ttl=st.booleans(),
    )
    def wait(self, span: timedelta, ttl: bool) -> None:
        """Let time pass, moments, minutes, or up to 40 days; DynamoDB's TTL may come or not."""
        self._advance(span, ttl=ttl)

    @precondition(lambda self: self.world.tokens)
    @rule(
        pick=picks,
        deadline=st.sampled_from(
            ["idle", "idle", "expiry", "refresh", "new network", "overlap", "purge", "purge"]
        ),
        off=st.sampled_from([-1, 0, 0, 1]),
        ttl=st.booleans(),
    )
    def wait_for_a_deadline(self, pick: int, deadline: str, off: int, ttl: bool) -> None:
        """Let time pass to exactly a deadline of some token, or a millisecond beside it."""
        _, token = self._token(pick)
        moment = self.world.deadline(token, deadline)
        if moment and moment + timedelta(milliseconds=off) > self.world.now:
            self._advance(moment + timedelta(milliseconds=off) - self.world.now, ttl=ttl)

    # What must hold after every step.

    @invariant()
    def nothing_is_allowed_that_should_not_be_nor_the_reverse(self) -> None:
        """Every string ever handed out is let in, at each address, if and only if the model lets it in."""
        for token_id, token in self.world.tokens.items():
            for address in (None, OFFICE) if token["allowed"] else (OFFICE,):
                expected = self.world.refusal(token, address)
                assert self._refusal(token["secret"], address) == expected, token_id

    @invariant()
    def lists_say_how_tokens_stand(self) -> None:
        """Ids, names, statuses, last uses and reasons are the model's."""
        for name in self.world.users:
            page = self.service.listing.page(self._row(name), TokenQuery(limit=100, sort="created_at"))
            assert page.next_cursor is None
            listed = {
                view.token.id: (
                    view.token.name,
                    view.status.value,
                    view.token.last_used_at,
                    view.revocation.reason.value if view.revocation else None,
                    (view.token.predecessor_id, view.token.successor_id, view.token.overlap_ends_at),
                    (view.token.reuse_count, view.token.last_reused_at),
                    [(each.network, each.last_at, each.count) for each in view.token.networks.networks],
                    refused_of(view.token),
                )
                for view in page.tokens
            }
            assert listed == {
                token_id: (
                    token["name"],
                    self.world.status(token),
                    token["last_used"],
                    self.world.reason(token),
                    (token["predecessor"], token["successor"], token["overlap_ends"]),
                    (token["reuses"], token["reused_at"]),
                    self.world.shown_networks(token),
                    self.world.shown_refusals(token),
                )
                for token_id, token in self.world.listed(name).items()
            }

    @invariant()
    def administrators_find_all_of_them(self) -> None:
        """The list of all users' tokens has what the users' own lists have."""
        found: list[tuple[str, str]] = []
        query = AllTokensQuery(limit=3, filter=TokenFilter(status=TokenStatus.ACTIVE))
        while True:
            page = self.service.all_tokens.page(query)
            found += [(each.owner.subject, each.view.token.id) for each in page.tokens]
            if page.next_cursor is None:
                break
            query = replace(query, cursor=page.next_cursor)
        assert sorted(found) == sorted(
            (name, token_id)
            for name in self.world.users
            for token_id, token in self.world.listed(name).items()
            if self.world.status(token) == "active"
        )

    @invariant()
    def events_are_in_the_histories_of_their_owners(self) -> None:
        """Each has its own events and no other, and administrators find those of all days."""
        now = self.world.now
        kept = [event for event in self.store.events() if event.purge_at > now]
        written = sorted(kept, key=lambda event: event.position, reverse=True)
        for user_id in {event.user_id for event in written}:
            user = self.store.find_user(user_id)
            assert user
            shown = self._all_events(partial(self.service.histories.own, user))
            assert [event.id for event in shown] == [e.id for e in written if e.user_id == user_id]
            assert all(event.actor_id != ADMINISTRATOR.id for event in shown)
        since = now - timedelta(days=2)
        found = self._all_events(
            lambda query: self.service.all_events.page(
                AllEventsQuery(since=since, limit=query.limit, cursor=query.cursor)
            )
        )
        assert [event.id for event in found] == [event.id for event in written if event.at >= since]

    @invariant()
    def events_lead_to_the_rows(self) -> None:
        """Each change of a row that exists has exactly one event."""
        users = [self._row(name) for name in self.world.users]
        check_histories(users, self.store.rows(), self.store.events())

    @invariant()
    def filters_find_what_stands_so(self) -> None:
        """A filter by status agrees with the statuses shown."""
        for name in self.world.users:
            expected = {i for i, t in self.world.listed(name).items() if self.world.status(t) == "idle"}
            query = TokenQuery(limit=100, status=TokenStatus.IDLE)
            page = self.service.listing.page(self._row(name), query)
            assert {view.token.id for view in page.tokens} == expected

    @invariant()
    def summaries_agree_with_the_lists(self) -> None:
        """Every number is that of the whole list, and those on the owner are the model's."""
        for name, user in self.world.users.items():
            row = self._row(name)
            page = self.service.listing.page(row, TokenQuery(limit=100))
            listed = [msgspec.to_builtins(rendering.token(view)) for view in page.tokens]
            summary = msgspec.to_builtins(summaries.rendered(self.service.summary(row)))
            assert counts(summary) == summary_of(listed, self.world.now)
            assert (summary["live"], summary["limit"]) == (self.world.live(name), QUOTA)
            as_active = {**user, "status": "active"} if user["status"] == "inactive" else user
            self.world.users[name] = as_active
            working = sum(self.world.status(t) == "active" for t in self.world.listed(name).values())
            self.world.users[name] = user
            assert summary["working"] == working
            self._summary_agrees_with_the_filters(row, summary)

    @invariant()
    def count_is_never_below_the_truth_and_the_quota_holds(self) -> None:
        """The stored count may be too high, never too low; live tokens never exceed the quota."""
        for name, user in self.world.users.items():
            row, live = self._row(name), self.world.live(name)
            assert row.live_tokens >= live
            assert live <= QUOTA
            assert row.status.value == user["status"]

    @invariant()
    def at_most_two_of_a_family_may_be_used(self) -> None:
        """However often and with whatever overlaps tokens are rotated."""
        usable = [row for row in self.store.rows() if self._may_be_used(row)]
        families = Counter(row.family_id or row.id for row in usable)
        assert max(families.values(), default=0) <= 2

    @staticmethod
    def _all_events(read: Callable[[HistoryQuery], EventPage]) -> list[Event]:
        """Return the events of all pages."""
        found: list[Event] = []
        query = HistoryQuery(limit=7)
        while True:
            page = read(query)
            found += page.events
            if page.next_cursor is None:
                return found
            query = replace(query, cursor=page.next_cursor)

    def _summary_agrees_with_the_filters(self, owner: User, summary: dict[str, Any]) -> None:
        """Compare with the filters of administrators, without the tokens that have a successor."""
        now, rules = self.world.now, self.service.rules
        tokens = [token for token in self.store.rows() if token.user_id == owner.id]
        current = [token for token in tokens if not token.successor_id]

        def found(rows: list[Token], **properties: Any) -> list[Token]:
            asked = TokenFilter(**properties)
            return [token for token in rows if asked.matches(token, owner, now, rules)]

        expiring = found(current, status=TokenStatus.ACTIVE, expires_within=WEEK)
        idling = found(current, idle_within=WEEK)
        idle_first = [t for t in idling if t.expires_at is None or t.idle_at < t.expires_at]
        assert summary["expiring"]["count"] == len(expiring)
        assert summary["idling"]["count"] == len(idle_first)
        assert summary["used_after_overlap"]["count"] <= len(found(tokens, reused=True))
        assert summary["refused"]["count"] <= len(found(tokens, refused=True))

    def _not_ended(self, name: str) -> int:
        statuses = map(self.world.status, self.world.listed(name).values())
        return sum(status in ("active", "inactive", "idle") for status in statuses)

    def _may_be_used(self, row: Token) -> bool:
        owner = self.store.find_user(row.user_id)
        return (
            owner is not None
            and row.status(owner, self.world.now, self.service.rules) is TokenStatus.ACTIVE
        )

    def _use(self, token_id: str, token: Row, address: str | None) -> None:
        refusal, caller = self.world.refusal(token, address), replace(A_CALLER, address=address)
        if refusal:
            with pytest.raises(InvalidToken) as caught:
                self.service.verify(token["secret"], caller)
            assert caught.value.reason == refusal
            self.world.refuse(token, refusal, address)
            return
        assert self.service.verify(token["secret"], caller).token.id == token_id
        self.world.use(token, address)

    def _bearer(self, token: Row) -> Verified | None:
        """Return the bearer of a token, or None if the model refuses it."""
        refusal = self.world.refusal(token)
        if refusal is None:
            bearer = self.service.self_service.bearer(token["secret"], UNKNOWN_CALLER)
            self.world.use(token)
            return bearer
        with pytest.raises(InvalidToken) as caught:
            self.service.self_service.bearer(token["secret"], UNKNOWN_CALLER)
        assert caught.value.reason == refusal
        self.world.refuse(token, refusal)
        return None

    def _token(self, pick: int) -> tuple[str, Row]:
        """Return a token, rather one of the latest, rather one that is not revoked."""
        tokens = list(self.world.tokens.items())[::-1]
        tokens.sort(key=lambda item: self.world.status(item[1]) == "revoked")
        return tokens[pick % len(tokens)]

    def _row(self, name: str) -> User:
        user = self.store.find_user(user_id_for(ISSUER, name))
        assert user is not None
        return user

    def _refusal(self, secret: str, address: str | None) -> str | None:
        try:
            self.looking(secret, replace(A_CALLER, address=address))
        except InvalidToken as error:
            return error.reason
        return None

    def _signed_in(self, name: str) -> User | None:
        """Return the person signed in, or None if the model keeps the person out."""
        jwt = self.service.provider.sign_in(name)
        refusal = self.world.refusal_of_sign_in(name)
        if refusal:
            with pytest.raises((UserInactive, SignInTooSoon)) as refused:
                self.service.sign_in.user(Credentials(CALLER, unverified_bearer=jwt))
            assert refused.value.code == refusal
            return None
        self.world.sign_in(name)
        return self.service.sign_in.user(Credentials(CALLER, unverified_bearer=jwt))

    def _patch(self, token_id: str, token: Row, patch: TokenPatch) -> bool:
        """Patch as the owner; return whether the model lets the change through."""
        owner = self._signed_in(token["owner"])
        if owner is None:
            return False
        refusal = self._patch_refusal(token, patch)
        if refusal:
            with pytest.raises(refusal):
                self.service.manage.patch(owner, token_id, patch, PERSON)
            return False
        self.service.manage.patch(owner, token_id, patch, PERSON)
        return True

    def _patch_refusal(self, token: Row, patch: TokenPatch) -> type[ApiTokensError] | None:
        if token["gone"]:
            return TokenNotFound
        status = self.world.status(token)
        if status == "revoked":
            return TokenAlreadyRevoked
        if status == "expired" and patch.status:
            return TokenAlreadyExpired
        return None

    def _refusal_of_inactive(self, token: Row) -> type[ApiTokensError] | None:
        if token["gone"]:
            return TokenNotFound
        status = self.world.status(token)
        if status == "revoked" and not self.world.is_ended_by_rotation(token):
            return TokenAlreadyRevoked
        if token["successor"]:
            return TokenAlreadyRotated
        if status == "expired":
            return TokenAlreadyExpired
        return None if status == "active" else TokenNotActive

    def _rotation_refusal(self, token: Row) -> type[ApiTokensError] | None:
        refusal = self._refusal_of_inactive(token)
        if refusal:
            return refusal
        # The place of one that is about to expire may be given away, so its successor takes another.
        about_to_end = token["expires"] is not None and token["expires"] <= self.world.now + SKEW
        full = self._row(token["owner"]).live_tokens >= QUOTA
        return TokenLimitReached if about_to_end and full else None

    def _changed(self, name: str, change: Callable[[str], User], *, tombstones: bool = False) -> bool:
        """Change a user as the administrator; return whether the model lets the change through."""
        user, user_id = self.world.users.get(name), user_id_for(ISSUER, name)
        if user is None:
            with pytest.raises(UserNotFound):
                change(user_id)
            return False
        if user["status"] == "removed" and not tombstones:
            with pytest.raises(UserRemoved):
                change(user_id)
            return False
        change(user_id)
        return True

    def _advance(self, span: timedelta, *, ttl: bool = False) -> None:
        self.service.clock.advance(span)
        self.world.now += span
        if ttl:
            self.store.collect_garbage(self.world.now)
            self.world.collect_garbage()


class LongLife(Life):
    """The same with more lives and longer ones."""


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=100, stateful_step_count=50)

TestLongLife = pytest.mark.slow(LongLife.TestCase)
TestLongLife.settings = settings(max_examples=200, stateful_step_count=120)
