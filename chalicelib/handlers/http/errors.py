"""Errors about the form of a request, which only HTTP has."""

from chalicelib.domain.errors import ApiTokensError


class PayloadTooLarge(ApiTokensError):
    """The body is larger than any valid one."""

    code = "payload_too_large"


class UnsupportedMediaType(ApiTokensError):
    """The body has another media type than the one that is required."""

    code = "unsupported_media_type"
    detail = "Send the body as Content-Type: application/json."
