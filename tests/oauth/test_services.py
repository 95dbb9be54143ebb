"""Exchange, introspection and revocation as services: who gets what for which token."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.domain.claims import AccessToken, TokenType
from chalicelib.domain.errors import (
    InvalidRequest,
    InvalidScope,
    InvalidSubjectToken,
    InvalidTarget,
    InvalidToken,
    StoreUnavailable,
    UnsupportedTokenType,
    UserInactive,
)
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_creation import IssuedToken
from chalicelib.domain.tokens import TokenState, TokenStatus
from chalicelib.domain.users import Role, User
from chalicelib.services.manage import TokenPatch
from chalicelib.services.verify import UNKNOWN_CALLER
from tests.oauth.service import OTHER, SECOND, oauth_service
from tests.security.victim import CountingService
from tests.support.actors import ADMINISTRATOR, CALLER, PERSON
from tests.support.builders import a_request, an_identity
from tests.support.clients import SERVER
from tests.support.service import ENVIRON

READ, WRITE = "api:read", "api:write"
BOTH = frozenset({READ, WRITE})


class World:
    """One person with one API token."""

    def __init__(self) -> None:
        self.service: CountingService = oauth_service()
        self.owner: User = self.service.accounts.present(an_identity(), CALLER)
        self.issued: IssuedToken = self.service.issue(self.owner, a_request(), PERSON)

    @property
    def token(self) -> str:
        """The API token's string."""
        return self.issued.secret

    def exchange(self, subject_token: str, kind: TokenType, *targets: str) -> IssuedToken:
        """Exchange a sign-in."""
        return self.service.oauth.exchange(subject_token, kind, targets, a_request(), CALLER, None)

    def derive(self, *targets: str, scopes: frozenset[str] | None = None) -> AccessToken:
        """Derive an access token."""
        return self.service.oauth.derive(self.token, UNKNOWN_CALLER, targets, scopes)

    def pause(self) -> None:
        """Pause the token."""
        patch = TokenPatch(status=TokenState.INACTIVE)
        self.service.manage.patch(self.owner, self.issued.token.id, patch, PERSON)

    def revoke(self) -> None:
        """Revoke the token."""
        self.service.revoke(self.owner, self.issued.token.id, RevocationReason.OWNER, PERSON)

    def deactivate(self) -> None:
        """Deactivate the owner."""
        admin = self.service.accounts.present(an_identity("admin@example.com", role=Role.ADMIN), CALLER)
        self.service.administer.deactivate(admin, self.owner.id, ADMINISTRATOR)

    def wait(self) -> None:
        """Let the token go idle."""
        self.service.clock.advance(timedelta(days=31))


@pytest.fixture
def world() -> World:
    """Return a fresh world."""
    return World()


ENDS: list[Callable[[World], None]] = [World.pause, World.revoke, World.deactivate, World.wait]


class TestSignIn:
    """The provider's JWT for an API token."""

    @pytest.mark.parametrize("kind", [TokenType.ID_TOKEN, TokenType.JWT])
    def test_id_token_becomes_an_api_token(self, world: World, kind: TokenType) -> None:
        """One like any other, which the authorizer accepts."""
        issued = world.exchange(world.service.provider.sign_in("user@example.com"), kind)
        assert issued.token.user_id == world.owner.id
        assert world.service.verify(issued.secret).token.id == issued.token.id

    @pytest.mark.parametrize("kind", [TokenType.ACCESS_TOKEN, TokenType.JWT])
    def test_access_token_becomes_an_api_token(self, world: World, kind: TokenType) -> None:
        """What a client of the provider holds after a sign-in."""
        issued = world.exchange(world.service.provider.access_token("user@example.com"), kind)
        assert issued.token.user_id == world.owner.id

    def test_each_is_taken_for_itself_only(self, world: World) -> None:
        """No mistaken kind, however good the signature."""
        provider = world.service.provider
        for token, kind in [
            (provider.sign_in("user@example.com"), TokenType.ACCESS_TOKEN),
            (provider.access_token("user@example.com"), TokenType.ID_TOKEN),
        ]:
            with pytest.raises(InvalidSubjectToken):
                world.exchange(token, kind)

    @pytest.mark.parametrize("kind", list(TokenType))
    def test_api_token_is_no_sign_in(self, world: World, kind: TokenType) -> None:
        """Tokens cannot make tokens, under any name."""
        with pytest.raises(InvalidSubjectToken, match="exchanged as an access token"):
            world.exchange(world.token, kind)

    def test_token_is_for_our_resource_only(self, world: World) -> None:
        """Naming it is allowed, naming another is not."""
        person = world.service.provider.sign_in("user@example.com")
        assert world.exchange(person, TokenType.JWT, ENVIRON["AUDIENCE"], ENVIRON["AUDIENCE"])
        for targets in [(OTHER,), (ENVIRON["AUDIENCE"], OTHER), (ENVIRON["AUDIENCE"] + "/",), (" ",)]:
            with pytest.raises(InvalidTarget):
                world.exchange(person, TokenType.JWT, *targets)

    def test_deactivated_person_gets_nothing(self, world: World) -> None:
        """Whoever vouches for them."""
        world.deactivate()
        with pytest.raises(UserInactive):
            world.exchange(world.service.provider.sign_in("user@example.com"), TokenType.JWT)


