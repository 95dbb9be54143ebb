"""What no schema can say of input that schemathesis means well; what it means badly goes as it is."""

import os
from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, HookContext

# How a client authenticates: exactly one of the header, a secret and an assertion.
_PROOFS = {"client_id", "client_secret", "client_assertion_type", "client_assertion"}
_OF_THE_NEW_TOKEN = {
    "token_name",
    "token_description",
    "token_expires_in_days",
    "token_allowed_networks",
}

# No pattern can say that the bits behind the length are zero.
schemathesis.openapi.format("network", st.ip_addresses().map(str))


def _is_meant_well(case: Case[Any]) -> bool:
    return case.meta is None or case.meta.generation.mode.is_positive


@schemathesis.hook
def filter_case(context: HookContext, case: Case[Any]) -> bool:
    """Leave out invented cursors, which only a list hands out, and spans that end before they begin."""
    query = case.query or {}
    return not (_is_meant_well(case) and ("cursor" in query or {"since", "until"} <= query.keys()))


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Authenticate clients by the header alone, and exchange a genuine sign-in."""
    if not _is_meant_well(case) or not isinstance(case.body, dict):
        return
    case.body = {name: value for name, value in case.body.items() if name not in _PROOFS}
    if case.operation.path == "/v1/admin/revocations":
        # A job for all tokens would end the one that the other calls need. A key serves one body.
        case.body["dry_run"] = True
        case.headers["Idempotency-Key"] = uuid4().hex
    if case.operation.path == "/oauth2/token":
        case.body = {name: value for name, value in case.body.items() if name in _OF_THE_NEW_TOKEN}
        case.body |= {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": os.environ["SIGN_IN"],
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        }
        # A key that was used with another body is refused, here with 400 as RFC 8693 wants it.
        case.headers.pop("Idempotency-Key", None)
