"""The bearer token of an ``Authorization`` header (RFC 6750 section 2.1)."""

from bodhi_tokens.errors import NotAuthenticated

_OPTIONAL_WHITE_SPACE = " \t"


def bearer_token(authorization: str | None) -> str:
    """Return the token of an ``Authorization`` header. It is not verified.

    Raises NotAuthenticated if the header is missing or has another scheme.
    """
    scheme, _, unverified_token = (authorization or "").strip(_OPTIONAL_WHITE_SPACE).partition(" ")
    if scheme.lower() != "bearer" or not unverified_token.strip(" "):
        raise NotAuthenticated("The request has no bearer token.")
    return unverified_token.strip(" ")