class TestDerivation:
    """An API token for an access token."""

    def test_access_token_says_what_acts_for_whom_and_where(self, world: World) -> None:
        """The claims of RFC 9068, for five minutes, unlike any other token."""
        claims = world.derive(OTHER).claims
        assert (claims.subject, claims.client_id) == (world.owner.id, world.issued.token.id)
        assert (claims.audience, claims.scopes) == (OTHER, BOTH)
        assert claims.expires_at - claims.issued_at == timedelta(minutes=5)
        assert claims.access_token_id != world.derive(OTHER).claims.access_token_id

    def test_it_counts_as_a_use(self, world: World) -> None:
        """A token that makes access tokens is in use."""
        world.derive(OTHER)
        view = world.service.manage.get(world.owner, world.issued.token.id)
        assert view.token.last_used_at == world.service.clock.now()

    def test_scopes_may_be_fewer_never_more(self, world: World) -> None:
        """Of the effective ones."""
        assert world.derive(OTHER, scopes=frozenset({READ})).claims.scopes == {READ}
        for scopes in [frozenset({READ, "admin"}), frozenset({"x"}), frozenset[str]()]:
            with pytest.raises(InvalidScope):
                world.derive(OTHER, scopes=scopes)

    def test_audience_is_one_of_the_configured(self, world: World) -> None:
        """None is a bad request; another, or two, a wrong target."""
        assert world.derive(SECOND, SECOND).claims.audience == SECOND
        with pytest.raises(InvalidRequest):
            world.derive()
        for targets in [(OTHER, SECOND), ("https://evil.example",), (ENVIRON["AUDIENCE"],), (OTHER + "/",)]:
            with pytest.raises(InvalidTarget):
                world.derive(*targets)

    def test_nothing_is_derived_where_nothing_is_configured(self) -> None:
        """The default: there are no access tokens."""
        service = oauth_service({"DERIVED_TOKEN_AUDIENCES": "", "DERIVED_TOKEN_KEY_ID": ""})
        owner = service.accounts.present(an_identity(), CALLER)
        token = service.issue(owner, a_request(), PERSON).secret
        with pytest.raises(InvalidTarget):
            service.oauth.derive(token, UNKNOWN_CALLER, [OTHER], None)

    def test_no_key_is_published_where_nothing_is_configured(self) -> None:
        """Nor is one begun."""
        service = oauth_service({"DERIVED_TOKEN_AUDIENCES": "", "DERIVED_TOKEN_KEY_ID": ""})
        assert service.oauth.published_keys() == []

    @pytest.mark.parametrize("end", ENDS)
    def test_token_out_of_use_derives_nothing(self, world: World, end: Callable[[World], None]) -> None:
        """As the authorizer would refuse it."""
        end(world)
        with pytest.raises(InvalidSubjectToken):
            world.derive(OTHER)

    def test_access_token_ends_with_its_api_token(self, world: World) -> None:
        """Never later, even within the five minutes."""
        world.issued = world.service.issue(world.owner, a_request(lifetime=timedelta(days=1)), PERSON)
        world.service.clock.advance(timedelta(days=1, seconds=-90))
        derived = world.derive(OTHER)
        assert derived.claims.expires_at == world.issued.token.expires_at
        assert derived.lifetime == timedelta(seconds=90)

    def test_string_stays_out_of_repr(self, world: World) -> None:
        """Like every other secret."""
        derived = world.derive(OTHER)
        assert derived.secret not in repr(derived)

    def test_access_token_opens_nothing_here(self, world: World) -> None:
        """Neither as API token nor as sign-in."""
        derived = world.derive(OTHER).secret
        for candidate in (derived, f"bodhi_{derived}"):
            with pytest.raises(InvalidToken):
                world.service.verify(candidate)
        for kind in TokenType:
            with pytest.raises(InvalidSubjectToken):
                world.exchange(derived, kind)


