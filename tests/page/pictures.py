"""Reference pictures of the page. A change of looks is seen, in the browser in which they were taken.

``UPDATE_PICTURES=1`` takes them again. They are taken with one font that comes with Chromium's packages.
"""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

FOLDER = Path(__file__).parent / "pictures"
_RECORDED = FOLDER / "recorded.json"
# Anti-aliasing differs by less than that on one machine and another.
_TOLERATED_DIFFERENCE = 24
_TOLERATED_PART = 0.002
_FONT = """
    :root { --font: "DejaVu Sans"; --mono: "DejaVu Sans Mono"; }
    * { caret-color: transparent !important; }
"""
_HAS_FONT = """
    () => {
        const context = new OffscreenCanvas(1, 1).getContext('2d');
        const width = (font) => {
            context.font = `20px ${font}`;
            return context.measureText('mmmmiiii').width;
        };
        return width('"DejaVu Sans", monospace') !== width('monospace');
    }
"""
_COMPARE = """
    async ([expected, found, most]) => {
        const pixels = async (data) => {
            const image = new Image();
            image.src = `data:image/png;base64,${data}`;
            await image.decode();
            const canvas = new OffscreenCanvas(image.width, image.height);
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0);
            return context.getImageData(0, 0, image.width, image.height);
        };
        const [before, after] = [await pixels(expected), await pixels(found)];
        if (before.width !== after.width || before.height !== after.height) return 1;
        let differing = 0;
        for (let index = 0; index < before.data.length; index += 4) {
            const at = (picture, channel) => picture.data[index + channel];
            const far = (channel) => Math.abs(at(before, channel) - at(after, channel)) > most;
            if (far(0) || far(1) || far(2)) differing += 1;
        }
        return differing / (before.width * before.height);
    }
"""


def use_one_font(page: Page) -> None:
    """Show the page in the font of the references. The page's context must bypass its CSP."""
    page.add_style_tag(content=_FONT)
    page.evaluate("document.fonts.ready")


def difference(page: Page, expected: bytes, found: bytes) -> float:
    """Return the part of the pixels in which two pictures differ."""
    given = [base64.b64encode(each).decode() for each in (expected, found)]
    return float(page.evaluate(_COMPARE, [*given, _TOLERATED_DIFFERENCE]))


def looks_the_same(page: Page, name: str, **options: Any) -> None:
    """Fail if the page looks otherwise than on its reference picture. Skip in another browser."""
    browser = page.context.browser
    version = browser.version if browser else ""
    found = page.screenshot(animations="disabled", **options)
    place = FOLDER / f"{name}.png"
    if os.environ.get("UPDATE_PICTURES"):
        FOLDER.mkdir(exist_ok=True)
        place.write_bytes(found)
        _RECORDED.write_text(json.dumps({"chromium": version}) + "\n")
        return
    recorded = json.loads(_RECORDED.read_text())["chromium"]
    if version != recorded:
        pytest.skip(f"the pictures are from Chromium {recorded}, this one is {version}")
    if not page.evaluate(_HAS_FONT):
        pytest.skip("the pictures are in DejaVu Sans, which is not installed here")
    part = difference(page, place.read_bytes(), found)
    if part > _TOLERATED_PART:
        wrong = Path(os.environ.get("PICTURES_OUT", "/tmp")) / f"{name}.png"
        wrong.write_bytes(found)
        pytest.fail(f"{part:.2%} of {name} look otherwise. What was found is in {wrong}.")
