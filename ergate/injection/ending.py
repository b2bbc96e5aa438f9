"""How an exception says that a step ended well."""

from __future__ import annotations


class NormalEnd(BaseException):
    """A base for exceptions with which a step ends well, such as `GoToStep` and `GoToEnd`.

    Dependencies are torn down as after a return: a transaction is committed, not rolled back.
    It lives in this room because the rooms above, which raise it, may import this one.
    """
