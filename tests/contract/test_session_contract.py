"""The contract of the session stores, in memory and in DynamoDB."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.sessions import LOGIN_LIFETIME, PendingLogin, new_session
from tests.support.clock import START
from tests.support.dynamodb import Stores

LOGIN = PendingLogin("hash", "state", "nonce", "verifier", "/settings/api-tokens", START + LOGIN_LIFETIME)
SESSION = new_session("hash", "usr_x", "csrf", START)


def test_login_is_taken_once(stores: Stores) -> None:
    """A sign-in under way can be taken once."""
    stores.sessions.add_login(LOGIN)

    assert stores.sessions.take_login("hash") == LOGIN
    assert stores.sessions.take_login("hash") is None


def test_sign_ins_of_one_browser_are_rows_of_their_own(stores: Stores) -> None:
    """Taking one pending sign-in leaves the others. Taking a missing one changes nothing."""
    others = [replace(LOGIN, id_hash=f"hash-{number}") for number in range(3)]
    for login in (LOGIN, *others):
        stores.sessions.add_login(login)

    assert stores.sessions.take_login("unknown") is None
    assert stores.sessions.take_login("hash") == LOGIN

    assert [stores.sessions.take_login(login.id_hash) for login in others] == others


def test_login_is_taken_by_one_of_two_at_once(stores: Stores) -> None:
    """If a callback is visited twice at once, only one call gets the sign-in."""
    stores.sessions.add_login(LOGIN)

    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(lambda _: stores.sessions.take_login("hash"), range(4)))

    assert sorted(taken, key=bool) == [None, None, None, LOGIN]


def test_login_and_session_of_the_same_hash_are_two_things(stores: Stores) -> None:
    """A cookie of one kind opens nothing of the other."""
    stores.sessions.add_login(LOGIN)

    assert stores.sessions.find_session("hash") is None


def test_session_is_found_until_it_ends(stores: Stores) -> None:
    """Every field is read back; after its end there is nothing, however often it is ended."""
    stores.sessions.add_session(SESSION)
    assert stores.sessions.find_session("hash") == SESSION

    stores.sessions.end_session("hash")
    stores.sessions.end_session("hash")

    assert stores.sessions.find_session("hash") is None


def test_touch_moves_the_idle_deadline_only(stores: Stores) -> None:
    """A use puts the end off and changes nothing else."""
    stores.sessions.add_session(SESSION)
    later = SESSION.touched(START + timedelta(minutes=30))

    stores.sessions.touch_session(replace(later, csrf_token="other"))

    assert stores.sessions.find_session("hash") == later


def test_touch_never_brings_a_session_back(stores: Stores) -> None:
    """A use that races the end of a session loses."""
    stores.sessions.add_session(SESSION)
    stores.sessions.end_session("hash")

    stores.sessions.touch_session(SESSION.touched(START + timedelta(minutes=30)))

    assert stores.sessions.find_session("hash") is None
