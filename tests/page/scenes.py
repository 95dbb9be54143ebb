"""A company with real-looking tokens, people and events in the local stack, for pictures and browser tests.

Rows are written straight into the emulator's table, because no call of the API can make a token that was
created last summer. The data is invented.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.events import EVENT
from chalicelib.adapters.dynamodb.token_store import DynamoDBTokenStore
from chalicelib.adapters.dynamodb.user_store import DynamoDBUserStore
from chalicelib.domain.events import ActorKind, Difference, Event, EventType
from chalicelib.domain.ids import new_event_id, new_token_id
from chalicelib.domain.networks import Network
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses, SeenNetworks
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.usage import USAGE_DAYS
from chalicelib.domain.users import User
from tests.page.people import Owner
from tests.support.local_stack import LocalStack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DAY = timedelta(days=1)
_IDLE = timedelta(days=30)
_KEPT = timedelta(days=400)
_MOST_IN_A_BATCH = 25  # DynamoDB's own limit
_READ, _WRITE = "api:read", "api:write"
_BOTH = (_READ, _WRITE)
_FIREFOX = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:156.0) Gecko/20100101 Firefox/156.0"

Rhythm = Callable[[int, date, random.Random], int]
"""The uses on a day: of the number of days ago, the date and chance."""


def weekdays(most: int) -> Rhythm:
    """Return a rhythm of work days."""
    return lambda ago, day, chance: 0 if day.weekday() > 4 else chance.randint(most // 2, most)


def steady(most: int) -> Rhythm:
    """Return a rhythm that hardly changes."""
    return lambda ago, day, chance: chance.randint(max(1, most * 9 // 10), most)


def weekly(most: int) -> Rhythm:
    """Return a rhythm of Mondays."""
    return lambda ago, day, chance: most if day.weekday() == 0 else 0


def spike(most: int) -> Rhythm:
    """Return little use with one busy day."""
    return lambda ago, day, chance: most if ago == 9 else chance.randint(1, 3)


def fading(most: int) -> Rhythm:
    """Return a use that becomes less and has ended."""
    return lambda ago, day, chance: most * (ago - 7) // 22 if ago > 7 else 0


def at_first(most: int) -> Rhythm:
    """Return a use on the oldest three days alone."""
    return lambda ago, day, chance: most if ago > 26 else 0


def now_and_then(most: int) -> Rhythm:
    """Return a use on some days."""
    return lambda ago, day, chance: chance.choice((0, 0, most // 3, most))


@dataclass(frozen=True)
class Scene:
    """A token of the scene. Times are before now, or after it for ends."""

    name: str
    description: str = ""
    scopes: Sequence[str] = _BOTH
    age: timedelta = 60 * _DAY
    used: timedelta | None = None
    rhythm: Rhythm | None = None
    seen: Mapping[str, int] = field(default_factory=dict)
    allowed: Sequence[str] = ()
    expires: timedelta | None = None
    paused: timedelta | None = None
    rotated: tuple[timedelta, timedelta] | None = None
    """The time since the rotation, and the time until its overlap ends."""
    revoked: tuple[RevocationReason, timedelta] | None = None
    refused: tuple[int, RefusedReason, timedelta] | None = None


MINE = (
    Scene("CI deploy bot", "GitHub Actions, deploys to production", used=timedelta(seconds=40),
          age=108 * _DAY, rhythm=weekdays(1204), seen={"203.0.113.0/24": 4, "2a0a:a440::/48": 1180,
          "140.82.115.0/24": 17960, "140.82.114.0/24": 41212}, allowed=("140.82.114.0/24",
          "140.82.115.0/24"), expires=3 * _DAY),
    Scene("Grafana", "Wallboard in the operations room", (_READ,), used=timedelta(minutes=2),
          rhythm=steady(2900), seen={"10.40.6.0/24": 84211}, allowed=("10.40.6.0/24",)),
    Scene("Billing sync", "Replaced on 26 Nov, old string still in use somewhere",
          used=timedelta(minutes=6), rhythm=spike(90),
          seen={"198.51.100.0/24": 212}, rotated=(3 * _DAY, timedelta(hours=6))),
    Scene("Terraform state and drift detection for all eu-central-1 accounts",
          "Runs in Atlantis, owned by the platform team, ask in #platform before you change it",
          used=timedelta(hours=1), rhythm=now_and_then(60), seen={"2001:db8:41::/48": 998},
          allowed=tuple(f"10.{number}.0.0/16" for number in range(1, 11)), expires=90 * _DAY),
    Scene("My laptop", "", (_READ,), used=timedelta(hours=3), rhythm=now_and_then(9),
          seen={"203.0.113.0/24": 87}, expires=46 * _DAY),
    Scene("نسخة احتياطية ليلية", "تعمل كل ليلة في الساعة الثانية", used=timedelta(hours=11),
          rhythm=steady(1), seen={"192.0.2.0/24": 30}, allowed=("192.0.2.0/24",)),
    Scene("Metabase", "Weekly numbers for the Monday meeting", (_READ,), used=6 * _DAY,
          rhythm=weekly(40), seen={"34.90.18.0/24": 160}, expires=213 * _DAY),
    Scene("Zapier", "New sign-ups into the CRM", used=8 * _DAY, rhythm=fading(200),
          seen={"54.86.9.0/24": 2300}, expires=90 * _DAY),
    Scene("Slack bot", "", (_READ,), used=27 * _DAY, rhythm=at_first(12), seen={"18.206.55.0/24": 40}),
    Scene("Mobile app tests", "Made yesterday, not wired up yet", (_READ,), age=_DAY, expires=90 * _DAY),
    Scene("Partner sandbox", "Aster GmbH, until their contract is signed", (_READ,), used=48 * _DAY,
          seen={"81.169.145.0/24": 12}, allowed=("81.169.145.0/24", "81.169.146.0/24"),
          paused=48 * _DAY, expires=62 * _DAY),
    Scene("Data export for the auditors", "", (_READ,), used=60 * _DAY, age=90 * _DAY,
          seen={"203.0.113.0/24": 3}),
    Scene("Jenkins", "The old build server", used=8 * _DAY, rhythm=fading(90), age=200 * _DAY,
          seen={"198.51.100.0/24": 9000}, revoked=(RevocationReason.EXPOSED, 7 * _DAY + _DAY),
          refused=(31, RefusedReason.REVOKED, timedelta(hours=9))),
    Scene("Hackathon demo", "", (_READ,), used=40 * _DAY, age=70 * _DAY,
          revoked=(RevocationReason.OWNER, 16 * _DAY)),
    Scene("Load test", "k6 in the staging account", used=20 * _DAY, age=50 * _DAY, rhythm=fading(900),
          expires=-15 * _DAY),
)  # fmt: skip

OTHERS: Mapping[str, Sequence[Scene]] = {
    "mara": (Scene("ledger-export", used=timedelta(minutes=12), rhythm=steady(900),
                   seen={"192.0.2.0/24": 27000}),),
    "khai": (Scene("dbt-prod", "", (_READ,), used=timedelta(minutes=22), rhythm=steady(300)),),
    "priya": (Scene("old-etl-2023", used=27 * _DAY, age=400 * _DAY, rhythm=at_first(50)),
              Scene("etl-staging", used=28 * _DAY, age=300 * _DAY, rhythm=at_first(20))),
    "tom": (Scene("scratch", "", (_READ,), age=19 * _DAY), Scene("kiosk-7", used=60 * _DAY, age=90 * _DAY)),
    "layla": (Scene("تقارير المبيعات", used=6 * _DAY, rhythm=weekly(20)),),
    "build-service": (Scene("release-please", used=5 * _DAY, rhythm=now_and_then(30)),),
}  # fmt: skip


NAMES: Mapping[str, str] = {
    "usha": "Usha User",
    "mara": "Mara Lindqvist",
    "khai": "Nguyễn Thị Minh Khai",
    "priya": "Priya Raghunathan-Venkataraman",
    "tom": "Tom Ito",
    "layla": "ليلى الحداد",
}


class Company:
    """The people and tokens of the scene in one local stack."""

    def __init__(self, stack: LocalStack) -> None:
        """Sign nobody in yet."""
        self._stack = stack
        self._client: DynamoDBClient = boto3.client(
            "dynamodb", endpoint_url=stack.settings.aws_url, region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip
        self._table = next(
            name for name in self._client.list_tables()["TableNames"] if "bodhi" in name.lower()
        )
        self._chance = random.Random(7)

    def fill(self, subject: str, scenes: Sequence[Scene] = MINE) -> Sequence[Token]:
        """Sign a person in and write the tokens. Return them in the order of ``scenes``."""
        owner = self.person(subject)
        tokens = [token for scene in scenes for token in self._tokens_of(owner, scene)]
        self._put([items.TOKEN.item(token) for token in tokens])
        live = sum(token.holds_place(datetime.now(UTC)) for token in tokens)
        name = NAMES.get(subject.partition("@")[0], owner.name)
        self._put_user(replace(owner, name=name, live_tokens=owner.live_tokens + live))
        return tokens

    def fill_others(self) -> None:
        """Write the other people of the company, their tokens, and what happened lately."""
        for name, scenes in OTHERS.items():
            tokens = self.fill(f"{name}@example.com", scenes)
            self._happened(tokens[0], EventType.TOKEN_CREATED, ActorKind.PERSON, timedelta(hours=4))

    def person(self, subject: str) -> User:
        """Return the user with this subject, who signs in if nobody has one yet."""
        found = Owner(self._stack, subject).me()
        user = DynamoDBUserStore(self._client, self._table).find_user(found["id"])
        assert user is not None
        return user

    def tokens_of(self, subject: str) -> Sequence[Token]:
        """Return the tokens of a person, newest first."""
        store = DynamoDBTokenStore(self._client, self._table)
        return store.list_tokens(self.person(subject).id, limit=200, after=None, newest_first=True)

    def change(self, token: Token, **members: object) -> Token:
        """Write a token anew with other members."""
        changed: Token = replace(token, **members)  # type: ignore[arg-type]
        self._client.put_item(TableName=self._table, Item=items.TOKEN.item(changed))
        return changed

    def _put(self, rows: Sequence[Item]) -> None:
        for start in range(0, len(rows), _MOST_IN_A_BATCH):
            puts: Any = [{"PutRequest": {"Item": row}} for row in rows[start : start + _MOST_IN_A_BATCH]]
            written = self._client.batch_write_item(RequestItems={self._table: puts})
            assert written["UnprocessedItems"] == {}

    def _put_user(self, user: User) -> None:
        self._client.put_item(TableName=self._table, Item=items.USER.item(user))

    def _tokens_of(self, owner: User, scene: Scene) -> Sequence[Token]:
        token = self._token(owner, scene)
        if scene.rotated is None:
            return [token]
        since, left = scene.rotated
        now = datetime.now(UTC)
        successor_id = new_token_id(now - since)
        successor = replace(
            token, id=successor_id, line_id=successor_id, created_at=now - since, updated_at=now - since,
            last_used_at=None, usage={}, networks=SeenNetworks(), predecessor_id=token.id,
            family_id=token.id, idle_at=now - since + _IDLE,
        )  # fmt: skip
        old = replace(
            token, successor_id=successor.id, family_id=token.id, overlap_ends_at=now + left,
            updated_at=now - since,
        )  # fmt: skip
        return [successor, old]

    def _token(self, owner: User, scene: Scene) -> Token:
        now = datetime.now(UTC)
        created = now - max(scene.age, (scene.used or timedelta()) + _DAY)
        used = now - scene.used if scene.used is not None else None
        reason = scene.revoked
        ended = Revocation(reason[0], now - reason[1]) if reason else None
        state = TokenState.REVOKED if ended else TokenState.INACTIVE if scene.paused else TokenState.ACTIVE
        expires = now + scene.expires if scene.expires is not None else None
        changed = now - scene.paused if scene.paused else created
        refused = scene.refused
        return Token(
            id=new_token_id(created),
            user_id=owner.id,
            generation=owner.generation,
            name=scene.name,
            description=scene.description,
            scopes=frozenset(scene.scopes),
            state=state,
            created_at=created,
            updated_at=changed,
            idle_at=(used or created) + _IDLE,
            purge_at=now + _KEPT,
            last_used_at=used,
            expires_at=expires,
            revocation=ended,
            usage=self._usage(scene, now.date()),
            allowed_networks=tuple(filter(None, map(Network.parse, scene.allowed))),
            networks=self._networks(scene, used),
            refused=RefusedUses(refused[0], (now - refused[2]).replace(microsecond=0), refused[1], None)
            if refused
            else None,
        )

    def _usage(self, scene: Scene, today: date) -> Mapping[date, int]:
        if scene.rhythm is None or scene.used is None:
            return {}
        last = scene.used.days
        days = {ago: today - ago * _DAY for ago in range(USAGE_DAYS - 1, -1, -1)}
        rhythm, chance = scene.rhythm, self._chance
        uses = {day: rhythm(ago, day, chance) if ago >= last else 0 for ago, day in days.items()}
        # The last bar agrees with the last use.
        newest = days[min(last, USAGE_DAYS - 1)]
        uses[newest] = max(1, uses[newest])
        return {day: count for day, count in uses.items() if count}

    @staticmethod
    def _networks(scene: Scene, used: datetime | None) -> SeenNetworks:
        networks = SeenNetworks()
        for back, (network, count) in enumerate(reversed(list(scene.seen.items()))):
            assert used is not None
            networks = replace(networks).seen(network, used - back * 5 * _DAY, count)
        # The newest is last.
        ordered = tuple(sorted(networks.networks, key=lambda seen: seen.last_at))
        return SeenNetworks(networks.first, ordered)

    def _happened(self, token: Token, kind: EventType, actor: ActorKind, ago: timedelta) -> None:
        now = datetime.now(UTC)
        event = Event(
            id=new_event_id(), user_id=token.user_id, type=kind, at=now - ago, actor_kind=actor,
            purge_at=now + _KEPT, actor_id=token.user_id, address="203.0.113.24",
            user_agent=_FIREFOX,
            token_id=token.id, changes={"name": Difference(None, token.name)},
        )  # fmt: skip
        self._client.put_item(TableName=self._table, Item=EVENT.item(event))
