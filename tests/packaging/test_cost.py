"""The arithmetic of the costs: cases by hand, measured units, and the page."""

import json
import re
from collections import Counter
from typing import Any

import pytest

from infra.__main__ import main
from infra.aws.operate import bill, capacity, cost
from infra.aws.operate.bill import HOURS, SECONDS, Line, Load, fixed, total, variable
from infra.aws.operate.prices import DEFAULT_REGION, REGIONS, Item, price
from tests.benchmarks import log_costs, prices
from tests.packaging.fresh import ROOT

PAGE = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
FIGURES = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")


def between(mark: str) -> list[str]:
    """Return the lines of the page that the program made."""
    text = PAGE.partition(f"<!-- {mark}: infra/aws/operate/cost.py -->\n")[2]
    return text.partition(f"\n<!-- {mark}: to here -->")[0].splitlines()


def of(text: str, load: Load, gateway: Item = Item.REST_REQUEST) -> Line:
    """Return one line of the bill."""
    (line,) = (line for line in variable(load, gateway) if line.text == text)
    return line


def test_page_shows_what_the_program_computes() -> None:
    """The idle stack first, then some uses, then the prices."""
    assert between("fixed") == cost.table(fixed(), DEFAULT_REGION, "An idle stack, us-east-1")
    assert between("examples") == cost.examples()
    assert between("prices") == cost.price_table()
    assert PAGE.index("<!-- fixed") < PAGE.index("<!-- examples") < PAGE.index("<!-- prices")


def test_idle_stack_by_hand() -> None:
    """Two keys, a dashboard, 27 metrics of alarms, a metric, and 8,760 runs of the sweep."""
    sweep = 8_760 * 0.2e-6 + 8_760 * 2 * 0.25 * 13.3334e-6 + 17_520 * 0.125e-6 + 8_760 * 645 * 0.5e-9
    assert total(fixed(), "us-east-1") == pytest.approx(2 * 1 + 3 + 27 * 0.1 + 0.3 + sweep)
    assert total(variable(Load(), Item.REST_REQUEST), "us-east-1") == 0


def test_decisions_by_hand() -> None:
    """A request a second, nothing cached, one token: 2,628,000 decisions."""
    load = Load(rate=1, tokens=1)
    assert load.decisions == 2_628_000
    by_hand = {
        "API Gateway: requests to your API": 2.628 * 3.5,
        "Decisions: Lambda, requests": 2.628 * 0.2,
        "Decisions: Lambda, time": 2_628_000 * 0.02 * 0.5 * 13.3334e-6,
        # Two units each, and the keys 43,800 times: once a minute in one process.
        "Decisions: DynamoDB, reads": (2 * 2_628_000 + 43_800) * 0.125e-6,
        # One use in 300 seconds.
        "Decisions: DynamoDB, recorded uses": 8_760 * 0.625e-6,
        "Decisions: logs": 2_628_000 * 645 * 0.5e-9,
    }
    for text, dollars in by_hand.items():
        assert of(text, load).dollars("us-east-1") == pytest.approx(dollars), text


def test_tokens_by_hand() -> None:
    """9,000 tokens that nobody uses: 3,041.67 of them are replaced in a month."""
    load = Load(tokens=9_000)
    new = 9_000 * (730 / 24) / 90
    by_hand = {
        "Changes: DynamoDB, writes": new * 15 * 0.625e-6,
        "Changes and daily walk: DynamoDB, reads": (new * 6 + 9_000 * 0.1045 * 730 / 24) * 0.125e-6,
        "Changes: KMS, signatures": new * 15e-6,
        "Changes: EventBridge, if you have a bus": 2 * new * 1e-6,
        "Changes: the stream, which Lambda reads for free": 0,
        "Mails, one for each token and month, if you send any": 9_000 * 100e-6,
        # 9,000 tokens, as many that were revoked within 90 days, and 80,000 events in 400 days.
        "Table: storage": (9_000 + 9_000 + 80_000) * 1_124 / 2**30 * 0.25,
        "Decisions: Lambda, requests": 0,
    }
    for text, dollars in by_hand.items():
        assert of(text, load).dollars("us-east-1") == pytest.approx(dollars), text


def test_http_api_and_another_region_have_their_own_prices() -> None:
    """The requests of the API change with its kind, and everything with the region."""
    load = Load(rate=1, tokens=1)
    text = "API Gateway: requests to your API"
    assert of(text, load, Item.HTTP_REQUEST).dollars("us-east-1") == pytest.approx(2.628)
    assert of(text, load).dollars("eu-central-1") == pytest.approx(2.628 * 3.7)
    assert of("Decisions: DynamoDB, recorded uses", load).dollars("eu-central-1") == pytest.approx(
        8_760 * 0.7625e-6
    )


@pytest.mark.parametrize(("cached", "decisions"), [(0, 100), (0.5, 50), (0.9, 10), (1, 0)])
def test_cache_takes_its_share_of_the_decisions(cached: float, decisions: float) -> None:
    """All but the requests themselves, which the gateway still serves."""
    load = Load(rate=100 / SECONDS, tokens=1_000_000, cached=cached)
    assert load.decisions == pytest.approx(decisions)
    assert load.uses == pytest.approx(decisions)
    assert load.requests == pytest.approx(100)


