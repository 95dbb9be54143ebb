"""``/openapi.json`` and ``/docs``: one contract, for programs and for people."""

import json
from collections.abc import Mapping
from functools import lru_cache

from chalice.app import Blueprint, Request, Response

from chalicelib import bootstrap
from chalicelib.bootstrap import Mode
from chalicelib.handlers.docs import openapi, reference
from chalicelib.handlers.docs.texts import Json
from chalicelib.handlers.http import operations, pages, responses
from chalicelib.handlers.http.operations import (
    CACHE_HEADERS,
    NOT_MODIFIED,
    OPEN,
    DocumentedResponse,
    Operation,
)
from chalicelib.handlers.http.problems import render_errors
from chalicelib.handlers.http.site import Site, site_at, site_of
from chalicelib.handlers.http.wire import IF_NONE_MATCH

documents = Blueprint(__name__)

READ_OPENAPI = Operation(
    "GET",
    "/openapi.json",
    "openapi.read",
    "Documents",
    OPEN,
    (DocumentedResponse(headers=CACHE_HEADERS), NOT_MODIFIED),
    headers=(IF_NONE_MATCH,),
    has_head=True,
)


@READ_OPENAPI.on(documents)
def read_openapi() -> Response:
    """Return this document.

    It is made of the definitions that check requests and build responses. It shows the scopes, the
    credentials and the address of the service as configured.
    """
    request = documents.current_request
    text = json.dumps(_document(*_published(request))) + "\n"
    response = Response(text, {"Content-Type": "application/json"})
    return responses.revalidated(request, response)


@documents.route("/docs", methods=["GET", "HEAD"], content_types=["*/*"])
@render_errors("docs.show")
def show_docs() -> Response:
    """Show the reference to people."""
    request = documents.current_request
    content = _content(*_published(request))
    page = pages.page(site_of(request), "reference.html", {}, markup=content)
    return responses.revalidated(request, page)


def _published(request: Request) -> tuple[Mode, Site]:
    """Return the service and the site that its documents name.

    The site comes from ``ISSUER``, never from the request. Open mode needs no ``ISSUER``. Without it the
    documents name the path alone.
    """
    service = bootstrap.current()
    issuer = service.published_at
    return service, site_at(issuer) if issuer else Site("", site_of(request).prefix)


# Each process makes the document once; in open mode once for each base path.
@lru_cache(maxsize=4)
def _document(service: Mode, site: Site) -> Json:
    return openapi.document(operations.documented(), service.catalogue, service.max_lifetime, site)


@lru_cache(maxsize=4)
def _content(service: Mode, site: Site) -> Mapping[str, str]:
    return reference.content(_document(service, site))
