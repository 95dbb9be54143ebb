"""The figure shows the numbers of the table, and says them to people who do not see it."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.benchmarks import figure
from tests.benchmarks.document import BEGIN, END
from tests.support.house import ROOT

SVG = "{http://www.w3.org/2000/svg}"
TABLE = f"""before
{BEGIN}

### Decision, warm, processor time

| what | measured | compared with | ratio | target | verdict |
|---|---|---|---|---|---|
| the usual authorizer: PyJWT, boto3 resource, 2 reads, 1 write | p50 4.00 ms, p99 9.00 ms |  |  |  |  |
| decision, to verification and boto3's BatchGetItem | p50 500.0 us, p99 1.00 ms | 2.00 ms |  |  |  |

### DynamoDB, dollars per million requests

| used once a second | $0.250 | 2 RRU |  |  |  |
| used once a second, cached for 30 s | $0.010 | 2 RRU |  |  |  |
| the usual authorizer, strong reads | $1.000 | 2 RRU |  |  |  |
| the usual authorizer, eventual reads | $0.750 | 2 RRU |  |  |  |

### Cold start of the authorizer, processor time

| an interpreter that does nothing | 8.00 ms |  |  |  |  |
| floor: cryptography and boto3's client, with the two reads | 1.20 s |  |  |  |  |
| first decision, to cryptography and a bare socket | 60.00 ms | 40.00 ms | 1.5 x |  |  |

{END}
"""


def bars(svg: str) -> dict[str, tuple[int, str]]:
    """Return the width of each bar and the value beside it, by the bar's label."""
    root = ElementTree.fromstring(svg)
    texts = [text for text in root.iter(f"{SVG}text") if text.get("font-weight") == "normal"]
    rects = list(root.iter(f"{SVG}rect"))[1:]
    labels, values = texts[::2], texts[1::2]
    return {
        str(label.text): (int(rect.attrib["width"]), str(value.text))
        for label, rect, value in zip(labels, rects, values, strict=True)
    }


def test_bars_are_as_long_as_their_numbers() -> None:
    """Each panel has its own scale, and microseconds, milliseconds and seconds have one unit."""
    shown = bars(figure.svg(TABLE))

    assert shown["this service"] == (41, "0.50 ms")
    assert shown["usual authorizer"] == (330, "4.00 ms")
    assert shown["boto3 and two reads alone"] == (330, "1200 ms")
    assert shown["this service, first decision"] == (16, "60 ms")
    assert shown["this service, cached for 30 s"] == (3, "$0.010")
    assert shown["usual authorizer, strong reads"] == (330, "$1.000")


def test_figure_says_its_numbers() -> None:
    """The description has each label and value. The ground is white on a dark page too."""
    root = ElementTree.fromstring(figure.svg(TABLE))
    description = root.findtext(f"{SVG}desc") or ""

    for label, (_, value) in bars(figure.svg(TABLE)).items():
        assert f"{label} {value}" in description
    ground = root.find(f"{SVG}rect")
    assert root.get("role") == "img"
    assert ground is not None
    assert ground.get("fill") == "#ffffff"


@pytest.mark.parametrize("name", ["first decision", "used once a second,", "PyJWT"])
def test_missing_row_is_named(name: str) -> None:
    """A row that is gone or renamed must not leave an old figure."""
    without = "\n".join(line for line in TABLE.splitlines() if name not in line)
    with pytest.raises(ValueError, match="the table has no row for"):
        figure.svg(without)


def test_figure_is_that_of_the_table() -> None:
    """The page's figure shows the page's own table, and the page's text has the same numbers."""
    page = Path(ROOT, "docs/performance.md").read_text(encoding="utf-8")
    drawn = Path(ROOT, "docs/images/performance.svg").read_text(encoding="utf-8")

    assert drawn == figure.svg(page)
    assert re.search(r"!\[[^\]]{40,}\]\(images/performance\.svg\)", page)


def test_figure_is_written_beside_its_document(tmp_path: Path) -> None:
    """`make bench DOC=...` writes both."""
    page = tmp_path / "page.md"
    page.write_text(TABLE, encoding="utf-8")

    assert figure.write(page).read_text(encoding="utf-8") == figure.svg(TABLE)
