"""Scopes as operators write them: ``{"orders:read": {"description": ..., "opens": ["GET /orders/*"]}}``."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.domain.scopes import ANY, METHODS, Route, Scope, ScopeCatalogue, smallest
from chalicelib.domain.users import Role

MAX_SCOPES = 50
# API Gateway's quota "AWS Lambda authorizer result size", for policy and context together.
MAX_RESULT_BYTES = 8_192

# scope-token of RFC 6749 section 3.3, without the characters that a header would have to escape.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
_PATH = re.compile(r"/[A-Za-z0-9._~:@!&'()+,;=*/-]{0,299}")
_MEMBERS = frozenset({"description", "opens", "roles", "title"})
_MAX_DESCRIPTION_LENGTH = 200
_MAX_TITLE_LENGTH = 30
# "arn:aws-us-gov:execute-api:" with Region, account, API, a stage of 30 characters and JSON's quotes.
_LONGEST_ARN_PREFIX = 100
# The statement with the longest list of networks, the ids, both deadlines, and the longest name of a token,
# percent-encoded.
_REST_OF_RESULT = 2_110


def parse_catalogue(definitions: object) -> ScopeCatalogue:
    """Return the catalogue that the definitions describe.

    Raises ValueError, whose text names the scope and says what is wrong.
    """
    if not isinstance(definitions, dict) or not 1 <= len(definitions) <= MAX_SCOPES:
        raise ValueError(f"must be a JSON object of 1 to {MAX_SCOPES} scopes")
    catalogue = ScopeCatalogue([_scope(name, value) for name, value in definitions.items()])
    for role in Role:
        size = _result_bytes(catalogue.held_by(role))
        if size > MAX_RESULT_BYTES:
            raise ValueError(
                f"gives the role {role.value!r} too many routes for the result of an authorizer: {size} of "
                f"{MAX_RESULT_BYTES} bytes. The method '*' counts as {len(METHODS)} routes unless the path "
                "begins with '/*'"
            )
    return catalogue


def _scope(name: str, value: object) -> Scope:
    if not _NAME.fullmatch(name):
        raise ValueError(f"has a scope {name[:80]!r}, but a name must match {_NAME.pattern}")
    if not isinstance(value, dict) or not {"description", "opens"} <= value.keys() <= _MEMBERS:
        raise ValueError(
            f"must give {name!r} a 'description', 'opens' and optionally 'roles' and 'title', and nothing "
            "else"
        )
    description, title = _description(name, value), _title(name, value)
    return Scope(name, description, _routes(name, value), _roles(name, value), title)


def _description(name: str, value: Mapping[str, Any]) -> str:
    text = value["description"]
    if not isinstance(text, str) or not 0 < len(text) <= _MAX_DESCRIPTION_LENGTH or not text.isprintable():
        raise ValueError(f"must describe {name!r} in 1 to {_MAX_DESCRIPTION_LENGTH} printable characters")
    return text


def _title(name: str, value: Mapping[str, Any]) -> str:
    if "title" not in value:
        return ""
    title = value["title"]
    if not isinstance(title, str) or len(title) > _MAX_TITLE_LENGTH or not title.isprintable():
        title = ""
    if not title.strip() or title != title.strip():
        raise ValueError(
            f"must give {name!r} a title of 1 to {_MAX_TITLE_LENGTH} printable characters, without spaces "
            "at its ends"
        )
    return title


def _routes(name: str, value: Mapping[str, Any]) -> list[Route]:
    opens = value["opens"]
    if not isinstance(opens, list) or not opens:
        raise ValueError(f'must list the routes that {name!r} opens, for example ["GET /orders/*"]')
    return [_route(name, written) for written in opens]


def _route(name: str, written: object) -> Route:
    method, _, path = written.partition(" ") if isinstance(written, str) else ("", "", "")
    if method not in (ANY, *METHODS):
        raise ValueError(
            f"opens {written!r} with {name!r}. A route must be '*' or one of {', '.join(METHODS)}, "
            "then a space and a path"
        )
    if not _PATH.fullmatch(path):
        raise ValueError(
            f"opens {str(written)[:80]!r} with {name!r}. The path must begin with '/' and have at most 300 "
            "characters: letters, digits, -._~:@!&'()+,;= and '*', which stands for any text. Write "
            "/orders/* for /orders/{id}"
        )
    return Route(method, path)


def _roles(name: str, value: Mapping[str, Any]) -> frozenset[Role]:
    roles, known = value.get("roles", [role.value for role in Role]), {role.value for role in Role}
    if not isinstance(roles, list) or not roles or not all(role in known for role in map(str, roles)):
        raise ValueError(f"must give {name!r} a list of roles among {', '.join(sorted(known))}")
    return frozenset(Role(role) for role in roles)


def _result_bytes(scopes: Sequence[Scope]) -> int:
    """Return the largest size of an authorizer's result for a token with any of these scopes."""
    routes = {route for scope in scopes for route in smallest(tuple(scope.opens))}
    # A token without the scope that opens everything may have all the others.
    written = sum(_LONGEST_ARN_PREFIX + len(route.method) + len(route.path) for route in routes)
    return _REST_OF_RESULT + sum(len(scope.name) + 1 for scope in scopes) + written
