"""The errors that a client receives: a status, a word for programs and a sentence for people, below 1 kB."""

import json

from fastapi import Response

from darkroom.runtime.errors import printable

LONGEST = 300  # characters of the sentence
RETRY = {"retry-after": "1"}  # seconds
CLOSE = {"connection": "close"}  # what is left of the request is not read


class Refusal(Exception):
    """A request that is not answered with probabilities."""

    def __init__(self, status: int, error: str, what: str, headers: dict[str, str] | None = None):
        self.status, self.error, self.what, self.headers = status, error, printable(what)[:LONGEST], headers
        super().__init__(self.what)

    def response(self) -> Response:
        """Return the JSON object `{"error": word, "what": sentence}`."""
        body = json.dumps({"error": self.error, "what": self.what})
        return Response(body, self.status, self.headers, media_type="application/json")


def bad_request(error: str, what: str) -> Refusal:
    """Return the refusal of a request that its author must change."""
    return Refusal(400, error, what)


def too_large(what: str) -> Refusal:
    """Return the refusal of a request of which no more is read."""
    return Refusal(413, "too_large", what, CLOSE)


def busy() -> Refusal:
    """Return the refusal of a request for which there is no room now."""
    return Refusal(503, "busy", "too many requests are waiting, try again later", RETRY)
