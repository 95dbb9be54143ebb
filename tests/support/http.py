"""A replacement of the network: documents by URL."""

import json
from typing import Any

import urllib3


class FakeHttp(urllib3.PoolManager):
    """Answers from a dictionary; a value that is an exception is raised. Counts what was asked."""

    def __init__(self, documents: dict[str, Any]) -> None:
        super().__init__()
        self.documents = documents
        self.asked: list[str] = []

    def request(  # type: ignore[override]
        self, method: str, url: str, **options: Any
    ) -> urllib3.HTTPResponse:
        """Return the document, or 404."""
        self.asked.append(url)
        document = self.documents.get(url)
        if isinstance(document, Exception):
            raise document
        if isinstance(document, urllib3.HTTPResponse):
            return document
        body = json.dumps(document).encode()
        return _response(body, 200 if document is not None else 404)


def _response(body: bytes, status: int) -> urllib3.HTTPResponse:
    import io

    return urllib3.HTTPResponse(io.BytesIO(body), status=status, preload_content=False)
