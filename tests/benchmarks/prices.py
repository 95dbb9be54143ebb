"""What AWS asks for what was counted: us-east-1, on demand, standard table class.

The prices are those of ``infra.aws.operate.prices``, which names the day and the source of each. Prices
change; the counted units do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from infra.aws.operate.prices import DEFAULT_REGION, Item, price

DOLLARS_PER_MILLION_READ_UNITS = price(DEFAULT_REGION, Item.READ).dollars
DOLLARS_PER_MILLION_WRITE_UNITS = price(DEFAULT_REGION, Item.WRITE).dollars
DOLLARS_PER_MILLION_LAMBDA_REQUESTS = price(DEFAULT_REGION, Item.LAMBDA_REQUEST).dollars
DOLLARS_PER_GIGABYTE_OF_LOGS = price(DEFAULT_REGION, Item.LOG).dollars
# CloudWatch Logs adds these to each line (PutLogEvents in its API Reference).
BYTES_BESIDE_A_LINE = 26


@dataclass(frozen=True, slots=True)
class Units:
    """DynamoDB request units."""

    read: float = 0
    write: float = 0

    def __add__(self, other: Self) -> "Units":
        """Return both together."""
        return Units(self.read + other.read, self.write + other.write)

    def __str__(self) -> str:
        """Return the units for people."""
        return f"{self.read:g} RRU + {self.write:g} WRU"

    @property
    def dollars(self) -> float:
        """What a million times these units cost."""
        return self.read * DOLLARS_PER_MILLION_READ_UNITS + self.write * DOLLARS_PER_MILLION_WRITE_UNITS

    def shared_by(self, count: int) -> "Units":
        """Return what each of ``count`` requests bears."""
        return Units(self.read / count, self.write / count)


@dataclass(frozen=True, slots=True)
class LogLines:
    """Lines of a log, by their sizes in bytes."""

    sizes: Sequence[int]

    def __str__(self) -> str:
        """Return the sizes for people."""
        return f"{' + '.join(map(str, self.sizes))} bytes"

    @property
    def dollars(self) -> float:
        """What a million times these lines cost."""
        size = sum(self.sizes) + len(self.sizes) * BYTES_BESIDE_A_LINE
        return size * DOLLARS_PER_GIGABYTE_OF_LOGS / 1000
