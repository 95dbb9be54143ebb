"""A layer, or Lambda itself, may bring a module that a library in the zip looks for: nothing changes."""

import site
from pathlib import Path

import pytest

from tests.packaging.dynamodb_stub import dynamodb_stub
from tests.packaging.optional_modules import computed_imports, is_installed, named_modules, run

pytestmark = pytest.mark.slow

# Sources that compute the name of a module. No test can see these names, so each has its reason.
COMPUTED = {
    "boto3/utils.py",  # names of its own modules
    "botocore/plugin.py",  # plugins of a configuration file
    "botocore/vendored/six.py",  # the standard library's
    "dateutil/__init__.py",  # names of its own modules
    "six.py",  # the standard library's
}
# Every call by the SDK, as with SnapStart.
BY_THE_SDK = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}


def test_every_import_in_the_zip_can_be_read(runnable: Path) -> None:
    """The search for optional modules is complete: names are written down but for a few known places."""
    assert computed_imports(runnable) == COMPUTED
    assert {"awscrt", "OpenSSL", "brotli", "h2", "socks", "yaml"} <= named_modules(runnable)


def test_an_optional_module_changes_no_answer(runnable: Path, handlers: list[str]) -> None:
    """Each function starts and answers with each of them alone, and with all of them.

    Modules that the tests' environment has are used as they are. The others are stubs.
    """
    optional = named_modules(runnable)
    stubs = sorted(name for name in optional if not is_installed(name))
    layer = site.getsitepackages()
    with dynamodb_stub() as stub:
        without = run(runnable, stub, handlers, **BY_THE_SDK)
        assert without["from"].startswith(str(runnable))
        assert without["answers"]["app.app"]["statusCode"] == 200
        assert without["answers"]["kms"] == "EndpointConnectionError"
        with_one = {name: run(runnable, stub, handlers, stubbed=[name], **BY_THE_SDK) for name in stubs}
        with_all = {
            "installed": run(runnable, stub, handlers, layers=layer, **BY_THE_SDK),
            "all": run(runnable, stub, handlers, layers=layer, stubbed=stubs, **BY_THE_SDK),
        }
    answers = {name: each.get("answers", each) for name, each in (with_one | with_all).items()}
    assert {name: answer for name, answer in answers.items() if answer != without["answers"]} == {}
    assert with_one["awscrt"]["loaded"] == ["awscrt"]


def test_an_optional_module_changes_no_decision_without_the_sdk(
    runnable: Path, handlers: list[str]
) -> None:
    """The same where decisions are made by the lean client."""
    stubs = sorted(name for name in named_modules(runnable) if not is_installed(name))
    with dynamodb_stub() as stub:
        without = run(runnable, stub, handlers)
        with_all = run(runnable, stub, handlers, stubbed=stubs, layers=site.getsitepackages())
    assert with_all.get("answers", with_all) == without["answers"]
