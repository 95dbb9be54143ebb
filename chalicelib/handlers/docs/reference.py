"""The content of the reference page, written from the OpenAPI document alone.

Every text of the document is escaped when it becomes markup.
"""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chalicelib.handlers.docs.markup import (
    escaped,
    inline,
    kind,
    name_of,
    needed,
    rich,
    slug,
    table,
)
from chalicelib.handlers.docs.texts import Json

_ACCESS = {
    "signIn": "a person's sign-in",
    "session": "the page's session",
    "apiToken": "an API token",
    "client": "a resource server",
}

# Credentials come from the environment, never from the page.
_CREDENTIALS = {
    "signIn": '--header "Authorization: Bearer $JWT"',
    "apiToken": '--header "Authorization: Bearer $API_TOKEN"',
    "client": '--user "$CLIENT_ID:$CLIENT_SECRET"',
}


def content(document: Json) -> Mapping[str, str]:
    """Return the parts of the page as markup."""
    return {
        "title": escaped(document["info"]["title"]),
        "version": escaped(document["info"]["version"]),
        "about": rich(document["info"]["description"]),
        "contents": _contents(document),
        "credentials": _credentials(document),
        "sections": "".join(_section(tag, document) for tag in document["tags"]),
        "definitions": "".join(_definitions(document["components"]["schemas"])),
    }


def _operations(document: Json, tag: str) -> Iterable[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield method.upper(), path, operation


def _contents(document: Json) -> str:
    return "".join(
        f'<li><a href="#{slug(tag["name"])}">{escaped(tag["name"])}</a><ul>'
        + "".join(
            f'<li><a href="#{operation["operationId"]}">{inline(operation["summary"])}</a></li>'
            for _, _, operation in _operations(document, tag["name"])
        )
        + "</ul></li>"
        for tag in document["tags"]
    )


def _credentials(document: Json) -> str:
    rows = [
        (f"<code>{escaped(name)}</code>", escaped(_kind_of_scheme(scheme)), rich(scheme["description"]))
        for name, scheme in document["components"]["securitySchemes"].items()
    ]
    return table("Ways to authenticate", ("Name", "Sent as", "Description"), rows)


def _kind_of_scheme(scheme: Json) -> str:
    if scheme["type"] == "http":
        return f"Authorization: {scheme['scheme'].title()}"
    return f"{scheme['in'].title()} {scheme['name']}"


def _section(tag: Json, document: Json) -> str:
    anchor = slug(tag["name"])
    schemas = document["components"]["schemas"]
    server = document["servers"][0]["url"]
    written = "".join(_operation(*each, schemas, server) for each in _operations(document, tag["name"]))
    return (
        f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{escaped(tag["name"])}</h2>'
        f'<div class="lede">{rich(tag["description"])}</div>{written}</section>'
    )


def _operation(method: str, path: str, operation: Json, schemas: Mapping[str, Json], server: str) -> str:
    name = operation["operationId"]
    shown = escaped(path).replace("{", "<var>{").replace("}", "}</var>").replace("/", "/<wbr>")
    parts = [
        f'<article class="operation" aria-labelledby="{name}">',
        f'<h3 id="{name}"><a href="#{name}">{inline(operation["summary"])}</a></h3>',
        f'<p class="call"><span class="method {method.lower()}">{method}</span> <code>{shown}</code></p>',
        rich(operation.get("description", "")),
        f'<p class="access">Open to {_access(operation["security"])}.</p>',
        _parameters(operation),
        _body(operation, schemas),
        _example(method, path, operation, server),
        _responses(operation),
        "</article>",
    ]
    return "".join(parts)


def _access(security: Sequence[Json]) -> str:
    named = [_ACCESS.get(name, name) for each in security for name in list(each)[:1]]
    return escaped(" or ".join(named)) if named else "all callers"


def _parameters(operation: Json) -> str:
    rows = [
        (
            f"<code>{escaped(each['name'])}</code>{needed(each.get('required', False))}",
            escaped(each["in"]),
            kind(each["schema"]),
            rich(each.get("description", "")),
        )
        for each in operation.get("parameters", ())
    ]
    return table("Parameters", ("Name", "In", "Type", "Description"), rows) if rows else ""


def _body(operation: Json, schemas: Mapping[str, Json]) -> str:
    if "requestBody" not in operation:
        return ""
    body = operation["requestBody"]
    written = [
        f"<p>Body: {kind(content['schema'])} as <code>{escaped(media_type)}</code>. "
        f"{escaped(body['description'])}</p>"
        + _members(f"Members of {name_of(content['schema'])}", schemas[name_of(content["schema"])])
        for media_type, content in body["content"].items()
    ]
    return "".join(written)


def _example(method: str, path: str, operation: Json, server: str) -> str:
    """Return the call as a shell command."""
    lines = ["curl" if method == "GET" else f"curl --request {method}"]
    usual = operation["security"][0] if operation["security"] else {}
    lines += [_CREDENTIALS[name] for name in usual if name in _CREDENTIALS]
    for media_type, content in operation.get("requestBody", {"content": {}})["content"].items():
        lines.append(f"--header 'Content-Type: {media_type}'")
        lines += _data(media_type, content.get("example", {}))
    for each in operation.get("parameters", ()):
        path = path.replace(f"{{{each['name']}}}", str(each.get("example", "")))
    address = shlex.quote(server.rstrip("/") + path)
    # Open mode may not know its own host.
    lines.append(f'"$URL"{address}' if server.startswith("/") else address)
    command = " \\\n  ".join(lines)
    label = f"Example of {operation['operationId']}"
    return f'<pre tabindex="0" role="region" aria-label="{label}"><code>{escaped(command)}</code></pre>'


def _data(media_type: str, example: Mapping[str, Any]) -> list[str]:
    if media_type == "application/json":
        return ["--data " + shlex.quote(json.dumps(example, indent=2).replace("\n", "\n  "))]
    return [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in example.items()]


def _responses(operation: Json) -> str:
    rows = [
        (f"<strong>{status}</strong>", rich(response["description"]), _content_of(response))
        for status, response in operation["responses"].items()
    ]
    return table("Responses", ("Status", "Meaning", "Content"), rows)


def _content_of(response: Json) -> str:
    bodies = [kind(content["schema"]) for content in response.get("content", {}).values()]
    headers = [f"<code>{escaped(name)}</code>" for name in response.get("headers", ())]
    return ", ".join(bodies + headers) or "nothing"


def _definitions(schemas: Mapping[str, Json]) -> Iterable[str]:
    for name, schema in schemas.items():
        anchor = f"definition-{slug(name)}"
        yield f'<article class="operation" aria-labelledby="{anchor}">'
        yield f'<h3 id="{anchor}">{escaped(name)}</h3>'
        yield rich(schema.get("description", ""))
        if "properties" in schema:
            yield _members(f"Members of {name}", schema)
        else:
            yield f"<p>{kind(schema)}</p>"
        yield "</article>"


def _members(caption: str, schema: Json) -> str:
    required = schema.get("required", ())
    rows = [
        (f"<code>{escaped(name)}</code>{needed(name in required)}", kind(member), rich(_words(member)))
        for name, member in schema["properties"].items()
    ]
    return table(caption, ("Member", "Type", "Description"), rows)


def _words(member: Json) -> str:
    """Return the description of a member, or that of one of its alternatives."""
    described = (
        each["description"] for each in (member, *member.get("anyOf", ())) if "description" in each
    )
    return next(described, "")
