"""The parameters of a stack that its promises depend on."""

from __future__ import annotations

from infra.aws.operate.verify.findings import Check, Finding, judged
from infra.aws.operate.verify.site import Site

NULL_CHECKS = "PolicyNullChecks"


def null_checks(site: Site) -> Finding:
    """Check that policies refuse a request if AWS does not supply a condition key."""
    value = site.facts.parameters.get(NULL_CHECKS)
    told = (
        f"{NULL_CHECKS} is {value}" if value is not None else f"the stack lacks the parameter {NULL_CHECKS}"
    )
    return judged(value == "true", told)


CHECKS = (Check("Policies fail closed if a condition key is missing", null_checks),)
