"""The picture of the rooms: it shows the imports as they are, and a person reads it at one glance."""

from __future__ import annotations

import pytest

from infra import architecture


def test_page_shows_the_rooms_of_now() -> None:
    """After a change of imports, ``python -m infra draw-architecture`` draws the picture anew."""
    page = architecture.PAGE.read_text(encoding="utf-8")
    assert page == architecture.updated(page)


def test_every_room_is_drawn_and_the_arrows_are_few() -> None:
    """A picture of more arrows would show nothing."""
    picture = architecture.drawn()
    for room, text in architecture.ROOMS.items():
        assert f'{room.replace(".", "_")}["{text}"]' in picture
    assert picture.count("-->") <= 40


def test_no_front_imports_another() -> None:
    """The floor imports no front either."""
    fronts = {f"chalicelib.handlers.{name}" for name in ("v1", "oauth", "docs", "page")}
    arrows = architecture.arrows()
    assert {(a, b) for a, b in arrows if b in fronts and a != "app"} == set()


def test_implied_arrows_are_left_out() -> None:
    """One that leads to a room that other arrows reach."""
    drawn = architecture.without_implied(
        frozenset({("app", "infra"), ("infra", "infra.aws"), ("app", "infra.aws")})
    )
    assert drawn == {("app", "infra"), ("infra", "infra.aws")}


def test_rooms_in_a_circle_are_refused() -> None:
    """The picture could not say which of them lies further in."""
    with pytest.raises(ValueError, match=r"infra.* -> app -> infra|app -> infra -> app"):
        architecture.without_implied(frozenset({("app", "infra"), ("infra", "app")}))


@pytest.mark.parametrize("page", ["", architecture.BEGIN, architecture.END])
def test_page_without_its_marks_is_refused(page: str) -> None:
    """Nothing is written to another page."""
    with pytest.raises(ValueError, match="substring not found"):
        architecture.updated(page)
