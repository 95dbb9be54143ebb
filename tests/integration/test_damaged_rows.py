"""One damaged row: it opens nothing, hides no other row, and its token can still be ended.

A row is damaged if an attribute is missing or has a form that no release writes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.domain.errors import UnreadableRow
from chalicelib.domain.ids import user_id_for
from tests.support.api import Answer, Api, api_of
from tests.support.builders import ISSUER
from tests.support.canaries import recorded
from tests.support.clock import FixedClock
from tests.support.dynamodb import Cloud, CloudService, moto_cloud
from tests.support.provider import TestProvider

PERSON, OTHER, ADMIN = "user@example.com", "other@example.com", "admin@example.com"
SECRET = "do-not-log-this"

Damage = Callable[[Item], Item]


def with_(**changes: Any) -> Damage:
    """Return the damage that gives attributes another form."""
    return lambda row: {**row, **changes}


def without(name: str) -> Damage:
    """Return the damage that loses an attribute."""
    return lambda row: {each: value for each, value in row.items() if each != name}


TOKENS: dict[str, Damage] = {
    "list of networks": with_(allowed_networks={"S": f"10.0.0.0/33 {SECRET}"}),
    "empty list of networks": with_(allowed_networks={"S": " "}),
    "networks of another type": with_(allowed_networks={"L": [{"S": "10.0.0.0/8"}]}),
    "name that is a number": with_(name={"N": "7"}),
    "no name": without("name"),
    "unknown state": with_(state={"S": SECRET}),
    "no state": without("state"),
    "state that is a number": with_(state={"N": "1"}),
    "text as a time": with_(created_at={"S": SECRET}),
    "time beyond the calendar": with_(idle_at={"N": "9" * 30}),
    "fraction of a time": with_(updated_at={"N": "1.5"}),
    "version of another type": with_(version={"S": SECRET}),
    "no version": without("version"),
    "unknown reason": with_(revoked_reason={"S": SECRET}, revoked_at={"N": "1"}),
    "reason without a time": with_(revoked_reason={"S": "owner"}),
    "successor that is a number": with_(successor_id={"N": "1"}),
    "expiry beyond the calendar": with_(expires_at={"N": "9" * 30}),
    "no times": lambda row: {name: each for name, each in row.items() if not name.endswith("_at")},
    "keys alone": lambda row: {name: row[name] for name in ("pk", "sk", "by_pk", "by_sk", "generation")},
}
USERS: dict[str, Damage] = {
    "unknown status": with_(status={"S": SECRET}),
    "name that is a number": with_(name={"N": "7"}),
    "unknown role": with_(role={"S": SECRET}),
    "no generation": without("generation"),
    "time beyond the calendar": with_(updated_at={"N": "9" * 30}),
    "count of another type": with_(live_tokens={"S": SECRET}),
}


@dataclass
class Place:
    """The service over a table, with a person who has three tokens, another person and an administrator."""

    cloud: Cloud
    api: Api
    service: CloudService
    clock: FixedClock
    tokens: list[dict[str, Any]] = field(default_factory=list)

    def sign_in(self, subject: str) -> str:
        """Return a sign-in."""
        return TestProvider(self.clock).sign_in(subject)

    def create(self, subject: str, **members: Any) -> dict[str, Any]:
        """Return a new token."""
        self.clock.advance(timedelta(seconds=1))
        return self.api.create_token(self.sign_in(subject), **members)

    def damage(self, sort_key: str, damage: Damage, subject: str = PERSON) -> None:
        """Damage a row of a person."""
        partition = f"U#{user_id_for(ISSUER, subject)}"
        (row,) = [
            row for row in self.cloud.rows() if (row["pk"]["S"], row["sk"]["S"]) == (partition, sort_key)
        ]
        self.cloud.dynamodb.put_item(TableName=self.cloud.table, Item=damage(row))

    def row_of(self, token: dict[str, Any]) -> Item:
        """Return the row of a token."""
        (row,) = [row for row in self.cloud.rows() if row["sk"]["S"] == f"T#{token['id']}"]
        return row

    def live_tokens(self) -> int:
        """Return the person's count."""
        user = self.service.users.find_user(user_id_for(ISSUER, PERSON))
        assert user
        return user.live_tokens

    def decided(self, token: dict[str, Any]) -> int:
        """Return the status of a call to the protected API with a token."""
        return self.api.get("/api/whoami", token["token"]).status

    def get(self, path: str, subject: str = PERSON) -> Answer:
        """Read with success."""
        answer = self.api.get(path, self.sign_in(subject))
        assert answer.status == 200, answer.text
        return answer


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """Return an account."""
    with moto_cloud() as cloud:
        yield cloud


