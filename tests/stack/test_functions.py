"""The API's and the page's function: processes that have just begun, or cannot."""

import json
import secrets

import pytest

from tests.stack.calls import Caller
from tests.stack.site import Visitor, somebody
from tests.support import canaries
from tests.support.deployed import Deployed

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

API, PAGE = "APIHandler", "PageHandler"
PAGE_PATH = "/settings/api-tokens"


def test_first_calls_of_a_cold_api_are_right(caller: Caller, stack: Deployed) -> None:
    """Issuing, listing, using, and refusing a stranger: each by a process that has done nothing before."""
    person = caller.newcomer()

    stack.make_cold(API)
    created = caller.create(person, name="cold")
    stack.make_cold(API)
    listed = caller.call("GET", "/v1/tokens", person).json["tokens"]
    stack.make_cold(API)
    used = caller.whoami(created["token"])
    stack.make_cold(API)
    stranger = caller.call("GET", "/v1/tokens")

    assert [token["id"] for token in listed] == [created["id"]]
    assert (used, stranger.status) == (200, 401)


def test_session_outlives_the_processes_that_know_it(visitor: Visitor, stack: Deployed) -> None:
    """A cold process of the page's function begins it. Both functions honour it, also when cold."""
    stack.make_cold(PAGE)
    landed = visitor.sign_in(somebody())
    stack.make_cold(PAGE)
    shown = visitor.get(f"{visitor.site}{PAGE_PATH}", timeout=30)
    stack.make_cold(API)
    listed = visitor.get(f"{visitor.site}/v1/tokens", timeout=30)

    assert [answer.status_code for answer in (landed, shown, listed)] == [200, 200, 200]
    assert shown.url == f"{visitor.site}{PAGE_PATH}"


@pytest.mark.parametrize(("function", "path"), [(API, "/v1/tokens"), (PAGE, PAGE_PATH)])
def test_function_that_does_not_start_is_a_failure(
    visitor: Visitor, stack: Deployed, function: str, path: str
) -> None:
    """A 5xx that gives away neither the session nor the operator's mistake, and is over with its cause."""
    visitor.sign_in(somebody())
    plain = secrets.token_urlsafe(48)
    canaries.remember(plain)
    not_a_digest = json.dumps({"orders": {"secret_sha256": plain}})

    with stack.changed(function, RESOURCE_SERVERS=not_a_digest):
        failed = visitor.get(f"{visitor.site}{path}", timeout=30)

    said = f"{failed.headers} {failed.text}"
    assert failed.status_code >= 500
    assert [secret for secret in (plain, *visitor.cookies.values()) if secret in said] == []
    assert visitor.get(f"{visitor.site}{path}", timeout=30).status_code == 200
