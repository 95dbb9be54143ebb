"""``/openapi.json`` and ``/docs``: the contract for programs and for people, from one document."""

import json

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.handlers import inputs, openapi, operations, pages, published, reference
from chalicelib.handlers.openapi_texts import Json
from chalicelib.handlers.operations import OPEN, Answer, Operation
from chalicelib.handlers.page import as_page
from chalicelib.handlers.problems import answered
from chalicelib.handlers.published import CACHE_HEADERS, NOT_MODIFIED
from chalicelib.handlers.visits import Site, site_of

documents = Blueprint(__name__)

READ_OPENAPI = Operation(
    "GET",
    "/openapi.json",
    "openapi.read",
    "Documents",
    OPEN,
    (Answer(headers=CACHE_HEADERS), NOT_MODIFIED),
    headers=(inputs.IF_NONE_MATCH,),
    has_head=True,
)


@READ_OPENAPI.on(documents)
def read_openapi() -> Response:
    """Return this document.

    It is made of the definitions that check requests and build answers, for the service as it is
    configured: scopes, security schemes and the path that it is served under.
    """
    request = documents.current_request
    body = json.dumps(_document(site_of(request))) + "\n"
    answer = Response(body, {"Content-Type": "application/json", "X-Content-Type-Options": "nosniff"})
    return published.revalidated(request, answer)


@documents.route("/docs", methods=["GET", "HEAD"], content_types=["*/*"])
@answered("docs.show", as_page)
def show_docs() -> Response:
    """Show the reference to people."""
    request = documents.current_request
    site = site_of(request)
    content = reference.content(_document(site), site)
    return published.revalidated(request, pages.page(site, "reference.html", {}, markup=content))


def _document(site: Site) -> Json:
    return openapi.document(operations.documented(), bootstrap.current().scopes, site)