def test_uses_are_recorded_at_most_once_in_their_interval() -> None:
    """A busy token costs no more writes than one that is used every five minutes."""
    assert Load(rate=1_000, tokens=10).uses == 10 * HOURS * 12


def test_resources_are_those_of_the_template(resources: dict[str, Any]) -> None:
    """AWS charges for each metric of an alarm. A new alarm changes the page."""
    types = Counter(resource["Type"] for resource in resources.values())
    alarms = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    watched = [m for alarm in alarms for m in alarm["Metrics"] if "MetricStat" in m]
    assert len(watched) == bill.ALARM_METRICS
    assert types["AWS::KMS::Key"] == bill.KEYS
    assert types["AWS::CloudWatch::Dashboard"] == bill.DASHBOARDS
    assert resources["SweepSchedule"]["Properties"]["ScheduleExpression"] == "rate(5 minutes)"
    assert bill.TICKS == HOURS * 12


def test_memory_is_that_of_the_functions() -> None:
    """The API and the authorizers have 512 MB, and the others 256."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    workers = ("flush_authorizer_caches", "publish_events", "sweep_tokens")
    sizes = {config["lambda_functions"][name]["lambda_memory_size"] / 1024 for name in workers}
    assert (config["lambda_memory_size"] / 1024, sizes) == (bill.DECISION_GB, {bill.WORKER_GB})
    assert config["lambda_architecture"] == "arm64"


def test_units_and_bytes_are_measured() -> None:
    """docs/performance.md has them. Its tests count them."""
    for call, reads, writes in [
        ("issue", capacity.ISSUE_READS, capacity.ISSUE_WRITES),
        ("revoke", bill.REVOKE_READS, bill.REVOKE_WRITES),
    ]:
        assert f"| {call} | {reads} RRU | {writes} WRU |" in FIGURES
    line, _, own = (row.compared for row in log_costs.measured().rows[1:])
    assert line.startswith(f"{bill.LINE_BYTES} bytes")
    assert sum(map(int, re.findall(r"\d+", own))) == bill.LAMBDA_LINE_BYTES
    assert (bill.BYTES_BESIDE_A_LINE, bill.LINES) == (prices.BYTES_BESIDE_A_LINE, 4)


def test_every_price_has_its_day() -> None:
    """A price that was not found is that of us-east-1, which has them all, and says so."""
    for item in Item:
        own = price(DEFAULT_REGION, item)
        assert own.region == DEFAULT_REGION
        for region in REGIONS:
            found = price(region, item)
            assert found.region in {region, DEFAULT_REGION}
            assert re.fullmatch(r"2026-\d\d-\d\d", found.read_on)
            assert found.dollars > 0
    assert price("eu-central-1", Item.HTTP_REQUEST) == price(DEFAULT_REGION, Item.HTTP_REQUEST)
    with pytest.raises(KeyError):
        price("moon-1", Item.READ)


def test_command_prints_the_idle_stack_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Then the use, and the sum of both. A star stands for each price that was not found."""
    assert main(["cost", "--rate", "1", "--tokens", "5", "--cached", "50", "--region", "eu-central-1"]) == 0
    printed = capsys.readouterr().out
    assert (
        printed.index("An idle stack, eu-central-1") < printed.index("The use") < printed.index("Together")
    )
    load = Load(1, 5, 0.5)
    both = total([*fixed(), *variable(load, Item.REST_REQUEST)], "eu-central-1")
    assert f"Together: ${both:,.2f} a month." in printed
    api = variable(load, Item.REST_REQUEST)[0].dollars("eu-central-1")
    assert f"This service: ${both - api:,.2f}. The requests to your API: ${api:,.2f}," in printed
    assert printed.count(" * |") == sum(
        price("eu-central-1", line.item).region != "eu-central-1"
        for line in [*fixed(), *variable(load, Item.REST_REQUEST)]
    )
    assert "* No price was found for eu-central-1" in printed
    assert main(["cost"]) == 0
    assert "No price" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--cached", "101", "--rate", "1", "--tokens", "1"], "CACHED"),
        (["--cached", "-1"], "CACHED"),
        (["--cached", "nan"], "CACHED"),
        (["--rate", "-1"], "RATE"),
        (["--rate", "inf", "--tokens", "1"], "RATE"),
        (["--tokens", "-1"], "TOKENS"),
        (["--rate", "1"], "TOKENS"),
        (["--rate", "abc"], "RATE"),
        (["--rate=-abc"], "RATE"),
        (["--tokens", "1.5"], "TOKENS"),
        (["--tokens", "many"], "TOKENS"),
        (["--cached", "90%"], "CACHED"),
    ],
)
def test_impossible_use_is_refused(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the name of the value, and an example, on one line."""
    assert main(["cost", *arguments]) == 1
    told = capsys.readouterr().err
    assert named in told
    assert "for example" in told
    assert (told.count("\n"), "usage" in told) == (1, False)


def test_unknown_region_is_refused_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """With the regions that have prices. An unknown kind of API is refused likewise."""
    assert main(["cost", "--region", "moon-1"]) == 1
    told = capsys.readouterr().err
    assert told == "REGION 'moon-1' has no prices here. Choose us-east-1 or eu-central-1.\n"
    assert main(["cost", "--api", "soap"]) == 1
    told = capsys.readouterr().err
    assert told == "API is the kind of your API, rest or http. 'soap' is not valid.\n"
