"""An update from 0.1 keeps the resources with state and all outputs."""

from copy import deepcopy
from typing import Any

import pytest

from infra.local.template import Template, read_template, state_part
from tests.upgrades.release import V0_1, unpacked

# CloudFormation creates at most one index in an update, so no further one may join it.
_INDEX: dict[str, Any] = {
    "IndexName": "by_key",
    "KeySchema": [
        {"AttributeName": "by_pk", "KeyType": "HASH"},
        {"AttributeName": "by_sk", "KeyType": "RANGE"},
    ],
    "Projection": {"ProjectionType": "KEYS_ONLY"},
}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return the template of release 0.1."""
    folder = tmp_path_factory.mktemp("template")
    unpacked(V0_1, "infra/aws", folder)
    return read_template(folder / "infra" / "aws" / "template.yaml")


def test_table_and_keys_are_those_of_0_1(before: Template) -> None:
    """Only one index is added to the table. No property that forces a replacement changes."""
    then, now = (deepcopy(state_part(template)["Resources"]) for template in (before, read_template()))
    table = now["TokenTable"]["Properties"]
    table["GlobalSecondaryIndexes"].remove(_INDEX)
    for key in _INDEX["KeySchema"]:
        table["AttributeDefinitions"].remove({"AttributeName": key["AttributeName"], "AttributeType": "S"})

    assert then.keys() <= now.keys()
    assert {name: _lasting(now[name]) for name in then} == {
        name: _lasting(resource) for name, resource in then.items()
    }


def test_outputs_of_0_1_stay(before: Template) -> None:
    """Exports do not change, because another stack may import them."""
    then, now = before["Outputs"], read_template()["Outputs"]

    assert then.keys() <= now.keys()
    for name, output in then.items():
        assert (output["Value"], output.get("Export")) == (now[name]["Value"], now[name].get("Export"))


def test_parameters_of_0_1_stay(before: Template) -> None:
    """Parameters stay, so that pipelines that set them still work."""
    assert before["Parameters"].keys() <= read_template()["Parameters"].keys()


def _lasting(resource: Any) -> Any:
    """Return the properties that must not change. A key's policy may change in place."""
    properties = {name: value for name, value in resource["Properties"].items() if name != "KeyPolicy"}
    return {**resource, "Properties": properties}
