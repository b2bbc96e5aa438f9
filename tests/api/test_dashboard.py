"""The dashboard's files: for anybody, kept by browsers, and unable to make markup out of text."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from ergate.api.dashboard import KINDS, SHELL, static_files

MOST_LINES = 300
MAKES_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc="
    r"|\beval\(|new Function"
)


def test_the_shell_is_at_the_root(stranger: TestClient) -> None:
    answer = stranger.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, KINDS[".html"])
    assert answer.content == static_files()[SHELL].body


@pytest.mark.parametrize("path", sorted(static_files()))
def test_every_file_has_its_type_and_is_asked_about_again(stranger: TestClient, path: str) -> None:
    answer = stranger.get(f"/static/{path}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == KINDS[f".{path.rpartition('.')[2]}"]
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    known = {"If-None-Match": f'"other", W/{answer.headers["etag"]}'}
    again = stranger.get(f"/static/{path}", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]


@pytest.mark.parametrize(
    "path", ["", "missing.js", "../app.py", "%2e%2e/app.py", "style", "style/", "/app.js", "a%0db"]
)
def test_nothing_else_can_be_asked_for(stranger: TestClient, path: str) -> None:
    answer = stranger.get(f"/static/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_file_that_the_shell_and_the_scripts_name_is_there() -> None:
    named = set(re.findall(r'"/static/([^"]+)"', static_files()[SHELL].body.decode()))
    for path, file in static_files().items():
        folder = path.rpartition("/")[0]
        for target in re.findall(r'from "(\.[^"]+)"', file.body.decode()):
            parts = folder.split("/") if folder else []
            for part in target.split("/"):
                if part == "..":
                    parts.pop()
                elif part != ".":
                    parts.append(part)
            named.add("/".join(parts))
    assert named - set(static_files()) == set()
    assert {path for path in static_files() if path.endswith((".js", ".css"))} - named == set()


@pytest.mark.parametrize("path", sorted(static_files()))
def test_a_file_is_small_and_makes_no_markup_out_of_text(path: str) -> None:
    text = static_files()[path].body.decode()
    assert len(text.splitlines()) <= MOST_LINES
    assert MAKES_MARKUP.findall(text) == []


@pytest.mark.parametrize("path", sorted(static_files()))
def test_a_file_names_no_other_host(path: str) -> None:
    addresses = set(re.findall(r"\w+://[^\s\"'`]+", static_files()[path].body.decode()))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_the_shell_has_no_script_and_no_style_of_its_own() -> None:
    text = static_files()[SHELL].body.decode()
    assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", text) == []


def test_a_browser_is_told_to_run_only_what_this_server_sends(stranger: TestClient) -> None:
    policy = stranger.get("/").headers["content-security-policy"]
    for part in ("default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'"):
        assert part in policy
    assert "unsafe" not in policy
