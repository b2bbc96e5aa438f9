"""What the dashboard's modules promise each other, asked in the browser that runs them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Complaints


@pytest.fixture
def ask(page: Page) -> Any:
    """Give a function that runs JavaScript with a module of the dashboard as `it`."""
    page.goto("/")

    def run(module: str, code: str, argument: object = None) -> Any:
        return page.evaluate(
            f"async (given) => {{ const it = await import('/static/{module}'); {code} }}", argument
        )

    return run


SHOWN = {
    "plain é 漢字 \U0001f600\n\t.": "plain é 漢字 \U0001f600\n\t.",
    "a\u202eb\x00\x7f": "a\u2039U+202E\u203ab\u2039U+0000\u203a\u2039U+007F\u203a",
    "\u2028\u200b\ufeff": "\u2039U+2028\u203a\u2039U+200B\u203a\u2039U+FEFF\u203a",
    "\U000e0041\r": "\u2039U+E0041\u203a\u2039U+000D\u203a",
}


def test_what_cannot_be_seen_is_shown_by_its_number(ask: Any) -> None:
    code = "return given.map(it.visible)"
    assert ask("text.js", code, list(SHOWN)) == list(SHOWN.values())
    code = "return given.map((text) => it.pieces(text).map((one) => one.text).join(''))"
    assert ask("text.js", code, list(SHOWN)) == list(SHOWN.values())


def test_large_numbers_stay_exact(ask: Any) -> None:
    text = '{"a": 12345678901234567890, "b": [-9007199254740993, 1.5, 0.1]}'
    assert ask("json.js", "return it.compact(it.parse(given))", text) == (
        '{ "a": 12345678901234567890, "b": [ -9007199254740993, 1.5, 0.1 ] }'
    )


def test_a_duration_has_two_units_at_most(ask: Any) -> None:
    told = {
        0: "0 ms",
        0.0304: "30 ms",
        0.9999: "1.0 s",
        5.25: "5.3 s",
        59.99: "59 s",
        3600: "1 h",
        3725: "1 h 2 min",
        200_000: "2 d 7 h",
    }
    code = "return given.map(it.duration)"
    assert ask("format.js", code, list(told)) == list(told.values())


def test_an_address_brings_back_what_was_put_into_it(ask: Any) -> None:
    code = """
        const { parts, query } = it.parseAddress(it.to(given, { queue: given[1], empty: "" }));
        return [parts, [...query]];
    """
    parts = ["jobs", "a/b ?#&=%2F\u202e é"]
    assert ask("router.js", code, parts) == [parts, [["queue", parts[1]]]]
    assert ask("router.js", "return it.parseAddress('#/jobs/%').parts") == ["jobs", "%"]


GRAPH = """
    const drawn = it.layOut(given.names, given.ways);
    return drawn.nodes.map(({ name, x, y, width, height }) => [name, x, y, width, height]);
"""


def test_steps_stand_below_those_that_lead_to_them_and_never_on_each_other(ask: Any) -> None:
    names = [f"s{number}" for number in range(12)]
    pairs = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 5), (4, 6), (5, 6), (0, 6), (6, 7)]
    pairs += [(7, 8), (7, 9), (7, 10), (8, 11), (9, 11), (10, 11), (3, 11)]
    ways = [{"from": names[start], "to": names[end]} for start, end in pairs]
    placed = {
        one[0]: one[1:] for one in ask("graph_layout.js", GRAPH, {"names": names, "ways": ways})
    }
    for way in ways:
        assert placed[way["from"]][1] < placed[way["to"]][1]
    boxes = list(placed.values())
    for number, (x, y, width, height) in enumerate(boxes):
        assert x - width / 2 >= 0
        for other_x, other_y, *_ in boxes[number + 1 :]:
            assert abs(other_y - y) >= height or abs(other_x - x) >= width


def test_a_straight_workflow_is_drawn_straight_whatever_passes_it(ask: Any) -> None:
    names = ["a", "b", "c", "d"]
    pairs = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("b", "d")]
    ways = [{"from": start, "to": end} for start, end in pairs]
    placed = ask("graph_layout.js", GRAPH, {"names": names, "ways": ways})
    assert max(one[1] for one in placed) - min(one[1] for one in placed) < 1


def test_drawing_again_touches_only_what_differs(ask: Any) -> None:
    code = """
        const root = document.createElement("ul");
        document.body.append(root);
        const item = (key) => it.el("li", { key }, it.el("input", { "aria-label": key }), key);
        const show = (keys) => it.draw(root, keys.map(item));
        show(["a", "b", "c"]);
        const [a, b, c] = root.children;
        b.firstChild.value = "typed";
        b.firstChild.focus();
        const seen = [];
        const watcher = new MutationObserver((found) => seen.push(...found));
        watcher.observe(root, { childList: true, subtree: true });
        show(["new", "b", "c"]);
        await Promise.resolve();
        const kept = root.children[1] === b && root.children[2] === c && !a.isConnected;
        return [kept, b.firstChild.value, document.activeElement === b.firstChild, seen.length];
    """
    assert ask("dom.js", code) == [True, "typed", True, 2]


def test_an_attribute_that_could_act_is_refused(ask: Any) -> None:
    code = """
        const refusal = (props) => {
            try { it.draw(document.createElement("div"), it.el("a", props)); return null; }
            catch (error) { return error.name; }
        };
        return given.map(refusal);
    """
    hrefs = ["javascript:alert(1)", "//evil.example", "/\\evil.example", "https://evil.example"]
    props = [*({"href": href} for href in hrefs), {"onclick": "alert(1)"}, {"srcdoc": "<p>"}]
    assert ask("dom.js", code, props) == ["Error"] * len(props)
    assert ask("dom.js", code, [{"href": "#/jobs"}, {"href": "/"}]) == [None, None]


def test_nothing_can_make_markup_out_of_text(ask: Any, complaints: Complaints) -> None:
    code = """
        try { document.createElement("div").innerHTML = "<b>"; return null; }
        catch (error) { return error.name; }
    """
    assert ask("text.js", code) == "TypeError"
    assert len(complaints.found) == 1
    assert "TrustedHTML" in complaints.found.pop()
