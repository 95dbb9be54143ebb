"""The hierarchy of errors: stable words, one meaning each."""

from collections import Counter
from collections.abc import Iterator

import pytest

from chalicelib.domain import errors
from chalicelib.domain.errors import ApiTokensError, InvalidToken

# Each raise says what was wrong.
SENT_BY_CLIENTS = {"invalid_request", "payload_too_large"}


def _below(kind: type[ApiTokensError]) -> Iterator[type[ApiTokensError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


ALL = sorted(set(_below(ApiTokensError)), key=lambda kind: kind.__name__)
REFUSALS = sorted(set(_below(InvalidToken)), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: str(kind.__name__))
def test_error_has_a_stable_code(kind: type[ApiTokensError]) -> None:
    """Clients can rely on a word for everything that is refused or fails."""
    assert kind.code
    assert kind.code.replace("_", "").isalpha()
    assert kind.code == kind.code.lower()


def test_each_code_is_given_by_one_class_only() -> None:
    """The same word never has two meanings."""
    given = Counter(kind.code for kind in ALL if "code" in vars(kind))

    assert [code for code, count in given.items() if count > 1] == []


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: str(kind.__name__))
def test_refusals_look_alike_outside(kind: type[InvalidToken]) -> None:
    """A stranger never learns which refusal it was: same code, same sentence."""
    assert (kind.code, kind().detail) == ("invalid_token", InvalidToken.detail)


def test_each_refusal_has_its_own_reason_in_the_logs() -> None:
    """Logs can tell every refusal from every other."""
    reasons = [vars(kind)["reason"] for kind in REFUSALS]

    assert len(set(reasons)) == len(reasons) == 12


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in ALL
        if kind.__init__ is ApiTokensError.__init__
        and not issubclass(kind, InvalidToken)
        and kind.code not in SENT_BY_CLIENTS
        and kind is not errors.Conflict
    ],
    ids=lambda kind: str(kind.__name__),
)
def test_error_explains_itself(kind: type[ApiTokensError]) -> None:
    """Beside the word there is a sentence."""
    assert kind().detail.endswith(".")
    assert str(kind()) == kind().detail


def test_detail_can_be_said_more_exactly() -> None:
    """The place that raises may know better than the class."""
    error = errors.InvalidRequest("'name' must be text.")

    assert (error.detail, str(error)) == ("'name' must be text.", "'name' must be text.")
    assert errors.InvalidCursor("Other.").detail == "Other."
    assert errors.InvalidCursor().detail != "Other."


def test_errors_about_something_name_it() -> None:
    """Limit, token id and scope are in the sentence; the latter two also in a member."""
    created = errors.AlreadyCreated("tok_1")
    rotated = errors.TokenAlreadyRotated("tok_2")
    scope = errors.InsufficientScope("api:write")

    assert "7 tokens" in errors.TokenLimitReached(7).detail
    assert created.token_id == "tok_1"
    assert "tok_1" in created.detail
    assert rotated.successor_id == "tok_2"
    assert "tok_2" in rotated.detail
    assert scope.scope == "api:write"
    assert "api:write" in scope.detail


@pytest.mark.parametrize(
    "kind",
    [errors.StoreUnavailable, errors.SigningUnavailable, errors.IdentityProviderUnavailable],
)
def test_failures_are_never_refusals(kind: type[ApiTokensError]) -> None:
    """A broken dependency is neither an invalid token nor a bad sign-in."""
    assert issubclass(kind, errors.DependencyUnavailable)
    assert not issubclass(kind, InvalidToken | errors.NotAuthenticated)
