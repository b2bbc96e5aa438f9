"""Of everything that can happen to a job, nothing loses it and nothing applies a step twice."""

from __future__ import annotations

import pytest

from ergate.testing.model import Faults, check
from ergate.testing.protocol import Design, Fence

NO_FAULT = Faults()
ONE_PAUSE = Faults(pauses=1)
ONE_KILL = Faults(worker_kills=1)


def _named(value: Design | Faults) -> str:
    """Return what differs from the defaults."""
    usual = repr(type(value)())[:-1].split("(", 1)[1].split(", ")
    given = repr(value)[:-1].split("(", 1)[1].split(", ")
    return " ".join(one for one in given if one not in usual) or "default"


@pytest.mark.parametrize(
    ("design", "faults"),
    [
        (Design(), NO_FAULT),
        (Design(), Faults(worker_kills=1, wipes=1, lost_publishes=1)),
        (Design(), Faults(worker_kills=1, pauses=1)),
        (Design(), Faults(worker_kills=1, relay_kills=1, duplicates=1)),
        (Design(), Faults(pauses=2, lost_answers=1)),
        (Design(), Faults(failures=1, cancels=1, pauses=1)),
        (Design(max_deliveries=2), Faults(worker_kills=2)),
        (Design(steps=3), Faults(pauses=1, lost_answers=1)),
        (Design(workers=3), Faults(pauses=1)),
        (Design(pauses=True), Faults(outside=2, pauses=1)),
        (Design(pauses=True), Faults(outside=2, worker_kills=1, cancels=1)),
        (Design(pauses=True, steps=3), Faults(outside=2, departures=1, duplicates=1)),
        (Design(), Faults(departures=2, duplicates=1, relay_kills=1)),
        (Design(), Faults(departures=1, pauses=1, cancels=1)),
        (Design(), Faults(departures=1, worker_kills=1, failures=1)),
    ],
    ids=_named,
)
def test_no_job_is_lost_and_no_outcome_is_applied_twice(design: Design, faults: Faults) -> None:
    report = check(design, faults)
    print(f"{report.worlds} worlds")
    assert (report.lost, report.violations, report.story) == (0, (), ())


@pytest.mark.parametrize("fence", ["none", "status", "seq"])
def test_a_weaker_fence_lets_a_frozen_worker_overwrite_its_successor(fence: Fence) -> None:
    assert check(Design(fence=fence), ONE_PAUSE).violations != ()


@pytest.mark.parametrize("fence", ["none", "status"])
def test_without_a_fence_on_the_step_one_pause_applies_an_outcome_twice(fence: Fence) -> None:
    violations = check(Design(fence=fence), ONE_PAUSE).violations
    assert "an outcome was applied twice or out of order" in violations


def test_a_relay_that_ignores_the_revision_loses_a_job_without_any_fault() -> None:
    design = Design(notes_with_revision=False, republishes=False)
    assert check(design, NO_FAULT).lost > 0


def test_publishing_again_heals_a_relay_that_ignores_the_revision() -> None:
    assert check(Design(notes_with_revision=False), NO_FAULT).is_sound


def test_a_relay_that_notes_before_it_publishes_loses_a_job_when_it_is_killed() -> None:
    design = Design(notes_before_publishing=True, republishes=False)
    assert check(design, Faults(relay_kills=1)).lost > 0


def test_without_publishing_again_a_wiped_queue_loses_a_job() -> None:
    assert check(Design(republishes=False), Faults(wipes=1)).lost > 0


def test_without_publishing_again_a_lost_publish_loses_a_job() -> None:
    assert check(Design(republishes=False), Faults(lost_publishes=1)).lost > 0


def test_without_a_sweep_one_kill_loses_a_job() -> None:
    assert check(Design(sweeps=False), ONE_KILL).lost > 0


def test_without_an_outbox_one_kill_between_store_and_queue_loses_a_job() -> None:
    design = Design(has_relay=False, republishes=False)
    assert check(design, NO_FAULT).is_sound
    assert check(design, ONE_KILL).lost > 0


def test_a_claim_by_an_outdated_ticket_is_harmless_because_the_store_says_what_runs() -> None:
    """The revision in a ticket saves work; what makes it safe is the fence of the settlement."""
    faults = Faults(worker_kills=1, duplicates=1)
    assert check(Design(claims_any_revision=True), faults).is_sound


def test_a_report_tells_the_story_of_what_went_wrong() -> None:
    report = check(Design(sweeps=False), ONE_KILL)
    assert report.story[0] == "relay reads"
    assert report.story[-1] == "w0 killed"
