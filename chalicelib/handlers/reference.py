"""The reference page's content, written from the OpenAPI document and from nothing else.

Every text of the document is escaped where it becomes markup.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chalicelib.handlers.openapi import Json
from chalicelib.handlers.visits import Site

_LONGEST_PATTERN = 60
_CODE = re.compile(r"`([^`]+)`")
_ACCESS = {
    "signIn": "a person's sign-in",
    "session": "the page's session",
    "apiToken": "an API token",
    "client": "a resource server",
}


def content(document: Json, site: Site) -> Mapping[str, str]:
    """Return the parts of the page as markup."""
    return {
        "title": _text(document["info"]["title"]),
        "version": _text(document["info"]["version"]),
        "about": _rich(document["info"]["description"]),
        "contents": _contents(document),
        "credentials": _credentials(document),
        "sections": "".join(_section(tag, document, site) for tag in document["tags"]),
        "definitions": "".join(_definitions(document["components"]["schemas"])),
    }


def _operations(document: Json, tag: str) -> Iterable[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield method.upper(), path, operation


def _contents(document: Json) -> str:
    return "".join(
        f'<li><a href="#{_slug(tag["name"])}">{_text(tag["name"])}</a><ul>'
        + "".join(
            f'<li><a href="#{operation["operationId"]}">{_inline(operation["summary"])}</a></li>'
            for _, _, operation in _operations(document, tag["name"])
        )
        + "</ul></li>"
        for tag in document["tags"]
    )


def _credentials(document: Json) -> str:
    rows = [
        (f"<code>{_text(name)}</code>", _text(_kind_of_scheme(scheme)), _rich(scheme["description"]))
        for name, scheme in document["components"]["securitySchemes"].items()
    ]
    return _table("Ways to authenticate", ("Name", "Sent as", "What it is"), rows)


def _kind_of_scheme(scheme: Json) -> str:
    if scheme["type"] == "http":
        return f"Authorization: {scheme['scheme'].title()}"
    return f"{scheme['in'].title()} {scheme['name']}"


def _section(tag: Json, document: Json, site: Site) -> str:
    slug = _slug(tag["name"])
    schemas = document["components"]["schemas"]
    written = "".join(_operation(*each, schemas, site) for each in _operations(document, tag["name"]))
    return (
        f'<section aria-labelledby="{slug}"><h2 id="{slug}">{_text(tag["name"])}</h2>'
        f'<div class="lede">{_rich(tag["description"])}</div>{written}</section>'
    )


def _operation(method: str, path: str, operation: Json, schemas: Mapping[str, Json], site: Site) -> str:
    name = operation["operationId"]
    shown = _text(path).replace("{", "<var>{").replace("}", "}</var>").replace("/", "/<wbr>")
    parts = [
        f'<article class="operation" aria-labelledby="{name}">',
        f'<h3 id="{name}"><a href="#{name}">{_inline(operation["summary"])}</a></h3>',
        f'<p class="call"><span class="method {method.lower()}">{method}</span> <code>{shown}</code></p>',
        _rich(operation.get("description", "")),
        f'<p class="access">Open to {_access(operation["security"])}.</p>',
        _parameters(operation),
        _body(operation, schemas),
        _example(method, path, operation, site),
        _answers(operation),
        "</article>",
    ]
    return "".join(parts)


def _access(security: Sequence[Json]) -> str:
    named = [_ACCESS.get(name, name) for each in security for name in list(each)[:1]]
    return _text(" or ".join(named)) if named else "everybody"


def _parameters(operation: Json) -> str:
    rows = [
        (
            f"<code>{_text(each['name'])}</code>{_needed(each.get('required', False))}",
            _text(each["in"]),
            _type(each["schema"]),
            _rich(each.get("description", "")),
        )
        for each in operation.get("parameters", ())
    ]
    return _table("Parameters", ("Name", "In", "Type", "What it is"), rows) if rows else ""


def _body(operation: Json, schemas: Mapping[str, Json]) -> str:
    if "requestBody" not in operation:
        return ""
    body = operation["requestBody"]
    written = [
        f"<p>Body: {_type(kind['schema'])} as <code>{_text(media_type)}</code>. "
        f"{_text(body['description'])}</p>"
        + _members(f"Members of {_name(kind['schema'])}", schemas[_name(kind["schema"])])
        for media_type, kind in body["content"].items()
    ]
    return "".join(written)


def _example(method: str, path: str, operation: Json, site: Site) -> str:
    """Return the call as a command; credentials come from the environment, never from the page."""
    lines = ["curl" if method == "GET" else f"curl --request {method}"]
    if operation["security"]:
        token = "$API_TOKEN" if "apiToken" in operation["security"][0] else "$JWT"
        lines.append(f'--header "Authorization: Bearer {token}"')
    for media_type, kind in operation.get("requestBody", {"content": {}})["content"].items():
        lines.append(f"--header 'Content-Type: {media_type}'")
        lines += _data(media_type, kind.get("example", {}))
    for each in operation.get("parameters", ()):
        path = path.replace(f"{{{each['name']}}}", str(each.get("example", "")))
    lines.append(f"'{site.url(path)}'")
    command = " \\\n  ".join(lines)
    label = f"Example of {operation['operationId']}"
    return f'<pre tabindex="0" role="region" aria-label="{label}"><code>{_text(command)}</code></pre>'


def _data(media_type: str, example: Mapping[str, Any]) -> list[str]:
    if media_type == "application/json":
        quoted = json.dumps(example, indent=2).replace("'", "'\\''").replace("\n", "\n  ")
        return [f"--data '{quoted}'"]
    return [f"--data-urlencode '{name}={value}'" for name, value in example.items()]


def _answers(operation: Json) -> str:
    rows = [
        (f"<strong>{status}</strong>", _answer(answer), _headers(answer))
        for status, answer in operation["responses"].items()
    ]
    return _table("Answers", ("Status", "Meaning", "Carries"), rows)


def _answer(answer: Json) -> str:
    return _rich(answer["description"])


def _headers(answer: Json) -> str:
    bodies = [_type(kind["schema"]) for kind in answer.get("content", {}).values()]
    headers = [f"<code>{_text(name)}</code>" for name in answer.get("headers", ())]
    return ", ".join(bodies + headers) or "nothing"


def _definitions(schemas: Mapping[str, Json]) -> Iterable[str]:
    for name, schema in schemas.items():
        slug = f"definition-{_slug(name)}"
        yield f'<article class="operation" aria-labelledby="{slug}"><h3 id="{slug}">{_text(name)}</h3>'
        yield _rich(schema.get("description", ""))
        if "properties" in schema:
            yield _members(f"Members of {name}", schema)
        else:
            yield f"<p>{_type(schema)}</p>"
        yield "</article>"


def _members(caption: str, schema: Json) -> str:
    needed = schema.get("required", ())
    rows = [
        (f"<code>{_text(name)}</code>{_needed(name in needed)}", _type(member), _rich(_words(member)))
        for name, member in schema["properties"].items()
    ]
    return _table(caption, ("Member", "Type", "What it is"), rows)


def _words(member: Json) -> str:
    """Return what a member says of itself, or what one of its alternatives says."""
    described = (
        each["description"] for each in (member, *member.get("anyOf", ())) if "description" in each
    )
    return next(described, "")


def _type(schema: Json) -> str:
    """Return what a value must be, in words."""
    return _kind(schema) + "".join(f"; {_inline(limit)}" for limit in _limits(schema))


def _kind(schema: Json) -> str:
    if "$ref" in schema:
        name = _name(schema)
        return f'<a href="#definition-{_slug(name)}">{_text(name)}</a>'
    if "anyOf" in schema and "properties" not in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{_text(str(value))}</code>" for value in schema["enum"])
    kind = str(schema.get("type", "any value"))
    if kind == "array":
        item = _type(schema["items"])
        return f"list of {item}s" if item == "string" else f"list of {item}"
    return _text(schema.get("format", kind) if kind == "string" else kind)


def _name(schema: Json) -> str:
    return str(schema["$ref"].rpartition("/")[2])


def _limits(schema: Json) -> Iterable[str]:
    if "minimum" in schema and "maximum" in schema:
        yield f"{schema['minimum']} to {schema['maximum']}"
    elif "minimum" in schema:
        yield f"at least {schema['minimum']}"
    if "minItems" in schema:
        yield f"at least {schema['minItems']}"
    if "maxItems" in schema:
        yield f"at most {schema['maxItems']}"
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']} characters"
    if len(schema.get("pattern", "")) in range(1, _LONGEST_PATTERN):
        yield f"matches `{schema['pattern']}`"
    if schema.get("default") not in (None, ""):
        yield f"default `{json.dumps(schema['default'])}`"


def _needed(required: bool) -> str:
    return ' <span class="needed">required</span>' if required else ""


def _table(name: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{_text(each)}</th>' for each in heads)
    body = "".join(f"<tr>{''.join(map(_cell, heads, row))}</tr>" for row in rows)
    return (
        f'<table class="reference"><caption>{_text(name)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(head: str, content: str) -> str:
    return f'<td data-head="{_text(head)}">{content}</td>'


def _rich(text: str) -> str:
    """Return paragraphs and lists of a text in which only `` ` `` and leading ``- `` mean anything."""
    return "".join(_block(block.splitlines()) for block in text.split("\n\n") if block.strip())


def _block(lines: Sequence[str]) -> str:
    if all(line.startswith("- ") for line in lines):
        return "<ul>" + "".join(f"<li>{_inline(line[2:])}</li>" for line in lines) + "</ul>"
    return f"<p>{_inline(' '.join(lines))}</p>"


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", _text(text))


def _text(text: str) -> str:
    return html.escape(text, quote=True)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())