class TestIntrospection:
    """What a token is."""

    def test_api_token_is_described_without_a_use(self, world: World) -> None:
        """One read, no write."""
        world.service.oauth.introspect(world.token, SERVER)
        before = world.service.store.calls
        active = world.service.oauth.introspect(world.token, SERVER)
        after = world.service.store.calls
        assert active
        assert (active.subject, active.jti) == (world.owner.id, world.issued.token.id)
        assert (active.audience, active.scopes) == (ENVIRON["AUDIENCE"], BOTH)
        assert (active.issued_at, active.expires_at, active.client_id) == (
            world.issued.token.created_at,
            None,
            None,
        )
        assert (after[0] - before[0], after[1] - before[1]) == (1, 0)
        view = world.service.manage.get(world.owner, world.issued.token.id)
        assert view.token.last_used_at is None

    def test_access_token_is_described(self, world: World) -> None:
        """With the API token behind it as client."""
        claims = world.derive(OTHER, scopes=frozenset({READ})).claims
        derived = world.derive(OTHER, scopes=frozenset({READ}))
        active = world.service.oauth.introspect(derived.secret, SERVER)
        assert active
        assert (active.subject, active.client_id) == (claims.subject, world.issued.token.id)
        assert (active.audience, active.scopes) == (OTHER, frozenset({READ}))
        assert active.expires_at == claims.expires_at

    @pytest.mark.parametrize("end", ENDS)
    def test_token_out_of_use_is_nothing(self, world: World, end: Callable[[World], None]) -> None:
        """And so is every access token derived from it, from that moment on."""
        derived = world.derive(OTHER)
        end(world)
        assert world.service.oauth.introspect(world.token, SERVER) is None
        assert world.service.oauth.introspect(derived.secret, SERVER) is None

    def test_asking_about_a_rotated_token_is_no_reuse(self, world: World) -> None:
        """The owner is warned of uses, not of questions."""
        world.service.rotate(world.owner, world.issued.token.id, timedelta(0), PERSON)
        assert world.service.oauth.introspect(world.token, SERVER) is None
        row = world.service.store.find_token(world.owner.id, world.issued.token.id)
        assert row
        assert (row.reuse_count, row.last_reused_at) == (0, None)

    def test_expired_access_token_is_nothing(self, world: World) -> None:
        """Although its API token lives."""
        derived = world.derive(OTHER)
        world.service.clock.advance(timedelta(minutes=5))
        assert world.service.oauth.introspect(derived.secret, SERVER) is None
        assert world.service.oauth.introspect(world.token, SERVER)

    def test_strangers_are_nothing(self, world: World) -> None:
        """The provider's JWTs among them."""
        person = world.service.provider.sign_in("user@example.com")
        forged = world.token[:-4] + "AAAA"
        for stranger in ("", "x", person, forged, f"bodhi_{person}", "bodhi_" + "x" * 9000):
            assert world.service.oauth.introspect(stranger, SERVER) is None

    def test_broken_store_is_no_answer(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Inactive would be a lie."""

        def broken(*_: object) -> None:
            raise StoreUnavailable

        monkeypatch.setattr(world.service.store, "find_for_authorization", broken)
        with pytest.raises(StoreUnavailable):
            world.service.oauth.introspect(world.token, SERVER)


class TestRevocation:
    """Whoever holds a token may end it."""

    def test_token_is_revoked_for_good(self, world: World) -> None:
        """With the owner's reason, and again without an effect."""
        world.service.oauth.revoke(world.token, CALLER)
        world.service.oauth.revoke(world.token, CALLER)
        view = world.service.manage.get(world.owner, world.issued.token.id)
        assert view.status is TokenStatus.REVOKED
        assert view.revocation
        assert view.revocation.reason is RevocationReason.OWNER
        with pytest.raises(InvalidToken):
            world.service.verify(world.token)

    @pytest.mark.parametrize("end", [World.pause, World.deactivate, World.wait])
    def test_token_out_of_use_is_revoked_too(self, world: World, end: Callable[[World], None]) -> None:
        """Or it could come back."""
        end(world)
        world.service.oauth.revoke(world.token, CALLER)
        owner = world.service.store.find_user(world.owner.id)
        assert owner
        view = world.service.manage.get(owner, world.issued.token.id)
        assert view.status is TokenStatus.REVOKED

    def test_strings_of_others_end_nothing(self, world: World) -> None:
        """No error, no effect, no difference."""
        person = world.service.provider.sign_in("user@example.com")
        for stranger in ("", "x", person, world.token[:-4] + "AAAA", world.token + "A"):
            world.service.oauth.revoke(stranger, CALLER)
        assert world.service.verify(world.token)

    def test_token_whose_row_is_gone_is_as_good_as_revoked(self, world: World) -> None:
        """The string outlives the row, and says nothing about it."""
        world.service.store.purge(world.issued.token)
        world.service.oauth.revoke(world.token, CALLER)
        world.service.store.purge(world.owner)
        world.service.oauth.revoke(world.token, CALLER)

    def test_access_token_cannot_be_revoked(self, world: World) -> None:
        """Nobody would hear of it; it ends by itself, and then there is nothing to say."""
        derived = world.derive(OTHER)
        with pytest.raises(UnsupportedTokenType):
            world.service.oauth.revoke(derived.secret, CALLER)
        world.service.clock.advance(timedelta(minutes=5))
        world.service.oauth.revoke(derived.secret, CALLER)
        assert world.service.verify(world.token)
