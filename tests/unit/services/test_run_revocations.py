"""Jobs about many tokens: whatever happens meanwhile, each token changes once and is counted once."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.administrators import Administrators
from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.errors import ConcurrentChange, StoreUnavailable, UnreadableRow
from chalicelib.domain.events import Actor, ActorKind, Event, EventType
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.ports.revocation_jobs import KeptJob
from chalicelib.domain.revocation_jobs import JobAction, JobStatus, RevocationJob
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_filters import TokenFilter
from chalicelib.domain.tokens import Token, TokenState, TokenStatus
from chalicelib.domain.users import User, UserStatus
from chalicelib.services import revocation_targets
from chalicelib.services.pause import PauseToken
from chalicelib.services.revocation import RevokeToken
from chalicelib.services.revocation_jobs import RevocationJobs, WantedRevocations
from chalicelib.services.revocation_targets import FindTargets
from chalicelib.services.run_revocations import RunRevocations
from tests.support.actors import JOURNAL, PERSON
from tests.support.builders import ISSUER, RULES, a_token, a_user, an_admin
from tests.support.canaries import recorded
from tests.support.clock import START, FixedClock
from tests.unit.services.stores import BusyStore

SECOND = timedelta(seconds=1)
ADMIN = an_admin()
NAMED = a_user("named@example.com")
CALLER = Caller(Door.OWN_API, "198.51.100.7", "page", "POST", "/v1/admin/revocations", "request-9")
ACTOR = Actor(ActorKind.ADMINISTRATOR, ADMIN.id, CALLER)
EXPOSED = RevocationReason.EXPOSED
ALL = WantedRevocations(EXPOSED)
PAUSE = WantedRevocations(EXPOSED, action=JobAction.PAUSE)
ACTIVE = TokenFilter(status=TokenStatus.ACTIVE)


class Office:
    """Jobs over the store in memory, and what else happens to the tokens."""

    def __init__(self, tokens: int = 0, owners: int = 3) -> None:
        self.store, self.clock = BusyStore(), FixedClock()
        rules = replace(RULES, administrators=Administrators(ISSUER, "sub", frozenset({NAMED.subject})))
        store = self.store
        self.revoke = RevokeToken(store, store, store, self.clock, rules, JOURNAL)
        targets = FindTargets(store, store, store, rules)
        pause = PauseToken(store, store, self.clock, rules, JOURNAL)
        self.run = RunRevocations(store, targets, self.revoke, pause, store, store, self.clock, rules)
        self.jobs = RevocationJobs(store, self.run, self.clock, rules, JOURNAL)
        self.owners = [a_user(f"{n}@example.com", live_tokens=tokens) for n in range(owners)]
        self.store.put(ADMIN, NAMED, *self.owners)
        self.tokens = [self.has(n) for n in range(tokens)]
        self.clock.advance(SECOND)

    def has(self, number: int, **changes: Any) -> Token:
        """Return a new token of one of the owners."""
        token = a_token(self.owners[number % len(self.owners)], self.clock.now(), **changes)
        self.store.put(token)
        return token

    def begun(self, wanted: WantedRevocations, admin: User = ADMIN) -> KeptJob:
        """Return a job of which nothing is done."""
        actor = replace(ACTOR, id=admin.id)
        job = self.jobs._job("job_1", wanted, actor)
        kept = self.store.add_job(job, wanted.token_ids)
        assert kept
        return kept

    def done(self) -> RevocationJob:
        """Run all jobs to their end and return the only one."""
        self.run.all_running(self.clock.now() + SECOND)
        kept = self.store.find_job("job_1")
        assert kept
        return kept.job

    def ended(self) -> list[Event]:
        """Return the events of the job."""
        return [event for event in self.store.events() if event.actor_id == ADMIN.id]


def crash() -> None:
    """Fail, as when a machine or the store stops."""
    raise StoreUnavailable


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pages small, so that a few tokens need several."""
    monkeypatch.setattr(revocation_targets, "TOKENS_AT_A_TIME", 3)
    monkeypatch.setattr(revocation_targets, "USERS_AT_A_TIME", 2)


