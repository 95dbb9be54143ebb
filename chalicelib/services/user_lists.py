"""Lists of users for administrators, filtered and searched."""

import contextlib
import re
from collections.abc import Sequence

from chalicelib.domain.errors import InvalidCursor
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.ids import USER_ID
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.text import search_key
from chalicelib.domain.users import User, UserStatus
from chalicelib.services import cursors
from chalicelib.services.read_budget import PageIsFullError, ReadBudget

# As many as one call of the store reads.
_STORE_PAGE = 100
POSITION = re.compile(rf"[0-9]{{15}}#{USER_ID.pattern}")
"""The form of a place in the list of users."""


class UserQuery(Frozen):
    """A filter, and a place to continue from. Users are listed newest first.

    ``text`` is the id of a user, or a part of the name, the e-mail or the subject.
    """

    status: UserStatus | None
    text: str
    limit: int
    cursor: str | None
    issuer: str | None = None

    @property
    def is_everything(self) -> bool:
        """True if every user matches."""
        return self.status is None and self.issuer is None and not self.text


class UserList(Frozen):
    """One page. ``next_cursor`` is None on the last. Any page may be short."""

    users: Sequence[User]
    next_cursor: str | None


def page_of(store: UserStore, query: UserQuery) -> UserList:
    """Return one page of users. Raises InvalidCursor or DependencyUnavailable."""
    position = _position(query.cursor) if query.cursor else None
    if query.is_everything:
        page = store.list_users(after=position, limit=query.limit)
        return _user_list(page.users, page.next_position)
    if USER_ID.fullmatch(query.text):
        user = store.find_user(query.text)
        return UserList([user] if user and _matches(user, query) else [], None)
    return _matching(store, query, position)


def _matching(store: UserStore, query: UserQuery, position: str | None) -> UserList:
    """Return the users who match, found in a bounded number of reads.

    The rows may be seconds old, as the index is that lists them. This costs half.
    """
    found: list[User] = []
    budget = ReadBudget()
    with contextlib.suppress(PageIsFullError):
        while len(found) < query.limit:
            size = budget.pay_owners(_STORE_PAGE)
            page = store.list_users(after=position, limit=size, strong=False)
            found += [user for user in page.users if _matches(user, query)]
            position = page.next_position
            if position is None:
                break
    if len(found) > query.limit:
        found = found[: query.limit]
        position = found[-1].position
    return _user_list(found, position)


def has_text(user: User, text: str) -> bool:
    """Return True if the name, the e-mail or the subject contains a text, as searches compare."""
    text_key = search_key(text)
    return any(text_key in search_key(each) for each in (user.name, user.email, user.subject))


def _matches(user: User, query: UserQuery) -> bool:
    if query.status and user.status is not query.status:
        return False
    # Compare exactly, as for the ``iss`` of a JWT: two spellings are two issuers.
    if query.issuer is not None and user.issuer != query.issuer:
        return False
    return user.id == query.text or has_text(user, query.text)


def _user_list(users: Sequence[User], position: str | None) -> UserList:
    return UserList(users, cursors.write(position) if position else None)


def _position(cursor: str) -> str:
    position = cursors.read(cursor)
    if not POSITION.fullmatch(position):
        raise InvalidCursor
    return position
