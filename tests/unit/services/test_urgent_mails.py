"""Mails at once: about tokens that were exposed, reused, or refused at a new network."""

import html
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.events import EVENT
from chalicelib.domain.errors import MailRefused, MailUnavailable, StoreUnavailable, UnreadableRow
from chalicelib.domain.events import EventType
from chalicelib.domain.mails import MOST_ABOUT_EXPOSURE, MOST_URGENT, Mail, Urgent, UrgentKind, UrgentMails
from chalicelib.domain.seen_networks import RefusedReason, SeenNetworks, refused_again
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User, UserStatus
from chalicelib.handlers.events import publish_events
from chalicelib.services.publish import LAST_CALL
from chalicelib.services.urgent import urgent_mail
from infra.aws.package.publishing import MAPPING
from tests.support.actors import an_event
from tests.support.api import api_of
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START
from tests.support.events import Context
from tests.support.mails import KeptMails
from tests.support.memory import InMemoryStore
from tests.support.service import MemoryService
from tests.support.stream import Record, a_record, handed_on
from tests.unit.services.log_lines import written

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
PAGE = "https://api.example.com/settings/api-tokens"
OFFICE, ELSEWHERE = "192.0.2.0/24", "203.0.113.0/24"
CALLS_OF_A_MAIL = 4
"""The store's calls for a mail about one token: the owner, the record, its change, and the token."""


class Bench:
    """An owner with a token, and the function that reads the stream."""

    def __init__(self, store: InMemoryStore | None = None, **changes: Any) -> None:
        self.mailer, self.store = KeptMails(), store or InMemoryStore()
        environ = {"EVENT_BUS_NAME": "default", "NOTICES_FROM": "api-tokens@example.com"}
        self.service = MemoryService(environ, store=self.store)
        self.service.mailer = self.mailer
        self.owner = a_user(**{"email_verified": True, **changes})
        self.store.add_user(self.owner, an_event())
        self.token = self.add()
        self.lines: list[dict[str, Any]] = []

    def add(self, owner: User | None = None, **changes: Any) -> Token:
        """Return a new token with its row."""
        token = a_token(owner or self.owner, **changes)
        self.store._tokens[token.user_id, token.id] = token
        return token

    def run(self, *records: Record) -> Sequence[str]:
        """Hand records to the function. Return the numbers of those that Lambda delivers again."""
        with api_of(self.service), written() as lines:
            response = publish_events({"Records": records}, Context())
        self.lines = lines
        return [each["itemIdentifier"] for each in response["batchItemFailures"]]

    @property
    def mails(self) -> Sequence[Mail]:
        """The mails so far."""
        return self.mailer.mails

    @property
    def counted(self) -> tuple[int, int]:
        """The mails that the line of the last run counts as sent, and as lost."""
        return self.lines[-1]["mails"], self.lines[-1]["lost_mails"]


def event(
    token: Token, kind: EventType = EventType.TOKEN_EXPOSED, number: int = 7, **changes: Any
) -> Record:
    """Return the record of a new event about a token."""
    made = replace(an_event(token.user_id, kind), **{"token_id": token.id, **changes})
    return a_record(None, EVENT.item(made), number=number)


def refused(token: Token, *networks: str, reason: RefusedReason = RefusedReason.NETWORK) -> Token:
    """Return a token after uses that were refused."""
    for network in networks:
        again = refused_again(token.refused, reason, network, START, seen=token.networks)
        token = replace(token, refused=again)
    return token


def refusal(before: Token, after: Token) -> Record:
    """Return the record of a refused use."""
    return a_record(items.TOKEN.item(before), items.TOKEN.item(after))


def test_exposed_token_is_told_at_once() -> None:
    """With what to do, and a link to the token."""
    bench = Bench()
    assert bench.run(event(bench.token)) == []
    (mail,) = bench.mails
    assert (mail.recipient, mail.subject) == (bench.owner.email, "An API token may be in danger")
    for body in (mail.text, html.unescape(mail.html)):
        assert "was reported as exposed on 2026-01-15 12:00 UTC, and is revoked now" in body
        assert "Create a new token for its program" in body
        assert "To turn these mails off" in body
    assert f'<a href="{PAGE}?token={bench.token.id}">ci</a>' in mail.html
    assert bench.counted == (1, 0)
    assert len(bench.service.bus.sent) == 1


