"""The OpenID provider, and the sessions that a sign-in at the page begins."""

from typing import Protocol

from chalicelib.domain.claims import TokenType
from chalicelib.domain.sessions import PendingLogin, Session
from chalicelib.domain.users import Identity


class IdentityProvider(Protocol):
    """The users' own OpenID provider."""

    def verify(self, unverified_jwt: str) -> Identity:
        """Return the person who signed in with this JWT.

        Raises SignInRefused or IdentityProviderUnavailable.
        """
        ...


class SubjectTokenVerifier(Protocol):
    """The users' own OpenID provider, for JWTs whose type the client states."""

    def verify_as(self, unverified_jwt: str, kind: TokenType) -> Identity:
        """Return the person who signed in with this JWT, which must be of this type.

        Raises SignInRefused or IdentityProviderUnavailable.
        """
        ...


class LoginProvider(Protocol):
    """The users' own OpenID provider, for a browser (OpenID Connect Core section 3.1)."""

    def authorization_url(self, login: PendingLogin, redirect_uri: str) -> str:
        """Return the URL to which the browser goes.

        Raises IdentityProviderUnavailable.
        """
        ...

    def redeem(self, login: PendingLogin, code: str, redirect_uri: str) -> Identity:
        """Return the person who signed in, for the code that the browser brought back.

        Raises LoginFailed or IdentityProviderUnavailable.
        """
        ...


class SessionStore(Protocol):
    """Sessions and pending sign-ins. Every call raises StoreUnavailable."""

    def add_login(self, login: PendingLogin) -> None:
        """Keep a pending sign-in."""
        ...

    def take_login(self, id_hash: str) -> PendingLogin | None:
        """Return a pending sign-in and delete it. A second call returns None."""
        ...

    def add_session(self, session: Session) -> None:
        """Keep a session."""
        ...

    def find_session(self, id_hash: str) -> Session | None:
        """Return a session, strongly consistent."""
        ...

    def touch_session(self, session: Session) -> None:
        """Write the time at which the session goes idle. An ended session stays ended."""
        ...

    def end_session(self, id_hash: str) -> None:
        """Delete a session."""
        ...
