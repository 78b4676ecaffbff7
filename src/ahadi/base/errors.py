"""The tree of errors. Each has a stable code, an HTTP-like status, typed fields and a sentence that says what to do."""

from typing import Any, ClassVar


class AhadiError(Exception):
    """Something a person can understand and act upon.

    `sentence` says in one sentence what happened and what to do; `fields` carries values a program may read.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, sentence: str, **fields: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fields = fields


class Invalid(AhadiError):
    """The request itself is wrong: it must be changed before it is sent again."""

    code = "invalid"
    status = 422


class NotSignedIn(AhadiError):
    """Nobody, or nobody known, asks."""

    code = "not-signed-in"
    status = 401


class Forbidden(AhadiError):
    """The person is known and may not do this."""

    code = "forbidden"
    status = 403


class NotFound(AhadiError):
    """There is no such thing, or none that this person may know of."""

    code = "not-found"
    status = 404


class Conflict(AhadiError):
    """The thing is not in a state that allows this."""

    code = "conflict"
    status = 409


class TooLarge(AhadiError):
    """More than is taken at once."""

    code = "too-large"
    status = 413


class TooMany(AhadiError):
    """Asked too often; `retry_after` gives the seconds to wait."""

    code = "too-many-requests"
    status = 429


class Unavailable(AhadiError):
    """A part we depend on does not answer; trying again later may help."""

    code = "unavailable"
    status = 503


class SetupError(AhadiError):
    """The installation cannot start or be changed as asked; shown on the command line."""

    code = "setup"
    status = 500