CALLS = ["end_line", "find_for_authorization", "find_rows", "save_token"]
STEPS = st.one_of(
    st.tuples(st.just("page"), st.integers(0, 1)),
    st.tuples(st.just("part of a page"), st.integers(1, 4)),
    st.tuples(st.just("crash"), st.integers(0, 7)),
    st.tuples(st.just("own"), st.integers(0, 11)),
    st.tuples(st.just("deleted"), st.integers(0, 11)),
    st.tuples(st.just("new"), st.integers(0, 2)),
    st.tuples(st.just("race"), st.integers(0, 11)),
)


class Run:
    """Two runners at one job, one of which may know an old row, and everything else."""

    def __init__(self, office: Office, kept: KeptJob) -> None:
        self.office = office
        self.known = [kept, kept]
        self.new: list[Token] = []
        self.deleted: set[str] = set()

    def step(self, kind: str, number: int) -> None:
        """Let one thing happen."""
        office, store = self.office, self.office.store
        if kind == "page":
            self._page(number)
        elif kind == "part of a page":
            self._page(0, self.known[0].job.done + number)
        elif kind == "crash":
            calls = CALLS[number % len(CALLS)]
            store.let(calls, *[lambda: None] * (number // len(CALLS)), crash)
            self._page(0)
            store.meanwhile.clear()
        elif kind == "own":
            self._revoke(number)
        elif kind == "race":
            store.let("end_line", lambda: self._revoke(number))
            self._page(1)
            store.meanwhile.clear()
        elif kind == "deleted":
            token = office.tokens[number]
            # TTL deletes no token that was revoked just now.
            if token.id not in self.deleted and store.read_token(token).state is TokenState.ACTIVE:
                store.purge(token)
                self.deleted.add(token.id)
        else:
            office.clock.advance(SECOND)
            self.new.append(office.has(number))

    def _revoke(self, number: int) -> None:
        token = self.office.tokens[number]
        self.office.revoke.by_ids(token.user_id, token.id, RevocationReason.OWNER, PERSON)

    def _page(self, runner: int, most: int | None = None) -> None:
        kept = self.known[runner]
        deadline = self.office.clock.now() + SECOND
        if not kept.job.is_running:
            return
        try:
            after = self.office.run.page(kept, deadline, most)
        except StoreUnavailable:
            return
        # The one that comes second reads the row, and goes on from there.
        self.known[runner] = after or self.office.store.find_job("job_1") or kept


@pytest.mark.parametrize("is_named", [False, True], ids=["filter", "ids"])
@settings(max_examples=300)
@given(st.lists(STEPS, max_size=25))
def test_each_token_ends_once_and_is_counted_once(is_named: bool, steps: list[tuple[str, int]]) -> None:
    """Crashes, two runners, owners who revoke, rows that go and tokens that come: in any order."""
    office = Office(12)
    ids = [token.id for token in office.tokens]
    wanted = replace(ALL, token_ids=ids) if is_named else ALL
    run = Run(office, office.begun(wanted))

    for kind, number in steps:
        run.step(kind, number)
    job = office.done()

    assert job.status is JobStatus.FINISHED
    left = [token for token in office.tokens if token.id not in run.deleted]
    assert {office.store.read_token(token).state for token in left} <= {TokenState.REVOKED}
    assert {office.store.read_token(token).state for token in run.new} <= {TokenState.ACTIVE}
    events = office.ended()
    assert len({event.token_id for event in events}) == len(events) == job.tokens
    assert len({event.user_id for event in events}) == job.people
    assert {event.type for event in events} <= {EventType.TOKEN_EXPOSED}
    assert {event.request_id for event in events} <= {"request-9"}
    marked = {t.id for t in office.store.rows() if t.revocation and t.revocation.job_id == job.id}
    assert marked == {event.token_id for event in events}
    assert job.failed == 0
    if is_named:
        assert job.done == len(ids)
        assert job.not_found == len(run.deleted)
    else:
        assert len(left) <= job.done <= len(ids)
    assert office.store.list_running(1) == []


@pytest.mark.parametrize("is_named", [False, True], ids=["filter", "ids"])
@settings(max_examples=200)
@given(st.lists(STEPS.filter(lambda step: step[0] not in {"own", "race"}), max_size=25))
def test_each_token_is_paused_once_and_counted_once(is_named: bool, steps: list[tuple[str, int]]) -> None:
    """Crashes, two runners, rows that go and tokens that come: in any order."""
    office = Office(12)
    ids = [token.id for token in office.tokens]
    wanted = replace(PAUSE, token_ids=ids) if is_named else replace(PAUSE, filter=ACTIVE)
    run = Run(office, office.begun(wanted))

    for kind, number in steps:
        run.step(kind, number)
    job = office.done()

    left = [token for token in office.tokens if token.id not in run.deleted]
    assert {office.store.read_token(token).state for token in left} <= {TokenState.INACTIVE}
    assert {office.store.read_token(token).state for token in run.new} <= {TokenState.ACTIVE}
    events = office.ended()
    assert {event.type for event in events} <= {EventType.TOKEN_PAUSED}
    assert len({event.token_id for event in events}) == len(events) == job.tokens
    assert len({event.user_id for event in events}) == job.people
    assert (job.status, job.failed, job.already_revoked) == (JobStatus.FINISHED, 0, 0)
    assert job.not_found == (len(run.deleted) if is_named else 0)


@pytest.mark.parametrize(
    ("changes", "owned"),
    [
        ({"state": TokenState.INACTIVE}, {}),
        ({"state": TokenState.REVOKED}, {}),
        ({"generation": "old"}, {}),
        ({"idle_at": START}, {}),
        ({"expires_at": START}, {}),
        ({"overlap_ends_at": START}, {}),
        ({}, {"status": UserStatus.INACTIVE}),
    ],
)
@pytest.mark.parametrize("is_dry_run", [False, True])
def test_token_that_is_not_active_stays_as_it_is(
    changes: dict[str, Any], owned: dict[str, Any], is_dry_run: bool
) -> None:
    """It is counted as skipped, also in a dry run."""
    office = Office(1)
    office.store.put(replace(office.tokens[0], **changes), replace(office.owners[0], **owned))
    office.begun(replace(PAUSE, is_dry_run=is_dry_run, token_ids=[office.tokens[0].id]))
    before = office.store.everything()
    job = office.done()
    assert office.store.everything() == before
    assert (job.tokens, job.already_revoked, job.failed) == (0, 1, 0)


@pytest.mark.parametrize("before_job", [True, False])
def test_owner_pauses_first(before_job: bool) -> None:
    """A token that was paused since the beginning counts. The row does not tell by whom."""
    office = Office(2)
    first, ids = office.tokens[0], [token.id for token in office.tokens]

    def pause() -> None:
        office.store.put(first.paused(office.clock.now()))
        office.clock.advance(SECOND)

    if before_job:
        pause()
    office.begun(replace(PAUSE, token_ids=ids))
    if not before_job:
        pause()
    job = office.done()
    assert (job.tokens, job.already_revoked) == ((1, 1) if before_job else (2, 0))
    assert len(office.ended()) == 1


def test_line_is_not_paused_with_one_of_its_tokens() -> None:
    """A pause is about one token, as by one call."""
    office = Office(1)
    first = office.tokens[0]
    successor = office.has(0, predecessor_id=first.id, line_id=first.id, family_id=first.id)
    office.begun(replace(PAUSE, token_ids=[first.id]))
    office.done()
    assert office.store.read_token(first).state is TokenState.INACTIVE
    assert office.store.read_token(successor).state is TokenState.ACTIVE


def test_pause_stops_with_its_administrator() -> None:
    """Each pause checks the administrator in its own transaction."""
    office = Office(5)
    office.begun(PAUSE)
    office.store.let("save_token", lambda: None, lambda: office.store.put(ADMIN.deactivated(START)))
    job = office.done()
    assert (job.status, job.tokens, len(office.ended())) == (JobStatus.STOPPED, 1, 1)


def test_owner_who_undoes_a_pause_at_once_is_counted_as_failed() -> None:
    """The token works, so the job must not say otherwise."""
    office = Office(1)
    office.begun(replace(PAUSE, token_ids=[office.tokens[0].id]))
    kept = office.store.read_token(office.tokens[0])
    back = [lambda: None, lambda: office.store.put(replace(kept, version=3))]
    office.store.let("find_for_authorization", *back)
    job = office.done()
    assert (job.tokens, job.failed, len(office.ended())) == (0, 1, 1)


def test_pause_does_not_come_before_its_job() -> None:
    """The clock of the machine that goes on may be behind."""
    office = Office(1)
    kept = office.begun(PAUSE)
    office.clock.advance(-10 * SECOND)
    job = office.done()
    assert job.tokens == 1
    assert office.store.read_token(office.tokens[0]).updated_at == kept.job.created_at


def test_owners_last_word_counts() -> None:
    """A token that its owner revokes before the job comes to it keeps the owner's reason."""
    office = Office(2)
    kept = office.begun(replace(ALL, token_ids=[token.id for token in office.tokens]))
    first = office.tokens[0]
    office.revoke.by_ids(first.user_id, first.id, RevocationReason.OWNER, PERSON)
    job = office.done()
    assert (job.tokens, job.already_revoked, job.people) == (1, 1, 1)
    revocation = office.store.read_token(first).revocation
    assert revocation
    assert (revocation.reason, revocation.job_id) == (RevocationReason.OWNER, None)
    assert kept.job.tokens == 0


def test_line_ends_with_one_of_its_tokens() -> None:
    """A named token takes its successor along. A filter that matches both counts both."""
    for wanted, counted in (("ids", 1), ("filter", 2)):
        office = Office(1)
        first = office.tokens[0]
        successor = office.has(0, predecessor_id=first.id, line_id=first.id, family_id=first.id)
        rotated = replace(
            first, successor_id=successor.id, family_id=first.id, overlap_ends_at=START + 60 * SECOND
        )
        office.store.put(rotated)
        office.clock.advance(SECOND)
        office.begun(replace(ALL, token_ids=[first.id]) if wanted == "ids" else ALL)
        job = office.done()
        assert (job.tokens, job.already_revoked, job.people) == (counted, 0, 1)
        assert {event.token_id for event in office.ended()} == {first.id, successor.id}


@pytest.mark.parametrize(
    "lose",
    [
        lambda admin: replace(admin, role_given_at=START - timedelta(hours=25)),
        lambda admin: admin.deactivated(START),
        lambda admin: admin.removed(START, "other"),
    ],
    ids=["role has expired", "deactivated", "removed"],
)
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_job_stops_with_its_administrator(lose: Callable[[User], User], when: str) -> None:
    """Before a page or between two tokens: nothing is revoked after that, and what was is counted."""
    office = Office(5)
    office.begun(ALL)
    if when == "before":
        office.store.put(lose(ADMIN))
    else:
        office.store.let("end_line", lambda: None, lambda: office.store.put(lose(ADMIN)))
    job = office.done()
    assert job.status is JobStatus.STOPPED
    assert job.tokens == len(office.ended()) == (0 if when == "before" else 1)
    assert office.done() == job


def test_deleted_administrator_stops_the_job() -> None:
    """A row that is gone is not an administrator's."""
    office = Office(1)
    office.begun(ALL)
    office.store.purge(ADMIN)
    assert office.done().status is JobStatus.STOPPED


def test_named_administrator_goes_on_for_days() -> None:
    """Only a role by claim expires. A new sign-in renews it on the row."""
    office = Office(2)
    office.begun(ALL, NAMED)
    office.clock.advance(timedelta(days=2))
    assert office.done().status is JobStatus.FINISHED


def test_claim_is_renewed_by_a_sign_in() -> None:
    """The job asks the row, not the sign-in that started it."""
    office = Office(2)
    office.begun(ALL)
    office.clock.advance(timedelta(days=2))
    office.store.put(replace(ADMIN, role_given_at=office.clock.now()))
    assert office.done().status is JobStatus.FINISHED


def test_token_that_keeps_changing_is_counted_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not hold up the others."""
    office = Office(3)
    held, end_line = office.tokens[1], office.store.end_line

    def busy(ending: Any, *rest: Any, **options: Any) -> None:
        if ending.changes[0].before.id == held.id:
            raise ConcurrentChange
        end_line(ending, *rest, **options)

    monkeypatch.setattr(office.store, "end_line", busy)
    office.begun(replace(ALL, token_ids=[token.id for token in office.tokens]))
    job = office.done()
    assert (job.tokens, job.failed, job.status) == (2, 1, JobStatus.FINISHED)


def test_unknown_ids_are_not_found() -> None:
    """Neither an id that no token has, nor one whose row is gone, fails the job."""
    office = Office(2)
    office.store.purge(office.tokens[0])
    ids = [new_token_id(START), *(token.id for token in office.tokens)]
    office.begun(replace(ALL, token_ids=ids))
    job = office.done()
    assert (job.tokens, job.not_found, job.done) == (1, 2, 3)


@pytest.mark.parametrize(
    ("changes", "is_about"),
    [
        ({}, True),
        ({"created_at": START + 2 * SECOND}, False),
        ({"state": TokenState.INACTIVE}, False),
        ({"last_used_at": START + 2 * SECOND}, False),
        ({"name": "other"}, False),
    ],
)
def test_filter_is_judged_by_the_beginning(changes: dict[str, Any], is_about: bool) -> None:
    """Deadlines count from the beginning of the job, and tokens that were created later are left alone."""
    office = Office(0)
    token = office.has(0, **{"last_used_at": START - timedelta(days=3), **changes})
    wanted = TokenFilter(status=TokenStatus.ACTIVE, text="ci", unused_for=timedelta(days=3))
    office.begun(replace(ALL, filter=wanted))
    office.clock.advance(timedelta(hours=20))
    job = office.done()
    assert job.tokens == int(is_about)
    assert (office.store.read_token(token).state is TokenState.REVOKED) is is_about


def test_dry_run_counts_what_the_job_revokes() -> None:
    """Tokens of an ended generation and paused ones as well."""
    office = Office(4)
    office.has(0, generation="old")
    office.has(1, state=TokenState.INACTIVE)
    office.begun(replace(ALL, is_dry_run=True))
    before = office.store.everything()
    dry = office.done()
    assert office.store.everything() == before
    real = replace(dry, id="job_2", is_dry_run=False, status=JobStatus.RUNNING, body_hash=ALL.body_hash)
    kept = office.store.add_job(real, ())
    assert kept
    fresh = replace(kept.job, tokens=0, people=0, already_revoked=0, place=type(kept.job.place)())
    after = office.run.one(
        office.store.save_job(kept, fresh) or kept, office.clock.now() + SECOND, most=100
    )
    assert after
    assert (after.job.tokens, after.job.people, after.job.already_revoked) == (5, 3, 1)
    assert (dry.tokens, dry.people, dry.already_revoked) == (5, 3, 1)


@pytest.mark.parametrize(
    "damage",
    [
        {"owner": ""},
        {"filter": TokenFilter()},
        {"is_dry_run": False},
        {"action": JobAction.PAUSE},
        {"reason": RevocationReason.ADMIN},
        {"token_count": 1},
    ],
    ids=str,
)
def test_job_that_lost_a_part_of_its_request_changes_nothing(damage: dict[str, Any]) -> None:
    """Without its owner it would revoke the tokens of all users, and a dry run would be a real one."""
    office = Office(6)
    wanted = replace(ALL, owner=office.owners[0].id, filter=TokenFilter(reused=False), is_dry_run=True)
    kept = office.begun(wanted)
    office.store.save_job(kept, replace(kept.job, **damage))
    before = office.store.everything()
    with recorded() as log:
        assert (office.done().status, office.done().done) == (JobStatus.RUNNING, 0)
    assert office.store.everything() == before
    assert {line["job_id"] for line in log.lines("revocations.unreadable")} == {"job_1"}


def test_job_that_lost_its_tokens_changes_no_other() -> None:
    """A job about named tokens never becomes one about all tokens."""
    office = Office(6)
    wanted = replace(ALL, token_ids=[office.tokens[0].id, office.tokens[1].id])
    kept = office.begun(wanted)
    office.store.save_job(kept, replace(kept.job, token_count=0))
    with recorded():
        assert office.done().done == 0
        office.store._token_ids["job_1"] = (office.tokens[0].id,)
        found = office.store.find_job("job_1")
        assert found
        office.store.save_job(found, kept.job)
        assert office.done().done == 0
    assert {token.state for token in office.store.rows()} == {TokenState.ACTIVE}


def test_job_keeps_no_more_of_the_request_than_events() -> None:
    """The address has the form that RECORD_NETWORKS says, and comes out of an event unchanged."""
    office = Office(1)
    kept = office.begun(ALL)
    assert kept.job.actor.caller == Caller(Door.OWN_API, "198.51.100.0", "page", request_id="request-9")
    office.done()
    (event,) = office.ended()
    assert event.address == "198.51.100.0/24"


def test_deadline_ends_a_page_between_two_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run goes on with the next token."""
    monkeypatch.setattr(revocation_targets, "USERS_AT_A_TIME", 100)
    office = Office(3)
    kept = office.begun(ALL)
    office.store.let("end_line", lambda: None, lambda: office.clock.advance(2 * SECOND))
    after = office.run.page(kept, office.clock.now() + SECOND)
    assert after
    assert (after.job.tokens, after.job.status) == (2, JobStatus.RUNNING)
    assert office.done().tokens == 3


def test_jobs_take_turns() -> None:
    """A large job does not hold up a small one."""
    office = Office(12)
    office.begun(ALL)
    small = replace(ALL, token_ids=[office.tokens[-1].id])
    job = replace(office.jobs._job("job_2", small, ACTOR), created_at=office.clock.now() + SECOND)
    office.store.add_job(job, small.token_ids)
    ends = [lambda: None] * 4
    office.store.let("end_line", *ends, lambda: office.clock.advance(2 * SECOND))
    office.run.all_running(office.clock.now() + SECOND)
    found = office.store.find_job("job_2")
    assert found
    assert found.job.status is JobStatus.FINISHED
    assert office.store.list_running(10) == ["job_1"]


@pytest.mark.parametrize("fault", [StoreUnavailable, KeyError, UnreadableRow])
def test_job_that_fails_holds_up_no_other(fault: type[Exception]) -> None:
    """The oldest one is interrupted, or its row cannot be read."""
    office = Office(tokens=3)
    first = replace(office.begun(ALL).job, id="job_2", created_at=START - SECOND)
    assert office.store.add_job(first, ())
    find_job, page = office.store.find_job, office.run.page

    def fail_to_find(job_id: str) -> KeptJob | None:
        if job_id == first.id and fault is not StoreUnavailable:
            raise fault
        return find_job(job_id)

    def fail_to_go_on(kept: KeptJob, deadline: datetime, most: int | None = None) -> KeptJob | None:
        if kept.job.id == first.id:
            raise StoreUnavailable
        return page(kept, deadline, most)

    office.store.find_job, office.run.page = fail_to_find, fail_to_go_on  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable) if fault is StoreUnavailable else nullcontext():
        office.run.all_running(office.clock.now() + SECOND)

    kept = find_job("job_1")
    assert kept
    assert (kept.job.status, kept.job.tokens) == (JobStatus.FINISHED, 3)
