"""Resources and responses of the management API, made of what the services return."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

import msgspec
from chalice.app import Response
from msgspec import UNSET

from chalicelib.domain import users
from chalicelib.domain.seen_networks import RefusedUses, SeenNetworks
from chalicelib.domain.token_creation import IssuedToken
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.handlers.http import responses
from chalicelib.handlers.http.operations import DocumentedResponse
from chalicelib.handlers.http.responses import effective_by, moment
from chalicelib.handlers.http.site import Site
from chalicelib.handlers.v1 import resources
from chalicelib.handlers.v1.events.rendering import revoked_by
from chalicelib.services.all_tokens import AllTokensPage
from chalicelib.services.listing import TokenPage, TokenView
from chalicelib.services.summary import TokenCount

CREATED = DocumentedResponse(HTTPStatus.CREATED, resources.CreatedToken, ("ETag", "Location"))


def token(view: TokenView) -> resources.AnyToken:
    """Return the members that every token resource has."""
    row, revocation = view.token, view.revocation
    return resources.AnyToken(
        id=row.id,
        name=row.name,
        description=row.description,
        scopes=sorted(row.scopes),
        status=view.status,
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        last_used_at=moment(row.last_used_at),
        last_used_from=row.last_used_from,
        idle_at=moment(row.idle_at),
        expires_at=moment(view.expires_at),
        allowed_networks=[str(network) for network in row.allowed_networks],
        effective_by=effective_by(view.refused_since),
        revoked_at=moment(revocation.at if revocation else None),
        revoked_reason=revocation.reason if revocation else None,
        revoked_by=revoked_by(revocation) if revocation else None,
        predecessor_id=row.predecessor_id,
        successor_id=row.successor_id,
        self_rotated=row.is_self_rotated,
        overlap_ends_at=moment(row.overlap_ends_at),
        reuse_count=row.reuse_count,
        last_reused_at=moment(row.last_reused_at),
        refused=_refused(row.refused),
    )


def token_details(view: TokenView) -> resources.TokenDetails:
    """Return a token resource with the networks from which the token was used."""
    networks = _networks(view.token.networks)
    return resources.TokenDetails(**msgspec.structs.asdict(token(view)), networks=networks)


def created(issued: IssuedToken, site: Site) -> Response:
    """Return the response with a new token. It is the only one that has the token's string."""
    # A new token is active, so nothing has to be read to show it.
    view = TokenView(issued.token, TokenStatus.ACTIVE, None, None, issued.token.expires_at)
    resource = resources.CreatedToken(**msgspec.structs.asdict(token_details(view)), token=issued.secret)
    headers = {"Location": f"{site.prefix}/v1/tokens/{issued.token.id}", **etag(view)}
    return responses.document(resource, HTTPStatus.CREATED, headers)


def token_page(page: TokenPage, usage_until: datetime | None) -> resources.TokenPage:
    """Return a page of tokens, with their uses on the 30 days until ``usage_until`` unless it is None."""
    listed = [_listed(view, usage_until) for view in page.tokens]
    return resources.TokenPage(tokens=listed, next_cursor=page.next_cursor)


def owned_token_page(page: AllTokensPage, usage_until: datetime | None) -> resources.OwnedTokenPage:
    """Return a page of the tokens of all users, with their uses as in ``token_page``."""
    owned = [
        resources.OwnedToken(
            **msgspec.structs.asdict(_listed(each.view, usage_until)), owner=_owner(each.owner)
        )
        for each in page.tokens
    ]
    return resources.OwnedTokenPage(tokens=owned, next_cursor=page.next_cursor)


def _listed(view: TokenView, usage_until: datetime | None) -> resources.Token:
    uses = [n for _, n in view.token.usage_days(usage_until)] if usage_until else UNSET
    return resources.Token(**msgspec.structs.asdict(token(view)), usage=uses)


def _owner(row: users.User) -> resources.TokenOwner:
    email = row.email if row.email_verified else ""
    return resources.TokenOwner(id=row.id, name=row.shown_name, email=email or None, status=row.status)


def usage(row: Token, now: datetime) -> resources.Usage:
    """Return the usage of a token, one entry per day. The counts are lower bounds."""
    days = [resources.DayOfUsage(date=day.isoformat(), at_least=n) for day, n in row.usage_days(now)]
    return resources.Usage(token_id=row.id, days=days)


def etag(view: TokenView) -> dict[str, str]:
    """Return the header that names the version of a token (RFC 9110 section 8.8.3)."""
    return {"ETag": f'"{view.token.version}"'}


def _refused(uses: RefusedUses | None) -> resources.RefusedUses:
    if uses is None:
        return resources.RefusedUses(count=0, last_at=None, last_reason=None, last_from=None)
    return resources.RefusedUses(
        count=uses.count,
        last_at=moment(uses.last_at),
        last_reason=uses.last_reason,
        last_from=uses.last_from,
    )


def _networks(seen: SeenNetworks) -> list[resources.SeenNetwork]:
    return [
        resources.SeenNetwork(network=each.network, last_used_at=moment(each.last_at), at_least=each.count)
        for each in reversed(seen.networks)
    ]


def user(row: users.User) -> resources.User:
    """Return the user resource as administrators see it."""
    return resources.User(
        **msgspec.structs.asdict(responses.account(row)),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        last_signed_in_at=moment(row.signed_in_at),
        live_tokens=row.live_tokens,
        effective_by=effective_by(row.refused_since),
    )


def changed_user(row: users.User, revoked: TokenCount | None) -> resources.ChangedUser:
    """Return the user resource after a change. ``revoked`` is None if the tokens were not counted."""
    counted = resources.TokenCount(count=revoked.count, is_more=revoked.is_more) if revoked else None
    return resources.ChangedUser(**msgspec.structs.asdict(user(row)), revoked_tokens=counted)


def user_page(rows: Sequence[users.User], next_cursor: str | None) -> resources.UserPage:
    """Return a page of users."""
    return resources.UserPage(users=[user(row) for row in rows], next_cursor=next_cursor)
