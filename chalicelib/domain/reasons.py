"""Closed lists of reasons for refused sign-ins and for failures of the OpenID provider.

Callers get the reason as ``reason`` in a problem document. The log has it with the facts.
"""

import re
from enum import Enum

# Stricter than RFC 6749 section 4.1.2.1: a JWT has full stops, and other tokens are longer.
_ERROR_CODE = re.compile(r"[A-Za-z0-9_:/-]{1,40}")

_ABOUT_THE_CLIENT = frozenset(
    {
        *("invalid_request", "invalid_client", "unauthorized_client", "invalid_scope"),
        *("unsupported_grant_type", "unsupported_response_type"),
    }
)


class SignInReason(Enum):
    """The reason for the refusal of a provider's JWT."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    ALGORITHM_NOT_ALLOWED = "algorithm_not_allowed"
    UNKNOWN_KEY = "unknown_key"
    KEYS_NOT_CURRENT = "keys_not_current"
    BAD_SIGNATURE = "bad_signature"
    MISSING_CLAIM = "missing_claim"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_AUTHORIZED_PARTY = "wrong_authorized_party"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_KIND = "wrong_kind"
    SENDER_CONSTRAINED = "sender_constrained"
    MACHINE = "machine"
    MISSING_SUBJECT = "missing_subject"
    INVALID_SUBJECT = "invalid_subject"
    WRONG_NONCE = "wrong_nonce"
    IDENTITY_MOVED = "identity_moved"

    @property
    def sentence(self) -> str:
        """The sentence that callers read."""
        return _SIGN_IN_SENTENCES[self]

    @property
    def retry_helps(self) -> bool:
        """True if a new sign-in at the page may succeed although nothing else changes."""
        return self in _RETRY_HELPS


class ProviderReason(Enum):
    """The fault of the OpenID provider or of its settings."""

    UNREACHABLE = "unreachable"
    TOO_SLOW = "too_slow"
    BAD_STATUS = "bad_status"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    WRONG_ISSUER = "wrong_issuer"
    MISSING_ENDPOINT = "missing_endpoint"
    INSECURE_ENDPOINT = "insecure_endpoint"
    NO_USABLE_KEYS = "no_usable_keys"
    BAD_ANSWER = "bad_answer"
    CLIENT_SECRET_UNREADABLE = "client_secret_unreadable"  # noqa: S105 - a reason, not a secret

    @property
    def sentence(self) -> str:
        """The sentence that callers read."""
        return _PROVIDER_SENTENCES[self]

    @property
    def retry_helps(self) -> bool:
        """True if a new sign-in at the page may succeed although nothing else changes."""
        return self in _RETRY_HELPS


class LoginReason(Enum):
    """The reason why a sign-in at the page did not finish.

    If the ID token is refused, its ``SignInReason`` is the reason instead.
    """

    CANCELLED = "cancelled"
    PROVIDER_ERROR = "provider_error"
    NOT_BEGUN_HERE = "not_begun_here"
    TOOK_TOO_LONG = "took_too_long"
    NO_CODE = "no_code"
    CODE_REFUSED = "code_refused"
    CLIENT_REFUSED = "client_refused"
    NO_ID_TOKEN = "no_id_token"  # noqa: S105 - a reason, not a secret
    USERINFO_REFUSED = "userinfo_refused"

    @property
    def sentence(self) -> str:
        """The sentence that the person reads."""
        return _LOGIN_SENTENCES[self]

    @property
    def retry_helps(self) -> bool:
        """True if a new sign-in at the page may succeed although nothing else changes."""
        return self in _RETRY_HELPS


def reason_of_error(code: str) -> LoginReason:
    """Return the reason for an ``error`` of a provider (RFC 6749 sections 4.1.2.1 and 5.2).

    The request is always the same. If the code blames it, the settings here or at the provider are
    wrong.
    """
    if code == "invalid_grant":
        return LoginReason.CODE_REFUSED
    return LoginReason.CLIENT_REFUSED if code in _ABOUT_THE_CLIENT else LoginReason.PROVIDER_ERROR


def provider_error(code: object) -> str:
    """Return a provider's ``error`` if it may be logged, else "unreadable" (RFC 6749 section 5.2)."""
    return code if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else "unreadable"


_RETRY_HELPS: frozenset[Enum] = frozenset(
    {
        *(SignInReason.KEYS_NOT_CURRENT, SignInReason.EXPIRED, SignInReason.WRONG_NONCE),
        *(ProviderReason.UNREACHABLE, ProviderReason.TOO_SLOW, ProviderReason.BAD_STATUS),
        ProviderReason.CLIENT_SECRET_UNREADABLE,
        *(LoginReason.CANCELLED, LoginReason.PROVIDER_ERROR, LoginReason.NOT_BEGUN_HERE),
        *(LoginReason.TOOK_TOO_LONG, LoginReason.NO_CODE, LoginReason.CODE_REFUSED),
    }
)

