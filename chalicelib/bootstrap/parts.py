"""The names and types of the parts that a caller may give. No function on Lambda loads this module."""

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from urllib3 import PoolManager

    from chalicelib.adapters.jws import SigningKeys
    from chalicelib.adapters.oidc.provider import OidcProvider
    from chalicelib.domain.ports.clients import AssertionStore
    from chalicelib.domain.ports.events import EventBus, EventStore
    from chalicelib.domain.ports.flushes import AuthorizerCaches, FlushStore
    from chalicelib.domain.ports.mails import Mailer, MailStore
    from chalicelib.domain.ports.revocation_jobs import RevocationJobStore
    from chalicelib.domain.ports.sign_in import LoginProvider, SessionStore
    from chalicelib.domain.ports.signing import KeyStore
    from chalicelib.domain.ports.sweeps import SweepStore
    from chalicelib.domain.ports.time import Sleep
    from chalicelib.domain.ports.tokens import AuthorizationStore, RotationStore, TokenIndex, TokenStore
    from chalicelib.domain.ports.users import DailyCountStore, UserStore


class Parts(TypedDict, total=False):
    """The parts that a caller may give, by their names, so that they are not built."""

    sleep: "Sleep"
    http: "PoolManager"
    dynamodb_once: "DynamoDBClient"
    kms_once: "KMSClient"
    authorization: "AuthorizationStore"
    tokens: "TokenStore"
    token_index: "TokenIndex"
    rotations: "RotationStore"
    users: "UserStore"
    events: "EventStore"
    assertions: "AssertionStore"
    session_store: "SessionStore"
    daily_count_store: "DailyCountStore"
    flush_store: "FlushStore"
    sweep_store: "SweepStore"
    revocation_job_store: "RevocationJobStore"
    keys: "KeyStore"
    access_token_keys: "KeyStore"
    signing_key: "SigningKeys"
    access_token_key: "SigningKeys"
    identity_provider: "OidcProvider"
    login_provider: "LoginProvider"
    authorizer_caches: "AuthorizerCaches"
    mail_store: "MailStore"
    mailer: "Mailer | None"
    event_bus: "EventBus"
