"""Mails by Amazon SES (API v2)."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import MailRefused, MailUnavailable
from chalicelib.domain.mails import Mail

# The account may not send now, or not so much. A later attempt may succeed.
_PASSING = frozenset({"TooManyRequestsException", "LimitExceededException", "SendingPausedException"})


class Ses(Protocol):
    """The part of botocore's client of ``sesv2`` that is used here."""

    def send_email(self, **request: Any) -> Mapping[str, Any]:
        """Send a mail."""
        ...


class SesMailer:
    """Mails from one address. The client is made for the first mail."""

    def __init__(self, client: Callable[[], Ses], sender: str) -> None:
        self._client = client
        self._sender = sender

    def send(self, mail: Mail) -> None:
        """Send a mail by one call. Raises MailUnavailable or MailRefused."""
        body = {"Text": _utf8(mail.text), "Html": _utf8(mail.html)}
        try:
            self._client().send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [mail.recipient]},
                Content={"Simple": {"Subject": _utf8(mail.subject), "Body": body}},
            )
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            is_passing = error.response["Error"]["Code"] in _PASSING
            if is_passing or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise MailUnavailable from error
            raise MailRefused from error
        except BotoCoreError as error:
            raise MailUnavailable from error


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
