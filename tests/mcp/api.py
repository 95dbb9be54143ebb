"""The API of the example's template at the local gateway, with the authorizer and the server behind it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from chalice.app import Chalice, Response
from chalice.config import Config

from chalicelib.handlers.front_doors import rest_request_authorizer
from infra.local.gateway import Gateway
from infra.local.http_server import create_server
from infra.local.responses import GatewayResponses
from infra.local.template import PROJECT_ROOT, read_template
from tests.attach import cloudformation
from tests.attach.cloudformation import Template
from tests.attach.page import values_of
from tests.infra.tiny_app import EventRequest, TinyApp
from tests.support.events import Context

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

EXAMPLE = PROJECT_ROOT / "docs" / "examples" / "mcp"
PROTECTED: list[dict[str, list[str]]] = [{"ApiToken": []}]
_ANY = "x-amazon-apigateway-any-method"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_RESPONSES = "x-amazon-apigateway-gateway-responses"


def template() -> Template:
    """Return what CloudFormation gets, with the code where ``sam package`` puts it."""
    read = cloudformation.read((EXAMPLE / "template.yaml").read_text(encoding="utf-8"))
    read["Resources"]["McpServer"]["Properties"]["CodeUri"] = "s3://example/code.zip"
    return cloudformation.transformed(read)


def paths_of(translated: Template) -> dict[str, dict[str, Any]]:
    """Return the paths of the API, with the methods of each."""
    (paths,) = values_of(translated, "paths")
    return dict(paths)


def responses_of(translated: Template) -> dict[str, dict[str, Any]]:
    """Return the gateway responses of the API, as its definition has them."""
    (responses,) = values_of(translated, _RESPONSES)
    return dict(responses)


class OneAtATime:
    """A process of a function. It serves one event at a time, on one thread, as on Lambda."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._thread = ThreadPoolExecutor(1)
        self._loop = asyncio.new_event_loop()
        self._thread.submit(asyncio.set_event_loop, self._loop).result()

    def serve(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the response of the function."""
        return self._thread.submit(self._handler, event, Context()).result()

    def stop(self) -> None:
        """End the process."""
        self._thread.shutdown()
        self._loop.close()


@contextmanager
def serving(translated: Template, handler: Handler, port: int, values: Mapping[str, str]) -> Iterator[None]:
    """Serve the template's API on a port. ``values`` are those of the template's parameters."""
    function = OneAtATime(handler)
    (authorizer,) = cloudformation.authorizers(translated)
    gateway = Gateway(
        _app(translated, function),
        Config.create(app_name="mcp"),
        GatewayResponses(_as_resources(responses_of(translated), values)),
        identity_sources=authorizer.identity,
    )
    server = create_server(gateway, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        function.stop()


def _app(translated: Template, function: OneAtATime) -> Chalice:
    app = TinyApp(app_name="mcp")

    @app.authorizer()
    def guard(request: EventRequest) -> dict[str, Any]:
        return rest_request_authorizer(request.event, Context())

    def view() -> Response:
        assert app.current_request
        got = function.serve(app.current_request.to_original_event())
        headers = {**got["headers"], **got.get("multiValueHeaders", {})}
        return Response(got["body"], headers, got["statusCode"])

    for path, methods in paths_of(translated).items():
        for method, described in methods.items():
            names = _METHODS if method == _ANY else [method.upper()]
            asked = guard if described["security"] == PROTECTED else None
            app.route(path, methods=names, authorizer=asked)(view)
    return app


def _as_resources(responses: Mapping[str, Any], values: Mapping[str, str]) -> Template:
    """Return the responses as resources of a template. The gateway's own come from the token service's."""
    resources = {
        kind: {
            "Type": "AWS::ApiGateway::GatewayResponse",
            "Properties": {
                "ResponseType": kind,
                "StatusCode": response["statusCode"],
                "ResponseParameters": _with_values(response["responseParameters"], values),
                "ResponseTemplates": response["responseTemplates"],
            },
        }
        for kind, response in responses.items()
    }
    return {"Resources": {**read_template()["Resources"], **resources}}


def _with_values(texts: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """Return texts as CloudFormation writes them, with the values of parameters."""
    done = {}
    for name, text in texts.items():
        written = text["Fn::Sub"] if isinstance(text, dict) else text
        for parameter, value in values.items():
            written = written.replace(f"${{{parameter}}}", value)
        done[name] = written
    return done
