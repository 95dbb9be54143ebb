"""Uses counted in the process, and what a touch makes of them."""

from datetime import date, timedelta
from threading import Thread

from chalicelib.services.refused_uses import Until
from chalicelib.services.uses import Uses
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START

TODAY = START.date()
DAY = timedelta(days=1)


def test_uses_add_up_per_token_and_day() -> None:
    """Each token and day has a count of its own."""
    uses = Uses()
    for token_id, day in (("a", TODAY), ("a", TODAY), ("a", TODAY + DAY), ("b", TODAY)):
        uses.count(token_id, day)

    assert (uses.of("a"), uses.of("b")) == ({TODAY: 2, TODAY + DAY: 1}, {TODAY: 1})


def test_taken_uses_are_not_counted_twice() -> None:
    """A write takes the uses of its token. The uses of other tokens stay."""
    uses = Uses()
    uses.count("a", TODAY)
    uses.count("b", TODAY)

    assert uses.take("a") == {TODAY: 1}
    assert (uses.of("a"), uses.take("a"), uses.of("b")) == ({}, {}, {TODAY: 1})


def test_use_during_a_write_belongs_to_the_next_one() -> None:
    """A write that succeeds says nothing about uses that were counted after it took its own."""
    uses = Uses()
    uses.count("a", TODAY)
    uses.take("a")

    uses.count("a", TODAY)

    assert uses.of("a") == {TODAY: 1}


def test_uses_of_a_failed_write_are_added_to_those_since() -> None:
    """The next write holds both."""
    uses = Uses()
    uses.count("a", TODAY)
    taken = uses.take("a")
    uses.count("a", TODAY)
    uses.count("a", TODAY + DAY)

    uses.put_back("a", taken)

    assert uses.of("a") == {TODAY: 2, TODAY + DAY: 1}


def test_uses_of_a_failed_write_come_back_to_full_memory() -> None:
    """They make room like any other use, and the memory stays bounded."""
    uses = Uses()
    uses.count("a", TODAY)
    taken = uses.take("a")
    for number in range(10_000):
        uses.count(str(number), TODAY)

    uses.put_back("a", taken)

    assert (uses.of("a"), uses.of("0"), uses.of("1")) == ({TODAY: 1}, {}, {TODAY: 1})


def test_uses_of_many_threads_are_each_written_once() -> None:
    """Threads count and write at the same time. Every use is in exactly one write, or left over."""
    uses, written = Uses(), []

    def use_and_write() -> None:
        for _ in range(2_000):
            uses.count("a", TODAY)
            written.append(uses.take("a").get(TODAY, 0))

    threads = [Thread(target=use_and_write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(written) + uses.of("a").get(TODAY, 0) == 8_000


def test_memory_is_bounded_and_forgets_what_was_not_used_for_longest() -> None:
    """However many tokens are used, a process counts ten thousand."""
    uses = Uses()
    for number in range(10_001):
        uses.count(str(number), TODAY)

    assert (uses.of("0"), uses.of("1"), uses.of("10000")) == ({}, {TODAY: 1}, {TODAY: 1})


def test_touch_adds_uses_and_drops_days_that_are_not_shown() -> None:
    """A row keeps thirty days, today among them."""
    oldest = TODAY - 29 * DAY
    token = a_token(a_user(), usage={oldest - DAY: 9, oldest: 5, TODAY: 1})

    touched = token.touched(START, RULES, {TODAY: 2})

    assert touched.usage == {oldest: 5, TODAY: 3}


def test_usage_has_every_day_even_those_without_use() -> None:
    """Thirty entries, the oldest first."""
    token = a_token(a_user(), usage={date(2026, 1, 14): 7})

    days = token.usage_days(START)

    assert [day for day, _ in days] == [TODAY - n * DAY for n in range(29, -1, -1)]
    assert [count for _, count in days] == [0] * 28 + [7, 0]


def test_time_holds_until_it_is_over() -> None:
    """The end itself does not belong to it, and no other token has it."""
    until = Until()
    until.set("a", START, START + DAY)

    moments = (START, START + DAY - timedelta(milliseconds=1), START + DAY)
    assert [until.holds("a", moment) for moment in moments] == [True, True, False]
    assert not until.holds("b", START)


def test_clock_that_is_set_back_ends_the_time() -> None:
    """A wrong clock must not keep a reaction off for years."""
    until = Until()
    until.set("a", START, START + DAY)

    assert not until.holds("a", START - DAY)


def test_times_of_too_many_tokens_are_forgotten() -> None:
    """Invented reuse cannot fill the memory. The reaction to a forgotten token is only made again."""
    until = Until()
    for number in range(10_001):
        until.set(str(number), START, START + DAY)

    assert [until.holds(each, START) for each in ("0", "1", "10000")] == [False, True, True]
