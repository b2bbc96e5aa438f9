"""The order of states: forward only, each reached, and no way around in a circle."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from ergate.services.faults import Fault
from ergate.services.plan import Exit, State

_MOST_CIRCLES = 10


def circle_faults(states: Sequence[State]) -> list[Fault]:
    """Return every way that leads back, with the circle it closes.

    Names must be unique; ways to states that do not exist are left alone.
    """
    # Each way is looked along once; one to a state that is still being looked at is a circle.
    by_name = {state.name: state for state in states}
    path: list[str] = []
    done: set[str] = set()
    faults: list[Fault] = []
    for start in states:
        waiting = [] if start.name in done else [(start.name, iter(start.exits))]
        path = [name for name, _ in waiting]
        while waiting and len(faults) < _MOST_CIRCLES:
            name, exits = waiting[-1]
            exit_ = next(exits, None)
            if exit_ is None:
                done.add(name)
                path.pop()
                waiting.pop()
            elif exit_.target in path:
                faults.append(_circle(exit_, path))
            elif exit_.target in by_name and exit_.target not in done:
                path.append(exit_.target)
                waiting.append((exit_.target, iter(by_name[exit_.target].exits)))
    return faults


def _circle(exit_: Exit, path: list[str]) -> Fault:
    assert exit_.target is not None
    circle = [*path[path.index(exit_.target) :], exit_.target]
    return Fault(exit_.place, f"leads in a circle: {shown_path(circle)}. A job only moves forward.")


def shown_path(names: Sequence[str], longest: int = 12) -> str:
    """Return the names of states as a path; a long one loses its middle."""
    if len(names) > longest:
        half = longest // 2
        names = [*names[:half], f"… {len(names) - 2 * half} more …", *names[-half:]]
    return " → ".join(names)


def unreached_faults(states: Sequence[State]) -> Iterator[Fault]:
    """Yield every state that nothing leads to from the first one."""
    reached = {state.name for state in reachable(states)}
    for state in states:
        if state.name not in reached:
            yield Fault(
                state.place, f'is never reached: nothing leads from the start to "{state.name}".'
            )


def reachable(states: Sequence[State]) -> list[State]:
    """Return the states that the first one leads to, itself included, in their written order."""
    by_name = {state.name: state for state in states}
    waiting = [states[0].name] if states else []
    reached = set(waiting)
    while waiting:
        for target in _targets(by_name[waiting.pop()]) & by_name.keys() - reached:
            reached.add(target)
            waiting.append(target)
    return [state for state in states if state.name in reached]


def forward(states: Sequence[State]) -> tuple[State, ...]:
    """Return states without circles so that every way leads to a later one.

    Where that leaves a choice they stay as they were written.
    """
    place = {state.name: index for index, state in enumerate(states)}
    before = [0] * len(states)
    for state in states:
        for target in _targets(state) & place.keys():
            before[place[target]] += 1
    ready = [index for index, count in enumerate(before) if not count]
    heapq.heapify(ready)
    ordered: list[State] = []
    while ready:
        state = states[heapq.heappop(ready)]
        ordered.append(state)
        for target in _targets(state) & place.keys():
            before[place[target]] -= 1
            if not before[place[target]]:
                heapq.heappush(ready, place[target])
    return tuple(ordered)


def _targets(state: State) -> set[str]:
    return {exit_.target for exit_ in state.exits if exit_.target is not None}


def leads_to_known(states: Sequence[State]) -> bool:
    """Whether every way leads to one of `states`, or to the end."""
    names = {state.name for state in states}
    return all(_targets(state) <= names for state in states)
