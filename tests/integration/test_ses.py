"""Mails by Amazon SES: the one call, and the meaning of its failures."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.adapters.aws import ses_client
from chalicelib.adapters.ses import SesMailer
from chalicelib.domain.errors import MailRefused, MailUnavailable
from chalicelib.domain.mails import Mail

MAIL = Mail("una@example.com", "An API token needs your attention", "Grüße\n", "<p>Grüße</p>\n")


class FakeSes:
    """A client that keeps its requests, or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.requests: list[dict[str, Any]] = []
        self._failure = failure

    def send_email(self, **request: Any) -> dict[str, Any]:
        """Keep the request."""
        self.requests.append(request)
        if self._failure:
            raise self._failure
        return {"MessageId": "1"}


def failure(code: str, status: int) -> ClientError:
    """Return an error of SES."""
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "SendEmail")


def test_mail_is_sent_by_one_call() -> None:
    """To one recipient, as text and HTML, in UTF-8."""
    ses = FakeSes()
    SesMailer(lambda: ses, "api-tokens@example.com").send(MAIL)
    (request,) = ses.requests
    assert request["FromEmailAddress"] == "api-tokens@example.com"
    assert request["Destination"] == {"ToAddresses": [MAIL.recipient]}
    content = request["Content"]["Simple"]
    assert content["Subject"] == {"Data": MAIL.subject, "Charset": "UTF-8"}
    assert content["Body"]["Text"]["Data"] == MAIL.text
    assert content["Body"]["Html"]["Data"] == MAIL.html


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (failure("TooManyRequestsException", 429), MailUnavailable),
        (failure("SendingPausedException", 400), MailUnavailable),
        (failure("InternalFailure", 500), MailUnavailable),
        (EndpointConnectionError(endpoint_url="https://email.example.com"), MailUnavailable),
        (failure("MessageRejected", 400), MailRefused),
        (failure("AccessDeniedException", 403), MailRefused),
    ],
)
def test_failures_have_a_meaning(error: Exception, meaning: type[Exception]) -> None:
    """Only a failure that may pass is tried again, because the walk waits for it."""
    ses = FakeSes(error)
    with pytest.raises(meaning):
        SesMailer(lambda: ses, "api-tokens@example.com").send(MAIL)
    assert len(ses.requests) == 1


def test_request_has_the_form_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore checks it against the model of SES."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    ses, sent = FakeSes(), FakeSes()
    SesMailer(lambda: ses, "api-tokens@example.com").send(MAIL)
    client: Any = ses_client()
    client.meta.events.register_first("before-call", lambda params, **_: _taken(sent, params))
    client.send_email(**ses.requests[0])
    assert len(sent.requests) == 1


def _taken(sent: FakeSes, params: dict[str, Any]) -> tuple[Any, dict[str, str]]:
    sent.send_email(**params)

    class Answer:
        status_code = 200

    return Answer(), {"MessageId": "1"}
