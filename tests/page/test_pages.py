"""Pages and their files, as the server sends them."""

import json
import re
import zlib
from dataclasses import replace
from http import HTTPStatus

import pytest

from chalicelib.handlers.http.pages import files
from chalicelib.handlers.http.site import Site
from chalicelib.handlers.page import render
from tests.page.browser import Browser
from tests.support.api import Api
from tests.support.service import MemoryService

PAGE = "/settings/api-tokens"
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def browser(api: Api) -> Browser:
    """Return a browser on this machine."""
    return Browser(api)


def assets_of(page: str) -> list[str]:
    """Return the addresses of the files that a page loads."""
    return re.findall(r'(?:src|href)="([^"]*/assets/[^"]*)"', page)


def test_page_allows_only_itself(browser: Browser) -> None:
    """The page may load only its own files. It allows no frame, inline script or inline style."""
    browser.sign_in("user@example.com")

    page = browser.visit(PAGE)

    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"


def test_page_over_tls_asks_for_tls_from_now_on(api: Api) -> None:
    """HSTS is sent over TLS and not on this machine."""
    secure, local = Browser(api, host="tokens.example.com"), Browser(api)

    assert "Strict-Transport-Security" in secure.visit("/signed-out").headers
    assert "Strict-Transport-Security" not in local.visit("/signed-out").headers


def test_page_has_no_inline_script_or_style(browser: Browser) -> None:
    """The page has no inline script or style, which its Content-Security-Policy forbids."""
    browser.sign_in("user@example.com")

    page = browser.visit(PAGE).body.decode()

    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=", page) == []


def test_files_have_an_address_of_their_content_and_are_kept(browser: Browser) -> None:
    """Files are cached for a year. A page names the files of its own version."""
    browser.sign_in("user@example.com")
    addresses = assets_of(browser.visit(PAGE).body.decode())

    files = [browser.visit(address) for address in addresses]

    assert len(files) >= 2
    assert {file.status_code for file in files} == {200}
    assert {file.headers["Cache-Control"] for file in files} == {"public, max-age=31536000, immutable"}


@pytest.mark.parametrize(
    "path",
    ["/assets/0000000000000000/page.js", "/assets/{version}/page.html", "/assets/{version}/nothing.js"],
)
def test_other_files_do_not_exist(browser: Browser, path: str) -> None:
    """The server sends no other version, no template and no unknown name."""
    version = assets_of(browser.visit("/signed-out").body.decode())[0].split("/")[2]

    assert browser.visit(path.format(version=version)).status_code == 404


def test_hostile_profile_stays_text(browser: Browser) -> None:
    """A subject that looks like markup stays in its attribute."""
    browser.sign_in("user@example.com" + HOSTILE.replace("&", "").replace("/", "").replace('"', "%22"))

    page = browser.visit(PAGE).body.decode()

    assert "<script>alert" not in page


def scripts_of_first_load() -> set[str]:
    """Return the scripts that the page's first script imports, directly or by others."""
    found, left = set[str](), ["page.js"]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += re.findall(
                r"^(?:import|export) .*?from '\./(.+?)';", files()[name].decode(), re.M | re.S
            )
    return found


def test_whole_first_load_is_small(browser: Browser) -> None:
    """The page with all files that it loads at first is smaller than 80 KB compressed."""
    browser.sign_in("user@example.com")
    page = browser.visit(PAGE).body
    names = {*re.findall(r"/([^/\"]+\.(?:css|svg))\"", page.decode()), *scripts_of_first_load()}
    assert len(names) > 10

    assert sum(len(zlib.compress(each, 6)) for each in (page, *(files()[name] for name in names))) < 80_000


def test_page_names_the_scripts_of_its_first_load(browser: Browser) -> None:
    """A browser loads all scripts at once, not one after the other, and none that it does not need yet."""
    browser.sign_in("user@example.com")
    page = browser.visit(PAGE).body.decode()
    preloaded = re.findall(r'rel="modulepreload" href="[^"]*/([^/"]+)"', page)

    assert len(preloaded) == len(set(preloaded))
    assert {*preloaded, "page.js"} == scripts_of_first_load()


def test_usage_lists_thirty_days(api: Api, service: MemoryService) -> None:
    """Usage has one entry per day, today last, and counts the uses that this process saw."""
    person = service.provider.sign_in("user@example.com")
    created = api.create_token(person)
    for _ in range(3):
        api.get("/api/whoami", created["token"])
    service.clock.advance(service.rules.refresh_interval)
    api.get("/api/whoami", created["token"])

    usage = api.get(f"/v1/tokens/{created['id']}/usage", person).json

    assert len(usage["days"]) == 30
    assert usage["days"][-1] == {"date": "2026-01-15", "at_least": 4}
    assert sum(day["at_least"] for day in usage["days"][:-1]) == 0


def test_usage_of_another_users_token_is_not_found(api: Api, service: MemoryService) -> None:
    """Only the owner can read the usage."""
    created = api.create_token(service.provider.sign_in("user@example.com"))
    other = service.provider.sign_in("other@example.com")

    assert api.get(f"/v1/tokens/{created['id']}/usage", other).status == 404


def test_assets_work_under_a_stage_prefix(api: Api) -> None:
    """Behind a stage every link of a page begins with the stage."""
    page = render.notice(Site("https://x.example.com", "/dev"), "Title", "Text", HTTPStatus.OK, "Go")

    links = re.findall(r'(?:src|href)="([^"]*)"', str(page.body))
    assert links
    assert all(link.startswith("/dev/") for link in links)
    assert json.dumps(page.headers)


@pytest.mark.parametrize("sender", [None, "api-tokens@example.com"])
def test_page_offers_mails_only_if_the_service_sends_some(
    browser: Browser, service: MemoryService, sender: str | None
) -> None:
    """Otherwise a person would wait for mails that never come."""
    service.settings = replace(service.settings, notices_from=sender)
    browser.sign_in("user@example.com")
    page = browser.visit(PAGE).body.decode()
    assert ('data-mails="on"' in page) is (sender is not None)