_SIGN_IN_SENTENCES = {
    SignInReason.MALFORMED: "This is not a valid JWT.",
    SignInReason.TOO_LARGE: "This JWT is too large. Ask your administrator to put fewer groups into it.",
    SignInReason.ALGORITHM_NOT_ALLOWED: "This JWT is signed with an algorithm that is not allowed.",
    SignInReason.UNKNOWN_KEY: "Your OpenID provider does not publish the key that signed this JWT.",
    SignInReason.KEYS_NOT_CURRENT: "Your OpenID provider's keys must be read again. Retry in 5 seconds.",
    SignInReason.BAD_SIGNATURE: "The signature of this JWT is not valid.",
    SignInReason.MISSING_CLAIM: "This JWT lacks a claim that every sign-in needs: exp, iat or iss.",
    SignInReason.WRONG_ISSUER: "This JWT does not come from the configured OpenID provider.",
    SignInReason.WRONG_AUDIENCE: "This JWT is for another audience.",
    SignInReason.WRONG_AUTHORIZED_PARTY: "This ID token was issued to another client.",
    SignInReason.EXPIRED: "Your sign-in has expired. Sign in again.",
    SignInReason.NOT_YET_VALID: "This JWT is not valid yet. Check the clock of your OpenID provider.",
    SignInReason.WRONG_KIND: "This kind of JWT is not accepted here.",
    SignInReason.SENDER_CONSTRAINED: "This JWT is bound to a key (cnf). It cannot be used as a bearer.",
    SignInReason.MACHINE: "This JWT belongs to a machine. Only people can sign in.",
    SignInReason.MISSING_SUBJECT: "This JWT lacks the claim that identifies the person.",
    SignInReason.INVALID_SUBJECT: "The claim that identifies the person is not valid in this JWT.",
    SignInReason.WRONG_NONCE: "This ID token belongs to another sign-in.",
    SignInReason.IDENTITY_MOVED: "Your account was moved to another identity. Ask an administrator.",
}

_UNAVAILABLE = "Your OpenID provider cannot be reached to verify your sign-in. Try again."
_MISCONFIGURED = "The OpenID provider is not configured correctly. Ask an administrator."

_PROVIDER_SENTENCES = {
    ProviderReason.UNREACHABLE: _UNAVAILABLE,
    ProviderReason.TOO_SLOW: "Your OpenID provider takes too long to respond. Try again.",
    ProviderReason.BAD_STATUS: "Your OpenID provider responds with an error. Try again.",
    ProviderReason.TOO_LARGE: "A document of your OpenID provider is too large. Ask an administrator.",
    ProviderReason.NOT_JSON: "A document of your OpenID provider is not valid JSON. Ask an administrator.",
    ProviderReason.WRONG_ISSUER: _MISCONFIGURED,
    ProviderReason.MISSING_ENDPOINT: _MISCONFIGURED,
    ProviderReason.INSECURE_ENDPOINT: _MISCONFIGURED,
    ProviderReason.NO_USABLE_KEYS: "Your OpenID provider publishes no usable key. Ask an administrator.",
    ProviderReason.BAD_ANSWER: "A response of your OpenID provider is not valid. Ask an administrator.",
    ProviderReason.CLIENT_SECRET_UNREADABLE: "This service cannot read its own secret for your OpenID "
    "provider. Try again.",
}

_LOGIN_SENTENCES = {
    LoginReason.CANCELLED: "You cancelled the sign-in.",
    LoginReason.PROVIDER_ERROR: "Your OpenID provider refused the sign-in.",
    LoginReason.NOT_BEGUN_HERE: "This sign-in did not begin in this browser or was used before. Try again.",
    LoginReason.TOOK_TOO_LONG: "The sign-in took longer than 10 minutes. Try again.",
    LoginReason.NO_CODE: "Your OpenID provider sent you back without a code. Try again.",
    LoginReason.CODE_REFUSED: "Your OpenID provider did not accept the code of this sign-in. Try again.",
    LoginReason.CLIENT_REFUSED: "Your OpenID provider refuses this service. Ask an administrator.",
    LoginReason.NO_ID_TOKEN: "Your OpenID provider sent no ID token. Ask an administrator.",
    LoginReason.USERINFO_REFUSED: "The profile at your OpenID provider belongs to another person.",
}
