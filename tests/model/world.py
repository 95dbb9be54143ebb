"""The model: what the contract says about users and tokens, in plain dictionaries.

Written from the contract alone. It calls nothing of the service, so that a mistake in the service
cannot be in here as well.
"""

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

IDLE = timedelta(days=30)
RETENTION = timedelta(days=90)
LONGEST_OVERLAP = timedelta(days=7)
REFRESH = timedelta(seconds=300)
NEW_NETWORK = timedelta(seconds=60)
SKEW = timedelta(minutes=5)

Row = dict[str, Any]

# The owner's words for refusals by the words of the log. An expired string is refused without its row.
REASONS = {
    "network": "network",
    "inactive": "paused",
    "idle": "idle",
    "rotated": "rotated",
    "revoked": "revoked",
}


def prefix(address: str) -> str:
    """Return the network of an address that is recorded by default."""
    length = 24 if ip_address(address).version == 4 else 48
    return str(ip_network(f"{address}/{length}", strict=False))


class World:
    """Users by name and tokens by id, as they must be."""

    def __init__(self, now: datetime, quota: int) -> None:
        self.now = now
        self.quota = quota
        self.users: dict[str, Row] = {}
        self.tokens: dict[str, Row] = {}
        self.lines: dict[str, Row] = {}

    # People.

    def refusal_of_sign_in(self, name: str) -> str | None:
        """Return the code of the refusal of a person who signs in right now, or None.

        The provider writes whole seconds, and its clock may be a minute ahead.
        """
        user = self.users.get(name)
        if user is None or user["status"] == "active":
            return None
        signed_at = self.now.replace(microsecond=0)
        if user["status"] == "inactive" or signed_at <= user["removed_at"]:
            return "user_inactive"
        return "sign_in_too_soon" if signed_at <= user["removed_at"] + timedelta(minutes=1) else None

    def sign_in(self, name: str) -> None:
        """Let a person in."""
        user = self.users.setdefault(
            name, {"status": "active", "generation": 0, "ended": {}, "removed_at": None}
        )
        if user["status"] == "removed":
            self.end_generation(name, None)
        user["status"] = "active"

    def end_generation(self, name: str, reason: str | None) -> None:
        """Revoke all of a user's tokens at once."""
        user = self.users[name]
        user["ended"][user["generation"]] = (reason, self.now)
        user["generation"] += 1

    def deactivate(self, name: str) -> None:
        """Put a user out."""
        self.users[name]["status"] = "inactive"

    def reactivate(self, name: str, *, restore: bool) -> None:
        """Let a user in again."""
        user = self.users[name]
        if user["status"] == "inactive" and not restore:
            self.end_generation(name, "user_deactivated")
        user["status"] = "active"

    def remove(self, name: str) -> None:
        """Turn a user into a tombstone."""
        user = self.users[name]
        if user["status"] != "removed":
            self.end_generation(name, "user_removed")
            user |= {"status": "removed", "removed_at": self.now}
            for token in self.tokens.values():
                token["is_hidden"] |= token["owner"] == name

    # Tokens.

    def create(
        self, owner: str, token_id: str, secret: str, days: int | None, allowed: tuple[str, ...] = ()
    ) -> None:
        """Add a token."""
        expires = None if days is None else self.now.replace(microsecond=0) + timedelta(days=days)
        self.tokens[token_id] = {
            "owner": owner,
            "secret": secret,
            "generation": self.users[owner]["generation"],
            "paused": False,
            "revoked": None,
            "ended_at": None,
            "alive_since": self.now,
            "last_used": None,
            "expires": expires,
            "days": days,
            "name": "first",
            "gone": False,
            "predecessor": None,
            "successor": None,
            "family": token_id,
            "line": token_id,
            "overlap_ends": None,
            "reuses": 0,
            "reused_at": None,
            "unwritten": 0,
            "allowed": allowed,
            "networks": [],
            "unwritten_networks": [],
            "refused": None,
            "unwritten_refusals": 0,
            "is_hidden": False,
        }

    def status(self, token: Row) -> str:
        """Return how a token stands."""
        user = self.users[token["owner"]]
        if token["revoked"] or token["generation"] != user["generation"]:
            return "revoked"
        if self.overlap_is_over(token):
            return "revoked"
        if token["expires"] is not None and token["expires"] <= self.now:
            return "expired"
        if token["paused"] or user["status"] == "inactive":
            return "inactive"
        return "idle" if token["alive_since"] + IDLE <= self.now else "active"

    def reason(self, token: Row) -> str | None:
        """Return why a token is revoked: what came first."""
        revoked: str | None = token["revoked"]
        if revoked:
            return revoked
        reason, at = self.users[token["owner"]]["ended"].get(token["generation"], (None, None))
        if self.overlap_is_over(token) and (at is None or token["overlap_ends"] <= at):
            return "rotated"
        return str(reason) if reason else None

    def is_ended_by_rotation(self, token: Row) -> bool:
        """Whether its rotation alone ended a token."""
        user = self.users[token["owner"]]
        current = not token["revoked"] and token["generation"] == user["generation"]
        return bool(current and self.overlap_is_over(token))

    def overlap_is_over(self, token: Row) -> bool:
        """Whether a token was rotated, and its time beside its successor has passed."""
        return token["overlap_ends"] is not None and bool(token["overlap_ends"] <= self.now)

    def has_expired(self, token: Row) -> bool:
        """Whether a token's own string says that it has expired."""
        return token["expires"] is not None and bool(token["expires"] <= self.now)

    def refusal(self, token: Row, address: str | None = None) -> str | None:
        """Return why a token's bearer at an address is not let in, or None."""
        if token["expires"] is not None and token["expires"] <= self.now:
            return "expired"
        if token["gone"]:
            return "unknown"
        if self.users[token["owner"]]["status"] != "active":
            return "user_inactive"
        if self.is_ended_by_rotation(token):
            return "rotated"
        status = self.status(token)
        if status != "active":
            return status
        inside = address and any(ip_address(address) in ip_network(text) for text in token["allowed"])
        return "network" if token["allowed"] and not inside else None

    def use(self, token: Row, address: str | None = None) -> None:
        """Record a use, once in a while, and sooner if it comes from a new network."""
        network = address and prefix(address)
        interval = REFRESH
        if network:
            token["unwritten_networks"].append((network, self.now))
            if network not in [known for known, _, _ in token["networks"]]:
                interval = NEW_NETWORK
        if token["last_used"] is None or self.now - token["last_used"] >= interval:
            for each, at in token["unwritten_networks"]:
                count = sum(count for known, _, count in token["networks"] if known == each)
                others = [seen for seen in token["networks"] if seen[0] != each]
                token["networks"] = [*others, (each, at.replace(microsecond=0), count + 1)]
            token |= {"last_used": self.now, "alive_since": self.now, "unwritten_networks": []}

    def refuse(self, token: Row, reason: str, address: str | None = None) -> None:
        """Count a refused use of a token, and write it once in a while. A reuse has a count of its own."""
        if reason not in REASONS:
            return
        token["unwritten_refusals"] += 1
        if reason == "rotated":
            token["unwritten"] += 1
            last = token["reused_at"]
        else:
            last = token["refused"] and token["refused"][1]
        if last and self.now - last < REFRESH:
            return
        count = (token["refused"][0] if token["refused"] else 0) + token["unwritten_refusals"]
        at = self.now.replace(microsecond=0)
        token |= {
            "refused": (count, at, REASONS[reason], address and prefix(address)),
            "unwritten_refusals": 0,
        }
        if reason == "rotated":
            token |= {"reuses": token["reuses"] + token["unwritten"], "reused_at": self.now, "unwritten": 0}

    def rotate(
        self, token_id: str, successor_id: str, secret: str, overlap: timedelta, *, by_itself: bool = False
    ) -> None:
        """Replace a token by a successor, who ends when the token would have ended if that asked."""
        token = self.tokens[token_id]
        self.create(token["owner"], successor_id, secret, token["days"], token["allowed"])
        successor = self.tokens[successor_id]
        successor |= {"predecessor": token_id, "name": token["name"], "family": token["family"]}
        if by_itself:
            successor |= {"line": token["line"], "expires": token["expires"]}
            self.lines[token["line"]] = {"newest": successor_id, "until": self.now + LONGEST_OVERLAP}
        end = self.now + overlap
        if token["expires"] is not None:
            end = min(end, token["expires"])
        token |= {"successor": successor_id, "overlap_ends": end}
        before = self.tokens.get(token["predecessor"])
        if before and not before["revoked"] and not self.overlap_is_over(before):
            before["overlap_ends"] = self.now

    def pause(self, token: Row) -> None:
        """Put a token out of use."""
        token["paused"] = True

    def resume(self, token: Row) -> None:
        """Put a token back into use."""
        if token["paused"] or token["alive_since"] + IDLE <= self.now:
            token |= {"paused": False, "alive_since": self.now}

    def keep_alive(self, token: Row) -> None:
        """Begin the idle clock of a token anew."""
        token["alive_since"] = self.now

    def revoke(self, token: Row, reason: str) -> None:
        """End a token and its line for good."""
        if token["generation"] != self.users[token["owner"]]["generation"]:
            return
        for member in self.tokens.values():
            if member["line"] == token["line"] and not member["gone"] and self.status(member) != "revoked":
                member |= {"revoked": reason, "ended_at": self.now}
                if row := self.lines.get(token["line"]):
                    row["until"] = max(row["until"], self.now)

    def report(self, token_id: str) -> None:
        """End the line of a token that was found; a line's first token stands for it if its row is gone."""
        token = self.tokens[token_id]
        if self.has_expired(token):
            return
        if token["gone"] and token_id in self.lines:
            token = self.tokens[self.lines[token_id]["newest"]]
        if not token["gone"]:
            self.revoke(token, "exposed")

    def end_overlap_before(self, token: Row) -> bool:
        """End the overlap of a token's predecessor; return whether there was one."""
        before = self.tokens.get(token["predecessor"])
        if before is None or before["gone"] or self.status(before) in ("revoked", "expired"):
            return False
        before["overlap_ends"] = self.now
        return True

    def deadline(self, token: Row, which: str) -> datetime | None:
        """Return the moment at which something about a token changes by itself."""
        last_used: datetime | None = token["last_used"]
        expires: datetime | None = token["expires"]
        if which == "expiry":
            return expires
        if which == "refresh":
            return last_used and last_used + REFRESH
        if which == "new network":
            return last_used and last_used + NEW_NETWORK
        if which == "overlap":
            overlap_ends: datetime | None = token["overlap_ends"]
            return overlap_ends
        if which == "purge":
            return self.purge_at(token)
        idle_at: datetime = token["alive_since"] + IDLE
        return idle_at

    def purge_at(self, token: Row) -> datetime:
        """Return when the row may be deleted: a whole second, not before the retention is over."""
        fixed: datetime | None = token["ended_at"] or token["overlap_ends"]
        end: datetime = fixed or token["alive_since"] + IDLE
        if not fixed and token["expires"] is not None:
            end = min(end, token["expires"])
        return self.purged(end)

    def purged(self, end: datetime) -> datetime:
        """Return when a row may be deleted that is needed until ``end``."""
        exact = end + RETENTION
        whole = exact.replace(microsecond=0)
        return whole if whole == exact else whole + timedelta(seconds=1)

    def collect_garbage(self) -> None:
        """Forget the rows whose time has come."""
        for token in self.tokens.values():
            if self.purge_at(token) <= self.now:
                token["gone"] = True
        self.lines = {i: row for i, row in self.lines.items() if self.purged(row["until"]) > self.now}

    def listed(self, owner: str) -> dict[str, Row]:
        """Return the tokens that are still on a user's list, by id."""
        return {i: t for i, t in self.tokens.items() if t["owner"] == owner and not t["gone"]}

    def shown_networks(self, token: Row) -> list[tuple[str, datetime, int]]:
        """Return the networks that a list shows: none after a removal of the owner."""
        return [] if token["is_hidden"] else token["networks"]

    def shown_refusals(self, token: Row) -> tuple[object, ...] | None:
        """Return the refused uses that a list shows: without the network after a removal of the owner."""
        refused: tuple[object, ...] | None = token["refused"]
        return (*refused[:3], None) if refused and token["is_hidden"] else refused

    def live(self, owner: str) -> int:
        """Return how many families hold a place in a user's quota: those of which a token is alive."""
        alive = ("active", "inactive", "idle")
        tokens = [token for token in self.listed(owner).values() if self.status(token) in alive]
        return len({token["family"] for token in tokens})
