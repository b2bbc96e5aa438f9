"""Why a call did not work out, under the names that `retry` and `catch` use.

    ServiceFailure
    ├── ServiceTimeout        no whole answer came in time
    ├── ServiceUnavailable    it cannot be reached, or says that it cannot answer now
    ├── ServiceError          it answered that it failed; also under a name of its own
    ├── BadReply              its answer is not what it declares
    ├── AddressRefused        its address may not be called                     (lasting)
    └── BadData               the data have not what is needed                  (lasting)

A lasting failure would be the same the next time: it is never retried, but can be caught.
"""

from __future__ import annotations

from typing import ClassVar

from ergate.errors import ErgateError, StepTimeout

ANYTHING = "*"


class ServiceFailure(ErgateError):
    """The base of what a call of a service can end with other than an answer."""

    is_lasting: ClassVar[bool] = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names that `retry` and `catch` know it by, the most exact first."""
        return (type(self).__name__,)


class ServiceTimeout(ServiceFailure):
    """No whole answer came in time; the service may have done its work all the same."""


class ServiceUnavailable(ServiceFailure):
    """The service cannot be reached, broke off, or says that it cannot answer now."""


class ServiceError(ServiceFailure):
    """The service answered that it failed; `name` is the error's own name, if it gave one."""

    def __init__(self, message: str, *, name: str | None = None) -> None:
        super().__init__(message)
        self.name = name

    @property
    def names(self) -> tuple[str, ...]:
        """The service's own name for the error, if any, and ServiceError."""
        return (*([self.name] if self.name else []), "ServiceError")


class BadReply(ServiceFailure):
    """The service answered something other than its declared outputs."""


class AddressRefused(ServiceFailure):
    """The address of the service is not one that may be called."""

    is_lasting = True


class BadData(ServiceFailure):
    """A reference leads to nothing, or a value has another type than what is done with it needs."""

    is_lasting = True


KNOWN = ("ServiceTimeout", "ServiceUnavailable", "ServiceError", "BadReply", "AddressRefused",
         "BadData")  # fmt: skip
LASTING = ("AddressRefused", "BadData")


def names_of(error: BaseException) -> tuple[str, ...]:
    """Return the names that `retry` and `catch` know an error by, the most exact first."""
    if isinstance(error, ServiceFailure):
        return error.names
    if isinstance(error, StepTimeout):
        return ("ServiceTimeout",)
    return (type(error).__name__,)


def is_lasting(error: BaseException) -> bool:
    """Whether the same call would fail in the same way."""
    return isinstance(error, ServiceFailure) and error.is_lasting
