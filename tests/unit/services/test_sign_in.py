"""Callers of the management API, and callers who may act as administrators."""

import pytest

from chalicelib.domain.errors import AdminRequired, ApiTokenNotAllowed, NotAuthenticated, UserInactive
from chalicelib.domain.users import Role, UserStatus
from chalicelib.services.sign_in import Credentials
from tests.support.actors import CALLER, an_event
from tests.support.builders import a_user
from tests.support.service import MemoryService


def by_jwt(service: MemoryService, subject: str) -> Credentials:
    """Return what a call with the provider's JWT carries."""
    return Credentials(CALLER, unverified_bearer=service.provider.sign_in(subject))


def test_administrators_only(service: MemoryService) -> None:
    """The role of this very sign-in decides."""
    admin = service.sign_in.admin(by_jwt(service, "admin@example.com"))

    assert admin.role is Role.ADMIN
    with pytest.raises(AdminRequired):
        service.sign_in.admin(by_jwt(service, "user@example.com"))


def test_administrator_signs_in_like_anybody(service: MemoryService) -> None:
    """An administrator is refused for the same reasons as a user, with the same errors."""
    service.store.add_user(a_user("admin@example.com", status=UserStatus.INACTIVE), an_event())

    with pytest.raises(UserInactive):
        service.sign_in.admin(by_jwt(service, "admin@example.com"))
    with pytest.raises(NotAuthenticated):
        service.sign_in.admin(Credentials(CALLER))
    with pytest.raises(ApiTokenNotAllowed):
        service.sign_in.admin(Credentials(CALLER, unverified_bearer="bodhi_anything"))


def test_credentials_show_nothing_of_themselves() -> None:
    """The representation of credentials shows no secret."""
    shown = repr(
        Credentials(
            CALLER, unverified_bearer="a-jwt", unverified_cookie="a-cookie", unverified_csrf_token="a-token"
        )
    )

    assert not any(secret in shown for secret in ("a-jwt", "a-cookie", "a-token"))
