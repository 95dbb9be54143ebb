"""The OpenAPI document (3.1), made of the operations and their definitions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from chalicelib.domain.scopes import ScopeCatalogue
from chalicelib.handlers.docs.openapi_responses import REFERENCE, failures, reference, success
from chalicelib.handlers.docs.texts import (
    COMPANIONS,
    HEADERS,
    INFO,
    SCHEMES,
    TAGS,
    Json,
)
from chalicelib.handlers.http.cookies import SESSION_COOKIE
from chalicelib.handlers.http.credentials import CSRF_HEADER, EXPECTED_USER_HEADER
from chalicelib.handlers.http.operations import Documented, Operation
from chalicelib.handlers.http.problems import PROBLEMS
from chalicelib.handlers.http.requests import FORM, JSON, MAX_DEPTH
from chalicelib.handlers.http.site import Site
from chalicelib.handlers.http.wire import (
    LIFETIME_MARK,
    PATH_PARAMETERS,
    SCOPE_SCHEMA,
    TEXT_SCHEMAS,
    HeaderInput,
)

AnyOperation = Operation[Any, Any]


def document(
    operations: Sequence[Documented], catalogue: ScopeCatalogue, max_lifetime: timedelta | None, site: Site
) -> Json:
    """Return the document of these operations at ``site``, whose origin may be empty."""
    schemas = _with_lifetimes(_schemas(operations), max_lifetime)
    queries = {each.operation.query.__name__ for each in operations if each.operation.query}
    shared = {name: schema for name, schema in schemas.items() if name not in queries}
    used = {scheme for each in operations for scheme in each.operation.access.schemes}
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": INFO,
        "servers": [{"url": site.url("") or "/"}],
        "tags": [{"name": tag, "description": TAGS.get(tag, tag)} for tag in _tags(operations)],
        "paths": _paths(operations, schemas),
        "components": {
            "schemas": {**shared, SCOPE_SCHEMA: _scope(catalogue), **TEXT_SCHEMAS},
            "headers": HEADERS,
            "securitySchemes": _security_schemes(used, site),
        },
    }


def _tags(operations: Sequence[Documented]) -> Iterable[str]:
    used = {each.operation.tag for each in operations}
    return [tag for tag in TAGS if tag in used] + sorted(used - TAGS.keys())


def _schemas(operations: Sequence[Documented]) -> dict[str, Json]:
    kinds: dict[type, None] = {}
    for each in operations:
        operation = each.operation
        bodies = [response.body for response in operation.responses]
        for kind in (operation.body, operation.query, operation.rendering.body, PROBLEMS.body, *bodies):
            if kind is not None:
                kinds[kind] = None
    _, components = msgspec.json.schema_components(list(kinds), ref_template=REFERENCE)
    for kind in kinds:
        components[kind.__name__] |= getattr(kind, "SCHEMA", {})
    for each in operations:
        if each.operation.media_type == FORM and each.operation.body:
            # Other fields of a form are ignored, but each must be text and given once.
            components[each.operation.body.__name__].setdefault("additionalProperties", {"type": "string"})
    return {name: _tidy(schema) for name, schema in sorted(components.items())}


def _with_lifetimes(schema: Any, longest: timedelta | None) -> Any:
    """Return a schema in which members that are lifetimes have the longest lifetime of this service."""
    if isinstance(schema, list | tuple):
        return [_with_lifetimes(each, longest) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    written = {key: _with_lifetimes(each, longest) for key, each in schema.items() if key != LIFETIME_MARK}
    if LIFETIME_MARK in schema and longest:
        days = longest.days
        written |= {
            "maximum": days,
            "description": f"Days until the token expires. If it is null or absent, they are {days}.",
            "examples": [min(days, *schema["examples"])],
        }
    return written


def _tidy(schema: Json) -> Json:
    """Return a schema with its description in one line. All enumerations here are of strings."""
    description = (
        {"description": " ".join(schema["description"].split())} if "description" in schema else {}
    )
    return {**schema, **description, **({"type": "string"} if "enum" in schema else {})}


def _scope(catalogue: ScopeCatalogue) -> Json:
    described = "\n".join(f"- `{scope.name}`: {scope.description}" for scope in catalogue.scopes)
    return {
        "title": SCOPE_SCHEMA,
        "type": "string",
        "enum": [scope.name for scope in catalogue.scopes],
        "description": f"A scope of this service.\n\n{described}",
    }


def _security_schemes(used: set[str], site: Site) -> Json:
    schemes = {name: scheme for name, scheme in SCHEMES.items() if name in used}
    if "session" in used:
        schemes["session"] = {
            "type": "apiKey",
            "in": "cookie",
            "name": SESSION_COOKIE.named(site),
            "description": "The session of a person at the page. Only the page's own scripts use it. A "
            f"call may name the id of its user in `{EXPECTED_USER_HEADER}`. If the session is another "
            "person's, the response is 412 `session_changed`. With a JWT the header is ignored.",
        }
        schemes[COMPANIONS["session"]] = {
            "type": "apiKey",
            "in": "header",
            "name": CSRF_HEADER,
            "description": "The secret of the session. Every change needs it beside the cookie.",
        }
    return schemes


def _paths(operations: Sequence[Documented], schemas: Mapping[str, Json]) -> Json:
    paths: dict[str, Json] = {}
    for each in sorted(operations, key=lambda each: each.operation.path):
        methods = paths.setdefault(each.operation.documented_path, {})
        methods[each.operation.method.lower()] = _operation(each, schemas)
    return paths


def _operation(each: Documented, schemas: Mapping[str, Json]) -> Json:
    operation = each.operation
    written: Json = {
        "operationId": each.name,
        "tags": [operation.tag],
        "summary": each.summary,
        "security": _security(operation),
    }
    if each.description:
        written["description"] = each.description
    if parameters := _parameters(operation, schemas):
        written["parameters"] = parameters
    if operation.body:
        written["requestBody"] = _request_body(operation, operation.body, schemas)
    successes = {str(each.status.value): success(each) for each in operation.responses}
    written["responses"] = {**successes, **failures(operation)}
    return written


def _security(operation: AnyOperation) -> list[Json]:
    alternatives: list[Json] = []
    for scheme in operation.access.schemes:
        companion = COMPANIONS.get(scheme) if operation.is_change else None
        alternatives.append({scheme: [], **({companion: []} if companion else {})})
    return alternatives


def _parameters(operation: AnyOperation, schemas: Mapping[str, Json]) -> list[Json]:
    in_path = [
        {"name": name, "in": "path", "required": True, **PATH_PARAMETERS[name]}
        for name in operation.path_parameters
    ]
    in_query = _query_parameters(schemas[operation.query.__name__]) if operation.query else []
    return [*in_path, *in_query, *map(_header_parameter, operation.headers)]


def _query_parameters(schema: Json) -> list[Json]:
    return [
        {"name": name, "in": "query", "required": name in schema["required"], **_lifted(described)}
        for name, described in schema["properties"].items()
    ]


def _lifted(schema: Json) -> Json:
    """Return a parameter with its description beside its schema, where readers look for it."""
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {"description": schema.get("description", ""), "schema": rest}


def _header_parameter(header: HeaderInput) -> Json:
    return {
        "name": header.name,
        "in": "header",
        "required": header.is_required,
        "description": header.description,
        "schema": header.schema,
    }


def _request_body(operation: AnyOperation, kind: type, schemas: Mapping[str, Json]) -> Json:
    name = kind.__name__
    members = schemas[name]["properties"]
    example = {key: each["examples"][0] for key, each in _with_examples(members)}
    content: Json = {"schema": reference(name)}
    if example:
        content["example"] = example
    description = f"At most {operation.most_bytes} bytes."
    if operation.media_type == JSON:
        description += f" At most {operation.most_values} values, nested at most {MAX_DEPTH} deep."
    return {
        "required": operation.needs_body,
        "description": description,
        "content": {operation.media_type: content},
    }


def _with_examples(members: Mapping[str, Json]) -> Iterable[tuple[str, Json]]:
    for name, schema in members.items():
        for alternative in (schema, *schema.get("anyOf", ())):
            if "examples" in alternative:
                yield name, alternative
                break
