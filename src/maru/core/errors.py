"""Named errors that commands and queries raise; views and the API turn them into answers in the user's words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _


class MaruError(Exception):
    """Base of all expected errors.

    ``code`` is a stable machine word, ``status`` the HTTP status an outer layer answers with.
    """

    code = "error"
    status = 400

    def __init__(self, message: str = "", *, code: str = "", **details: Any) -> None:
        super().__init__(message or self.default_message())
        if code:
            self.code = code
        self.details = details

    @property
    def message(self) -> str:
        return str(self.args[0])

    def default_message(self) -> str:
        return _("Something is not right with this request.")


class NotFound(MaruError):
    """The thing does not exist, or belongs to another organization, which must look the same."""

    code = "not_found"
    status = 404

    def default_message(self) -> str:
        return _("We could not find what you were looking for.")


class Forbidden(MaruError):
    """The actor is known but lacks the permission."""

    code = "forbidden"
    status = 403

    def default_message(self) -> str:
        return _("You do not have permission to do this.")


class Invalid(MaruError):
    """Input that cannot be accepted. ``fields`` maps a field name to a message for the person."""

    code = "invalid"
    status = 422

    def __init__(self, fields: Mapping[str, str] | str, *, code: str = "") -> None:
        self.fields: dict[str, str] = {"": fields} if isinstance(fields, str) else dict(fields)
        super().__init__(next(iter(self.fields.values()), ""), code=code)


class Conflict(MaruError):
    """Someone else was faster, or the thing has changed since it was read."""

    code = "conflict"
    status = 409

    def default_message(self) -> str:
        return _("This has changed in the meantime. Please look again.")


class TooMany(MaruError):
    """A rate limit was reached. ``retry_after`` is in seconds."""

    code = "too_many"
    status = 429

    def __init__(self, message: str = "", *, retry_after: int = 60) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retry_after = retry_after

    def default_message(self) -> str:
        return _("Too many attempts. Please try again a little later.")
