"""Tokens with a list of networks at the OAuth endpoints."""

from dataclasses import replace

import pytest

from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.tokens import Token
from tests.oauth.caller import ACCESS_TOKEN, Caller, refused

INACTIVE = {"active": False}
# Chalice's test client calls from the first of them.
HERE, ELSEWHERE = "127.0.0.0/8", "192.0.2.0/24"


def restrict(caller: Caller, *networks: str) -> None:
    """Give the API token of the caller a list."""
    token_id = caller.created["id"]
    row = next(row for row in caller.service.store.rows() if row.id == token_id)
    caller.service.store.put(replace(row, allowed_networks=allowed_networks(networks)))


def row_of(caller: Caller) -> Token:
    """Return the only token."""
    (row,) = caller.service.store.rows()
    return row


def test_exchange_of_a_sign_in_sets_the_list(caller: Caller) -> None:
    """The parameter is repeated for each network."""
    answer = caller.exchange(token_allowed_networks=["192.0.2.1", "2001:db8::/32"])
    assert answer.status == 200
    assert [str(network) for network in row_of(caller).allowed_networks] == [
        "192.0.2.1/32",
        "2001:db8::/32",
    ]


@pytest.mark.parametrize("absent", [None, "", ["", ""]], ids=str)
def test_exchange_without_a_list_allows_every_address(
    caller: Caller, absent: list[str] | str | None
) -> None:
    """A parameter without a value counts as absent (RFC 6749 section 3.2)."""
    assert caller.exchange(token_allowed_networks=absent).status == 200
    assert row_of(caller).allowed_networks == ()


@pytest.mark.parametrize(
    ("networks", "sentence"),
    [
        (
            ["10.0.0.1/8"],
            "'token_allowed_networks' has \"10.0.0.1/8\". The address has bits beyond the "
            "length. Write 10.0.0.0/8.",
        ),
        (
            ["192.0.2.0/24 2001:db8::/32"],
            "'token_allowed_networks' has \"192.0.2.0/24 2001:db8::/32\". Remove the white space.",
        ),
        (
            [f"10.0.0.{host}" for host in range(11)],
            "'token_allowed_networks' must be a list of 0 to 10 strings.",
        ),
    ],
    ids=["host bits", "two in one", "eleven"],
)
def test_wrong_network_is_refused_by_the_name_of_the_parameter(
    caller: Caller, networks: list[str], sentence: str
) -> None:
    """No token is made."""
    document = refused(caller.exchange(token_allowed_networks=networks), "invalid_request")
    assert document["detail"] == sentence
    assert document["error_description"] == sentence.replace('"', "'")
    assert caller.service.store.rows() == []


def test_token_with_a_list_makes_no_access_token(caller: Caller) -> None:
    """The access token could not be bound to the list."""
    restrict(caller, HERE)
    document = refused(caller.derive(), "invalid_target")
    assert document["detail"] == "An API token that is restricted to networks makes no access token."
    restrict(caller)
    assert caller.derive().status == 200


def test_token_from_elsewhere_is_an_invalid_subject_token(caller: Caller) -> None:
    """The response is that to any invalid token, and no forged header helps."""
    restrict(caller, ELSEWHERE)
    forged = {"X-Forwarded-For": "192.0.2.7"}
    parameters = {"subject_token": caller.token, "subject_token_type": ACCESS_TOKEN}
    answer = caller.exchange(forged, **parameters, audience="https://other.example.com")
    refused(answer, "invalid_request")
    invalid = caller.derive(subject_token=f"{caller.token[:-4]}AAAA")
    assert invalid.json == answer.json
    assert row_of(caller).last_used_at is None


@pytest.mark.parametrize(
    ("address", "is_active"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("198.51.100.7", False),
        ("2001:db8::7", False),
        ("192.0.2.7:443", False),
        ("192.0.2.0/24", False),
        (" 192.0.2.7", False),
        ("192.0.2.07", False),
        ("unknown", False),
        ("1" * 10_000, False),
        ("", False),
        (None, False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_introspection_compares_the_address_of_the_bearer(
    caller: Caller, address: str | None, is_active: bool
) -> None:
    """Without an address, or with one that cannot be read, a token with a list is not active."""
    restrict(caller, ELSEWHERE)
    answer = caller.introspect(caller.token, caller_address=address)
    assert answer.json["active"] is is_active
    assert is_active or answer.json == INACTIVE
    assert row_of(caller).last_used_at is None


@pytest.mark.parametrize("address", [None, "192.0.2.7", "unknown"])
def test_introspection_of_a_token_without_a_list_needs_no_address(
    caller: Caller, address: str | None
) -> None:
    """Resource servers that send none lose nothing."""
    assert caller.introspect(caller.token, caller_address=address).json["active"] is True


def test_access_token_whose_api_token_got_a_list(caller: Caller) -> None:
    """It is active for addresses in the list only, as far as services introspect it."""
    access_token = caller.access_token()
    restrict(caller, ELSEWHERE)
    assert caller.introspect(access_token).json == INACTIVE
    assert caller.introspect(access_token, caller_address="198.51.100.7").json == INACTIVE
    assert caller.introspect(access_token, caller_address="192.0.2.7").json["active"] is True


def test_revocation_asks_for_no_network(caller: Caller) -> None:
    """Nor does it know the parameter of introspection."""
    restrict(caller, ELSEWHERE)
    assert caller.revoke(caller.token, caller_address="198.51.100.7").status == 200
    assert row_of(caller).revocation is not None
