"""The bases of the hierarchy of errors."""

from typing import ClassVar


class ApiTokensError(Exception):
    """Base of all errors of this service; never raised itself.

    ``code`` is a stable word for clients. ``detail`` is a sentence that names nothing of the HTTP API.
    """

    code: ClassVar[str]
    detail: str = ""

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or self.detail
        super().__init__(self.detail)


class InvalidRequest(ApiTokensError):
    """The request is not valid."""

    code = "invalid_request"


class Conflict(ApiTokensError):
    """Base of the errors about the present state of a resource."""

    code = "conflict"
