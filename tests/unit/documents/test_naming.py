"""Types are told as people write them."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import AfterValidator

from ergate.documents.naming import type_name
from ergate.jobs.job import Job


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        (int, "int"),
        (None, "None"),
        (list[str], "list[str]"),
        (Job, "Job"),
        (Any, "Any"),
        (Annotated[dict[str, int], AfterValidator(len)], "dict[str, int]"),
    ],
)
def test_a_type_is_told_without_what_checks_it(annotation: object, told: str) -> None:
    assert type_name(annotation) == told
