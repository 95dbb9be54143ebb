"""Events that the journal makes: a closed list of members, and nothing that a client could smuggle in."""

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.events import (
    Actor,
    ActorKind,
    Difference,
    EventType,
    differences_of_token,
    differences_of_user,
    type_of_change,
)
from chalicelib.domain.ids import EVENT_ID, derived_event_id, new_event_id
from chalicelib.domain.networks import Network, RecordNetworks
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import Role
from chalicelib.services.journal import Journal
from tests.support.actors import CALLER, JOURNAL, PERSON
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START

LATER = START + timedelta(minutes=5)
OWNER = a_user()
TOKEN = a_token(OWNER, name="ci")


def test_event_says_who_what_when_and_from_where() -> None:
    """The address has the form that RECORD_NETWORKS says."""
    event = JOURNAL.about_token(EventType.TOKEN_PAUSED, TOKEN, TOKEN.paused(LATER), PERSON, LATER)

    assert (event.user_id, event.token_id, event.type, event.at) == (
        OWNER.id,
        TOKEN.id,
        EventType.TOKEN_PAUSED,
        LATER,
    )
    assert (event.actor_kind, event.actor_id) == (ActorKind.PERSON, PERSON.id)
    assert (event.address, event.user_agent, event.request_id) == (
        "203.0.113.0/24",
        "tests/1.0",
        "request-1",
    )
    assert event.changes == {"state": Difference("active", "inactive")}
    assert event.purge_at == LATER + timedelta(days=400)


@pytest.mark.parametrize(
    ("record", "address"),
    [
        (RecordNetworks.FULL, "203.0.113.7"),
        (RecordNetworks.PREFIX, "203.0.113.0/24"),
        (RecordNetworks.OFF, None),
    ],
)
def test_recorded_address_follows_the_setting(record: RecordNetworks, address: str | None) -> None:
    """Events record what tokens record."""
    journal = Journal(timedelta(days=1), record)
    event = journal.about_token(EventType.TOKEN_CREATED, None, TOKEN, PERSON, START)
    assert event.address == address


def test_change_without_a_request_has_no_address() -> None:
    """Operators and the system have none."""
    event = JOURNAL.about_user(EventType.USER_CREATED, None, OWNER, Actor(ActorKind.SYSTEM), START)
    assert (event.address, event.user_agent, event.request_id, event.actor_id) == (None,) * 4


@given(st.text(max_size=11_000))
def test_user_agent_is_short_and_on_one_line(text: str) -> None:
    """A client chooses it freely."""
    caller = replace(CALLER, unverified_user_agent=text)
    actor = Actor(ActorKind.PERSON, "usr", caller)
    agent = JOURNAL.about_token(EventType.TOKEN_CREATED, None, TOKEN, actor, START).user_agent
    assert agent is None or (len(agent) <= 200 and agent.isprintable() and agent)


def test_new_token_lists_what_it_was_given() -> None:
    """Empty members are left out."""
    changes = differences_of_token(None, replace(TOKEN, description=""))
    assert changes == {
        "name": Difference(None, "ci"),
        "scopes": Difference(None, tuple(sorted(TOKEN.scopes))),
        "state": Difference(None, "active"),
    }


def test_revocation_names_its_reason() -> None:
    """The reason is part of the event."""
    changes = differences_of_token(TOKEN, TOKEN.revoked(RevocationReason.ADMIN, LATER, RULES))
    assert changes["revoked_reason"] == Difference(None, "admin")
    assert changes["state"] == Difference("active", "revoked")


def test_list_of_networks_is_recorded_before_and_after() -> None:
    """Both lists are read by an administrator who looks for the change."""
    network = Network.parse("192.0.2.0/24")
    assert network
    changes = differences_of_token(TOKEN, TOKEN.restricted((network,), LATER))
    assert changes == {"allowed_networks": Difference((), ("192.0.2.0/24",))}


# A new member of a token or a user must be placed here, so that somebody decides whether events have it.
TOKEN_MEMBERS_OF_EVENTS = {
    "name",
    "description",
    "scopes",
    "state",
    "allowed_networks",
    "expires_at",
    "overlap_ends_at",
    "revocation",
    "predecessor_id",
    "successor_id",
}
TOKEN_MEMBERS_LEFT_OUT = {
    "id",
    "user_id",
    "generation",
    "created_at",
    "updated_at",
    "idle_at",
    "purge_at",
    "last_used_at",
    "usage",
    "family_id",
    "line_id",
    "lifetime_began_at",
    "reuse_count",
    "last_reused_at",
    "networks",
    "refused",
    "noticed",
    "version",
}


def test_members_of_events_are_a_closed_list() -> None:
    """Names, e-mail addresses and counts of users are in no event."""
    assert {field.name for field in fields(Token)} == TOKEN_MEMBERS_OF_EVENTS | TOKEN_MEMBERS_LEFT_OUT
    other = replace(
        OWNER,
        issuer="https://other.example.com",
        subject="other",
        subject_claim="oid",
        name="Other",
        email="other@example.com",
        role=Role.ADMIN,
        generation="other",
        live_tokens=7,
    )
    allowed = {"status", "role", "issuer", "subject_claim", "subject", "tokens_revoked"}
    assert set(differences_of_user(OWNER, other)) | {"status"} == allowed


def test_new_generation_is_told() -> None:
    """It ends all tokens from before."""
    changes = differences_of_user(OWNER, OWNER.in_generation("next"))
    assert changes == {"tokens_revoked": Difference(None, True)}


def test_role_that_counts_replaces_the_role_of_the_row() -> None:
    """The row may show a role that had expired."""
    admin = replace(OWNER, role=Role.ADMIN)
    others = {"role": Difference("user", "admin")}
    event = JOURNAL.about_user(EventType.USER_ROLE_CHANGED, admin, admin, PERSON, START, others)
    assert event.changes == others


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (TOKEN, TOKEN.paused(LATER), EventType.TOKEN_PAUSED),
        (TOKEN, TOKEN.paused(LATER).described("x", "", LATER), EventType.TOKEN_PAUSED),
        (TOKEN.paused(START), TOKEN.paused(START).reactivated(LATER, RULES), EventType.TOKEN_ACTIVATED),
        (replace(TOKEN, idle_at=START), replace(TOKEN, idle_at=LATER), EventType.TOKEN_ACTIVATED),
        (TOKEN, TOKEN.described("x", "", LATER), EventType.TOKEN_CHANGED),
    ],
)
def test_type_of_a_change(before: Token, after: Token, kind: EventType) -> None:
    """A change of the status gives the type. Other members of the same change are in it too."""
    assert type_of_change(before, after) is kind


def test_ids_of_events() -> None:
    """Random ids differ. A derived id is the same wherever it is made."""
    assert EVENT_ID.fullmatch(new_event_id())
    assert new_event_id() != new_event_id()
    assert EVENT_ID.fullmatch(derived_event_id("tok_1", "5"))
    assert derived_event_id("tok_1", "5") == derived_event_id("tok_1", "5") != derived_event_id("tok_15")
