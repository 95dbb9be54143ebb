"""AUTH_MODE=none, in a process of its own: which routes are guarded is decided at import."""

import json
from typing import Any

import pytest

from tests.packaging.fresh import start

SENTENCE = (
    "API tokens are not available when authentication is disabled. You can call the API without a token."
)

# Call every route with every header, and print the responses as one line of JSON.
SCRIPT = """
    import json
    from chalice.test import Client
    from app import app

    client = Client(app, stage_name="dev", project_dir="/nonexistent")

    def call(method, path, headers, body=b""):
        answer = client.http.request(method, path, headers=headers, body=body)
        return [answer.status_code, dict(answer.headers), answer.body.decode()]

    HEADERS = {
        "none": {},
        "bearer": {"Authorization": "Bearer bodhi_x"},
        "jwt": {"Authorization": "Bearer eyJ.e30.x"},
        "basic": {"Authorization": "Basic dXNlcjpwYXNz"},
        "senseless": {"Authorization": "\\u2603"},
        "empty": {"Authorization": ""},
    }
    JSON = {"Content-Type": "application/json"}
    management = {
        f"{method} {path} {name}": call(
            method,
            path.format(token_id="tok_x", user_id="usr_x", job_id="job_x"),
            HEADERS[name] | JSON,
            b"{}",
        )
        for path, methods in app.routes.items() if path.startswith("/v1/")
        for method in methods
        for name in HEADERS
    }
    FORM = {"Content-Type": "application/x-www-form-urlencoded"}
    standard = {
        f"{method} {path} {name}": call(
            method, path.replace("{resource_path+}", "api"), HEADERS[name] | FORM, b"token=x"
        )
        for path, methods in app.routes.items() if path.startswith(("/oauth2/", "/.well-known/"))
        for method in methods
        for name in HEADERS
    }
    print(json.dumps({
        "whoami": {name: call("GET", "/api/whoami", headers) for name, headers in HEADERS.items()},
        "echo": {n: call("POST", "/api/echo", h | JSON, b'{"message": "hi"}') for n, h in HEADERS.items()},
        "bad echo": call("POST", "/api/echo", JSON, b"["),
        "management": management,
        "standard": standard,
        "guards": [str(r.authorizer) for m in app.routes.values() for r in m.values() if r.authorizer],
    }))
"""


@pytest.fixture(scope="module")
def opened() -> dict[str, Any]:
    """Return what the service says in non-authenticated mode, with no other setting."""
    ended = start(SCRIPT, {"AUTH_MODE": "none"})
    assert ended.returncode == 0, ended.stderr
    *lines, answers = ended.stdout.splitlines()
    return {**json.loads(answers), "lines": [json.loads(line) for line in lines]}


HEADERS = ["none", "bearer", "jwt", "basic", "senseless", "empty"]


@pytest.mark.parametrize("header", HEADERS)
def test_protected_api_answers_everyone(opened: dict[str, Any], header: str) -> None:
    """The API lets every Authorization header in, and says that no authorizer was asked."""
    status, _, body = opened["whoami"][header]
    assert (status, json.loads(body)) == (200, {"auth": "none"})
    status, _, body = opened["echo"][header]
    assert (status, json.loads(body)) == (200, {"message": "hi"})


def test_nothing_stands_before_the_protected_api(opened: dict[str, Any]) -> None:
    """Without an authorizer API Gateway has no reason to refuse a call without a header."""
    assert opened["guards"] == []


def test_bad_input_is_still_refused(opened: dict[str, Any]) -> None:
    """Open is not careless."""
    status, _, body = opened["bad echo"]
    assert (status, json.loads(body)["code"]) == (400, "invalid_request")


def test_every_management_call_says_why_there_are_no_tokens(opened: dict[str, Any]) -> None:
    """All calls of the contract answer the same problem document, with the sentence of the contract."""
    answers = opened["management"]
    assert len(answers) == 35 * len(HEADERS)
    for name, (status, headers, body) in answers.items():
        document = json.loads(body)
        assert (name, status, document["code"]) == (name, 409, "tokens_unavailable")
        assert (document["status"], document["detail"]) == (409, SENTENCE)
        assert headers["Content-Type"] == "application/problem+json"
        assert headers["Cache-Control"] == "no-store"


def test_every_oauth_call_says_why_there_are_no_tokens(opened: dict[str, Any]) -> None:
    """The endpoints use OAuth's members, and the documents ours. Both have the sentence."""
    answers = opened["standard"]
    # The four documents answer HEAD too.
    assert len(answers) == (7 + 4) * len(HEADERS)
    for name, (status, headers, body) in answers.items():
        document = json.loads(body)
        assert (name, status, document["code"]) == (name, 409, "tokens_unavailable")
        assert document["detail"] == SENTENCE
        assert headers["Cache-Control"] == "no-store"
        if " /oauth2/" in name:
            assert (document["error"], document["error_description"]) == ("tokens_unavailable", SENTENCE)
            assert headers["Content-Type"] == "application/json"
        else:
            assert headers["Content-Type"] == "application/problem+json"


def test_start_warns_loudly(opened: dict[str, Any]) -> None:
    """One warning, first of all, says what is open."""
    warnings = [line for line in opened["lines"] if line.get("level") == "WARNING"]
    assert [line["event"] for line in warnings] == ["authentication_disabled"]
    assert opened["lines"][0] == warnings[0]
    assert "AUTH_MODE=none" in warnings[0]["detail"]
    assert "every caller" in warnings[0]["detail"]


@pytest.mark.parametrize("level", ["ERROR", "WARNING"])
def test_warning_is_written_at_any_log_level_that_shows_warnings(level: str) -> None:
    """The service starts at the quieter levels too. WARNING keeps the line."""
    ended = start("import app", {"AUTH_MODE": "none", "LOG_LEVEL": level})
    assert ended.returncode == 0, ended.stderr
    assert ("authentication_disabled" in ended.stdout) is (level == "WARNING")


@pytest.mark.parametrize("module", ["app", "chalicelib.handlers.authorizer"])
def test_production_refuses_to_be_open(module: str) -> None:
    """On stage prod the start fails with a line that names the setting."""
    ended = start(f"import {module}", {"AUTH_MODE": "none", "STAGE": "prod"})
    assert ended.returncode != 0
    last = ended.stderr.splitlines()[-1]
    assert last == (
        "chalicelib.settings.reading.SettingsError: AUTH_MODE must not be 'none' on stage prod, "
        "for example AUTH_MODE=oidc"
    )
