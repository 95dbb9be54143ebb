"""Parts of the reference page as HTML. Every text is escaped here."""

import html
import json
import re
from collections.abc import Iterable, Sequence

from chalicelib.handlers.docs.texts import Json

_LONGEST_PATTERN = 60
_CODE = re.compile(r"`([^`]+)`")


def kind(schema: Json) -> str:
    """Return the type of a value and its limits, in words."""
    return _bare_kind(schema) + "".join(f"; {inline(limit)}" for limit in _limits(schema))


def _bare_kind(schema: Json) -> str:
    if "$ref" in schema:
        name = name_of(schema)
        return f'<a href="#definition-{slug(name)}">{escaped(name)}</a>'
    if "anyOf" in schema and "properties" not in schema:
        return " or ".join(kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{escaped(str(value))}</code>" for value in schema["enum"])
    named = str(schema.get("type", "any value"))
    if named == "array":
        item = kind(schema["items"])
        return f"list of {item}s" if item == "string" else f"list of {item}"
    return escaped(schema.get("format", named) if named == "string" else named)


def name_of(schema: Json) -> str:
    """Return the name of the definition that a schema refers to."""
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


def needed(required: bool) -> str:
    """Return the mark of a required value, or an empty text."""
    return ' <span class="needed">required</span>' if required else ""


def table(name: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Its cells are HTML already."""
    head = "".join(f'<th scope="col">{escaped(each)}</th>' for each in heads)
    body = "".join(f"<tr>{''.join(map(_cell, heads, row))}</tr>" for row in rows)
    return (
        f'<table class="reference"><caption>{escaped(name)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(head: str, content: str) -> str:
    return f'<td data-head="{escaped(head)}">{content}</td>'


def rich(text: str) -> str:
    """Return a text as HTML. It may have paragraphs, lists with ``- ``, and `` ` `` around code."""
    return "".join(_block(block.splitlines()) for block in text.split("\n\n") if block.strip())


def _block(lines: Sequence[str]) -> str:
    if all(line.startswith("- ") for line in lines):
        return "<ul>" + "".join(f"<li>{inline(line[2:])}</li>" for line in lines) + "</ul>"
    return f"<p>{inline(' '.join(lines))}</p>"


def inline(text: str) -> str:
    """Return a text as HTML; `` ` `` marks code."""
    return _CODE.sub(r"<code>\1</code>", escaped(text))


def escaped(text: str) -> str:
    """Return a text with the characters escaped that HTML gives a meaning to."""
    return html.escape(text, quote=True)


def slug(name: str) -> str:
    """Return a name in the form of a URL fragment."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())
