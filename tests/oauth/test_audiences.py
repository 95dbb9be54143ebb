"""Who may ask about which token: a client learns nothing about tokens for another client."""

import hashlib
import json

import pytest

from tests.oauth.caller import Caller, basic
from tests.oauth.service import OTHER, SECOND, oauth_service
from tests.support.api import api_of

API = "https://api.example.com/api"
SECRETS = {"orders": "orders-secret-1", "mail": "mail-secret-2", "api": "api-secret-3"}


def servers(**audiences: list[str] | None) -> dict[str, str]:
    """Return the setting with one client per name; None leaves its audiences out."""
    clients = {
        name: {
            "secret_sha256": hashlib.sha256(SECRETS[name].encode()).hexdigest(),
            **({} if named is None else {"audiences": named}),
        }
        for name, named in audiences.items()
    }
    return {"RESOURCE_SERVERS": json.dumps(clients)}


def active_for(caller: Caller, token: str) -> set[str]:
    """Return the clients for which a token is active. All others get no word more than that it is not."""
    answers = {name: caller.introspect(token, basic(name, SECRETS[name])).json for name in SECRETS}
    for answer in answers.values():
        assert answer["active"] or answer == {"active": False}
    return {name for name, answer in answers.items() if answer["active"]}


@pytest.mark.parametrize(
    ("named", "api_token", "other", "second"),
    [
        (
            {"orders": None, "mail": None, "api": None},
            {"orders", "mail", "api"},
            {"orders", "mail", "api"},
            {"orders", "mail", "api"},
        ),
        ({"orders": [OTHER], "mail": [SECOND], "api": [API]}, {"api"}, {"orders"}, {"mail"}),
        ({"orders": [OTHER], "mail": None, "api": None}, {"mail", "api"}, {"orders"}, {"mail", "api"}),
        (
            {"orders": [OTHER, SECOND, API], "mail": [API], "api": [OTHER]},
            {"orders", "mail"},
            {"orders", "api"},
            {"orders"},
        ),
    ],
)
def test_a_token_is_active_for_the_clients_of_its_audience(
    named: dict[str, list[str] | None], api_token: set[str], other: set[str], second: set[str]
) -> None:
    """API tokens have the audience of the API, access tokens the one that they were derived for."""
    service = oauth_service(servers(**named))
    with api_of(service) as api:
        caller = Caller(api, service)
        assert active_for(caller, caller.token) == api_token
        assert active_for(caller, caller.derive(audience=OTHER).json["access_token"]) == other
        assert active_for(caller, caller.derive(audience=SECOND).json["access_token"]) == second


def test_a_client_whose_id_is_an_audience_has_that_one() -> None:
    """Then nothing else needs to be configured."""
    digest = hashlib.sha256(b"its-secret").hexdigest()
    orders = {"secret_sha256": hashlib.sha256(b"orders-secret-1").hexdigest()}
    service = oauth_service(
        {"RESOURCE_SERVERS": json.dumps({OTHER: {"secret_sha256": digest}, "orders": orders})}
    )
    with api_of(service) as api:
        caller = Caller(api, service)
        token = caller.derive(audience=OTHER).json["access_token"]
        assert caller.introspect(token, basic(OTHER, "its-secret")).json["active"]
        assert caller.introspect(token, basic("orders", "orders-secret-1")).json == {"active": False}


def test_an_audience_that_was_taken_away_is_for_no_client() -> None:
    """An access token may outlive the setting by five minutes."""
    service = oauth_service(servers(orders=None, mail=None, api=None))
    with api_of(service) as api:
        token = Caller(api, service).derive(audience=OTHER).json["access_token"]
    changed = service.redeployed(
        {
            **servers(orders=None, mail=None, api=None),
            "DERIVED_TOKEN_AUDIENCES": SECOND,
            "DERIVED_TOKEN_KEY_ID": "alias/x",
        }
    )
    changed.access_token_keys, changed.access_token_key = (
        service.access_token_keys,
        service.access_token_key,
    )
    with api_of(changed) as api:
        for name, secret in SECRETS.items():
            answer = api.form("/oauth2/introspect", {"token": token}, basic(name, secret))
            assert answer.json == {"active": False}
