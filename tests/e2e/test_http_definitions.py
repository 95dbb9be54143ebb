"""Every operation of the app checks what it documents."""

import re

import pytest

from chalicelib.domain.ids import user_id_for
from chalicelib.handlers.http import refusals
from chalicelib.handlers.http.operations import API_TOKEN, ITSELF, Documented, documented
from chalicelib.handlers.http.requests import JSON
from tests.support.api import Api
from tests.support.builders import ISSUER
from tests.support.service import MemoryService

ADMIN = "admin@example.com"


def operations() -> list[Documented]:
    """Return every operation that the app serves."""
    import app  # noqa: F401 - importing it registers them

    return list(documented())


WITH_BODY = [each for each in operations() if each.operation.body]
WITH_JSON = [each for each in WITH_BODY if each.operation.media_type == JSON]
WITH_QUERY = [each for each in operations() if each.operation.query]


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return an administrator's sign-in."""
    return service.provider.sign_in(ADMIN)


@pytest.fixture
def token(api: Api, person: str) -> dict[str, str]:
    """Return a token of the administrator."""
    return api.create_token(person)


def target(each: Documented, person: str, token: dict[str, str]) -> tuple[str, str, str]:
    """Return method, path and credential of a call that gets as far as its input."""
    path = each.operation.documented_path.format(token_id=token["id"], user_id=user_id_for(ISSUER, ADMIN))
    return (
        each.operation.method,
        path,
        token["token"] if each.operation.access in (API_TOKEN, ITSELF) else person,
    )


def known_to(kind: type | None) -> str:
    """Return the names that a definition has."""
    assert kind is not None
    return ", ".join(sorted(refusals.fields(kind)))


@pytest.mark.parametrize("each", WITH_JSON, ids=lambda each: each.name)
def test_view_reads_the_body_that_is_documented(
    api: Api, person: str, token: dict[str, str], each: Documented
) -> None:
    """The refusal of an unknown member lists the members of the operation's own definition."""
    answer = api.call(*target(each, person, token), {"no such member": 1})
    assert (answer.status, answer.code) == (400, "invalid_request")
    known = known_to(each.operation.body)
    assert answer.json["detail"] == f'Unknown member "no such member". Known ones: {known}.'


@pytest.mark.parametrize("each", WITH_BODY, ids=lambda each: each.name)
def test_view_reads_no_more_than_the_documented_size(
    api: Api, person: str, token: dict[str, str], each: Documented
) -> None:
    """One byte more than the operation takes is refused. OAuth has no special status for that."""
    body = b" " * (each.operation.most_bytes + 1)
    headers = {"Content-Type": each.operation.media_type}
    status = 413 if each.operation.media_type == JSON else 400
    assert api.call(*target(each, person, token), body, headers=headers).status == status


@pytest.mark.parametrize("each", WITH_QUERY, ids=lambda each: each.name)
def test_view_reads_the_query_that_is_documented(
    api: Api, person: str, token: dict[str, str], each: Documented
) -> None:
    """The refusal of an unknown parameter lists those of the operation's own definition."""
    method, path, credential = target(each, person, token)
    answer = api.call(method, f"{path}?nothing=1", credential)
    known = known_to(each.operation.query)
    assert answer.json["detail"] == f'Unknown parameter "nothing". Known ones: {known}.'


@pytest.mark.parametrize(
    "each",
    [each for each in WITH_JSON + WITH_QUERY if each.operation.access.schemes],
    ids=lambda each: each.name,
)
def test_sign_in_comes_before_the_input(api: Api, token: dict[str, str], each: Documented) -> None:
    """A caller who is not signed in learns nothing about bodies and parameters.

    The OAuth endpoints are left out, because their clients may authenticate in the body.
    """
    method, path, _ = target(each, "", token)
    assert api.call(method, f"{path}?nothing=1", None, b"[").status == 401


def test_events_and_names_are_unique() -> None:
    """A log line and an operationId lead to one operation each."""
    listed = operations()
    assert len({each.operation.event for each in listed}) == len(listed)
    assert len({each.name for each in listed}) == len(listed)
    assert all(re.fullmatch(r"[A-Z].*[^.]", each.summary) for each in listed)