@pytest.fixture
def place(cloud: Cloud) -> Iterator[Place]:
    """Return a place whose table has the rows of three people."""
    for row in cloud.rows():
        cloud.dynamodb.delete_item(TableName=cloud.table, Key={"pk": row["pk"], "sk": row["sk"]})
    clock = FixedClock()
    service = CloudService(cloud, clock)
    with api_of(service) as api:
        place = Place(cloud, api, service, clock)
        place.create(OTHER, name="of another person")
        place.tokens = [place.create(PERSON, name=f"token {n}") for n in range(3)]
        place.get("/v1/me", ADMIN)
        yield place


def names(answer: Answer) -> list[str]:
    """Return the names in a list."""
    return [each["name"] for each in answer.json["tokens"]]


@pytest.mark.parametrize("damage", TOKENS.values(), ids=TOKENS)
def test_damaged_token_hides_no_other(place: Place, damage: Damage) -> None:
    """Every list, the summary, the search, the sweep and a walk of pages leave the damaged one out."""
    token = place.tokens[1]
    place.damage(f"T#{token['id']}", damage)
    left = ["token 2", "token 0"]
    user_id = user_id_for(ISSUER, PERSON)
    with recorded() as log:
        assert names(place.get("/v1/tokens")) == left
        for sort in ("name", "-last_used_at", "ends_at", "created_at"):
            assert sorted(names(place.get(f"/v1/tokens?sort={sort}"))) == sorted(left)
        assert names(place.get("/v1/tokens?q=token&status=active")) == left
        assert names(place.get(f"/v1/users/{user_id}/tokens", ADMIN)) == left
        assert names(place.get("/v1/admin/tokens", ADMIN)) == [*left, "of another person"]
        assert names(place.get(f"/v1/admin/tokens?token_id={token['id']}", ADMIN)) == []
        assert place.get("/v1/tokens/summary").json["total"] == 2
        assert place.get("/v1/users", ADMIN).json["users"]
        assert place.get("/v1/me/events").json["events"]
        assert place.get("/v1/events", ADMIN).json["events"]
        swept = place.service.sweep(place.clock.now() + timedelta(minutes=4))
    assert (swept.walk.ended_at is not None, swept.tokens) == (True, 3)
    lines = [line for line in log.lines() if str(line["event"]).endswith(".unreadable")]
    assert {line["sk"] for line in lines} == {f"T#{token['id']}"}
    assert SECRET not in str(log.lines())


@pytest.mark.parametrize("limit", [1, 2])
def test_pages_pass_damaged_tokens(place: Place, limit: int) -> None:
    """A page that meets damaged rows is as full as any other, and no walk ends early."""
    for token in (place.tokens[0], place.tokens[2]):
        place.damage(f"T#{token['id']}", TOKENS["no name"])
    place.create(PERSON, name="last")
    for query in ("", "&q=t"):
        found: list[str] = []
        cursor = ""
        for _ in range(10):
            page = place.get(f"/v1/tokens?limit={limit}{query}{cursor}")
            found += names(page)
            if page.json["next_cursor"] is None:
                break
            cursor = f"&cursor={page.json['next_cursor']}"
        assert found == ["last", "token 1"]


@pytest.mark.parametrize("damage", TOKENS.values(), ids=TOKENS)
def test_damaged_token_opens_nothing(place: Place, damage: Damage) -> None:
    """No decision accepts it, and none calls it invalid. Its own calls say that it cannot be read."""
    token = place.tokens[1]
    place.damage(f"T#{token['id']}", damage)
    person = place.sign_in(PERSON)
    with recorded() as log:
        assert place.decided(token) == 500
        assert place.decided(place.tokens[0]) == 200
        path = f"/v1/tokens/{token['id']}"
        for answer in (
            place.api.get(path, person),
            place.api.patch(path, person, {"name": "new"}),
            place.api.post(f"{path}/rotate", person),
            place.api.post(f"{path}/keep-alive", person),
            place.api.post("/v1/tokens/self/rotate", token["token"]),
        ):
            assert (answer.status, answer.code) == (503, "unavailable")
    assert SECRET not in str(log.lines())


