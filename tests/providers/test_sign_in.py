"""Each provider's people, machines and other JWTs, with the real service over HTTP."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.settings.admin_claims import parse_admin_claim
from tests.providers.conftest import ConnectedService, Person, settings_of
from tests.providers.profile import ISSUER, NOW, TIMES, Jwt, ProviderProfile, Refused
from tests.providers.server import LoopbackProvider
from tests.support.api import Answer, api_of
from tests.support.clock import FixedClock

KINDS = ("id_token", "access_token", "jwt")
BACKCHANNEL_LOGOUT: dict[str, dict[str, str]] = {"http://schemas.openid.net/event/backchannel-logout": {}}


def id_of(answer: Answer) -> str:
    """Return the user's id from a successful answer."""
    assert answer.status == 200, answer.text
    return str(answer.json["id"])


def reason_of(answer: Answer) -> str:
    """Return the reason of a refusal."""
    assert answer.status in {400, 401}, answer.text
    return str(answer.json.get("reason"))


# People.


def test_person_signs_in_at_the_page(person: Person, profile: ProviderProfile) -> None:
    """The page's sign-in leads to the person of the ID token, with the name of the provider."""
    back = person.sign_in_at_page()
    assert back.status == 302, back.text

    me = person.at_page("/v1/me").json

    assert (me["subject"], me["name"]) == (profile.subject, profile.shown_name)
    assert me["issuer"] == person.provider.issuer


def test_client_authenticates_as_the_provider_can(person: Person, profile: ProviderProfile) -> None:
    """The service uses a method that discovery names, and its secret arrives unchanged."""
    assert person.sign_in_at_page().status == 302

    supported = profile.auth_methods or ("client_secret_basic",)
    assert set(person.provider.client_methods) <= set(supported)


def test_userinfo_is_asked_only_if_the_id_token_lacks_something(
    person: Person, profile: ProviderProfile
) -> None:
    """The page requests userinfo once if the ID token lacks name, e-mail or the administrator's claim."""
    assert person.sign_in_at_page().status == 302

    claims = profile.id_token.claims
    configured = profile.settings.get("ADMIN_CLAIM")
    lacks_claim = configured and parse_admin_claim(configured).role_in(claims) is None
    is_complete = {"name", "email"} <= set(claims) and not lacks_claim
    assert person.provider.userinfo_calls == int(bool(profile.userinfo) and not is_complete)


def test_page_and_bearers_are_one_user(person: Person, profile: ProviderProfile) -> None:
    """The page, a bearer ID token and a bearer access token lead to the same user."""
    assert person.sign_in_at_page().status == 302
    bearers = [person.provider.id_token()]
    if not profile.access_refused:
        bearers.append(person.provider.access_token())

    ids = {id_of(person.api.get("/v1/me", bearer)) for bearer in bearers}

    assert ids == {id_of(person.at_page("/v1/me"))}


def test_access_token_is_a_sign_in_or_says_why_not(person: Person, profile: ProviderProfile) -> None:
    """A bearer access token works, or is refused with the documented reason."""
    answer = person.api.get("/v1/me", person.provider.access_token())

    if profile.access_refused:
        assert (answer.status, reason_of(answer) in profile.access_refused) == (401, True), answer.text
    else:
        assert id_of(answer)


def test_further_access_tokens_are_sign_ins(person: Person, profile: ProviderProfile) -> None:
    """Documented variants of a person's access token work as well."""
    for token in profile.more_access_tokens:
        answer = person.api.get("/v1/me", person.provider.sign(token))
        assert answer.status == 200, (token.claims, answer.text)


@pytest.mark.parametrize("kind", KINDS)
def test_exchange_takes_the_id_token_for_its_kind(
    person: Person, profile: ProviderProfile, kind: str
) -> None:
    """An ID token is exchanged as an ID token or as a JWT, never as an access token."""
    answer = person.exchange(person.provider.id_token(), kind)

    if kind in profile.id_kinds:
        assert answer.status == 200, answer.text
    else:
        assert (answer.json["error"], reason_of(answer)) == ("invalid_request", "wrong_kind")


@pytest.mark.parametrize("kind", KINDS)
def test_exchange_takes_the_access_token_for_its_kind(
    person: Person, profile: ProviderProfile, kind: str
) -> None:
    """An access token is exchanged only under the kinds that the profile lists."""
    answer = person.exchange(person.provider.access_token(), kind)

    if profile.access_refused:
        assert reason_of(answer) in (*profile.access_refused, "wrong_kind"), answer.text
    elif kind in profile.access_kinds:
        assert answer.status == 200, answer.text
    else:
        assert (answer.json["error"], reason_of(answer)) == ("invalid_request", "wrong_kind")


# Administrators.


def test_claim_makes_an_administrator_at_the_page(person: Person, profile: ProviderProfile) -> None:
    """A person with the claim is an administrator at the page."""
    person.provider.is_admin = True
    assert person.sign_in_at_page().status == 302

    allowed = person.at_page("/v1/users").status == 200

    assert allowed == bool(profile.admin_in & {"id", "userinfo"})


@pytest.mark.parametrize("place", ["id", "access"])
def test_claim_makes_an_administrator_by_bearer(
    person: Person, profile: ProviderProfile, place: str
) -> None:
    """A JWT that carries the claim makes an administrator."""
    person.provider.is_admin = True
    if place == "access" and profile.access_refused:
        return
    bearer = person.provider.id_token() if place == "id" else person.provider.access_token()

    allowed = person.api.get("/v1/users", bearer).status == 200

    assert allowed == (place in profile.admin_in)


