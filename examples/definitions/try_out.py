"""Checks the definition of a workflow and runs it, with functions in place of its services."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ergate.services.checking import check_definition
from ergate.services.compiling import CallContext, compile_plan
from ergate.services.faults import DefinitionFaults
from ergate.services.reading import read_service
from ergate.services.service import Service
from ergate.testing import run_workflow

HERE = Path(__file__).parent


def read(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def answer(service: Service, data: dict[str, Any], context: CallContext) -> dict[str, Any]:
    message = data["message"]
    print(f"{context.state}: {message}")
    match service.name:
        case "upper":
            return {"message": message.upper()}
        case "reverse":
            return {"message": message[::-1]}
        case _:
            return {"space_count": message.count(" ")}


def main() -> None:
    names = ("upper", "reverse", "space-counter")
    services = [read_service(read(f"service-{name}.json")) for name in names]
    definition = read("workflow-process-text.json")
    if "--broken" in sys.argv:
        definition["services"][1] = "revers"
        definition["outputs"][1]["type"] = "string"
    try:
        plan = check_definition(definition, services)
    except DefinitionFaults as exc:
        sys.exit(str(exc))
    event = read("event-text.json")
    job = run_workflow(compile_plan(plan, services, answer), event["data"])
    print(f"{job.status}: {json.dumps(job.last_return_value)}")


if __name__ == "__main__":
    main()