def test_reuse_is_told_at_once() -> None:
    """The event that the function derived comes back through the stream."""
    bench = Bench()
    bench.run(event(bench.token, EventType.TOKEN_REUSED))
    (mail,) = bench.mails
    assert "- ci: was used on 2026-01-15 12:00 UTC, after it was rotated. The use was refused" in mail.text
    assert "revoke the new token" in mail.text


@pytest.mark.parametrize("reason", [*RefusedReason, None])
def test_refused_use_from_a_new_network_is_told_at_once(reason: RefusedReason | None) -> None:
    """With the network and the reason, as the page shows them."""
    bench = Bench()
    used = replace(bench.token, networks=SeenNetworks().seen(OFFICE, START))
    after = refused(used, ELSEWHERE, reason=reason or RefusedReason.PAUSED)
    assert after.refused
    after = replace(after, refused=replace(after.refused, last_reason=reason))
    bench.run(refusal(used, after))
    (mail,) = bench.mails
    assert (
        f"was used on 2026-01-15 12:00 UTC from {ELSEWHERE}, a new network. The use was refused"
        in mail.text
    )
    assert (", because the token " in mail.text) is (reason is not None)


SEEN = SeenNetworks().seen(OFFICE, START)


@pytest.mark.parametrize(
    ("seen", "networks", "reason", "is_told"),
    [
        (SEEN, [OFFICE], RefusedReason.SCOPE, False),
        (SEEN, [ELSEWHERE], RefusedReason.SCOPE, True),
        (SEEN, [ELSEWHERE, ELSEWHERE], RefusedReason.PAUSED, False),
        (SEEN, [ELSEWHERE, "198.51.100.0/24"], RefusedReason.PAUSED, True),
        (SEEN, [ELSEWHERE, OFFICE], RefusedReason.PAUSED, False),
        (SEEN, [""], RefusedReason.NETWORK, False),
        (SeenNetworks(), [ELSEWHERE], RefusedReason.NETWORK, True),
        (SeenNetworks(), [ELSEWHERE], RefusedReason.SCOPE, False),
    ],
)
def test_only_the_first_refusal_from_a_new_network_is_told(
    seen: SeenNetworks, networks: Sequence[str], reason: RefusedReason, is_told: bool
) -> None:
    """The last of the refused uses counts. Before its first use, a token has no usual network."""
    bench = Bench()
    token = replace(bench.token, networks=seen)
    *before, last = [each or None for each in networks]
    first = refused(token, *[each for each in before if each], reason=reason)
    again = refused_again(first.refused, reason, last, START, seen=seen)
    record = refusal(first, replace(first, refused=again))
    assert bool(handed_on([record], MAPPING)) is is_told
    bench.run(record)
    assert len(bench.mails) == is_told


def test_use_or_change_after_a_refusal_is_not_told() -> None:
    """The row still has the mark, but the refused uses are the same."""
    bench = Bench()
    before = refused(replace(bench.token, networks=SEEN), ELSEWHERE)
    for after in (before.touched(START + DAY, RULES), replace(before, name="other"), before):
        bench.run(refusal(before, after))
    assert bench.mails == []


def test_uses_cost_no_invocation() -> None:
    """The commonest writes have no mark."""
    token = Bench().token
    old = refused(replace(token, networks=SEEN), ELSEWHERE, OFFICE)
    for before in (token, old):
        assert handed_on([refusal(before, before.touched(START, RULES))], MAPPING) == []


