"""The request context that the AWS Lambda Web Adapter passes in a header.

The adapter sets ``x-amzn-request-context`` on each request and replaces every value that a client sent
(https://awslabs.github.io/aws-lambda-web-adapter/features/request-context.html). Without the adapter the
header is the client's. So it counts only in a Lambda function in which the adapter runs.
"""

import json
import os
from pathlib import Path

from bodhi_tokens.callers import Caller, caller_from_context
from bodhi_tokens.errors import NotAuthenticated

HEADER = "x-amzn-request-context"

# The adapter's place in a layer and in a container image, as its documentation asks.
EXTENSION = Path("/opt/extensions/lambda-adapter")

# API Gateway takes 10,240 bytes of headers. A context with a client certificate is a few times as long.
MAX_BYTES = 65_536


def runs_behind_adapter() -> bool:
    """Return True if this process serves a Lambda function through the adapter.

    Both signs count. The same container image may run outside Lambda, where the adapter does not start. A
    function may run without the adapter, for example under Mangum.
    """
    return bool(os.environ.get("AWS_LAMBDA_FUNCTION_NAME")) and EXTENSION.is_file()


def caller_from_header(values: list[bytes], *, is_trusted: bool) -> Caller:
    """Return the caller that the values of the header describe, as the server received them.

    ``is_trusted`` is the result of ``runs_behind_adapter``. Raises NotAuthenticated if the header does not
    count, or is missing, repeated or too long. It also raises it if the header is not the JSON of a context
    with a caller.
    """
    if not is_trusted:
        raise NotAuthenticated(
            f"This process does not run behind the AWS Lambda Web Adapter, so {HEADER} does not count."
        )
    if len(values) != 1:
        # The adapter sends exactly one.
        raise NotAuthenticated(f"The request has {len(values)} headers {HEADER} instead of one.")
    if len(values[0]) > MAX_BYTES:
        raise NotAuthenticated(f"{HEADER} is longer than {MAX_BYTES} bytes.")
    try:
        context = json.loads(values[0].decode("utf-8"))
    except (ValueError, RecursionError):
        # The cause would repeat the header's text.
        raise NotAuthenticated(f"{HEADER} is not valid JSON.") from None
    return caller_from_context(context)
