"""The store in memory. The contract suite holds it to what DynamoDB does."""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, datetime
from threading import RLock
from typing import TypeVar

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.attributes import most_bytes
from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.clients import UsedAssertion
from chalicelib.domain.errors import (
    AdminRequired,
    AlreadyCreated,
    ConcurrentChange,
    IdempotencyKeyReused,
    IdentityTaken,
    StoreUnavailable,
    TokenLimitReached,
    UserInactive,
)
from chalicelib.domain.events import Event
from chalicelib.domain.flush_budget import FlushBudget
from chalicelib.domain.identities import SubjectIdentifier
from chalicelib.domain.keys import KeyRing, KeyState, VerificationKey
from chalicelib.domain.lines import Change, Ending, Line
from chalicelib.domain.ports.events import MAX_COUNTED, EventCount, EventPart
from chalicelib.domain.ports.flushes import BudgetSwap, KeptBudget
from chalicelib.domain.ports.tokens import TokenRows
from chalicelib.domain.ports.users import Counted, UserPage
from chalicelib.domain.revocations import EndedGeneration
from chalicelib.domain.rotation import Rotation
from chalicelib.domain.sessions import PendingLogin, Session
from chalicelib.domain.token_creation import IdempotencyRecord
from chalicelib.domain.token_rules import CreationLimits
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import Role, User
from tests.support.job_rows import JobRows
from tests.support.swept_rows import SweptRows

Row = TypeVar("Row", Token, User)


