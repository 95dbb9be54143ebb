"""The one table of statuses."""

from collections.abc import Iterator

import pytest

from chalicelib.domain import errors
from chalicelib.handlers.http import problems


def kinds(kind: type[errors.ApiTokensError]) -> Iterator[type[errors.ApiTokensError]]:
    """Return all errors below one."""
    for below in kind.__subclasses__():
        yield below
        yield from kinds(below)


SEEN_BY_VIEWS = list(kinds(errors.ApiTokensError))


@pytest.mark.parametrize("kind", SEEN_BY_VIEWS)
def test_every_error_has_a_status_of_its_own_choosing(kind: type[errors.ApiTokensError]) -> None:
    """No error of ours falls through to 500; a failing dependency, and nothing else, is a 5xx."""
    status = problems.status_of(kind.__new__(kind))
    assert (status == 503) is issubclass(kind, errors.DependencyUnavailable)
    assert 400 <= status < 500 or status == 503


def test_codes_are_words_and_lead_to_one_status() -> None:
    """A code is stable and short, and two errors with one code have one status."""
    statuses: dict[str, set[int]] = {}
    for kind in SEEN_BY_VIEWS:
        assert kind.code.isascii()
        assert kind.code.replace("_", "").islower()
        statuses.setdefault(kind.code, set()).add(problems.status_of(kind.__new__(kind)))
    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}
