"""What AWS asks for what was counted: us-east-1, on demand, standard table class.

From public price lists as of 2025: https://aws.amazon.com/dynamodb/pricing/on-demand/ and
https://aws.amazon.com/lambda/pricing/. Prices change; the counted units do not.
"""

from dataclasses import dataclass
from typing import Self

DOLLARS_PER_MILLION_READ_UNITS = 0.125
DOLLARS_PER_MILLION_WRITE_UNITS = 0.625
DOLLARS_PER_MILLION_LAMBDA_REQUESTS = 0.20


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
