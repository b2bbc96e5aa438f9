"""One job per text file, one job per part that merges its files, and one that writes the report.

Every file is written whole or not at all, under a name that its content or its source decides. So
a step that runs again, because its worker was killed, changes nothing.
"""

import hashlib
import json
import os
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel

from ergate import Context, Ergate, GoToStep, GoToStepPath, NextStepPath, Retry, Workflow

app = Ergate()

WORD = re.compile(r"[^\W\d_]{2,}")
BUSY_DISK = Retry(attempts=3, initial_s=0.5, on=(OSError,))


class Run(BaseModel):
    """The context of every job."""

    out: Path
    root: Path
    parts: dict[int, int]
    """How many files each part has."""


class Found(BaseModel):
    path: Path
    part: int


class Hashed(Found):
    bytes: int
    sha256: str


class Counted(Hashed):
    lines: int = 0
    words: int = 0
    is_readable: bool = True


class Totals(BaseModel):
    files: int = 0
    unreadable: int = 0
    bytes: int = 0
    lines: int = 0
    words: int = 0
    distinct_words: int = 0


CurrentRun = Annotated[Run, Context()]

# --- one job per file -----------------------------------------------------------------------------

index_file = Workflow(unique_name="index_file")


@index_file.step(paths=[NextStepPath(), GoToStepPath("index", retval=Counted)])
def hash_file(file: Found) -> Hashed:
    try:
        with file.path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            return Hashed(**dict(file), bytes=content.tell(), sha256=digest)
    except OSError:  # it was deleted since it was found, or is not ours to read
        gone = Counted(**dict(file), bytes=0, sha256="", is_readable=False)
        raise GoToStep(index, retval=gone) from None


@index_file.step(retry=BUSY_DISK)
def tokenise(file: Hashed, run: CurrentRun) -> Counted:
    """Count words into a file that is named by the content: twins share it, a rerun finds it."""
    lines, counts = 0, Counter[str]()
    with file.path.open(encoding="utf-8", errors="replace") as text:
        for line in text:
            lines += 1
            counts.update(WORD.findall(line.lower()))
    write_json(run.out / "words" / f"{file.sha256}.json", counts)
    return Counted(**dict(file), lines=lines, words=counts.total())


@index_file.step(retry=BUSY_DISK)
def index(file: Counted, run: CurrentRun) -> None:
    """Put the file into its part; whoever sees the part complete has it merged."""
    part = run.out / "parts" / str(file.part)
    key = hashlib.sha256(os.fsencode(file.path)).hexdigest()
    write_json(part / f"{key}.json", file.model_dump(mode="json"))
    if files_in(part) == run.parts[file.part]:
        # Two may see it. With an id of our own the second one changes nothing.
        app.enqueue("merge_part", file.part, id=f"merge-{file.part}", context=run)


# --- one job per part -----------------------------------------------------------------------------

merge_part = Workflow(unique_name="merge_part")


@merge_part.step(retry=BUSY_DISK)
def merge(part: int, run: CurrentRun) -> None:
    """Turn the files of a part into one index: word → file → how often."""
    found: dict[str, dict[str, int]] = {}
    files = [read_json(entry) for entry in sorted((run.out / "parts" / str(part)).iterdir())]
    for file in files:
        if file["is_readable"]:
            counts = read_json(run.out / "words" / f"{file['sha256']}.json")
            for word, count in counts.items():
                found.setdefault(word, {})[file["path"]] = count
    write_json(run.out / "merged" / f"{part}.json", {"files": files, "index": found})
    if files_in(run.out / "merged") == len(run.parts):
        app.enqueue("report", id="report", context=run)


# --- one job at the end ---------------------------------------------------------------------------

report = Workflow(unique_name="report")


@report.step(retry=BUSY_DISK)
def add_up(run: CurrentRun) -> Totals:
    index: dict[str, dict[str, int]] = {}
    totals = Totals()
    for part in run.parts:
        merged = read_json(run.out / "merged" / f"{part}.json")
        for file in map(Counted.model_validate, merged["files"]):
            totals.files += 1
            totals.unreadable += not file.is_readable
            totals.bytes += file.bytes
            totals.lines += file.lines
            totals.words += file.words
        for word, files in merged["index"].items():
            index.setdefault(word, {}).update(files)
    write_json(run.out / "index.json", dict(sorted(index.items())))
    totals.distinct_words = len(index)
    return totals


@report.step(retry=BUSY_DISK)
def write_report(totals: Totals, run: CurrentRun) -> Totals:
    index = read_json(run.out / "index.json")
    frequent = Counter({word: sum(files.values()) for word, files in index.items()})
    words = [
        {"word": word, "count": count, "files": len(index[word])}
        for word, count in sorted(frequent.items(), key=lambda item: (-item[1], item[0]))[:15]
    ]
    content = {"root": str(run.root), **totals.model_dump(), "most_frequent_words": words}
    write_json(run.out / "report.json", content)
    write_text(run.out / "report.txt", as_text(content))
    return totals


def as_text(content: dict[str, Any]) -> str:
    figures = (
        f"{content['files']:,} text files in {content['root']}",
        f"{content['bytes']:,} bytes, {content['lines']:,} lines",
        f"{content['words']:,} words, {content['distinct_words']:,} of them different",
    )
    unreadable = [f"{content['unreadable']} could not be read"] if content["unreadable"] else []
    rows = [
        f"  {row['word']:<16} {row['count']:>8,} times in {row['files']:>6,} files"
        for row in content["most_frequent_words"]
    ]
    return "\n".join([*figures, *unreadable, "", "The most frequent words:", *rows, ""])


# --- files ----------------------------------------------------------------------------------------


def read_json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def files_in(directory: Path) -> int:
    return sum(1 for _ in directory.iterdir())


def write_json(file: Path, content: object) -> None:
    write_text(file, json.dumps(content, ensure_ascii=False))


def write_text(file: Path, text: str) -> None:
    """Write a file whole or not at all: others see the old one, or none, until it is complete."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=file.parent.parent, prefix=".writing-", delete=False
    ) as unfinished:
        unfinished.write(text)
    Path(unfinished.name).replace(file)


for workflow in (index_file, merge_part, report):
    app.register_workflow(workflow)
