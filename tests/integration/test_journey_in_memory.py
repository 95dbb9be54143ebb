"""The main job in process: issued, used, watched, changed, revoked."""

from tests.support.api import Api
from tests.support.service import MemoryService


def test_token_is_issued_used_paused_and_revoked(api: Api, service: MemoryService) -> None:
    """A token works from creation to pause, again after re-activation, never after revocation."""
    person = service.provider.sign_in("user@example.com")
    created = api.create_token(person, name="ci")
    token, path = created["token"], f"/v1/tokens/{created['id']}"

    whoami = api.get("/api/whoami", token)
    assert whoami.status == 200
    assert whoami.json["token_name"] == "ci"
    assert api.get(path, person).json["last_used_at"] is not None

    assert api.patch(path, person, {"name": "nightly", "status": "inactive"}).status == 200
    assert api.get("/api/whoami", token).status == 401

    assert api.patch(path, person, {"status": "active"}).json["name"] == "nightly"
    assert api.get("/api/whoami", token).status == 200

    assert api.delete(path, person).status == 204
    assert api.get("/api/whoami", token).status == 401
    assert api.get(path, person).json["revoked_reason"] == "owner"
