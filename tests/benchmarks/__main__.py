"""`python -m tests.benchmarks`: measure everything, print one table, put it into a document if asked."""

import sys

from tests.benchmarks import process
from tests.benchmarks.options import parsed


def main() -> int:
    """Return 0 whatever the figures are: the table says which targets were missed."""
    options = parsed(sys.argv[1:])
    process.prepare()
    from tests.benchmarks import run

    return run.everything(options)


if __name__ == "__main__":
    sys.exit(main())