@pytest.mark.parametrize("by", ["owner", "administrator", "job", "bearer", "report"])
@pytest.mark.parametrize("damage", TOKENS.values(), ids=TOKENS)
def test_damaged_token_can_be_revoked(place: Place, damage: Damage, by: str) -> None:
    """The row then says so, an event tells it, and the count is never too low."""
    token = place.tokens[1]
    place.damage(f"T#{token['id']}", damage)
    before, user_id = place.live_tokens(), user_id_for(ISSUER, PERSON)
    revoke_as(place, by, token, user_id)
    row = place.row_of(token)
    assert items.TOKEN.readable_parts(row)["state"].value == "revoked"
    assert place.live_tokens() == before
    (event,) = [each for each in place.get("/v1/me/events").json["events"] if "created" not in each["type"]]
    assert event["token_id"] == token["id"]
    assert event["type"] == ("token.exposed" if by == "report" else "token.revoked")
    revoke_as(place, by, token, user_id)
    assert place.row_of(token) == row
    assert place.decided(token) != 200


def revoke_as(place: Place, by: str, token: dict[str, Any], user_id: str) -> None:
    """Revoke a token."""
    api, token_id, admin = place.api, token["id"], place.sign_in(ADMIN)
    if by == "owner":
        assert api.delete(f"/v1/tokens/{token_id}", place.sign_in(PERSON)).status == 204
    elif by == "administrator":
        assert api.delete(f"/v1/users/{user_id}/tokens/{token_id}", admin).status == 204
    elif by == "bearer":
        assert api.form("/oauth2/revoke", {"token": token["token"]}).status == 200
    elif by == "report":
        assert api.post("/v1/exposed", None, {"tokens": [token["token"]]}).status == 202
    else:
        body = {"token_ids": [token_id], "reason": "admin"}
        headers = {"Idempotency-Key": place.clock.now().isoformat()}
        asked = api.post("/v1/admin/revocations", admin, body, headers=headers)
        assert (asked.status, asked.json["status"]) == (202, "finished")
        assert asked.json["counts"]["failed"] == 0


def test_damaged_token_ends_with_its_line(place: Place) -> None:
    """A damaged predecessor does not keep its successor alive."""
    first = place.tokens[1]
    second = place.api.post("/v1/tokens/self/rotate", first["token"], {"overlap_seconds": 60}).json
    place.damage(f"T#{first['id']}", with_(name={"N": "7"}))
    assert place.api.delete(f"/v1/tokens/{first['id']}", place.sign_in(PERSON)).status == 204
    assert place.get(f"/v1/tokens/{second['id']}").json["status"] == "revoked"


def test_damaged_predecessor_does_not_hold_up_a_rotation(place: Place) -> None:
    """No decision accepts it, so it has no overlap to cut short."""
    first = place.tokens[1]
    second = place.api.post("/v1/tokens/self/rotate", first["token"], {"overlap_seconds": 60}).json
    place.damage(f"T#{first['id']}", with_(name={"N": "7"}))
    assert place.api.post("/v1/tokens/self/rotate", second["token"]).status == 201


def test_damaged_line_does_not_keep_its_tokens_alive(place: Place) -> None:
    """The tokens of the line are found in their family."""
    first = place.tokens[1]
    second = place.api.post("/v1/tokens/self/rotate", first["token"], {"overlap_seconds": 60}).json
    place.damage(f"N#{first['id']}", without("newer_id"))
    assert place.api.delete(f"/v1/tokens/{first['id']}", place.sign_in(PERSON)).status == 204
    assert place.get(f"/v1/tokens/{second['id']}").json["status"] == "revoked"


def test_deactivation_ends_a_damaged_token(place: Place) -> None:
    """Its row is not needed for that."""
    token, user_id = place.tokens[1], user_id_for(ISSUER, PERSON)
    place.damage(f"T#{token['id']}", TOKENS["unknown state"])
    answer = place.api.patch(f"/v1/users/{user_id}", place.sign_in(ADMIN), {"status": "inactive"})
    assert answer.status == 200
    assert place.decided(token) != 200


