"""The choice of a route for a request, as by API Gateway."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qs

from chalice.local import MatchResult, RouteMatcher


class ExactRouteMatcher(RouteMatcher):
    """Chalice's matcher, but with the parameters of the matched route only."""

    def __init__(self, route_urls: Iterable[str]) -> None:
        """Put fixed segments before parameters and greedy ones last, as API Gateway prefers them."""
        super().__init__([])
        self.route_urls = sorted(route_urls, key=_fixed_segments_first)

    def match_route(self, url: str) -> MatchResult:
        """Return the route, its parameters and the query. Raises ValueError if no route matches."""
        path, _, query = url.partition("?")
        parts = _segments(path)
        for route in self.route_urls:
            captured = _captured(_segments(route), parts)
            if captured is not None:
                return MatchResult(route, captured, parse_qs(query, keep_blank_values=True))
        raise ValueError("no such route")


def _segments(path: str) -> list[str]:
    return (path.rstrip("/") if path != "/" else path).split("/")


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}")


def _is_greedy(segment: str) -> bool:
    return segment.endswith("+}")


def _fixed_segments_first(route: str) -> list[tuple[bool, bool, str]]:
    return [(_is_parameter(each), _is_greedy(each), each) for each in _segments(route)]


def _captured(route: list[str], parts: list[str]) -> dict[str, str] | None:
    if _is_greedy(route[-1]) and len(parts) > len(route):
        parts = [*parts[: len(route) - 1], "/".join(parts[len(route) - 1 :])]
    if len(route) != len(parts):
        return None
    captured = {}
    for expected, actual in zip(route, parts, strict=True):
        if _is_parameter(expected) and actual:
            captured[expected.strip("{+}")] = actual
        elif expected != actual:
            return None
    return captured
