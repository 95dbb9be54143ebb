"""Where everything is measured: the service over the emulator, with one user who holds tokens."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib import bootstrap
from chalicelib.adapters.clock import SystemClock
from chalicelib.bootstrap import Service
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.token_creation import IssuedToken
from chalicelib.domain.users import User
from chalicelib.services.sign_in import Credentials
from tests.benchmarks.process import LAMBDA, environment
from tests.support.actors import CALLER, PERSON
from tests.support.builders import a_request
from tests.support.clock import FixedClock
from tests.support.http import FakeHttp
from tests.support.local_stack import Emulated, emulator
from tests.support.provider import TestProvider
from tests.support.service import ENVIRON

METHOD_ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/dev/GET/api/whoami"
ADDRESS = "192.0.2.7"
"""The caller's address, as the gateway sees it."""

# As many as the setting allows: the owner of 10,000 tokens goes on issuing.
_QUOTA = "10000"


@dataclass(frozen=True)
class Place:
    """The emulator, how to reach it, and what has to be closed behind everything."""

    running: Emulated
    closed_last: ExitStack

    @property
    def table(self) -> str:
        """The table's name."""
        return self.running.table_name

    def service(self, url: str | None = None, clock: Clock | None = None) -> Service:
        """Return the service as a new process would make it, its clients connected to ``url``."""
        where = {"AWS_ENDPOINT_URL": url or self.running.endpoint}
        clock = clock or SystemClock()
        # The real adapter over the provider in memory: only the network is replaced.
        http = FakeHttp(TestProvider(clock).documents())
        service = Service(self._settings | where, clock, http=http)
        with environment(self.running.environment | where):
            _ = service.verify, service.keys, service.kms
        self.closed_last.callback(service.dynamodb_once.close)
        return service

    @property
    def _settings(self) -> dict[str, str]:
        return {
            **LAMBDA,
            **ENVIRON,
            "TABLE_NAME": self.running.table_name,
            "SIGNING_KEY_ID": self.running.key_id,
            "MAX_TOKENS_PER_USER": _QUOTA,
            "MAX_CREATIONS_PER_DAY": "100000",
        }


@contextmanager
def emulated_place() -> Iterator[Place]:
    """Start the emulator."""
    with emulator() as running, ExitStack() as closed_last:
        yield Place(running, closed_last)


@contextmanager
def installed(service: Service) -> Iterator[Service]:
    """Let the handlers of this process use a service."""
    before = bootstrap.current()
    try:
        bootstrap.install(service)
        yield service
    finally:
        bootstrap.install(before)


def signed_in(service: Service, subject: str = "user@example.com") -> User:
    """Return a user, made if need be."""
    return service.sign_in.user(Credentials(CALLER, unverified_bearer=jwt_of(service, subject)))


def jwt_of(service: Service, subject: str = "user@example.com") -> str:
    """Return what the users' provider says about a user."""
    return TestProvider(service.clock).sign_in(subject)


def issued(service: Service, name: str = "bench", **members: Any) -> IssuedToken:
    """Return a new token of the usual user."""
    return service.issue(signed_in(service), a_request(name=name, **members), PERSON)


def request_event(token: str) -> dict[str, Any]:
    """Return the event that our own API sends to its authorizer, with the headers of a usual client."""
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "Authorization": f"Bearer {token}",
        "Host": "a1b2c3.execute-api.us-east-1.amazonaws.com",
        "User-Agent": "curl/8.7.1",
        "X-Amzn-Trace-Id": "Root=1-5d7a1f4e-2c9b4f0e9a571b1f2f7c3a11",
        "X-Forwarded-For": ADDRESS,
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    return {
        "type": "REQUEST",
        "methodArn": METHOD_ARN,
        "resource": "/api/whoami",
        "path": "/api/whoami",
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {},
        "multiValueQueryStringParameters": {},
        "pathParameters": {},
        "stageVariables": {},
        "requestContext": {
            "resourceId": "a1b2c3",
            "resourcePath": "/api/whoami",
            "httpMethod": "GET",
            "path": "/dev/api/whoami",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "dev",
            "requestId": _Context.aws_request_id,
            "identity": {"sourceIp": ADDRESS, "userAgent": "curl/8.7.1"},
            "apiId": "a1b2c3",
        },
    }


def list_event(cookie: str) -> dict[str, Any]:
    """Return the event of `GET /v1/tokens` by a session of the page."""
    headers = {"Host": "api.example.com", "Cookie": f"__Host-bodhi_session={cookie}"}
    return {
        "resource": "/v1/tokens",
        "path": "/v1/tokens",
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {
            "resourcePath": "/v1/tokens",
            "httpMethod": "GET",
            "path": "/v1/tokens",
            "stage": "api",
            "requestId": _Context.aws_request_id,
            "identity": {"sourceIp": ADDRESS, "userAgent": "curl/8.7.1"},
        },
    }


def authorizing(token: str) -> Callable[[], dict[str, Any]]:
    """Return a call of the deployed authorizer with a token, as API Gateway makes it."""
    from chalicelib.handlers.authorizer import api_token_authorizer

    event, context = request_event(token), _Context()
    return lambda: api_token_authorizer(event, context)


def authorize(token: str) -> dict[str, Any]:
    """Return what the deployed authorizer answers. Raises what it raises."""
    return authorizing(token)()


def refusing(token: str) -> Callable[[], None]:
    """Return a call with what must be refused; it raises ValueError if it is not."""
    call = authorizing(token)

    def refuse() -> None:
        try:
            call()
        except Exception as error:
            if str(error) == "Unauthorized":
                return
            raise
        raise ValueError("the authorizer let a bad token in")

    return refuse


def clock_from_now() -> FixedClock:
    """Return a clock to move; the emulator removes what expired by the real one."""
    return FixedClock(datetime.now(UTC).replace(microsecond=0))


class _Context:
    aws_request_id = "5d7a1f4e-2c9b-4f0e-9a57-1b1f2f7c3a11"
