"""What cookies hold, and how rows know it: never by what opens anything."""

import hashlib
import secrets


def random_text() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def hash_of(cookie: str) -> str:
    """Return what a row keeps of a cookie."""
    # A browser may send anything, even lone surrogates. The hash finds only values that this service made.
    return hashlib.sha256(cookie.encode(errors="surrogatepass")).hexdigest()
