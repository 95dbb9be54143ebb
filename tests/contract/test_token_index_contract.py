"""The contract of the index of tokens, in memory and in DynamoDB."""

from dataclasses import replace

from chalicelib.domain.ids import new_token_id
from chalicelib.domain.users import User
from tests.contract.test_store_contract import add
from tests.support.actors import an_event
from tests.support.builders import a_token, a_user
from tests.support.clock import START
from tests.support.dynamodb import Stores
from tests.support.waiting import wait_until


def test_owner_is_found_by_the_id_of_a_token(stores: Stores, owner: User) -> None:
    """Each token leads to its own owner."""
    other = a_user("other@example.com")
    assert stores.users.add_user(other, an_event())
    tokens = [add(stores, a_token(user)) for user in (owner, other)]

    wait_until(lambda: stores.token_index.find_owner_of(tokens[-1].id) is not None)
    assert [stores.token_index.find_owner_of(token.id) for token in tokens] == [owner.id, other.id]


def test_unknown_token_has_no_owner(stores: Stores, owner: User) -> None:
    """Neither an id that was never issued nor the id of a user leads to an owner."""
    add(stores, a_token(owner))

    for unknown in (new_token_id(START), owner.id, "#"):
        assert stores.token_index.find_owner_of(unknown) is None


def test_deleted_token_has_no_owner(stores: Stores, owner: User) -> None:
    """If TTL deletes the row, the index forgets it."""
    token = add(stores, a_token(owner))
    stores.forget(owner.id, token.id)

    wait_until(lambda: stores.token_index.find_owner_of(token.id) is None)


def test_tokens_that_share_an_index_key_keep_their_owners(stores: Stores, owner: User) -> None:
    """The index has the end of an id alone, and two ids may end alike."""
    other = a_user("other@example.com")
    assert stores.users.add_user(other, an_event())
    mine = add(stores, a_token(owner))
    theirs = add(stores, replace(a_token(other), id=new_token_id(START)[:-8] + mine.id[-8:]))

    wait_until(lambda: stores.token_index.find_owner_of(theirs.id) is not None)
    assert stores.token_index.find_owner_of(mine.id) == owner.id
    assert stores.token_index.find_owner_of(theirs.id) == other.id
    assert stores.token_index.find_owner_of(new_token_id(START)[:-8] + mine.id[-8:]) is None
