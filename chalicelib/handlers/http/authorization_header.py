"""The one parser of ``Authorization`` headers."""

# The authorizer imports this module, so it imports neither Chalice nor the rest of the floor.
import re

# A credential never has a space, so every verifier refuses this value.
MALFORMED = " "

# Optional white space around a header's value (RFC 9110 section 5.6.3).
OPTIONAL_WHITE_SPACE = " \t"

# RFC 9110 section 11.2.
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]++=*+")


def presented(scheme: str, unverified_header: str | None) -> str | None:
    """Return the credential in an Authorization header with ``scheme``, which is in lower case.

    White space around the header and more spaces after the scheme are ignored (RFC 9110 sections 5.5 and
    11.6.2). Returns None if the header is missing or has another scheme. Returns MALFORMED unless exactly
    one credential follows the scheme.
    """
    name, _, rest = (unverified_header or "").strip(OPTIONAL_WHITE_SPACE).partition(" ")
    if name.lower() != scheme:
        return None
    credential = rest.lstrip(" ")
    return credential if _TOKEN68.fullmatch(credential) else MALFORMED
