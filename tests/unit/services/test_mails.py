"""Mails about what is coming: one for each owner and stage, also after failures and beside other runs."""

import html
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import MailRefused, MailUnavailable, StoreUnavailable
from chalicelib.domain.noticed import Notice, NoticeKind
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User, UserStatus
from chalicelib.domain.walks import Walk
from chalicelib.services import sweep
from chalicelib.services.coming import mail_about
from chalicelib.services.mails import MailComing
from chalicelib.services.notices import GiveNotices
from chalicelib.services.sweep import SweepTokens, Swept
from tests.support.actors import an_event
from tests.support.builders import RULES, a_token, a_user
from tests.support.canaries import recorded
from tests.support.clock import START, FixedClock
from tests.support.mails import KeptMails
from tests.support.memory import InMemoryStore
from tests.unit.services.test_notices import JOURNAL
from tests.unit.services.test_sweep import Watched

DAY, SECOND, MINUTE = timedelta(days=1), timedelta(seconds=1), timedelta(minutes=1)
PAGE = "https://api.example.com/settings/api-tokens"
DUE = START + 24 * DAY
OWNER = a_user(email_verified=True)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two users and two tokens in a page."""
    monkeypatch.setattr(sweep, "USERS_AT_A_TIME", 2)
    monkeypatch.setattr(sweep, "TOKENS_AT_A_TIME", 2)


class Bench:
    """Three owners with one, five and two tokens."""

    def __init__(self, **changes: Any) -> None:
        self.store, self.clock, self.mailer = InMemoryStore(), FixedClock(), KeptMails()
        self.users = [
            a_user(f"{n}@example.com", created_at=START + n * SECOND, **{"email_verified": True, **changes})
            for n in range(3)
        ]
        for user, size in zip(self.users, (1, 5, 2), strict=True):
            self.store.add_user(user, an_event())
            for number in range(size):
                self.add(a_token(user, START + number * SECOND).touched(START, RULES))

    def add(self, token: Token) -> None:
        """Add a row."""
        self.store._tokens[token.user_id, token.id] = token

    def sweep(self, store: Any = None, max_calls: int = sweep.MAX_CALLS) -> Swept:
        """Run one invocation, which sees the time of the bench."""
        store = store or self.store
        mails = MailComing(store, store, self.mailer, self.clock, RULES, PAGE)
        visits = (GiveNotices(store, JOURNAL, RULES),)
        run = SweepTokens(store, visits, self.clock, max_calls, owner_visits=(mails,))
        return run(self.clock.now() + DAY)

    @property
    def sent(self) -> Counter[str]:
        """The number of mails to each owner."""
        return Counter(mail.recipient for mail in self.mailer.mails)

    def require_one_each(self) -> None:
        """Require one mail to each owner, with all tokens of the owner."""
        assert self.sent == Counter({user.email: 1 for user in self.users})
        sizes = [mail.text.count("- ci: ") for mail in self.mailer.mails]
        assert sorted(sizes) == [1, 2, 5]


def test_owner_gets_one_mail_for_each_stage() -> None:
    """Four sweeps on each of 40 days, for three stages. Between them there are none."""
    bench = Bench()
    for hour in range(40 * 4):
        bench.clock.set_to(START + hour * timedelta(hours=6))
        bench.sweep()
    assert bench.sent == Counter({user.email: 3 for user in bench.users})


def test_walk_that_passes_midnight_sends_no_mail_twice() -> None:
    """The next walk begins on the day of the notices that the last one gave and sent."""
    bench = Bench()
    bench.clock.set_to(START.replace(hour=23, minute=55) + 23 * DAY)
    bench.sweep(max_calls=1)
    bench.clock.advance(10 * MINUTE)
    assert bench.sweep().walk.ended_at
    bench.require_one_each()

    for _ in range(2):
        bench.clock.advance(10 * MINUTE)
        bench.sweep()
    bench.require_one_each()


def test_mail_names_all_tokens_of_the_day() -> None:
    """Also of an owner with more tokens than a page of the sweep has."""
    bench = Bench()
    bench.clock.set_to(DUE)
    bench.sweep()
    bench.require_one_each()


@pytest.mark.parametrize(
    "changes",
    [
        {"email_verified": False},
        {"email": ""},
        {"status": UserStatus.INACTIVE},
        {"status": UserStatus.REMOVED},
    ],
)
def test_owner_without_a_verified_address_gets_none(changes: dict[str, Any]) -> None:
    """Nor does one who was deactivated or removed."""
    bench = Bench(**changes)
    bench.clock.set_to(DUE)
    bench.sweep()
    assert bench.mailer.mails == []


def calls_of_a_walk() -> int:
    """Return how many calls of the store a walk with mails makes."""
    bench = Bench()
    bench.clock.set_to(DUE)
    watched = Watched(bench.store)
    bench.sweep(watched)
    return watched.count


CALLS_OF_A_WALK = 35


def test_calls_are_counted() -> None:
    """The number that the following tests take as the last place of a failure is right."""
    assert calls_of_a_walk() == CALLS_OF_A_WALK


@pytest.mark.parametrize("number", range(1, CALLS_OF_A_WALK + 1))
@pytest.mark.parametrize("is_done", [False, True], ids=["not done", "response lost"])
def test_crash_at_any_call_loses_no_mail(number: int, is_done: bool) -> None:
    """The next invocation, five minutes later, sends what is left.

    Only a mail whose record was not written is sent twice.
    """
    bench = Bench()
    bench.clock.set_to(DUE)

    def fail(count: int) -> None:
        if count == number:
            raise StoreUnavailable

    watched = Watched(bench.store, after=fail) if is_done else Watched(bench.store, before=fail)
    with pytest.raises(StoreUnavailable):
        bench.sweep(watched)
    bench.clock.advance(5 * MINUTE)
    bench.sweep()

    assert bench.sent.keys() == {user.email for user in bench.users}
    assert sum(bench.sent.values()) <= 3 + 1


@pytest.mark.parametrize("number", range(1, CALLS_OF_A_WALK + 1))
def test_two_runs_at_once_send_no_mail_twice(number: int) -> None:
    """A second invocation runs as a whole between two calls of the first."""
    bench = Bench()
    bench.clock.set_to(DUE)

    def other(count: int) -> None:
        if count == number:
            bench.sweep()

    bench.sweep(Watched(bench.store, before=other))
    # If both ended at the same owner, the next invocation goes on.
    bench.clock.advance(5 * MINUTE)
    bench.sweep()

    bench.require_one_each()


@pytest.mark.parametrize("is_sent", [False, True])
def test_crash_at_the_mail_itself_loses_none(is_sent: bool) -> None:
    """A mail that left without its record is sent again. No program can tell these cases apart."""
    bench = Bench()
    bench.clock.set_to(DUE)

    def fail() -> None:
        bench.mailer.before = bench.mailer.after = lambda: None
        raise MailUnavailable

    if is_sent:
        bench.mailer.after = fail
    else:
        bench.mailer.before = fail
    bench.sweep()
    # The mail may be under way, so a run a minute later leaves it.
    bench.clock.advance(MINUTE)
    assert bench.sweep().is_left_to_another
    bench.clock.advance(4 * MINUTE)
    bench.sweep()

    assert sum(bench.sent.values()) == 3 + is_sent
    assert bench.sent.keys() == {user.email for user in bench.users}


def test_mail_service_that_is_away_holds_up_no_notice() -> None:
    """All notices are given at once, and each mail is sent later. Meanwhile each run fails early."""
    bench = Bench()
    bench.clock.set_to(DUE)
    attempts = []

    def fail() -> None:
        attempts.append(bench.clock.now())
        raise MailUnavailable

    bench.mailer.before = fail
    with recorded() as log:
        walk = bench.sweep().walk
    assert all(token.noticed for token in bench.store._tokens.values())
    assert (walk.ended_at, walk.returns, len(attempts)) == (None, 1, 1)
    assert [line["user_id"] for line in log.lines("mail.not_sent")] == [bench.users[0].id]
    for _ in range(12):
        bench.clock.advance(5 * MINUTE)
        with pytest.raises(MailUnavailable):
            bench.sweep()
    assert (bench.mailer.mails, len(attempts)) == ([], 13)

    bench.mailer.before = lambda: None
    bench.clock.advance(5 * MINUTE)
    assert bench.sweep().walk.ended_at
    bench.require_one_each()
    bench.clock.advance(5 * MINUTE)
    bench.sweep()
    bench.require_one_each()


def test_mail_service_that_is_away_for_days_holds_up_no_later_notice() -> None:
    """Each day has its walk. When the service is back, one mail tells each owner what is due then."""
    bench = Bench()

    def fail() -> None:
        raise MailUnavailable

    bench.mailer.before = fail
    failed = 0
    for hour in range(0, 4 * 24 + 1, 6):
        bench.clock.set_to(DUE + timedelta(hours=hour))
        try:
            bench.sweep()
        except MailUnavailable:
            failed += 1
    # The first run of each of the five days gives its notices. The others fail.
    assert failed == 4 * 3
    assert {notice.days for token in bench.store._tokens.values() for notice in token.noticed} == {3}

    bench.mailer.before = lambda: None
    bench.clock.advance(5 * MINUTE)
    assert bench.sweep().walk.ended_at
    bench.require_one_each()
    for _ in range(2):
        bench.clock.advance(DAY / 2)
        bench.sweep()
        assert bench.sweep().walk.mails_since is None
    bench.require_one_each()


@pytest.mark.parametrize("is_away_next_day", [False, True])
def test_mails_of_a_day_without_mail_service_are_sent_later(is_away_next_day: bool) -> None:
    """The service comes back after the first owner. No owner gets the mail twice, or none."""
    bench = Bench()
    bench.clock.set_to(DUE)
    sent: list[int] = []

    def fail() -> None:
        if sent:
            raise MailUnavailable
        sent.append(1)

    bench.mailer.before = fail
    assert bench.sweep().walk.returns == 1
    if is_away_next_day:
        bench.clock.advance(DAY)
        assert bench.sweep().walk.returns == 1
    bench.mailer.before = lambda: None
    bench.clock.advance(DAY)
    assert bench.sweep().walk.ended_at
    bench.require_one_each()


@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize("max_calls", [4, sweep.MAX_CALLS])
def test_mails_that_failed_are_sent_after_the_last_user(first: int, max_calls: int) -> None:
    """One of three fails. A walk in small parts tries the others, and goes back for the one."""
    bench = Bench()
    bench.clock.set_to(DUE)
    order: list[int] = []

    def fail() -> None:
        order.append(len(order))
        if len(order) == first + 1:
            raise MailUnavailable

    bench.mailer.before = fail
    walks: list[Walk] = []
    for _ in range(30):
        walks.append(bench.sweep(max_calls=max_calls).walk)
        bench.clock.advance(5 * MINUTE)
    bench.require_one_each()
    assert (walks[-1].returns, len(order)) == (1, 4)
    last = [mail.recipient for mail in bench.mailer.mails][-1]
    assert max_calls > 4 or last == bench.users[first].email


@pytest.mark.parametrize("number", range(1, 20))
@pytest.mark.parametrize("is_done", [False, True], ids=["not done", "response lost"])
def test_crash_on_the_way_back_loses_no_mail(number: int, is_done: bool) -> None:
    """Only a mail whose record was not written is sent twice."""
    bench = Bench()
    bench.clock.set_to(DUE)

    def unavailable() -> None:
        bench.mailer.before = lambda: None
        raise MailUnavailable

    bench.mailer.before = unavailable
    bench.sweep()
    bench.clock.advance(5 * MINUTE)

    def fail(count: int) -> None:
        if count == number:
            raise StoreUnavailable

    watched = Watched(bench.store, after=fail) if is_done else Watched(bench.store, before=fail)
    with pytest.raises(StoreUnavailable):
        bench.sweep(watched)
    bench.clock.advance(5 * MINUTE)
    assert bench.sweep().walk.ended_at
    assert bench.sent.keys() == {user.email for user in bench.users}
    assert sum(bench.sent.values()) <= 3 + 1


def test_mail_that_is_not_accepted_is_told_and_holds_up_nothing() -> None:
    """The other owners get theirs, and it is not tried again."""
    bench = Bench()
    bench.clock.set_to(DUE)

    def refuse() -> None:
        bench.mailer.before = lambda: None
        raise MailRefused

    bench.mailer.before = refuse
    with recorded() as log:
        bench.sweep()
        bench.clock.advance(timedelta(hours=1))
        bench.sweep()
    (line,) = log.lines("mail.refused")
    assert line["user_id"] == bench.users[0].id
    assert bench.sent == Counter({user.email: 1 for user in bench.users[1:]})
    assert bench.users[0].email not in str(line)


def told(owner: User, *kinds: NoticeKind, **changes: Any) -> Token:
    """Return a token with notices of the start."""
    noticed = tuple(Notice(kind, 7, START.date()) for kind in kinds)
    return a_token(owner, noticed=noticed, **changes)


def test_mail_says_what_is_coming() -> None:
    """Each notice has its sentence, in the text and in the HTML."""
    soon = START + 7 * DAY
    tokens = [
        told(OWNER, NoticeKind.IDLING, name="one", idle_at=soon),
        told(OWNER, NoticeKind.EXPIRING, NoticeKind.NEVER_USED, name="two", expires_at=soon),
    ]
    mail = mail_about(OWNER, tokens, START.date(), RULES, PAGE)
    assert (mail.recipient, mail.subject) == (OWNER.email, "2 API tokens need your attention")
    expected = [
        "one: goes idle on 2026-01-22 12:00 UTC, unless it is used before",
        "two: expires on 2026-01-22 12:00 UTC",
        "two: was created on 2026-01-15 12:00 UTC and has not been used since",
    ]
    for sentence in expected:
        assert f"- {sentence}\n" in mail.text
    for token in tokens:
        assert f'<a href="{PAGE}?token={token.id}">{token.name}</a>' in mail.html
    assert PAGE in mail.text
    for body in (mail.text, html.unescape(mail.html)):
        assert 'sign in at your page and clear "Mail me about my tokens" in your account\'s menu.' in body


def test_names_cannot_become_markup() -> None:
    """The owner chose the name, but the mail program of the owner must not run it."""
    mail = mail_about(OWNER, [told(OWNER, NoticeKind.IDLING, name='<b>"x"&')], START.date(), RULES, PAGE)
    assert "&lt;b&gt;&quot;x&quot;&amp;" in mail.html
    assert "<b>" not in mail.html
    assert '- <b>"x"&: goes idle' in mail.text
    assert mail.subject == "An API token needs your attention"


def test_token_without_a_name_is_named_by_its_id() -> None:
    """Otherwise the owner could not find it."""
    token = told(OWNER, NoticeKind.IDLING, name="")
    assert token.id in mail_about(OWNER, [token], START.date(), RULES, PAGE).text


def test_length_of_a_mail_is_bounded() -> None:
    """An owner may have thousands of tokens."""
    tokens = [replace(told(OWNER, NoticeKind.IDLING), id=f"tok_{n}") for n in range(200)]
    mail = mail_about(OWNER, tokens, START.date(), RULES, PAGE)
    assert mail.text.count("- ci: ") == 50
    assert "150 more tokens are on your page." in mail.text