def test_person_without_the_claim_is_a_user(person: Person, profile: ProviderProfile) -> None:
    """A person without the claim is not an administrator, by any JWT."""
    assert person.sign_in_at_page().status == 302
    answers = [person.at_page("/v1/users"), person.api.get("/v1/users", person.provider.id_token())]
    if not profile.access_refused:
        answers.append(person.api.get("/v1/users", person.provider.access_token()))

    assert [answer.status for answer in answers] == [403] * len(answers)


def test_administrator_who_lost_the_claim_is_a_user(
    person: Person, profile: ProviderProfile, clock: FixedClock
) -> None:
    """The next sign-in at the page without the claim takes the role away."""
    person.provider.is_admin = True
    assert person.sign_in_at_page().status == 302
    clock.advance(timedelta(minutes=1))
    person.provider.is_admin = False

    assert person.sign_in_at_page().status == 302

    assert person.at_page("/v1/users").status == 403


def test_named_subject_is_an_administrator(
    provider: LoopbackProvider, profile: ProviderProfile, clock: FixedClock
) -> None:
    """``ADMIN_SUBJECTS`` compares the value of the subject claim, at the page and for bearers."""
    settings = settings_of(provider, ADMIN_SUBJECTS=profile.subject)
    with api_of(ConnectedService(settings, clock)) as api:
        person = Person(api, provider)
        assert person.sign_in_at_page().status == 302

        assert person.at_page("/v1/users").status == 200
        assert api.get("/v1/users", provider.id_token()).status == 200


# Machines.


def test_machines_are_refused(person: Person, profile: ProviderProfile) -> None:
    """A machine's JWT is refused by default, as a bearer and in an exchange."""
    for machine in profile.machines:
        token = person.provider.sign(machine.jwt)
        bearer, exchanged = person.api.get("/v1/me", token), person.exchange(token, "jwt")
        assert bearer.status == 401, machine.jwt.claims
        assert {reason_of(bearer), reason_of(exchanged)} <= set(machine.reasons), machine.jwt.claims


def test_machines_can_be_allowed(
    provider: LoopbackProvider, profile: ProviderProfile, clock: FixedClock
) -> None:
    """``ALLOW_MACHINES`` makes a machine's JWT a sign-in, unless it has another fault."""
    settings = settings_of(provider, ALLOW_MACHINES="true")
    with api_of(ConnectedService(settings, clock)) as api:
        for machine in profile.machines:
            answer = api.get("/v1/me", provider.sign(machine.jwt))
            if machine.still_refused:
                assert reason_of(answer) in machine.still_refused, machine.jwt.claims
            else:
                assert answer.status == 200, (machine.jwt.claims, answer.text)


def test_machine_without_a_mark_counts_as_a_person(person: Person, profile: ProviderProfile) -> None:
    """A machine without a documented mark is accepted, as the page about providers warns."""
    for token in profile.unmarked_machines:
        assert person.api.get("/v1/me", person.provider.sign(token)).status == 200


# Other JWTs.


def other_jwts(profile: ProviderProfile) -> Iterator[Refused]:
    """Yield JWTs that must be refused: those of the profile, and kinds that any provider may sign."""
    yield from profile.refused
    person = profile.id_token
    logout = {"events": BACKCHANNEL_LOGOUT, "nonce": None, "jti": "bWJq"}
    kinds = ("wrong_kind",)
    # OpenID Connect Back-Channel Logout 1.0 section 2.4: the typ is recommended, not required.
    yield Refused("logout token", Jwt(person.with_claims(**logout).claims, "logout+jwt"), kinds)
    yield Refused("logout token without typ", Jwt(person.with_claims(**logout).claims, None), kinds)
    yield Refused("logout token with typ JWT", Jwt(person.with_claims(**logout).claims, "JWT"), kinds)
    for typ in ("secevent+jwt", "dpop+jwt", "token-introspection+jwt", "oauth-authz-req+jwt", "vc+sd-jwt"):
        yield Refused(f"header typ {typ}", Jwt(person.claims, typ), kinds)
    yield Refused("refresh token", person.with_claims(typ="Refresh"), kinds)
    yield Refused("bound to a key", person.with_claims(cnf={"jkt": "0ZcOCORZNYy"}), ("sender_constrained",))


def test_other_jwts_are_refused(person: Person, profile: ProviderProfile) -> None:
    """A JWT that is not a sign-in is refused as a bearer and in an exchange, with its reason."""
    wrong: dict[str, list[str]] = {}
    for other in other_jwts(profile):
        token = person.provider.sign(other.jwt, "a-nonce")
        answers = [person.api.get("/v1/me", token), person.exchange(token, "jwt")]
        given = [f"{answer.status} {answer.json.get('reason')}" for answer in answers]
        right = [[f"{status} {reason}" for reason in other.reasons] for status in (401, 400)]
        if not all(one in expected for one, expected in zip(given, right, strict=True)):
            wrong[other.name] = given

    assert wrong == {}


def test_other_jwts_are_not_a_sign_in_at_the_page(person: Person, profile: ProviderProfile) -> None:
    """Another JWT in place of the ID token fails the sign-in."""
    statuses = {}
    for other in other_jwts(profile):
        person.provider.page_id_token = other.jwt
        statuses[other.name] = person.sign_in_at_page().status

    assert set(statuses.values()) == {400}, statuses
    assert "bodhi_session" not in person.browser.cookies


def test_jwt_of_another_issuer_with_the_same_keys_is_refused(
    person: Person, profile: ProviderProfile
) -> None:
    """A JWT of another issuer is refused, even if a published key signed it."""
    foreign = profile.id_token.with_claims(iss=f"{ISSUER}/other", **TIMES, auth_time=NOW)

    answer = person.api.get("/v1/me", person.provider.sign(foreign))

    assert (answer.status, reason_of(answer)) == (401, "wrong_issuer")
