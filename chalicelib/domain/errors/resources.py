"""Users and other resources that do not exist, or whose state does not allow a change."""

from datetime import timedelta

from chalicelib.domain.errors.base import ApiTokensError, Conflict


class UserNotFound(ApiTokensError):
    """No user has this id."""

    code = "user_not_found"
    detail = "No user has this id."


class UserRemoved(Conflict):
    """A removed user cannot change. The next sign-in brings the account back."""

    code = "user_removed"
    detail = "This user is removed. Signing in again starts a fresh account."


class OwnAccount(Conflict):
    """Administrators cannot lock themselves out."""

    code = "own_account"
    detail = "You cannot deactivate or remove your own account. Ask another administrator."


class IdentityTaken(Conflict):
    """The new identity already leads to another user, who may be a tombstone."""

    code = "identity_taken"
    detail = "Another user has this identity already."

    def __init__(self, user_id: str | None = None) -> None:
        self.user_id = user_id
        super().__init__(f"The user {user_id} has this identity already." if user_id else None)


class ConcurrentChange(Conflict):
    """Another caller changed the same row at the same time, repeatedly."""

    code = "concurrent_change"
    detail = "Another change happened at the same moment. Look again and retry."


class KeyChangeRefused(Conflict):
    """A signing key is unknown, or its state does not allow the change."""

    code = "key_change_refused"
    detail = "This signing key is not in a state that allows this."


class JobNotFound(ApiTokensError):
    """No job has this id, or its row was deleted."""

    code = "job_not_found"
    detail = "No job has this id. Jobs are deleted when their retention ends."


class TooManyJobs(ApiTokensError):
    """As many jobs as allowed are running (RFC 6585 section 4)."""

    code = "too_many_jobs"
    retry_after = timedelta(minutes=5)

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"{limit} jobs are running, the most allowed. Retry when one of them has ended.")


class ResourceNotFound(ApiTokensError):
    """There is nothing at this address."""

    code = "not_found"
    detail = "There is nothing at this address."
