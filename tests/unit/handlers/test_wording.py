"""Sentences about errors: each front names its own members, and the domain names none."""

import ast
import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.domain import errors
from chalicelib.domain.network_lists import NetworkFault
from chalicelib.domain.reasons import SignInReason
from chalicelib.handlers.http import wording
from chalicelib.handlers.oauth.errors import oauth_error
from tests.packaging.fresh import ROOT

# Members, parameters, headers and addresses of the HTTP API.
WIRE = re.compile(
    r"'[a-z_]+'|[a-z]+_[a-z_]+|\w+=|/v1|/oauth2|Idempotency-Key|If-Match|Authorization|Bearer|Content-Type"
)
ROOMS = [*(ROOT / "chalicelib" / "domain").rglob("*.py"), *(ROOT / "chalicelib" / "services").rglob("*.py")]
REFUSAL = errors.SignInRefused(SignInReason.EXPIRED)


def by_oauth(error: errors.ApiTokensError) -> str:
    """Return the sentence that an OAuth client reads."""
    body = json.loads(str(oauth_error(error).body))
    assert body["detail"].replace('"', "'") == body["error_description"]
    return str(body["detail"])


@pytest.mark.parametrize(
    ("error", "v1", "oauth"),
    [
        (errors.LifetimeTooLong(timedelta(days=30)), "'expires_in_days'", "'token_expires_in_days'"),
        (errors.InvalidScope(["api:read"]), "'scopes'", "'scope'"),
        (errors.TooManyNetworks(10), "'allowed_networks'", "'token_allowed_networks'"),
        (
            errors.InvalidNetwork(NetworkFault.HOST_BITS, "10.0.0.1/8", "10.0.0.0/8"),
            "'allowed_networks' has",
            "'token_allowed_networks' has",
        ),
        (errors.AlreadyCreated("tok_1"), "Idempotency-Key", "Idempotency-Key"),
        (errors.IdempotencyKeyReused(), "Idempotency-Key", "Idempotency-Key"),
        (errors.TooManyToSort(), "sort=created_at", "sort=created_at"),
        (errors.NotAuthenticated(), "Authorization: Bearer", "Authorization: Bearer"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_front_names_its_own_members(error: errors.ApiTokensError, v1: str, oauth: str) -> None:
    """The token endpoint speaks of its form, and the management API of its JSON."""
    assert v1 in wording.sentence(error)
    assert oauth in by_oauth(error)
    assert v1 == oauth or v1 not in by_oauth(error)


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (errors.InvalidSubjectToken(), "subject_token_type"),
        (errors.InvalidSubjectToken(refusal=REFUSAL), f"The subject_token was refused. {REFUSAL.detail}"),
        (errors.ScopeNotHeld(), "'scope'"),
        (errors.AudienceRequired(), "'audience' or 'resource'"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_oauth_names_the_parameters_of_an_exchange(error: errors.ApiTokensError, named: str) -> None:
    """Only the token endpoint has these errors."""
    assert named in by_oauth(error)


def test_sentence_keeps_the_values() -> None:
    """The limit, the scopes and the token are in the sentence."""
    assert "at most 30." in wording.sentence(errors.LifetimeTooLong(timedelta(days=30)))
    assert "api:read, audit." in wording.sentence(errors.InvalidScope(["api:read", "audit"]))
    assert "tok_1" in wording.sentence(errors.AlreadyCreated("tok_1"))
    assert "at most 10 networks." in wording.sentence(errors.TooManyNetworks(10))
    too_large = errors.InvalidNetwork(NetworkFault.LENGTH_TOO_LARGE, "10.0.0.0/33", longest=32)
    assert wording.sentence(too_large).endswith('"10.0.0.0/33". The length after / must be at most 32.')


def test_sentence_quotes_a_network_whole_and_a_longer_text_in_part() -> None:
    """A network with every digit is 49 characters long."""
    longest = "0000:0000:0000:0000:0000:ffff:255.255.255.255/128"
    for text in (longest, f"{longest}{'x' * 9_000}"):
        wrong = errors.InvalidNetwork(NetworkFault.NOT_AN_ADDRESS, text)
        assert f'has "{longest}". ' in wording.sentence(wrong)


def test_unworded_error_says_its_own_detail() -> None:
    """A more exact detail reaches the caller too."""
    assert wording.sentence(errors.OwnAccount()) == errors.OwnAccount.detail
    assert wording.sentence(errors.InvalidRequest("'x' is missing.")) == "'x' is missing."


def test_invalid_text_is_refused_by_the_name_of_its_member() -> None:
    """The domain gives the rule, and the front its member."""
    assert wording.text_member(" ci ", "token_name", 9) == "ci"
    with pytest.raises(errors.InvalidRequest, match="'token_name' must have at most 9 characters"):
        wording.text_member("x" * 10, "token_name", 9)


def sentences(source: str) -> Iterator[str]:
    """Yield the texts that errors get where they are raised or defined."""
    for node in ast.walk(ast.parse(source)):
        is_detail = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "detail"
        is_init = isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__"
        if is_detail or is_init or isinstance(node, ast.Raise):
            parts = (each for each in ast.walk(node) if isinstance(each, ast.Constant))
            yield from (part.value for part in parts if isinstance(part.value, str))


def test_domain_and_services_name_nothing_of_the_wire() -> None:
    """Their errors carry values, so that every front can say them in its own words."""
    found = [
        (path.name, text) for path in ROOMS for text in sentences(path.read_text()) if WIRE.search(text)
    ]
    assert found == []


def test_wire_words_are_recognised() -> None:
    """The check above can fail."""
    for text in ("'name' is missing", "expires_in_days", "sort=name", "as Authorization: x", "/v1/me"):
        (found,) = sentences(f"raise X({text!r})")
        assert WIRE.search(found)
