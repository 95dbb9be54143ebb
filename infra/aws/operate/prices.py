"""Prices of AWS by region, each with the date at which it was read.

The prices are those of AWS's public price list, without taxes, discounts and free tiers. Its address is
``https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/<service>/current/<region>/index.json``. This
project read them in public copies of that list, and not in the list itself. The date is that of the copy.
Only the first tier is here, so a bill of many hundred million requests is lower.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Item(Enum):
    """A thing that AWS charges for, as people read it, with its unit."""

    REST_REQUEST = "API Gateway, requests of a REST API (million)"
    HTTP_REQUEST = "API Gateway, requests of an HTTP API (million)"
    LAMBDA_REQUEST = "Lambda, requests (million)"
    LAMBDA_SECOND = "Lambda, GB-seconds on arm64 (million)"
    READ = "DynamoDB, read request units (million)"
    WRITE = "DynamoDB, write request units (million)"
    STORAGE = "DynamoDB, storage (GB-month)"
    BACKUP = "DynamoDB, point-in-time recovery (GB-month)"
    KEY = "KMS, keys (month)"
    SIGNATURE = "KMS, signatures by ECC keys (million)"
    LOG = "CloudWatch Logs, ingestion (GB)"
    LOG_STORAGE = "CloudWatch Logs, storage (GB-month)"
    ALARM = "CloudWatch, metrics of alarms (month)"
    METRIC = "CloudWatch, custom metrics (month)"
    DASHBOARD = "CloudWatch, dashboards (month)"
    EVENT = "EventBridge, own events (million)"
    MAIL = "SES, mails (million)"


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for one unit of an item, and the day at which they were read (ISO 8601)."""

    dollars: float
    read_on: str
    region: str


DEFAULT_REGION = "us-east-1"

_FOUND: Mapping[str, Mapping[str, Mapping[Item, float]]] = {
    "us-east-1": {
        "2026-10-08": {
            Item.REST_REQUEST: 3.50,
            Item.HTTP_REQUEST: 1.00,
            Item.STORAGE: 0.25,
            Item.BACKUP: 0.20,
            Item.EVENT: 1.00,
        },
        "2026-09-29": {Item.LAMBDA_REQUEST: 0.20, Item.READ: 0.125, Item.WRITE: 0.625},
        # Of these the copies have no date. So this is the day at which they were found.
        "2026-11-30": {
            Item.LAMBDA_SECOND: 13.3334,
            Item.KEY: 1.00,
            Item.SIGNATURE: 15.00,
            Item.LOG: 0.50,
            Item.LOG_STORAGE: 0.03,
            Item.ALARM: 0.10,
            Item.METRIC: 0.30,
            Item.DASHBOARD: 3.00,
            Item.MAIL: 100.00,
        },
    },
    "eu-central-1": {
        "2026-09-11": {
            Item.LAMBDA_REQUEST: 0.20,
            Item.LAMBDA_SECOND: 13.3334,
            Item.READ: 0.1525,
            Item.WRITE: 0.7625,
            Item.STORAGE: 0.306,
            Item.BACKUP: 0.2448,
            Item.LOG: 0.63,
            Item.LOG_STORAGE: 0.0324,
            Item.ALARM: 0.10,
        },
        "2026-08-12": {Item.REST_REQUEST: 3.70},
        "2026-09-26": {Item.KEY: 1.00},
    },
}
REGIONS = tuple(_FOUND)


def price(region: str, item: Item) -> Price:
    """Return the price of an item, or that of ``us-east-1`` if none was found for the region.

    The price names the region that it is of. Raises KeyError for an unknown region.
    """
    for day, found in _FOUND[region].items():
        if item in found:
            return Price(found[item], day, region)
    return price(DEFAULT_REGION, item)
