"""What a run did, in a few lines, when it is over."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from ergate.display.escape import escape, fit
from ergate.display.figures import count, counted, rate, span
from ergate.display.state import Failure, View
from ergate.display.styles import BAD, TITLE

_LONGEST_ERROR = 200


def summary(view: View) -> dict[str, int | float | None]:
    """Return the figures of a run as plain values; durations in seconds."""
    elapsed_s = view.elapsed_s
    return {
        "jobs": view.jobs_ended,
        "completed": view.outcomes["completed"],
        "failed": view.jobs_failed,
        "aborted": view.outcomes["aborted"],
        "cancelled": view.outcomes["cancelled"],
        "steps": view.steps,
        "retries": view.outcomes["retried"],
        "recovered": view.recovered,
        "worker_deaths": view.deaths,
        "steps_per_s": round(view.steps / elapsed_s, 1) if elapsed_s else 0.0,
        "run_p50_s": view.run_times.quantile(0.5),
        "run_p99_s": view.run_times.quantile(0.99),
        "elapsed_s": round(elapsed_s, 3),
    }


def summary_lines(view: View) -> list[str]:
    """Return the figures of a run as lines of text, for any terminal or file.

    Nothing in them comes from a job.
    """
    figures = summary(view)
    per_s = rate(float(figures["steps_per_s"] or 0.0))
    p50, p99 = (span(view.run_times.quantile(share)) for share in (0.5, 0.99))
    return [
        _line("Jobs", _jobs(view)),
        _line("Steps", f"{count(view.steps)} · {per_s} · p50 {p50} · p99 {p99}"),
        _line("Failures", _failures(view)),
        _line("Elapsed", span(view.elapsed_s)),
    ]


def _line(name: str, text: str) -> str:
    return f"{name:<9} {text}"


def _jobs(view: View) -> str:
    parts = [f"{count(view.outcomes['completed'])} completed", f"{count(view.jobs_failed)} failed"]
    rarer = [name for name in ("aborted", "cancelled") if view.outcomes[name]]
    parts += [f"{count(view.outcomes[name])} {name}" for name in rarer]
    return " · ".join(parts)


def _failures(view: View) -> str:
    return " · ".join(
        (
            counted(view.jobs_failed, "job"),
            counted(view.outcomes["retried"], "retry", "retries"),
            counted(view.deaths, "worker death"),
            f"{counted(view.recovered, 'job')} recovered",
        )
    )


def summary_screen(view: View) -> RenderableType:
    """Return what stays on the terminal after a run: its figures and last failures."""
    title = Text("ergate has stopped", style=TITLE)
    if view.ended is not None and view.ended.exit_code:
        title.append(f" with exit code {view.ended.exit_code}", style=BAD)
    lines = [Text(line) for line in summary_lines(view)]
    return Group(Text(""), title, *lines, *(_failed_line(failure) for failure in view.failures))


def _failed_line(failure: Failure) -> Text:
    where = escape(f"{failure.workflow}.{failure.step}  {failure.job_id}  ")
    return Text.assemble(("failed    ", BAD), where, fit(failure.error, _LONGEST_ERROR))
