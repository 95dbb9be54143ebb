"""Rollovers of signing keys under a running service, without a deployment."""

from datetime import timedelta

import pytest

from chalicelib import base64url
from chalicelib.adapters import jws
from chalicelib.adapters.dynamodb.key_store import DynamoDBKeyStore
from chalicelib.adapters.key_cache import COOL_DOWN, MAX_AGE
from chalicelib.adapters.kms import KmsSigningKey
from chalicelib.domain.keys import KeyUse, VerificationKey
from infra.aws.operate.key_rollover import Operator
from infra.aws.operate.kms_keys import create_key_like
from tests.integration.world import World
from tests.support.actors import JOURNAL

ONE_MILLISECOND = timedelta(milliseconds=1)
LEAD = timedelta(minutes=10)


class Keys:
    """The ring of a world, in the hands of an operator elsewhere."""

    def __init__(self, world: World, use: KeyUse = KeyUse.API_TOKEN) -> None:
        self.world = world
        self.store = DynamoDBKeyStore(world.cloud.dynamodb, world.cloud.table, use)
        self.operator = Operator(
            use,
            self.store,
            world.cloud.kms,
            world.clock,
            JOURNAL,
            say=lambda said: None,
            pause=self._pause,
        )

    def _pause(self, seconds: float) -> None:
        self.world.advance(seconds=seconds)

    def publish(self) -> VerificationKey:
        """Publish the next key and return it."""
        cloud = self.world.cloud
        model = cloud.kms.describe_key(KeyId=cloud.key_id)["KeyMetadata"]["Arn"]
        ring = self.operator._published(self.store.load_keys(), create_key_like(cloud.kms, model))
        published = ring.next or ring.active
        assert published
        return published

    def roll_over(self) -> str:
        """Let another key sign and return its kid."""
        self.operator.roll_over("", LEAD)
        active = self.store.load_keys().active
        assert active
        return active.kid

    def revoke(self, kid: str) -> None:
        """Let a key verify nothing any more."""
        self.operator.revoke(kid, confirmed=True)


def kid_of(secret: str) -> str:
    """Return the kid that a token names."""
    kid: str = jws.decode_json(secret.removeprefix("bodhi_").split(".")[0])["kid"]
    return kid


def signed_by(world: World, key: VerificationKey) -> str:
    """Return the world's token as another key in KMS signs it."""
    payload = world.secret.split(".")[1]
    header = jws.encode_json({"alg": "ES256", "kid": key.kid, "typ": "api-token+jwt"})
    message = f"{header}.{payload}"
    signature = KmsSigningKey(world.cloud.kms, key).sign(message.encode())
    return f"bodhi_{message}.{base64url.encode(signature)}"


def use(world: World, secret: str) -> int:
    """Return the status of a call of the protected API."""
    return world.api.get("/api/whoami", secret).status


@pytest.fixture
def warm(world: World) -> World:
    """Return a world whose authorizer has just loaded its keys."""
    world.create_token(name="old")
    assert use(world, world.secret) == 200
    return world


def test_old_tokens_outlive_a_rollover_and_new_ones_name_the_new_key(warm: World) -> None:
    """The very next token is signed by the new key, in the process that signed with the old one."""
    old = warm.secret
    kid = Keys(warm).roll_over()
    warm.create_token(name="new")
    assert (kid_of(old) == kid, kid_of(warm.secret) == kid) == (False, True)
    assert (use(warm, old), use(warm, warm.secret)) == (200, 200)
    warm.start()
    assert (use(warm, old), use(warm, warm.secret)) == (200, 200)


def test_next_key_verifies_before_it_signs(warm: World) -> None:
    """A verifier that read the key while it was waiting accepts it as soon as it signs."""
    following = Keys(warm).publish()
    by_next = signed_by(warm, following)
    warm.clock.advance(COOL_DOWN)
    assert use(warm, by_next) == 200
    warm.create_token(name="still the old key")
    assert kid_of(warm.secret) != following.kid


def test_rollover_costs_warm_authorizers_no_failed_call(warm: World) -> None:
    """One that asks for keys at its usual pace knows the new one long before the lead has passed."""
    following = Keys(warm).publish()
    warm.clock.advance(MAX_AGE)
    assert use(warm, warm.secret) == 200
    with warm.wire.watching() as calls:
        assert use(warm, signed_by(warm, following)) == 200
    assert "Query" not in calls


def test_revoked_key_verifies_nothing_after_the_greatest_age(warm: World) -> None:
    """A warm authorizer refuses after MAX_AGE, whatever else it does, and no sooner than it can know."""
    old, keys = warm.secret, Keys(warm)
    keys.roll_over()
    warm.create_token(name="new")
    assert (use(warm, old), use(warm, warm.secret)) == (200, 200)
    warm.start()
    assert use(warm, old) == 200
    keys.revoke(kid_of(old))
    warm.clock.advance(MAX_AGE - ONE_MILLISECOND)
    assert use(warm, old) == 200
    warm.clock.advance(ONE_MILLISECOND)
    assert (use(warm, old), use(warm, warm.secret)) == (401, 200)
    assert timedelta(minutes=1) >= MAX_AGE


def test_revoked_key_verifies_nothing_in_a_process_that_starts_anew(warm: World) -> None:
    """The key's state is what is in the table."""
    Keys(warm).revoke(kid_of(warm.secret))
    warm.start()
    assert use(warm, warm.secret) == 401


def test_without_an_active_key_nothing_is_issued_and_the_rest_goes_on(warm: World) -> None:
    """Revoking the only key stops signing at once; the next rollover ends that."""
    keys = Keys(warm)
    keys.revoke(kid_of(warm.secret))
    refused = warm.api.post("/v1/tokens", warm.user, {"name": "x"})
    assert (refused.status, "operator" in refused.json["detail"]) == (503, True)
    assert [token.name for token in warm.stored_tokens()] == ["old"]
    keys.operator.roll_over(warm.cloud.key_id, LEAD)
    warm.create_token(name="new")
    assert use(warm, warm.secret) == 200


def test_keys_of_access_tokens_never_verify_api_tokens(warm: World) -> None:
    """Even for a string that is an API token in every other way."""
    key = Keys(warm, KeyUse.ACCESS_TOKEN).publish()
    warm.start()
    assert use(warm, signed_by(warm, key)) == 401
    warm.clock.advance(MAX_AGE)
    assert use(warm, signed_by(warm, key)) == 401
    assert use(warm, warm.secret) == 200
