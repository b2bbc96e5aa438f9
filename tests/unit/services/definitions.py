"""Services and definitions for tests: our own examples, and short ways to write others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ergate.services.checking import check_definition
from ergate.services.faults import DefinitionFaults
from ergate.services.reading import read_service
from ergate.services.service import Service

EXAMPLES = Path(__file__).parents[3] / "examples" / "definitions"


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def example_services() -> list[Service]:
    return [read_service(json.loads(path.read_text())) for path in EXAMPLES.glob("service-*.json")]


def service(name: str, inputs: str = "", outputs: str = "", **more: Any) -> Service:
    """Make a service from fields such as `"message:string count:int? note:string=none"`."""
    address = "http://127.0.0.1:1/"
    fields = {"inputs": fields_of(inputs), "outputs": fields_of(outputs)}
    return read_service({"name": name, "address": address, **fields, **more})


def fields_of(text: str) -> list[dict[str, Any]]:
    return [_field(part) for part in text.split()]


def _field(text: str) -> dict[str, Any]:
    text, _, default = text.partition("=")
    name, _, kind = text.rstrip("?").partition(":")
    field: dict[str, Any] = {"name": name, "type": kind}
    if text.endswith("?"):
        field["required"] = False
    if default:
        field["default"] = json.loads(default)
    return field


def workflow(*operations: Any, inputs: str = "", outputs: str = "", **more: Any) -> dict[str, Any]:
    return {
        "name": "w",
        "inputs": fields_of(inputs),
        "outputs": fields_of(outputs),
        "operations": list(operations),
        **more,
    }


def call(name: str, service: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "call", "service": service, **more}


def choice(name: str, *rules: tuple[Any, str], default: str) -> dict[str, Any]:
    choices = [{"when": when, "next": target} for when, target in rules]
    return {"name": name, "type": "choice", "choices": choices, "default": default}


def state(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def faults(document: object, *services: Service) -> list[str]:
    """Return what is wrong with a definition, each as one line."""
    try:
        check_definition(document, services)
    except DefinitionFaults as exc:
        return [str(fault) for fault in exc.faults]
    return []


def faults_of_service(name: str, **more: Any) -> list[str]:
    """Return what is wrong with a service, each as one line."""
    try:
        read_service({"name": name, "address": "http://127.0.0.1:1/", **more})
    except DefinitionFaults as exc:
        return [str(fault) for fault in exc.faults]
    return []
