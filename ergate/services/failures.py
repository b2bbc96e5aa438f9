"""Why a call did not work out, under the names that `retry` and `catch` use.

    ServiceFailure
    ├── ServiceTimeout        no whole answer came in time
    ├── ServiceUnavailable    it cannot be reached, or says that it cannot answer now
    ├── ServiceError          it answered that it failed; also under a name of its own
    ├── ServiceRefused        it answered that the request is wrong; also under its own name
    ├── BadReply              its answer is not what it declares
    ├── AddressRefused        its address may not be called                     (lasting)
    ├── CredentialRefused     its credential is missing, or not for this host   (lasting)
    ├── ServiceMoved          it redirects to another address                   (lasting)
    └── BadData               the data have not what is needed                  (lasting)

A lasting failure would be the same the next time: it is never retried, but can be caught.
`is_worth_a_retry` is finer and for who retries everything (`*`): also most refusals, such as 404,
would be the same the next time, although who names ServiceRefused may retry it.
"""

from __future__ import annotations

from typing import ClassVar

from ergate.errors import ErgateError, StepTimeout

ANYTHING = "*"
_NEVER_DONE = (501, 505)
_UNDER_WAY = (409, 423)


class ServiceFailure(ErgateError):
    """The base of what a call of a service can end with other than an answer."""

    is_lasting: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        name: str | None = None,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.name = name
        """The service's own name for the error, if it gave one that it declares."""
        self.status = status
        """The HTTP status that it answered, if it did."""
        self.retry_after_s = retry_after_s
        """How many seconds it asks to be left alone, if it does."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that `retry` and `catch` know it by, the most exact first."""
        return (*([self.name] if self.name else []), type(self).__name__)

    @property
    def is_worth_a_retry(self) -> bool:
        """Whether the same call may well end better the next time."""
        return not self.is_lasting


class ServiceTimeout(ServiceFailure):
    """No whole answer came in time; the service may have done its work all the same."""


class ServiceUnavailable(ServiceFailure):
    """The service cannot be reached, broke off, or says that it cannot answer now."""


class ServiceError(ServiceFailure):
    """The service answered that it failed; `name` is the error's own name, if it gave one."""

    @property
    def is_worth_a_retry(self) -> bool:
        """All but what it will never do: 501 (not implemented) and 505 (version of HTTP)."""
        return self.status not in _NEVER_DONE


class ServiceRefused(ServiceFailure):
    """The service answered that the request is wrong; `name` as with `ServiceError`."""

    @property
    def is_worth_a_retry(self) -> bool:
        """Only while the same work is under way: 409 (conflict) and 423 (locked).

        409 is what a service that knows the `Idempotency-Key` answers while it still works on it.
        """
        return self.status in _UNDER_WAY


class BadReply(ServiceFailure):
    """The service answered something other than its declared outputs."""


class AddressRefused(ServiceFailure):
    """The address of the service is not one that may be called."""

    is_lasting = True


class CredentialRefused(ServiceFailure):
    """The service names a credential that the settings lack, or that its host may not see."""

    is_lasting = True


class ServiceMoved(ServiceFailure):
    """The service redirects to another address; redirects are never followed."""

    is_lasting = True


class BadData(ServiceFailure):
    """A reference leads to nothing, or a value has another type than what is done with it needs."""

    is_lasting = True


KNOWN = ("ServiceTimeout", "ServiceUnavailable", "ServiceError", "ServiceRefused", "BadReply",
         "AddressRefused", "CredentialRefused", "ServiceMoved", "BadData")  # fmt: skip
LASTING = ("AddressRefused", "CredentialRefused", "ServiceMoved", "BadData")


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
