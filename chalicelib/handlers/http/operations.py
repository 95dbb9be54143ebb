"""The calls of the API. Each is one value, by which it is routed, checked and documented."""

import inspect
import re
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, ParamSpec

from chalice.app import Blueprint, ChaliceAuthorizer, Request, Response

from chalicelib.domain import errors
from chalicelib.domain.frozen import Frozen, replace
from chalicelib.handlers.http import requests
from chalicelib.handlers.http.problems import PROBLEMS, Rendering, render_errors
from chalicelib.handlers.http.wire import PATH_PARAMETERS, HeaderInput, Resource

if TYPE_CHECKING:
    # Defaults of type variables (PEP 696) are Python's own from 3.13 on.
    from typing_extensions import TypeVar

    _B = TypeVar("_B", default=None)
    _Q = TypeVar("_Q", default=None)
else:
    from typing import TypeVar

    _B = TypeVar("_B")
    _Q = TypeVar("_Q")

_P = ParamSpec("_P")
_Errors = tuple[type[errors.ApiTokensError], ...]


class Access(Frozen):
    """The security ``schemes`` of a call, any one of which suffices, and the errors of checking them.

    The schemes are the OpenAPI document's. Without one, the call is open to everyone.
    """

    schemes: tuple[str, ...]
    raises: _Errors


OPEN = Access((), ())
PERSON = Access(
    ("signIn", "session"),
    (
        errors.NotAuthenticated,
        errors.SignInRefused,
        errors.ApiTokenNotAllowed,
        errors.UserInactive,
        errors.SignInTooSoon,
        errors.CrossSiteRequest,
        errors.SessionChanged,
        errors.TokensUnavailable,
        errors.ConcurrentChange,
        errors.DependencyUnavailable,
    ),
)
ADMIN = replace(PERSON, raises=(*PERSON.raises, errors.AdminRequired))
EVERYONE = Access((), (errors.TokensUnavailable, errors.DependencyUnavailable))
ITSELF = Access(
    ("apiToken",), (errors.InvalidToken, errors.TokensUnavailable, errors.DependencyUnavailable)
)
API_TOKEN = Access(
    ("apiToken",),
    (errors.InvalidToken, errors.InsufficientScope, errors.DependencyUnavailable),
)


class DocumentedResponse(Frozen):
    """A successful response. If ``media_type`` is None, it has no body."""

    status: HTTPStatus = HTTPStatus.OK
    body: type[Resource] | None = None
    headers: tuple[str, ...] = ()
    media_type: str | None = requests.JSON


ENDED = DocumentedResponse(HTTPStatus.NO_CONTENT, headers=("Effective-By",), media_type=None)
CACHE_HEADERS = ("Cache-Control", "ETag")
NOT_MODIFIED = DocumentedResponse(HTTPStatus.NOT_MODIFIED, headers=CACHE_HEADERS, media_type=None)


