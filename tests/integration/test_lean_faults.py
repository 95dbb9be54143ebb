"""The lean client while its calls fail: the tests of the SDK's client once more, and the whole table.

The lean client makes all calls of DynamoDB on Lambda. So each call of management meets each fault here.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.iam.suite import Watch
from tests.integration.test_faults import (
    MANAGEMENT,
    Operation,
    assert_unavailable,
    cases,
    lasting,
    struck,
    test_fault_in_a_decision_is_neither_allow_nor_refusal,
    test_fault_in_counting_does_not_hide_the_change,
    test_fault_in_recording_a_sign_in_changes_no_answer,
    test_fault_in_recording_reuse_changes_no_answer,
    test_fault_in_revoking_a_family_never_allows,
    test_fault_never_lets_a_refused_token_in,
    test_first_sight_that_meets_a_transaction_is_not_noticed,
    test_keys_that_cannot_be_read_or_published_are_unavailable,
    test_lost_response_of_a_safe_call_is_not_noticed,
    test_one_conflict_with_another_transaction_is_not_noticed,
    test_operation_makes_exactly_these_calls,
    test_single_throttle_is_not_noticed,
    test_single_throttle_is_not_noticed_where_it_matters_most,
    test_touch_that_meets_a_transaction_still_allows,
    test_warm_keys_outlive_an_outage_of_the_key_table,
    told_since,
)
from tests.integration.wire import Fault, Wire
from tests.integration.world import World
from tests.support.api import api_of
from tests.support.dynamodb import Cloud, new_table
from tests.support.lean import bridged
from tests.support.service import MemoryService

__all__ = [
    "test_fault_in_a_decision_is_neither_allow_nor_refusal",
    "test_fault_in_counting_does_not_hide_the_change",
    "test_fault_in_recording_a_sign_in_changes_no_answer",
    "test_fault_in_recording_reuse_changes_no_answer",
    "test_fault_in_revoking_a_family_never_allows",
    "test_fault_never_lets_a_refused_token_in",
    "test_first_sight_that_meets_a_transaction_is_not_noticed",
    "test_keys_that_cannot_be_read_or_published_are_unavailable",
    "test_lost_response_of_a_safe_call_is_not_noticed",
    "test_one_conflict_with_another_transaction_is_not_noticed",
    "test_operation_makes_exactly_these_calls",
    "test_single_throttle_is_not_noticed",
    "test_single_throttle_is_not_noticed_where_it_matters_most",
    "test_touch_that_meets_a_transaction_still_allows",
    "test_warm_keys_outlive_an_outage_of_the_key_table",
]


@pytest.fixture
def world(watched: tuple[Cloud, Wire], watch: Watch) -> Iterator[World]:
    """Return people who call the app over an empty table of moto, all calls by the lean client.

    No call asks for more than it may.
    """
    cloud, wire = watched
    with api_of(MemoryService()) as api, bridged(cloud) as over_http:
        world = World(replace(over_http, table=new_table(cloud.dynamodb)), wire, api)
        api.around = lambda method, path: watch.calling(
            method, path, world.cloud.table, lambda: world.environ
        )
        yield world


@pytest.mark.parametrize(("operation", "fault"), cases(MANAGEMENT))
def test_fault_in_management_is_a_503_and_leaves_rows_whole(
    world: World, operation: Operation, fault: Fault
) -> None:
    """The caller may try again; the change was made whole or not at all, and trying again makes it."""
    for index, answer in struck(world, operation, lasting(fault)):
        assert_unavailable(answer)
        world.check_whole()
        made = fault.after is not None and index == len(operation.calls) - 1
        if operation.done:
            assert made is operation.done(world)
        assert told_since(world) == operation.told(made=made)
        world.start()
        again = operation.act(world)
        assert (operation.again if made else operation.status) == again.status
        assert operation.done is None or operation.done(world)
        if not made:
            assert told_since(world) == operation.told(made=True)
        world.check_whole()
