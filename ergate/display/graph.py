"""A workflow as a graph: its steps and the ways between them, as Mermaid, DOT or SVG text.

Pure: the same workflow gives the same text on every machine, and no other program is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import east_asian_width
from xml.sax.saxutils import escape as xml

from ergate.display.escape import escape
from ergate.workflows.ways import Kind, Way, ways
from ergate.workflows.workflow import Workflow


def _names(workflow: Workflow) -> list[str]:
    return [escape(step.name) for step in workflow]


# --- Mermaid --------------------------------------------------------------------------------------

_ENTITIES = {ord(c): f"#{ord(c)};" for c in '"#&<>`\\;[]{}()|'}
_MERMAID: dict[Kind, str] = {"next": "-->", "goto": "-. GoToStep .->", "end": "-. GoToEnd .->"}


def mermaid(workflow: Workflow) -> str:
    """Return the graph as a Mermaid flowchart, as Markdown pages of many sites draw it."""
    lines = ["flowchart TD"]
    for index, name in enumerate(_names(workflow)):
        lines.append(f'    s{index}["{name.translate(_ENTITIES)}"]')
    lines.append("    finish((end))")
    for way in ways(workflow):
        target = "finish" if way.target == len(workflow) else f"s{way.target}"
        lines.append(f"    s{way.start} {_MERMAID[way.kind]} {target}")
    return "\n".join(lines)


# --- DOT ------------------------------------------------------------------------------------------

_DOT: dict[Kind, str] = {
    "next": "",
    "goto": ' [style=dashed, label="GoToStep"]',
    "end": ' [style=dashed, label="GoToEnd"]',
}


def dot(workflow: Workflow) -> str:
    """Return the graph in the DOT language of Graphviz."""
    lines = [
        f"digraph {_quoted(workflow.unique_name)} {{",
        "    node [shape=box, style=rounded];",
        '    finish [label="end", shape=circle];',
    ]
    for index, name in enumerate(_names(workflow)):
        lines.append(f"    s{index} [label={_quoted(name)}];")
    for way in ways(workflow):
        target = "finish" if way.target == len(workflow) else f"s{way.target}"
        lines.append(f"    s{way.start} -> {target}{_DOT[way.kind]};")
    return "\n".join([*lines, "}"])


def _quoted(text: str) -> str:
    # Within quotes DOT reads a backslash as the start of \n, \l, \N and the like.
    return '"' + escape(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


# --- SVG ------------------------------------------------------------------------------------------

_BOX, _GAP, _MARGIN, _LANE, _CHARACTER, _BEND = 36, 34, 20, 18, 8, 8
_WAY_STYLES: dict[Kind, str] = {"next": "way", "goto": "way goto", "end": "way goto"}
_ARROW_HEAD = (
    '<marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#777"/></marker>'
)
_STYLE = """\
    .box { fill: #fff; stroke: #444; stroke-width: 1.2 }
    .name { font: 13px ui-monospace, monospace; fill: #111; text-anchor: middle }
    .way { fill: none; stroke: #444; stroke-width: 1.2; marker-end: url(#head) }
    .goto { stroke-dasharray: 5 3 }
    @media (prefers-color-scheme: dark) {
      .box { fill: #222; stroke: #bbb } .name { fill: #eee } .way { stroke: #bbb }
    }"""


def svg(workflow: Workflow) -> str:
    """Return the graph as an SVG picture: the steps in a column, jumps in lanes beside it."""
    names = [*_names(workflow), "end"]
    width = max(90, *(_text_width(name) + 28 for name in names))
    drawn = list(ways(workflow))
    jumps = [way for way in drawn if way.target > way.start + 1]
    lanes = _lanes(jumps)
    right = _MARGIN + width
    total_width = right + _LANE * (1 + max(lanes, default=-1)) + 2 * _MARGIN
    total_height = 2 * _MARGIN + len(names) * (_BOX + _GAP) - _GAP
    size = f'width="{total_width}" height="{total_height}"'
    view = f'viewBox="0 0 {total_width} {total_height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} role="img">',
        f"  <title>{xml(escape(workflow.unique_name))}</title>",
        f"  <style>\n{_STYLE}\n  </style>",
        f"  <defs>{_ARROW_HEAD}</defs>",
        *(_box(index, name, width, len(names)) for index, name in enumerate(names)),
        *(_straight(way, width) for way in drawn if way.target == way.start + 1),
        *(_jump(way, lane, right) for way, lane in zip(jumps, lanes, strict=True)),
        "</svg>",
    ]
    return "\n".join(lines)


def _text_width(text: str) -> int:
    return sum(2 * _CHARACTER if east_asian_width(c) in "WF" else _CHARACTER for c in text)


def _lanes(jumps: Sequence[Way]) -> list[int]:
    """Return a lane for each jump, so that no two of one lane touch; short jumps come first."""
    taken: list[list[Way]] = []
    chosen: dict[Way, int] = {}
    for way in sorted(jumps, key=lambda way: (way.target - way.start, way.start)):
        lane = 0
        while lane < len(taken) and any(_touch(way, other) for other in taken[lane]):
            lane += 1
        if lane == len(taken):
            taken.append([])
        taken[lane].append(way)
        chosen[way] = lane
    return [chosen[way] for way in jumps]


def _touch(one: Way, other: Way) -> bool:
    return one.start <= other.target and other.start <= one.target


def _top(index: int) -> int:
    return _MARGIN + index * (_BOX + _GAP)


def _box(index: int, name: str, width: int, count: int) -> str:
    rounding = _BOX // 2 if index == count - 1 else 7
    middle, line = _MARGIN + width // 2, _top(index) + _BOX // 2 + 4
    return (
        f'  <rect class="box" x="{_MARGIN}" y="{_top(index)}" width="{width}" height="{_BOX}" '
        f'rx="{rounding}"/>\n'
        f'  <text class="name" x="{middle}" y="{line}">{xml(name)}</text>'
    )


def _straight(way: Way, width: int) -> str:
    x = _MARGIN + width // 2
    start = _top(way.start) + _BOX
    return f'  <path class="{_WAY_STYLES[way.kind]}" d="M{x},{start} V{_top(way.target)}"/>'


def _jump(way: Way, lane: int, right: int) -> str:
    """Return a way out of the right side, down a lane, and back into the right side."""
    out, back = _top(way.start) + _BOX * 2 // 3, _top(way.target) + _BOX // 3
    x = right + _LANE * (lane + 1)
    return (
        f'  <path class="{_WAY_STYLES[way.kind]}" d="M{right},{out} H{x - _BEND} '
        f"Q{x},{out} {x},{out + _BEND} V{back - _BEND} Q{x},{back} {x - _BEND},{back} "
        f'H{right}"/>'
    )