class Operation(Frozen, Generic[_B, _Q]):
    """One call of the API.

    ``path`` is API Gateway's: ``{name}`` takes one segment, ``{name+}`` takes all that follow.
    ``event`` names its log line. ``raises`` lists its own errors. The errors of access, body and query
    are added to them. ``body`` and ``query`` are read with ``body_of`` and ``query_of`` only, so
    validation and documentation agree. Without ``needs_body`` an absent body has the defaults. With
    ``has_head`` the operation also answers HEAD, with the status and headers of GET.
    """

    method: str
    path: str
    event: str
    tag: str
    access: Access
    responses: tuple[DocumentedResponse, ...]
    body: type[_B] | None = None
    media_type: str = requests.JSON
    needs_body: bool = True
    most_bytes: int = requests.MAX_BODY_BYTES
    most_values: int = requests.MAX_VALUES
    query: type[_Q] | None = None
    headers: tuple[HeaderInput, ...] = ()
    raises: _Errors = ()
    rendering: Rendering = PROBLEMS
    has_head: bool = False

    def __post_init__(self) -> None:
        """Check the path. Raises TypeError if one of its parameters has no definition."""
        undefined = [name for name in self.path_parameters if name not in PATH_PARAMETERS]
        if undefined:
            raise TypeError(f"{self.path} has parameters without a definition: {undefined}")

    def on(
        self, blueprint: Blueprint, authorizer: ChaliceAuthorizer | None = None
    ) -> Callable[[Callable[_P, Response]], Callable[_P, Response]]:
        """Return a decorator that routes the operation to a view and documents it by the view's docstring.

        The view is logged and its errors are rendered.
        """
        methods = [self.method, "HEAD"] if self.has_head else [self.method]

        def wrap(view: Callable[_P, Response]) -> Callable[_P, Response]:
            routed = render_errors(self.event, self.rendering.render, self.rendering.failure)(view)
            # Chalice would refuse other types with 415, also for calls without a body. ``body_of`` checks.
            route = blueprint.route(
                self.path, methods=methods, authorizer=authorizer, content_types=["*/*"]
            )
            route(routed)
            _documented.append(Documented(self, view.__name__, inspect.getdoc(view) or ""))
            return routed

        return wrap

    def body_of(self, request: Request) -> _B:
        """Return the body.

        Raises UnsupportedMediaType, PayloadTooLarge or InvalidRequest. Raises TypeError if the operation
        defines no body.
        """
        if self.body is None:
            raise TypeError(f"{self.event} takes no body")
        return requests.body(
            request,
            self.body,
            self.media_type,
            self.most_bytes,
            self.most_values,
            may_be_absent=not self.needs_body,
        )

    def query_of(self, request: Request) -> _Q:
        """Return the query parameters. Raises InvalidRequest, or TypeError if none are defined."""
        if self.query is None:
            raise TypeError(f"{self.event} takes no query parameters")
        return requests.query(request, self.query)

    @property
    def is_change(self) -> bool:
        """True if the call may change something."""
        return self.method not in requests.SAFE_METHODS

    @property
    def path_parameters(self) -> list[str]:
        """The names of the parameters in the path."""
        return re.findall(r"\{(\w+)\+?\}", self.path)

    @property
    def documented_path(self) -> str:
        """The path in the OpenAPI document, which has no word for greedy parameters."""
        return self.path.replace("+}", "}")

    @property
    def all_raises(self) -> _Errors:
        """The classes of all errors that a caller can get."""
        # Only changes are checked for their origin.
        unchecked = () if self.is_change else (errors.CrossSiteRequest,)
        of_access = [kind for kind in self.access.raises if kind not in unchecked]
        of_input: list[type[errors.ApiTokensError]] = []
        if self.body or self.query:
            of_input.append(errors.InvalidRequest)
        if self.body:
            of_input += [requests.PayloadTooLarge, requests.UnsupportedMediaType]
        return tuple(dict.fromkeys([*of_access, *of_input, *self.raises]))


class Documented(Frozen):
    """An operation and the docstring of its view. The first sentence is the summary."""

    operation: Operation[Any, Any]
    name: str
    words: str

    @property
    def summary(self) -> str:
        """The first sentence of the docstring, without its full stop."""
        return self._paragraphs[0].partition(". ")[0].rstrip(".")

    @property
    def description(self) -> str:
        """The rest of the docstring."""
        first, *others = self._paragraphs
        rest = first.partition(". ")[2]
        return "\n\n".join([rest, *others] if rest else others)

    @property
    def _paragraphs(self) -> list[str]:
        # Docstrings mark code as reStructuredText does, documents as CommonMark.
        words = self.words.replace("``", "`")
        return [" ".join(paragraph.split()) for paragraph in words.split("\n\n")]


_documented: list[Documented] = []


def documented() -> Sequence[Documented]:
    """Return every operation that has a view."""
    return tuple(_documented)