def test_reuse_from_a_new_network_is_told_once() -> None:
    """As the event that is derived."""
    bench = Bench()
    before = replace(bench.token, networks=SEEN, successor_id="tok_other")
    after = refused(before, ELSEWHERE, reason=RefusedReason.ROTATED)
    bench.run(refusal(before, replace(after, reuse_count=1, last_reused_at=START)))
    assert bench.mails == []
    assert bench.lines[-1]["reused"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"email_verified": False},
        {"email": ""},
        {"wants_notices": False},
        {"status": UserStatus.INACTIVE},
        {"status": UserStatus.REMOVED},
    ],
)
def test_owner_without_mails_gets_none(changes: dict[str, Any]) -> None:
    """No record is written either."""
    bench = Bench(**changes)
    bench.run(event(bench.token))
    assert (bench.mails, bench.counted) == ([], (0, 0))
    assert bench.store.find_urgent_mails(bench.owner.id, START.date()) is None


def test_without_a_sender_there_are_no_mails() -> None:
    """The store is not read."""
    service = MemoryService()
    assert service.mailer is None
    with api_of(service), written() as lines:
        publish_events({"Records": [event(a_token(a_user()))]}, Context())
    assert (lines[-1]["mails"], lines[-1]["lost_mails"]) == (0, 0)


def test_unknown_owner_and_other_events_are_passed_over() -> None:
    """Of a row that another program wrote, for example."""
    bench = Bench()
    bench.run(event(a_token(a_user("other@example.com"))), event(bench.token, EventType.TOKEN_REVOKED))
    assert (bench.mails, bench.counted) == ([], (0, 0))


def test_one_mail_tells_all_of_an_owner() -> None:
    """Of all kinds, with each token and kind once. Each owner gets the own."""
    bench = Bench()
    other = a_user("other@example.com", email_verified=True)
    bench.store.add_user(other, an_event())
    tokens = [bench.add(name=f"n{n}") for n in range(3)]
    foreign = bench.add(other, name="foreign")
    bench.run(
        *(event(token) for token in tokens),
        event(foreign),
        event(tokens[0]),
        event(tokens[1], EventType.TOKEN_REUSED),
    )
    mails = {mail.recipient: mail for mail in bench.mails}
    assert len(bench.mails) == len(mails) == 2
    mine = mails[bench.owner.email]
    assert mine.subject == "3 API tokens may be in danger"
    assert [mine.text.count(f"- n{n}: ") for n in range(3)] == [1, 2, 1]
    assert "foreign" not in mine.text
    assert mails[other.email].text.count("- foreign: ") == 1


def test_batch_that_comes_again_sends_no_mail_twice() -> None:
    """Also on the next day, because the day of the event counts."""
    bench = Bench()
    record = event(bench.token, at=START.replace(hour=23, minute=59))
    for _ in range(3):
        bench.run(record)
        bench.service.clock.advance(timedelta(hours=12))
    assert len(bench.mails) == 1


def test_bus_that_fails_delays_no_mail() -> None:
    """Lambda delivers the records again. Then the event is sent, and the mail is not."""
    bench = Bench()
    bench.service.bus.failures = 3
    assert bench.run(event(bench.token)) == ["7"]
    assert len(bench.mails) == 1
    assert bench.run(event(bench.token)) == []
    assert (len(bench.mails), len(bench.service.bus.sent)) == (1, 1)


def test_flood_is_bounded() -> None:
    """A thief may present many old tokens for years. The last mail of a day says so."""
    bench = Bench()
    for _ in range(3 * MOST_URGENT):
        bench.run(event(bench.add(), EventType.TOKEN_REUSED))
    assert len(bench.mails) == MOST_URGENT
    assert ["This is the last mail about this day." in mail.text for mail in bench.mails] == [
        *[False] * (MOST_URGENT - 1),
        True,
    ]
    # It must not hide that a token was exposed.
    for _ in range(3 * MOST_ABOUT_EXPOSURE):
        bench.run(event(bench.add()))
    assert len(bench.mails) == MOST_ABOUT_EXPOSURE
    bench.run(event(bench.add(), EventType.TOKEN_REUSED, at=START + DAY))
    assert len(bench.mails) == MOST_ABOUT_EXPOSURE + 1


