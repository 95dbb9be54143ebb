"""The command ``cost``, and the tables of docs/cost.md."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from infra.aws.errors import OperatorError
from infra.aws.operate.bill import Line, Load, fixed, total, variable
from infra.aws.operate.prices import DEFAULT_REGION, REGIONS, Item, price

EXAMPLES = (
    Load(),
    Load(0.1, 20),
    Load(10, 1_000),
    Load(10, 1_000, 0.9),
    Load(1_000, 10_000),
    Load(1_000, 10_000, 0.9),
)
"""The uses of the page."""
_GATEWAYS = {"rest": Item.REST_REQUEST, "http": Item.HTTP_REQUEST}
_EXAMPLES_HEAD = ("requests a second", "tokens", "cached", "this service", "requests to your REST API")


def table(lines: Sequence[Line], region: str, name: str) -> list[str]:
    """Return the lines of a Markdown table, with the sum at the end.

    A star marks a price of ``us-east-1``, because none was found for the region.
    """
    rows = [
        f"| {line.text} | {line.amount:,.4g} | {line.dollars(region):,.2f}{_mark(line, region)} |"
        for line in lines
    ]
    head = ["| line | amount | dollars a month |", "|---|---|---|"]
    return [*head, *rows, f"| **{name}** | | **{total(lines, region):,.2f}** |"]


def _mark(line: Line, region: str) -> str:
    return "" if price(region, line.item).region == region else " *"


def examples() -> list[str]:
    """Return the lines of a Markdown table: some uses at a REST API in ``us-east-1``."""
    idle = total(fixed(), DEFAULT_REGION)
    lines = [f"| {' | '.join(_EXAMPLES_HEAD)} |", "|---" * len(_EXAMPLES_HEAD) + "|"]
    for load in EXAMPLES:
        gateway, *ours = variable(load, Item.REST_REQUEST)
        api, rest = gateway.dollars(DEFAULT_REGION), total(ours, DEFAULT_REGION)
        cells = f"{load.rate:,g} | {load.tokens:,} | {load.cached:.0%} | {idle + rest:,.2f} | {api:,.2f}"
        lines.append(f"| {cells} |")
    return lines


def price_table() -> list[str]:
    """Return the lines of a Markdown table: each price, with the day at which it was read."""
    head = ["for one", *(f"{region} | read" for region in REGIONS)]
    rows = [f"| {' | '.join(head)} |", "|---" * (1 + 2 * len(REGIONS)) + "|"]
    for item in Item:
        found = [(region, price(region, item)) for region in REGIONS]
        cells = [f"{p.dollars:g} | {p.read_on}" if p.region == r else "not found | " for r, p in found]
        rows.append(f"| {item.value} | {' | '.join(cells)} |")
    return rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the use of the stack. ``run`` reads the values, because argparse would name no value of make."""
    parser.add_argument("--rate", default="0", help="requests a second, the month's average")
    parser.add_argument("--tokens", default="0", help="tokens that work")
    parser.add_argument("--cached", default="0", help="percent of requests decided by the cache")
    parser.add_argument("--region", default=DEFAULT_REGION, help=", ".join(REGIONS))
    parser.add_argument("--api", default="rest", help="the kind of your API: rest or http")


def run(options: argparse.Namespace) -> None:
    """Print the fixed cost, and then that of the use. Raises OperatorError for an impossible use."""
    load, region = load_of(options), options.region
    if region not in REGIONS:
        raise OperatorError(f"REGION {region!r} has no prices here. Choose {' or '.join(REGIONS)}.")
    if options.api not in _GATEWAYS:
        raise OperatorError(f"API is the kind of your API, rest or http. {options.api!r} is not valid.")
    idle, used = fixed(), variable(load, _GATEWAYS[options.api])
    parts = [(idle, f"An idle stack, {region}"), (used, "The use")]
    for lines, name in parts:
        print("\n".join([*table(lines, region, name), ""]))
    both, api = total([*idle, *used], region), used[0].dollars(region)
    print(f"Together: ${both:,.2f} a month. Free tiers are not subtracted.")
    print(f"This service: ${both - api:,.2f}. The requests to your API: ${api:,.2f}, with or without it.")
    if any(_mark(line, region) for line in [*idle, *used]):
        print(f"* No price was found for {region}, so this is the price of {DEFAULT_REGION}.")


def load_of(options: argparse.Namespace) -> Load:
    """Return the use that the arguments describe. Raises OperatorError if it is impossible."""
    cached, rate, tokens = (_number(text) for text in (options.cached, options.rate, options.tokens))
    if not 0 <= cached <= 100:
        raise OperatorError("CACHED is a percentage, so it must be from 0 to 100, for example 90.")
    if not 0 <= rate < float("inf"):
        raise OperatorError("RATE must be a number of requests a second from 0 on, for example 12.5.")
    if not 0 <= tokens < float("inf") or tokens != int(tokens):
        raise OperatorError("TOKENS must be a whole number from 0 on, for example 100.")
    if rate and not tokens:
        raise OperatorError("Requests come with tokens. Give their number, for example TOKENS=100.")
    return Load(rate, int(tokens), cached / 100)


def _number(text: str) -> float:
    """Return the number, or NaN if the text is not one. NaN is outside of each range."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