class InMemoryStore(SweptRows, JobRows):
    """Users, tokens, idempotency records, ended generations and sessions, in dictionaries."""

    def find_for_authorization(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return token and owner."""
        with self._lock:
            return self._tokens.get((user_id, token_id)), self._users.get(user_id)

    def touch(self, before: Token, after: Token) -> bool:
        """Record a use, unless the row moved on."""
        with self._lock:
            row = self._tokens.get((before.user_id, before.id))
            seen = (before.version, before.last_used_at)
            if row is None or (row.version, row.last_used_at) != seen:
                return False
            self._tokens[row.user_id, row.id] = replace(
                row,
                last_used_at=after.last_used_at,
                idle_at=after.idle_at,
                purge_at=after.purge_at,
                usage=after.usage,
                networks=after.networks,
            )
            return True

    def find_token(self, user_id: str, token_id: str) -> Token | None:
        """Return a token of this user."""
        return self._tokens.get((user_id, token_id))

    def list_tokens(
        self, user_id: str, *, after: str | None, newest_first: bool, limit: int, strong: bool = True
    ) -> Sequence[Token]:
        """Return tokens in the order of their ids."""
        with self._lock:
            tokens = [token for (owner, _), token in self._tokens.items() if owner == user_id]
        tokens.sort(key=lambda token: token.id, reverse=newest_first)
        if after is not None:
            tokens = [t for t in tokens if (t.id < after if newest_first else t.id > after)]
        return tokens[:limit]

    def read_tokens(self, user_id: str, *, after: str | None, newest_first: bool, limit: int) -> TokenRows:
        """Return what ``list_tokens`` returns, and the size that DynamoDB's rows have."""
        tokens = self.list_tokens(user_id, after=after, newest_first=newest_first, limit=limit)
        return TokenRows(tokens, sum(most_bytes(items.TOKEN.item(token)) for token in tokens))

    def list_unended(self, owner: User, now: datetime) -> Iterator[Token]:
        """Yield the tokens that have not ended, newest first."""
        with self._lock:
            rows = [
                t
                for t in self._tokens.values()
                if (t.user_id, t.generation) == (owner.id, owner.generation)
            ]
        for token in sorted(rows, key=lambda token: token.id, reverse=True):
            if token.holds_place(now):
                yield token

    def add_token(
        self,
        token: Token,
        event: Event,
        *,
        limits: CreationLimits,
        idempotency: IdempotencyRecord | None,
    ) -> None:
        """Add token, count and idempotency record, or nothing."""
        with self._lock:
            if idempotency:
                self._refuse_replay(token, idempotency)
            owner = self._counting_owner(token, 1, limits)
            if idempotency:
                self._idempotency[token.user_id, idempotency.key_hash] = idempotency
            self._tokens[token.user_id, token.id] = token
            self._count(_created(owner, token), 1)
            self._write(event)

    def save_token(
        self, before: Token, after: Token, event: Event, admin: ActingAdmin | None = None
    ) -> Token:
        """Write what differs."""
        with self._lock:
            row = self._tokens.get((before.user_id, before.id))
            if row is None or row.version != before.version:
                raise ConcurrentChange
            self._require_acting(admin)
            self._write(event)
            self._change(row, before, after)
            return replace(after, version=row.version + 1)

    def end_line(
        self,
        ending: Ending,
        events: Sequence[Event],
        admin: ActingAdmin | None = None,
        *,
        as_read: bool = False,
    ) -> None:
        """Write the ends and the count, or nothing."""
        with self._lock:
            first = ending.changes[0].before
            owner = self._users.get(first.user_id)
            if owner is None or owner.generation != first.generation:
                raise ConcurrentChange
            self._require_acting(admin)
            ended = [self._ended_token(change, as_read=as_read) for change in ending.changes]
            if ending.line:
                if (ending.line.user_id, ending.line.id) not in self._lines:
                    raise ConcurrentChange
                self.stop_line(ending.line)
            for row in ended:
                self._tokens[row.user_id, row.id] = row
            self._count(owner, -1 if ending.frees_place else 0)
            self._write(*events)

    def find_rows(
        self, user_id: str, token_ids: Collection[str], line_id: str | None = None
    ) -> tuple[Line | None, Sequence[Token]]:
        """Return a line's row and tokens."""
        with self._lock:
            line = self._lines.get((user_id, line_id)) if line_id else None
            found = [self._tokens.get((user_id, token_id)) for token_id in token_ids]
            return line, [token for token in found if token]

    def find_to_end(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return a token and its owner. No row is damaged here."""
        return self.find_for_authorization(user_id, token_id)

    def stop_line(self, line: Line) -> None:
        """Write that a line has ended."""
        with self._lock:
            row = self._lines.get((line.user_id, line.id))
            if row:
                ended = replace(row, ended_at=line.ended_at, purge_at=line.purge_at)
                self._lines[row.user_id, row.id] = ended

    def rotate_token(self, rotation: Rotation, events: Sequence[Event], *, limits: CreationLimits) -> None:
        """Write the successor and the ends of the others, or nothing."""
        with self._lock:
            successor = rotation.successor
            changes = [c for c in (rotation.rotated, rotation.cut_short) if c]
            slots = 1 if rotation.takes_new_place else 0
            owner = self._counting_owner(successor, slots, limits)
            for change in changes:
                row = self._tokens.get((change.before.user_id, change.before.id))
                if row is None or row.version != change.before.version:
                    raise ConcurrentChange
            if rotation.line:
                self._continue(rotation.line)
            for change in changes:
                row = self._tokens[change.before.user_id, change.before.id]
                self._change(row, change.before, change.after)
            self._tokens[successor.user_id, successor.id] = successor
            self._count(_created(owner, successor), slots)
            self._write(*events)

    def record_refusal(self, before: Token, after: Token) -> bool:
        """Record a refusal, unless another process did."""
        with self._lock:
            row = self._tokens.get((before.user_id, before.id))
            seen = (before.refused, before.last_reused_at)
            if row is None or (row.refused, row.last_reused_at) != seen:
                return False
            self._tokens[row.user_id, row.id] = replace(
                row,
                refused=after.refused,
                reuse_count=after.reuse_count,
                last_reused_at=after.last_reused_at,
            )
            return True

    def find_owner_of(self, token_id: str) -> str | None:
        """Return the id of a token's owner."""
        with self._lock:
            indexed = self._tokens.keys() - self._unindexed
            return next((owner for owner, known in indexed if known == token_id), None)

    def list_family(self, user_id: str, family_id: str) -> Sequence[Token]:
        """Return the tokens of one family."""
        with self._lock:
            owned = [token for (owner, _), token in self._tokens.items() if owner == user_id]
        return [token for token in owned if token.family_id == family_id]

    def find_idempotency(self, user_id: str, key_hash: str) -> IdempotencyRecord | None:
        """Return the record of an idempotency key."""
        return self._idempotency.get((user_id, key_hash))

    def find_ended_generations(
        self, user_id: str, generations: Collection[str]
    ) -> Mapping[str, EndedGeneration]:
        """Return the records of those that have ended."""
        found = ((g, self._ended.get((user_id, g))) for g in generations)
        return {generation: ended for generation, ended in found if ended}

    def find_ended_of_users(
        self, generations: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], EndedGeneration]:
        """Return the records of those that have ended."""
        found = ((each, self._ended.get(each)) for each in generations)
        return {each: ended for each, ended in found if ended}

    def add_login(self, login: PendingLogin) -> None:
        """Keep a sign-in under way."""
        self._logins[login.id_hash] = login

    def take_login(self, id_hash: str) -> PendingLogin | None:
        """Return a sign-in under way and forget it."""
        return self._logins.pop(id_hash, None)

    def add_session(self, session: Session) -> None:
        """Keep a session."""
        self._sessions[session.id_hash] = session

    def find_session(self, id_hash: str) -> Session | None:
        """Return a session."""
        return self._sessions.get(id_hash)

    def touch_session(self, session: Session) -> None:
        """Write when the session goes idle, unless it has ended."""
        with self._lock:
            row = self._sessions.get(session.id_hash)
            if row:
                self._sessions[row.id_hash] = replace(row, idle_at=session.idle_at)

    def end_session(self, id_hash: str) -> None:
        """Forget a session."""
        self._sessions.pop(id_hash, None)

    def use_assertion(self, used: UsedAssertion, now: datetime) -> bool:
        """Note the use, once."""
        with self._lock:
            noted = self._assertions.get(used.id_hash)
            if noted and noted.expires_at > now:
                return False
            self._assertions[used.id_hash] = used
            return True

    def count_change(self, user_id: str, kind: Counted, now: datetime, most: int) -> bool:
        """Count one, unless the day has so many already."""
        with self._lock:
            day = (user_id, kind, now.date())
            if self._daily_counts[day] >= most:
                return False
            self._daily_counts[day] += 1
            return True

    def swap_budget(self, before: KeptBudget | None, after: FlushBudget, now: datetime) -> BudgetSwap:
        """Write the budget, unless another process did."""
        with self._lock:
            found = self._flush_budget
            if (found.write_id if found else None) != (before.write_id if before else None):
                return BudgetSwap(won=False, kept=found)
            self._flush_budget = KeptBudget(after, secrets.token_hex(8))
            return BudgetSwap(won=True, kept=self._flush_budget)

    def delete_budget(self) -> None:
        """Delete the row, as TTL or an operator does."""
        with self._lock:
            self._flush_budget = None

    def find_users(self, user_ids: Collection[str]) -> Sequence[User]:
        """Return the users with these ids."""
        return [self._users[user_id] for user_id in user_ids if user_id in self._users]

    def find_user(self, user_id: str) -> User | None:
        """Return a user."""
        return self._users.get(user_id)

    def list_users(self, *, after: str | None, limit: int, strong: bool = True) -> UserPage:
        """Return users newest first."""
        with self._lock:
            by_position = {user.position: user for user in self._users.values()}
        positions = sorted(by_position, reverse=True)
        rest = [p for p in positions if after is None or p < after]
        page = rest[:limit]
        more = len(rest) > limit
        return UserPage([by_position[p] for p in page], page[-1] if more else None)

    def add_user(self, user: User, event: Event) -> bool:
        """Add a user. Return False if the id is taken or leads to another user."""
        with self._lock:
            if user.id in self._identities or user.id in self._users:
                return False
            self._users[user.id] = user
            self._write(event)
            return True

    def find_signed_in(self, derived_id: str) -> User | None:
        """Return the user that an identity leads to."""
        with self._lock:
            moved_to = self._identities.get(derived_id)
            if moved_to and moved_to not in self._users:
                raise StoreUnavailable
            return self._users.get(moved_to or derived_id)

    def save_sign_in(self, before: User, after: User, event: Event | None) -> None:
        """Write what a sign-in changes."""
        with self._lock:
            row = self._users.get(before.id)
            if row is None or _signed_in_as(row) != _signed_in_as(before):
                raise ConcurrentChange
            if (row.status, row.generation) != (before.status, before.generation):
                raise ConcurrentChange
            self._save(before, after)
            if event:
                self._write(event)

    def save_user(
        self,
        before: User,
        after: User,
        event: Event,
        ended: EndedGeneration | None = None,
        admin: ActingAdmin | None = None,
    ) -> None:
        """Write what differs."""
        with self._lock:
            row = self._users.get(before.id)
            if row is None or (row.status, row.generation) != (before.status, before.generation):
                raise ConcurrentChange
            if admin and not self._may_act(admin):
                raise ConcurrentChange if admin.user_id == before.id else AdminRequired
            self._save(before, after)
            self._write(event)
            if ended:
                self._ended[row.id, ended.generation] = ended

    def save_preferences(self, before: User, after: User) -> None:
        """Write what a user prefers."""
        with self._lock:
            row = self._users.get(before.id)
            if row is None or _preferred_by(row) != _preferred_by(before):
                raise ConcurrentChange
            self._save(before, after)

    def move_user(self, before: User, after: User, event: Event) -> None:
        """Write a new identity. Raises IdentityTaken if it has another user."""
        former, wanted = (SubjectIdentifier.of(user).user_id for user in (before, after))
        with self._lock:
            row = self._users.get(before.id)
            if row is None or _identified_as(row) != _identified_as(before):
                raise ConcurrentChange
            if wanted != before.id:
                if wanted in self._users or self._identities.get(wanted, before.id) != before.id:
                    raise IdentityTaken
                self._identities[wanted] = before.id
            self.save_user(before, after, event)
            is_undone = wanted == before.id != former and before.is_active
            if is_undone and self._identities.get(former) == before.id:
                del self._identities[former]

    def correct_live_tokens(self, user: User, live_tokens: int) -> None:
        """Set the count, unless the row changed."""
        with self._lock:
            row = self._users.get(user.id)
            if row and row.revision == user.revision:
                self._users[row.id] = replace(row, live_tokens=live_tokens, revision=row.revision + 1)

    def note_full(self, user: User, until: datetime) -> None:
        """Note that the owner has no place left, unless the row changed."""
        with self._lock:
            row = self._users.get(user.id)
            if row and row.revision == user.revision:
                full = replace(row, full_until=until, full_count=user.live_tokens)
                self._users[row.id] = replace(full, revision=row.revision + 1)

    def list_events(self, user_id: str, *, after: str | None, limit: int) -> EventPart:
        """Return events of a user, the newest first."""
        with self._lock:
            found = sorted(self.events(user_id), key=lambda event: event.position, reverse=True)
        left = [event for event in found if after is None or event.position < after]
        return EventPart(left[:limit], left[limit - 1].position if len(left) > limit else None)

    def count_events(self, user_id: str, now: datetime) -> EventCount:
        """Count what is kept."""
        with self._lock:
            count = sum(event.purge_at > now for event in self.events(user_id))
        return EventCount(min(count, MAX_COUNTED), count > MAX_COUNTED)

    def list_day(self, day: date, *, before: str, limit: int) -> EventPart:
        """Return events of a day, the newest first."""
        with self._lock:
            of_day = [e for e in self.events() if e.at.date() == day and e.position < before]
        found = sorted(of_day, key=lambda event: event.position, reverse=True)
        is_last = len(found) <= limit
        return EventPart(found[:limit], None if is_last else found[limit - 1].position)

    def add_event(self, event: Event) -> bool:
        """Write a derived event, unless it exists."""
        with self._lock:
            if event.id in self._events:
                return False
            self._write(event)
            return True

    def _write(self, *events: Event) -> None:
        for event in events:
            assert event.id not in self._events
            self._events[event.id] = event

    def _change(self, row: Token, before: Token, after: Token) -> None:
        saved = replace(_merged(row, before, after), version=row.version + 1)
        self._tokens[row.user_id, row.id] = saved

    def _continue(self, line: Line) -> None:
        row = self._lines.get((line.user_id, line.id))
        if row and (row.ended_at or row.token_ids[1] != line.token_ids[0]):
            raise ConcurrentChange
        self._lines[line.user_id, line.id] = line

    def _ended_token(self, change: Change, *, as_read: bool) -> Token:
        before = change.before
        row = self._tokens.get((before.user_id, before.id))
        if row is None or row.state is TokenState.REVOKED or row.successor_id != before.successor_id:
            raise ConcurrentChange
        if as_read and row.state is not before.state:
            raise ConcurrentChange
        return replace(_merged(row, before, change.after), version=row.version + 1)

    def _save(self, before: User, after: User) -> None:
        row = self._users[before.id]
        kept = replace(before, live_tokens=row.live_tokens, revision=row.revision)
        wanted = replace(after, revision=row.revision + 1)
        if before.generation == after.generation:
            wanted = replace(wanted, live_tokens=row.live_tokens)
        self._users[row.id] = _merged(row, kept, wanted)

    def _require_acting(self, admin: ActingAdmin | None) -> None:
        if admin and not self._may_act(admin):
            raise AdminRequired

    def _may_act(self, actor: ActingAdmin) -> bool:
        row = self._users.get(actor.user_id)
        if row is None or not row.is_active:
            return False
        if actor.role_given_after is None:
            return True
        given_at = row.role_given_at
        return row.role is Role.ADMIN and given_at is not None and given_at > actor.role_given_after

    def _refuse_replay(self, token: Token, record: IdempotencyRecord) -> None:
        stored = self._idempotency.get((token.user_id, record.key_hash))
        if stored and stored.expires_at > token.created_at:
            if stored.body_hash != record.body_hash:
                raise IdempotencyKeyReused
            raise AlreadyCreated(stored.token_id)

    def _counting_owner(self, token: Token, slots: int, limits: CreationLimits) -> User:
        owner = self._users.get(token.user_id)
        if owner is None or not owner.is_active:
            raise UserInactive
        if owner.generation != token.generation:
            raise ConcurrentChange
        if owner.creations_on(token.created_at.date()) >= limits.per_day:
            raise limits.exhausted(token.created_at)
        if slots and owner.live_tokens >= limits.live_tokens:
            raise TokenLimitReached(limits.live_tokens)
        return owner

    def _count(self, owner: User, change: int) -> None:
        self._users[owner.id] = replace(
            owner,
            live_tokens=owner.live_tokens + change,
            revision=owner.revision + 1,
            full_until=None,
            full_count=0,
        )


class InMemoryKeys:
    """The keys of one use, and their events."""

    def __init__(self, store: InMemoryStore | None = None) -> None:
        self._lock = RLock()
        self._ring = KeyRing()
        self._store = store or InMemoryStore()

    @property
    def events(self) -> list[Event]:
        """The events of the keys, in the order in which they were written."""
        return self._store.events()

    def load_keys(self) -> KeyRing:
        """Return all keys."""
        return self._ring

    def save_keys(self, before: KeyRing, after: KeyRing, event: Event) -> None:
        """Write what differs, and the event of it."""
        known = {key.kid: key for key in before.keys}
        changed = {key.kid: key for key in after.keys if known.get(key.kid) != key}
        with self._lock:
            rows = {key.kid: key for key in self._ring.keys}
            if _head(before) != _head(after) and _head(before) != _head(self._ring):
                raise ConcurrentChange
            if any(_state(rows, kid) != _state(known, kid) for kid in changed):
                raise ConcurrentChange
            self._ring = KeyRing(tuple((rows | changed).values()))
            if changed:
                self._store.add_event(event)


def _head(ring: KeyRing) -> list[str | None]:
    return [key.kid if key else None for key in (ring.active, ring.next)]


def _state(keys: Mapping[str, VerificationKey], kid: str) -> KeyState | None:
    return keys[kid].state if kid in keys else None


def _created(owner: User, token: Token) -> User:
    """Return the owner after one more creation."""
    day = token.created_at.date()
    counted = owner.creations_on(day)
    begun = owner.created_day if counted else day
    return replace(owner, created_day=begun, creations=counted + 1)


def _merged(row: Row, before: Row, after: Row) -> Row:
    """Return ``row`` with what ``after`` changes about ``before``."""
    names = [field.name for field in fields(before)]
    changed = {n: getattr(after, n) for n in names if getattr(after, n) != getattr(before, n)}
    return replace(row, **changed)


def _signed_in_as(row: User) -> tuple[object, ...]:
    return (row.signed_in_at, row.role, row.role_given_at, row.moved_at)


def _preferred_by(row: User) -> tuple[object, ...]:
    return (row.wants_notices, row.status, row.generation)


def _identified_as(row: User) -> tuple[object, ...]:
    return (SubjectIdentifier.of(row), row.status, row.generation, *_signed_in_as(row))