def test_token_is_told_once_a_day() -> None:
    """It may be reused every five minutes."""
    bench = Bench()
    for hour in range(30):
        bench.run(event(bench.token, EventType.TOKEN_REUSED, at=START + timedelta(hours=hour)))
    assert len(bench.mails) == 2


class Failing(InMemoryStore):
    """A store whose call of a number fails, or runs something before."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.on_call: Callable[[int], None] = lambda _: None

    def __getattribute__(self, name: str) -> Any:
        """Count the calls that a mail makes."""
        if name in {"find_user", "find_token", "find_urgent_mails", "save_urgent_mails"}:
            self.count += 1
            self.on_call(self.count)
        return super().__getattribute__(name)


def test_calls_are_counted() -> None:
    """The number that the following tests take as the last place of a failure is right."""
    store = Failing()
    bench = Bench(store)
    bench.run(event(bench.token))
    assert store.count == CALLS_OF_A_MAIL


@pytest.mark.parametrize("number", range(1, CALLS_OF_A_MAIL + 1))
def test_store_that_fails_never_fails_the_batch(number: int) -> None:
    """The events are sent, the loss is counted, and the next fact about the token is told."""
    store = Failing()
    bench = Bench(store)

    def fail(count: int) -> None:
        if count == number:
            raise StoreUnavailable

    store.on_call = fail
    assert bench.run(event(bench.token)) == []
    assert (bench.counted, len(bench.service.bus.sent)) == ((0, 1), 1)
    (line,) = [line for line in bench.lines if line["event"] == "mail.not_sent"]
    assert (line["user_id"], bench.owner.email in str(line)) == (bench.owner.id, False)
    bench.run(event(bench.token))
    assert len(bench.mails) == 1


@pytest.mark.parametrize("number", range(1, CALLS_OF_A_MAIL + 1))
def test_two_runs_at_once_send_one_mail(number: int) -> None:
    """Another shard's run happens as a whole between two calls of the first."""
    store = Failing()
    bench = Bench(store)

    def other(count: int) -> None:
        if count == number:
            store.on_call = lambda _: None
            bench.run(event(bench.token))

    store.on_call = other
    bench.run(event(bench.token))
    assert (len(bench.mails), bench.counted[1]) == (1, 0)


@pytest.mark.parametrize("error", [UnreadableRow, KeyError, TypeError, ValueError, AttributeError])
@pytest.mark.parametrize("number", range(1, CALLS_OF_A_MAIL + 1))
def test_row_that_cannot_be_read_holds_nothing_up(number: int, error: type[Exception]) -> None:
    """A later release wrote it. A token that cannot be read is named by its id."""
    store = Failing()
    bench = Bench(store)

    def fail(count: int) -> None:
        if count == number:
            raise error

    store.on_call = fail
    assert bench.run(event(bench.token)) == []
    is_token = number == CALLS_OF_A_MAIL
    assert bench.counted == (is_token, not is_token)
    assert all(f"- {bench.token.id}: " in mail.text for mail in bench.mails)


def failing(bench: Bench, error: type[Exception], times: int) -> None:
    """Let the next mails fail."""
    left = iter([True] * times)

    def fail() -> None:
        if next(left, False):
            raise error

    bench.mailer.before = fail


def test_short_failure_of_the_mail_service_is_not_noticed() -> None:
    """One of two attempts may fail."""
    bench = Bench()
    failing(bench, MailUnavailable, 1)
    bench.run(event(bench.token))
    assert (len(bench.mails), bench.counted) == (1, (1, 0))


def test_mail_service_that_is_away_holds_up_no_event() -> None:
    """It is tried for one owner only. The next fact about the token is told."""
    bench = Bench()
    others = [a_user(f"{n}@example.com", email_verified=True) for n in range(3)]
    for other in others:
        bench.store.add_user(other, an_event())
    records = [event(token) for token in (bench.token, *map(bench.add, others))]
    failing(bench, MailUnavailable, 2)
    assert bench.run(*records) == []
    assert (bench.mails, bench.counted, len(bench.service.bus.sent)) == ([], (0, 4), 4)
    bench.run(*records)
    assert len(bench.mails) == 4


