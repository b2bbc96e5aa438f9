"""The page about definitions names everything that a definition can say, and its JSON is right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ergate.services.conditions import OPERATORS, Comparison
from ergate.services.definition import Definition
from ergate.services.failures import KNOWN
from ergate.services.fields import Field
from ergate.services.operations import Call, Choice, Fail, Pass, Succeed, Wait
from ergate.services.policies import CatchRule, RetryRule
from ergate.services.service import Service

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/definitions.md").read_text()
BLOCKS = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
MODELS: list[type[BaseModel]] = [
    Service, Field, Definition, Call, Choice, Wait, Pass, Succeed, Fail, RetryRule, CatchRule,
    Comparison,
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_on_the_page(model: type[BaseModel]) -> None:
    keys = [field.alias or name for name, field in model.model_fields.items()]
    missing = [key for key in keys if key != "$schema" and f"`{key}`" not in PAGE
               and f'"{key}"' not in PAGE]  # fmt: skip
    assert missing == []


@pytest.mark.parametrize("name", [*KNOWN, *OPERATORS])
def test_every_error_and_every_comparison_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_the_documents_on_the_page_can_be_read() -> None:
    service, straight, condition, call = BLOCKS
    Service.model_validate(service)
    Definition.model_validate(straight)
    choice: dict[str, Any] = {
        "name": "ask",
        "type": "choice",
        "choices": [{"when": condition, "next": "charge"}],
        "default": "charge",
    }
    Definition.model_validate({"name": "w", "operations": [choice, call]})
