"""The parameters that a stage must have to keep its promises."""

from __future__ import annotations

from infra.aws.operate.verify.findings import Check, Finding, judged
from infra.aws.operate.verify.site import Site

NULL_CHECKS = "PolicyNullChecks"


def null_checks(site: Site) -> Finding:
    """Demand that policies refuse a request for which AWS supplies no key of a condition."""
    value = site.facts.parameters.get(NULL_CHECKS)
    told = f"{NULL_CHECKS} is {value}" if value is not None else f"the stack has no parameter {NULL_CHECKS}"
    return judged(value == "true", told)


CHECKS = (Check("Policies fail closed if a condition key is missing", null_checks),)