def test_failing_attempts_are_counted_too() -> None:
    """A mail may have left although its response was lost, so attempts are bounded as mails are."""
    bench = Bench()
    attempts = []

    def lost() -> None:
        attempts.append(1)
        raise MailUnavailable

    bench.mailer.after = lost
    for hour in range(3 * MOST_URGENT):
        bench.run(event(bench.token, EventType.TOKEN_REUSED, at=START.replace(hour=hour)))
    assert len(attempts) == 2 * MOST_URGENT


def test_mail_that_is_not_accepted_is_told_and_not_tried_again() -> None:
    """The other owners get theirs."""
    bench = Bench()
    other = a_user("other@example.com", email_verified=True)
    bench.store.add_user(other, an_event())
    failing(bench, MailRefused, 1)
    records = [event(bench.token), event(bench.add(other))]
    bench.run(*records)
    assert bench.counted == (1, 1)
    assert [line["user_id"] for line in bench.lines if line["event"] == "mail.refused"] == [bench.owner.id]
    bench.run(*records)
    assert (len(bench.mails), bench.counted) == (1, (0, 0))


def test_mails_end_in_time() -> None:
    """Before Lambda ends the function, which would deliver the events again."""
    bench = Bench()
    bench.service.bus.on_call = lambda: bench.service.clock.advance(LAST_CALL)
    assert bench.run(event(bench.token)) == []
    assert (bench.mails, bench.counted) == ([], (0, 1))


def fact(token: Token, kind: UrgentKind = UrgentKind.EXPOSED) -> Urgent:
    """Return a fact about a token."""
    return Urgent(kind, token.user_id, token.id, START, ELSEWHERE, RefusedReason.NETWORK)


HOSTILE = '"><script>alert(1)</script>&amp;\u202e'


@pytest.mark.parametrize("kind", UrgentKind)
def test_names_cannot_become_markup(kind: UrgentKind) -> None:
    """The owner chose the name, but the mail program of the owner must not run it."""
    owner = a_user(email_verified=True)
    token = a_token(owner, name=HOSTILE)
    network = '"><b>'
    facts = [replace(fact(token, kind), network=network)]
    mail = urgent_mail(owner, facts, {token.id: token}, PAGE, is_last=False)
    assert "<script" not in mail.html
    assert network not in mail.html
    assert html.escape(HOSTILE) in mail.html
    assert HOSTILE not in mail.subject


def test_token_that_is_gone_or_has_no_name_is_named_by_its_id() -> None:
    """Its link leads to the page nevertheless."""
    owner = a_user(email_verified=True)
    gone, nameless = a_token(owner, id="tok_<gone>"), a_token(owner, name="")
    mail = urgent_mail(owner, [fact(gone), fact(nameless)], {nameless.id: nameless}, PAGE, is_last=False)
    assert f"- {gone.id}: " in mail.text
    assert f"- {nameless.id}: " in mail.text
    assert f'<a href="{PAGE}?token=tok_%3Cgone%3E">tok_&lt;gone&gt;</a>' in mail.html


def test_length_of_a_mail_is_bounded() -> None:
    """A leak may expose many tokens at once."""
    owner = a_user(email_verified=True)
    facts = [fact(a_token(owner)) for _ in range(200)]
    mail = urgent_mail(owner, facts, {}, PAGE, is_last=False)
    assert mail.text.count("was reported as exposed") == 50
    assert "150 more tokens are on your page." in mail.text


def test_every_fact_is_told_once() -> None:
    """The newest one of a token counts."""
    owner = a_user()
    one, two = fact(a_token(owner)), fact(a_token(owner))
    again = replace(one, at=START + SECOND)
    assert UrgentMails().untold([one, two, again]) == [again, two]
    assert UrgentMails().telling([one]).untold([one, two, again]) == [two]
    assert UrgentMails().telling([one]).not_telling([one]) == UrgentMails(1)