def test_owner_at_the_limit_is_counted_without_damaged_tokens(place: Place) -> None:
    """A recount passes the damaged row. No decision accepts its token, so it needs no place."""
    place.damage(f"T#{place.tokens[1]['id']}", TOKENS["no state"])
    service = CloudService(place.cloud, place.clock, {"MAX_TOKENS_PER_USER": "3"})
    with api_of(service) as api:
        assert api.post("/v1/tokens", place.sign_in(PERSON)).status == 201
        assert api.post("/v1/tokens", place.sign_in(PERSON)).code == "token_limit_reached"


@pytest.mark.parametrize("damage", USERS.values(), ids=USERS)
def test_damaged_user_hides_no_other(place: Place, damage: Damage) -> None:
    """Lists of administrators, names in histories and the sweep go on without this person."""
    user_id = user_id_for(ISSUER, PERSON)
    place.damage("#", damage)
    with recorded() as log:
        users = place.get("/v1/users", ADMIN).json["users"]
        assert user_id not in {each["id"] for each in users}
        assert len(users) == 2
        assert len(place.get("/v1/users?q=o", ADMIN).json["users"]) == 2
        assert names(place.get("/v1/admin/tokens", ADMIN)) == ["of another person"]
        assert names(place.get(f"/v1/admin/tokens?owner={user_id}", ADMIN)) == []
        assert place.get("/v1/events", ADMIN).json["events"]
        swept = place.service.sweep(place.clock.now() + timedelta(minutes=4))
        for answer in (
            place.api.get("/v1/me", place.sign_in(PERSON)),
            place.api.get(f"/v1/users/{user_id}", place.sign_in(ADMIN)),
        ):
            assert (answer.status, answer.code) == (503, "unavailable")
        assert place.decided(place.tokens[0]) == 500
    assert (swept.walk.ended_at is not None, swept.users) == (True, 3)
    assert SECRET not in str(log.lines())


def test_job_of_a_damaged_administrator_stops(place: Place) -> None:
    """A job stops if the row of its administrator does not say that the role still counts."""
    body = {"filter": {"q": "token"}, "reason": "admin"}
    admin = place.sign_in(ADMIN)
    asked = place.api.post("/v1/admin/revocations", admin, body, headers={"Idempotency-Key": "key"})
    assert asked.status == 202
    kept = place.service.revocation_job_store.find_job(asked.json["id"])
    assert kept
    place.damage("#", USERS["unknown role"], ADMIN)
    after = place.service.run_revocations.page(kept, place.clock.now() + timedelta(minutes=1))
    assert after
    assert after.job.status.value == "stopped"


def test_damaged_generation_hides_no_token(place: Place) -> None:
    """A token of an ended generation is still listed as revoked."""
    user_id = user_id_for(ISSUER, PERSON)
    assert place.api.delete(f"/v1/users/{user_id}/tokens", place.sign_in(ADMIN)).status == 204
    (row,) = [row for row in place.cloud.rows() if row["sk"]["S"].startswith("G#")]
    place.damage(row["sk"]["S"], with_(revoked_reason={"S": SECRET}))
    for path, subject in (("/v1/tokens", PERSON), (f"/v1/admin/tokens?owner={user_id}", ADMIN)):
        answer = place.get(path, subject)
        assert {each["status"] for each in answer.json["tokens"]} == {"revoked"}
        assert len(names(answer)) == 3


@pytest.mark.parametrize(
    "damage", [with_(is_dry_run={"N": "2"}), with_(is_dry_run={"S": "1"}), without("is_dry_run")]
)
def test_dry_run_does_not_become_a_real_one(place: Place, damage: Damage) -> None:
    """The mark of a dry run is one of two numbers. With any other one the job cannot be read."""
    body = {"filter": {"q": "token"}, "reason": "admin", "dry_run": True}
    asked = place.api.post(
        "/v1/admin/revocations", place.sign_in(ADMIN), body, headers={"Idempotency-Key": "key"}
    )
    (row,) = [row for row in place.cloud.rows() if row["pk"]["S"] == f"J#{asked.json['id']}"]
    place.cloud.dynamodb.put_item(TableName=place.cloud.table, Item=damage(row))
    with pytest.raises(UnreadableRow):
        place.service.revocation_job_store.find_job(asked.json["id"])
