"""The modules that only a sign-in at the page loads."""

from tests.packaging.fresh import result_of

SCRIPT = """
    import json, sys
    from chalicelib import bootstrap
    import app
    service = bootstrap.current()
    {use}
    adapters = ("oidc.login", "oidc.userinfo")
    print(json.dumps([name for name in adapters if f"chalicelib.adapters.{{name}}" in sys.modules]))
"""


def test_management_calls_do_not_load_the_login() -> None:
    """Calls with a JWT or a session do not load them."""
    assert result_of(SCRIPT.format(use="service.sign_in, service.sessions")) == []


def test_login_loads_it() -> None:
    """The check above can fail, because the sign-in loads both modules."""
    assert result_of(SCRIPT.format(use="service.login")) == ["oidc.login", "oidc.userinfo"]
