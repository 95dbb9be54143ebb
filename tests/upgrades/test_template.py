"""An update from 0.1 replaces nothing that holds state, and takes no output away."""

from pathlib import Path
from typing import Any

import pytest

from infra.local.template import PROJECT_ROOT, TEMPLATE_PATH, Template, read_template, state_part
from tests.upgrades.release import V0_1, unpacked


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return the template of release 0.1."""
    folder = tmp_path_factory.mktemp("template")
    unpacked(V0_1, "infra/aws", folder)
    return read_template(folder / Path(TEMPLATE_PATH).relative_to(PROJECT_ROOT))


def test_table_and_keys_are_those_of_0_1(before: Template) -> None:
    """No property changes that CloudFormation would replace them for; nor does their stream or TTL."""
    then, now = (state_part(template)["Resources"] for template in (before, read_template()))

    assert then.keys() <= now.keys()
    assert {name: _lasting(now[name]) for name in then} == {
        name: _lasting(resource) for name, resource in then.items()
    }


def test_outputs_of_0_1_stay(before: Template) -> None:
    """Another stack may import an export, so it can neither change nor go."""
    then, now = before["Outputs"], read_template()["Outputs"]

    assert then.keys() <= now.keys()
    for name, output in then.items():
        assert (output["Value"], output.get("Export")) == (now[name]["Value"], now[name].get("Export"))


def test_parameters_of_0_1_stay(before: Template) -> None:
    """A pipeline that gives them goes on working."""
    assert before["Parameters"].keys() <= read_template()["Parameters"].keys()


def _lasting(resource: Any) -> Any:
    """Return what must not change: the policy of a key may, since it is updated in place."""
    properties = {name: value for name, value in resource["Properties"].items() if name != "KeyPolicy"}
    return {**resource, "Properties": properties}
