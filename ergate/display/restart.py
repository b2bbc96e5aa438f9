"""What running a job again would do, as a table."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from ergate.display.escape import fit, safe
from ergate.display.styles import BUSY, GOOD, QUIET
from ergate.display.tables import new_table
from ergate.restart import RestartPlan

_LONGEST = 200


def restart_table(plan: RestartPlan) -> RenderableType:
    """Return the steps whose results are kept, those that run again, and those that may follow."""
    table = new_table("", "step", "value*")
    for passed in plan.kept:
        result = f"returned {passed.result}"
        table.add_row(Text("kept", GOOD), safe(passed.step), Text(fit(result, _LONGEST), QUIET))
    for name in plan.again:
        table.add_row(Text("again", BUSY), safe(name), _input(plan) if name == plan.step else "")
    for name in plan.ahead:
        table.add_row(Text("may follow", QUIET), safe(name), "")
    return Group(Text(fit(f"Job {plan.job_id} from step {plan.step}:", _LONGEST)), table)


def _input(plan: RestartPlan) -> Text:
    kind = "edited input" if plan.edited else "input"
    return Text(fit(f"{kind} {plan.event.input_json}", _LONGEST))
