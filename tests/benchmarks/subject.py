"""What is measured: the authorizer, one of its tokens, and the parts that a decision cannot do without."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import boto3
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from chalicelib import base64url
from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.authorization_store import DynamoDBAuthorizationStore
from chalicelib.adapters.jws import load_public_keys
from chalicelib.bootstrap import Service
from chalicelib.domain.ids import MAX_API_TOKEN_LENGTH
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.token_creation import IssuedToken
from tests.benchmarks.bare import BareSocket, verification
from tests.benchmarks.place import ADDRESS, METHOD_ARN, Place, authorize, installed, issued
from tests.benchmarks.usual_authorizer import UsualAuthorizer
from tests.support.keys import LocalSigningKey
from tests.support.service import ENVIRON

GARBAGE = "bodhi_" + "x" * 300
_LONGEST = MAX_API_TOKEN_LENGTH
# Beside it are the prefix, two dots, an empty object and a signature.
_LONGEST_HEADER = _LONGEST - len("bodhi_..e30") - 86
# A longer header is not decoded.
_LONGEST_DECODED = 1024
_OTHER_KEY = '{"alg":"ES256","kid":"unknown","typ":"api-token+jwt"}'


TEN_NETWORKS = allowed_networks([*(f"198.51.{number}.0/24" for number in range(9)), ADDRESS])
"""The longest list. The caller's address is in the last network, which takes longest."""


class CannedClient:
    """Answers the authorizer's two calls at once, from memory."""

    def __init__(self, answers: Mapping[str, dict[str, Any]]) -> None:
        self._answers = answers

    def batch_get_item(self, RequestItems: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Return the rows of the token that is asked for."""
        (asked,) = RequestItems.values()
        return self._answers[asked["Keys"][0]["sk"]["S"]]

    def update_item(self, **_: Any) -> dict[str, Any]:
        """Accept every write."""
        return {}


@dataclass(frozen=True)
class Subject:
    """A service, a token of it that was used just now, and the key that signed it."""

    place: Place
    service: Service
    token: IssuedToken
    key: EllipticCurvePublicKey

    @property
    def keys_asked(self) -> list[Item]:
        """The keys of the two rows that decide."""
        token = self.token.token
        return [primary_keys.token_key(token.user_id, token.id), primary_keys.user_key(token.user_id)]

    @property
    def _asked(self) -> dict[str, Any]:
        return {self.place.table: {"Keys": self.keys_asked, "ConsistentRead": True}}

    def read(self) -> dict[str, Any]:
        """Read both rows by the authorizer's own client and nothing around it."""
        client: Any = cast("Any", self.service.authorization)._client
        return dict(client.batch_get_item(RequestItems=self._asked))

    def read_by_boto3(self) -> Callable[[], object]:
        """Return a read of both rows by boto3's client as it is, with nothing around it."""
        client: Any = boto3.client("dynamodb", endpoint_url=self.place.running.endpoint)
        return lambda: client.batch_get_item(RequestItems=self._asked)

    def read_by_bare_socket(self) -> Callable[[], object]:
        """Return a read of both rows over a socket, unsigned and unchecked."""
        bare = BareSocket(self.place.running.endpoint)
        self.place.closed_last.callback(bare.close)
        return lambda: bare.call("BatchGetItem", RequestItems=self._asked)

    def verification(self) -> Callable[[], object]:
        """Return a bare ES256 verification of the token, with nothing left to decode."""
        return verification(self.token.secret, self.key)

    def make_stale(self) -> None:
        """Put the row back as one that was never used, so that the next decision records a use."""
        row: Any = items.TOKEN.item(self.token.token)
        self.service.dynamodb.put_item(TableName=self.place.table, Item=row)

    def forget_signatures(self) -> None:
        """Let the next decision verify its signature, as the first of a token in a minute does."""
        cast("Any", self.service.verifier)._verified.clear()

    def with_list(self) -> "Subject":
        """Return another token of the owner, with ten networks. It was used just now."""
        token = issued(self.service, "listed", allowed_networks=TEN_NETWORKS)
        with installed(self.service):
            authorize(token.secret)
        return replace(self, token=token)

    def over_canned_rows(self, *others: "Subject") -> Service:
        """Return the same service without a network: what is left is its own work."""
        answers = {each.keys_asked[0]["sk"]["S"]: each.read() for each in (self, *others)}
        service, canned = self.place.service(), cast("Any", CannedClient(answers))
        service.authorization = DynamoDBAuthorizationStore(canned, canned, self.place.table)
        del service.verify
        return service

    def usual(self, url: str | None = None, *, consistent: bool = True) -> Callable[[], object]:
        """Return a call of the baseline with the same token."""
        authorizer = UsualAuthorizer(
            self.place.table,
            self.key,
            ENVIRON["ISSUER"],
            ENVIRON["AUDIENCE"],
            endpoint=url or self.place.running.endpoint,
            consistent=consistent,
        )
        event = {"authorizationToken": f"Bearer {self.token.secret}", "methodArn": METHOD_ARN}
        return lambda: authorizer(event, None)


def subject_at(place: Place) -> Subject:
    """Issue a token and use it once."""
    service = place.service()
    token = issued(service)
    with installed(service):
        authorize(token.secret)
    (key,) = load_public_keys(service.keys).values()
    return Subject(place, service, token, key)


def garbage(token: str) -> dict[str, str]:
    """Return strings that cost no verification, by their kinds. Most are as long as a token may be."""
    header, payload, signature = token.split(".")
    rest = _LONGEST - len(f"{header}..{signature}")
    headers = {
        "that is too long": "A" * _LONGEST_HEADER,
        "that is not JSON": "A" * _LONGEST_DECODED,
        "of many members": _segment(json.dumps(dict.fromkeys(map(str, range(85)), 1))),
        "of nested lists": _segment("[" * _LONGEST_HEADER),
    }
    return {
        "306 characters without a dot": GARBAGE,
        "the longest without a dot": "bodhi_".ljust(_LONGEST, "x"),
        "the longest of another prefix": "x" * _LONGEST,
        "one character too long": "bodhi_".ljust(_LONGEST + 1, "x"),
        "dots alone": "bodhi_".ljust(_LONGEST, "."),
        "characters of no token": "bodhi_".ljust(_LONGEST, "\u2713"),
        **{f"a long header {kind}": f"bodhi_{each}.e30.{signature}" for kind, each in headers.items()},
        "a long payload and no signature": f"{header}.{'A' * rest}.{'-' * 86}",
        "an unknown key": f"bodhi_{_segment(_OTHER_KEY)}.{payload}.{signature}",
        "a signature that is too high": f"{header}.{'A' * rest}.{'_' * 85}w",
    }


def _segment(text: str) -> str:
    """Return a segment of at most the length of the longest header."""
    return base64url.encode(text.encode()[: _LONGEST_DECODED * 3 // 4])


def forged(token: str) -> str:
    """Return the same token, signed by another key under the same ``kid``."""
    message = token.removeprefix("bodhi_").rpartition(".")[0]
    return f"bodhi_{message}.{base64url.encode(LocalSigningKey().sign(message.encode()))}"
