"""What the log lines of a decision cost: their bytes, as CloudWatch Logs asks for them."""

import re

from tests.benchmarks.place import authorizing
from tests.benchmarks.prices import LogLines, Units
from tests.benchmarks.table import Row, Section
from tests.support import canaries
from tests.support.api import api_of
from tests.support.service import MemoryService

# The line of 0.1 for the same decision: with spaces, level, and another form of the time zone.
_BEFORE = LogLines([287])
# Lambda writes these itself for each call, in its text format (Lambda Developer Guide, "Log and monitor
# Python Lambda functions"). They cannot be sampled.
_ID = "5d7a1f4e-2c9b-4f0e-9a57-1b1f2f7c3a11"
_LAMBDA = LogLines(
    [
        len(f"START RequestId: {_ID} Version: $LATEST\n"),
        len(f"END RequestId: {_ID}\n"),
        len(
            f"REPORT RequestId: {_ID}\tDuration: 12.34 ms\tBilled Duration: 13 ms\t"
            "Memory Size: 512 MB\tMax Memory Used: 96 MB\t\n"
        ),
    ]
)
_PERCENT = 10
_SAMPLED = f'"sampled_percent":{_PERCENT},'


def line_of_a_decision() -> str:
    """Return the line of an allowed decision, its end included, with a duration of usual length."""
    service = MemoryService()
    with api_of(service) as api, canaries.recorded() as recorder:
        created = api.create_token(service.provider.sign_in("user@example.com"))
        recorder.written.clear()
        authorizing(created["token"])()
    (line,) = recorder.written
    return re.sub(r'"duration_ms":[0-9.]+', '"duration_ms":12.345', line) + "\n"


def measured() -> Section:
    """Price the lines of a decision beside its reads."""
    size = len(line_of_a_decision())
    line, sampled = LogLines([size]), LogLines([size + len(_SAMPLED)])
    reads = Units(read=2)
    rows = [
        Row("the two reads of a decision", f"${reads.dollars:.3f}", str(reads)),
        Row("its line", f"${line.dollars:.3f}", f"{line}; ${_BEFORE.dollars:.3f} in 0.1"),
        Row(
            f"its line with LOG_ALLOWED_PERCENT={_PERCENT}",
            f"${sampled.dollars * _PERCENT / 100:.3f}",
            f"{sampled} for {_PERCENT} of 100",
        ),
        Row("Lambda's own lines: START, END, REPORT", f"${_LAMBDA.dollars:.3f}", str(_LAMBDA)),
    ]
    return Section("Log lines of an uncached decision, dollars per million", rows, _NOTES)


_NOTES = (
    "Ingestion into CloudWatch Logs, us-east-1, as of 2025: $0.50 per GB, and 26 bytes more for each line. "
    "Storage is not included.",
    "A decision from the gateway's cache writes no line. Refusals, errors and decisions that record a "
    "use are always logged.",
)
