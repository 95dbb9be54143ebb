"""From a fresh process to its first decision: processor time of the whole process, interpreter included."""

import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.aws.package import build, host_architecture
from tests.benchmarks.options import Options
from tests.benchmarks.place import METHOD_ARN
from tests.benchmarks.process import LAMBDA
from tests.benchmarks.table import Row, Section, duration, related
from tests.packaging.dynamodb_stub import DynamoDBStub, dynamodb_stub
from tests.packaging.fresh import ENVIRON, ROOT

DECISION, FLOOR, CALLING, BARE = "decision", "floor", "floor with calls", "interpreter"

_CLIENT = """
    import os
    import botocore.session
    from botocore.config import Config
    import jwt

    config = Config(connect_timeout=0.5, read_timeout=2, tcp_keepalive=True,
                    retries={"mode": "standard", "total_max_attempts": 2})
    client = botocore.session.get_session().create_client("dynamodb", config=config)
"""
_TWO_CALLS = """
    table, user, token = os.environ["TABLE_NAME"], os.environ["USER_ID"], os.environ["TOKEN_ID"]
    (row,) = client.query(
        TableName=table, ConsistentRead=True, KeyConditionExpression="pk = :ring AND sk > :head",
        ExpressionAttributeValues={":ring": {"S": "KEYS"}, ":head": {"S": "#"}},
    )["Items"]
    key = jwt.PyJWK({"kty": "EC", "crv": "P-256", "x": row["x"]["S"], "y": row["y"]["S"]}).key
    secret = os.environ["CREDENTIAL"].removeprefix("bodhi_")
    jwt.decode(secret, key, algorithms=["ES256"], audience=os.environ["AUDIENCE"])
    keys = [{"pk": {"S": f"U#{user}"}, "sk": {"S": sort}} for sort in (f"T#{token}", "#")]
    client.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
"""
_DECISION = """
    import os
    from chalicelib.handlers.authorizer import api_token_authorizer

    class Context:
        aws_request_id = "request-7"

    event = {"type": "TOKEN", "authorizationToken": "Bearer " + os.environ["CREDENTIAL"],
             "methodArn": os.environ["METHOD_ARN"]}
    assert api_token_authorizer(event, Context())["principalId"] == os.environ["USER_ID"]
"""
PROGRAMS = {BARE: "", FLOOR: _CLIENT, CALLING: _CLIENT + _TWO_CALLS, DECISION: _DECISION}


def measured(options: Options) -> list[Section]:
    """Package the project for this machine and time processes of each kind in turn."""
    with packaged() as root, dynamodb_stub(used_now=True) as stub:
        taken = _in_turn(root, environ_of(stub), options.cold_starts)
        calls = sorted(set(stub.calls))
    if calls != ["BatchGetItem", "Query"]:
        raise ValueError(f"a first decision made other calls than two reads: {calls}")
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    decision = medians[DECISION]
    rows = [
        Row("an interpreter that does nothing", duration(medians[BARE])),
        Row("floor: botocore's client and PyJWT, no call", duration(medians[FLOOR])),
        Row("floor: the same, and the decision's two reads", duration(medians[CALLING])),
        *(
            related(
                f"first decision, to the {name}",
                duration(decision),
                duration(floor),
                decision / floor,
                1.15,
            )
            for name, floor in ((FLOOR, medians[FLOOR]), (CALLING, medians[CALLING]))
        ),
    ]
    return [Section("Cold start of the authorizer, processor time", rows, _notes(options))]


@contextmanager
def packaged() -> Iterator[Path]:
    """Yield the folder that Lambda would see, compiled modules included. Raises PackagingError."""
    with tempfile.TemporaryDirectory(prefix="bodhi-bench-") as folder:
        built = build(ROOT, "dev", Path(folder) / "build", architecture=host_architecture())
        root = Path(folder) / "task"
        with zipfile.ZipFile(built.code) as packed:
            packed.extractall(root)
        yield root


def processor_seconds(program: str, environ: Mapping[str, str], root: Path) -> float:
    """Run a program in a process that sees only this folder; return user and system time.

    Raises ValueError when it fails.
    """
    # Without site-packages: what the package lacks must not come from here.
    command = [sys.executable, "-S", "-c", textwrap.dedent(program)]
    process = subprocess.Popen(
        command, cwd=root, env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ValueError(f"a measured process ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def _in_turn(root: Path, environ: Mapping[str, str], count: int) -> Mapping[str, Sequence[float]]:
    for program in PROGRAMS.values():
        # The first of each reads its files from the disk.
        processor_seconds(program, environ, root)
    taken: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(count):
        for name, program in PROGRAMS.items():
            taken[name].append(processor_seconds(program, environ, root))
    return taken


def environ_of(stub: DynamoDBStub) -> Mapping[str, str]:
    """Return what the programs need to reach the stub."""
    return {
        **LAMBDA,
        **ENVIRON,
        "PATH": "/usr/bin:/bin",
        "AWS_ENDPOINT_URL": stub.url,
        "CREDENTIAL": stub.token,
        "USER_ID": stub.user_id,
        "TOKEN_ID": stub.token_id,
        "METHOD_ARN": METHOD_ARN,
    }


def _notes(options: Options) -> tuple[str, ...]:
    return (
        f"User and system time of the process, the medians of {options.cold_starts} of each kind in turn. "
        "DynamoDB is a stub that answers from memory on another process's time. Run from the package's "
        "content, compiled modules included, built for this machine's processor.",
        "Not measured: Lambda's own start, the download of the package, TLS.",
    )
