"""The page of the deployed stack, under the stage's name, from a function of its own."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.stack.site import Visitor, somebody
from tests.support import canaries
from tests.support.deployed import Deployed
from tests.support.deploying import STACK

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

PAGE = "/settings/api-tokens"


def test_way_to_the_page_stays_under_the_stage(visitor: Visitor, stack: Deployed) -> None:
    """From the root to the provider and back, each redirect names the stage, as does what is loaded."""
    landed = visitor.sign_in(somebody())

    assert landed.url == f"{visitor.site}{PAGE}"
    assert landed.status_code == 200
    assert visitor.page_data("base") == stack.prefix
    linked = re.findall(r'(?:src|href)="(/[^"]*)"', landed.text)
    assert linked
    assert [link for link in linked if not link.startswith(f"{stack.prefix}/")] == []
    for link in linked:
        assert visitor.get(f"{visitor.origin}{link}", timeout=30).status_code == 200, link


def test_each_step_of_the_sign_in(visitor: Visitor, stack: Deployed) -> None:
    """A browser follows one redirect at a time to the provider."""
    home = visitor.get(f"{visitor.site}/", allow_redirects=False, timeout=30)
    assert (home.status_code, home.headers["Location"]) == (302, f"{stack.prefix}{PAGE}")
    page = visitor.get(f"{visitor.site}{PAGE}", allow_redirects=False, timeout=30)
    assert page.headers["Location"] == f"{stack.prefix}/login?return_to={PAGE}"
    login = visitor.get(f"{visitor.site}/login", allow_redirects=False, timeout=30)

    leaving = parse_qs(urlsplit(login.headers["Location"]).query)

    assert login.headers["Location"].startswith(stack.settings.oidc_url)
    assert leaving["redirect_uri"] == [f"{visitor.site}/login/callback"]
    assert "__Host-bodhi_login" in login.headers["Set-Cookie"]
    assert "Secure" in login.headers["Set-Cookie"]


def test_signed_in_person_creates_a_token_and_signs_out(visitor: Visitor, stack: Deployed) -> None:
    """The page's function keeps the session, and the API's honours it. Signing out ends it for both."""
    visitor.sign_in(somebody())
    assert {cookie.name for cookie in visitor.cookies if cookie.secure} == {"__Host-bodhi_session"}

    created = visitor.change("POST", "/v1/tokens", {"name": "from the page"})
    canaries.remember(created.json()["token"])
    assert created.status_code == 201
    assert created.headers["Location"].startswith(f"{stack.prefix}/v1/tokens/")
    listed = visitor.get(f"{visitor.site}/v1/tokens", timeout=30).json()["tokens"]
    assert [token["name"] for token in listed] == ["from the page"]

    assert visitor.change("POST", "/logout", {}).status_code == 204
    assert visitor.get(f"{visitor.site}/v1/tokens", timeout=30).status_code == 401


def test_session_alone_changes_nothing(visitor: Visitor) -> None:
    """A cookie that another site sends along is not enough."""
    visitor.sign_in(somebody())

    refused = visitor.post(f"{visitor.site}/v1/tokens", json={}, timeout=30)

    assert refused.status_code == 403


def test_page_is_of_the_pages_function(visitor: Visitor, stack: Deployed) -> None:
    """The function of the page may not read keys. The API's function does not serve the page."""
    pages, calls = stack.invocations("PageHandler"), stack.invocations("APIHandler")

    visitor.get(f"{visitor.site}/signed-out", timeout=30)

    assert stack.invocations("PageHandler") == pages + 1
    assert stack.invocations("APIHandler") == calls


def test_documents_are_there(visitor: Visitor, stack: Deployed) -> None:
    """The definition and the reference made of it, which loads its style from under the stage."""
    assert visitor.get(f"{visitor.site}/openapi.json", timeout=30).json()["openapi"].startswith("3.1")
    reference = visitor.get(f"{visitor.site}/docs", timeout=30)
    for style in re.findall(r'<link rel="stylesheet" href="([^"]*)"', reference.text):
        assert style.startswith(f"{stack.prefix}/")
        assert visitor.get(f"{visitor.origin}{style}", timeout=30).status_code == 200


def test_environment_of_the_page_names_its_secret_only(stack: Deployed) -> None:
    """The value is in Secrets Manager. The page reads it there: the tests above sign in."""
    described = stack.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    place = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in described}
    configuration = stack.client("lambda").get_function_configuration(FunctionName=place["PageHandler"])
    variables = configuration["Environment"]["Variables"]
    assert "OIDC_CLIENT_SECRET" not in variables
    named = variables["OIDC_CLIENT_SECRET_ARN"]
    kept = stack.client("secretsmanager").get_secret_value(SecretId=named)
    assert kept["SecretString"] == "local"
    assert re.match("arn:aws:secretsmanager:", named)
