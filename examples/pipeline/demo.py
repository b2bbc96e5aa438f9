"""Indexes the text files of a directory with worker processes, and shows them at work.

python examples/pipeline/demo.py DIR
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ergate import Ergate, Job
from ergate.display.choose import make_display
from ergate.loading import load_app
from ergate.running import run_app
from ergate.settings import Settings

TARGET = f"{Path(__file__).resolve().parent}/app.py:app"
PARTS = 16
PROBE_BYTES = 8192


def main() -> int:
    arguments = parser().parse_args()
    root = arguments.directory.resolve()
    if not root.is_dir():
        print(f"{root} is not a directory.", file=sys.stderr)
        return 2
    out = (arguments.out or Path(tempfile.mkdtemp(prefix="ergate-demo-"))).resolve()
    if (out / "ergate.db").exists():
        print(f"{out} holds an earlier run. Name another directory with --out.", file=sys.stderr)
        return 2
    files = [file for file in text_files(root) if out not in file.parents]
    if not files:
        print(f"There is no text file in {root}.", file=sys.stderr)
        return 3
    return run(root, out, files, arguments)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("directory", type=Path, metavar="DIR", help="the tree to index")
    parser.add_argument("--out", type=Path, help="where to write (default: a temporary directory)")
    parser.add_argument("--processes", type=int, default=2, help="worker processes (default: 2)")
    parser.add_argument("--plain", action="store_true", help="print lines, no live display")
    return parser


def text_files(root: Path) -> Iterator[Path]:
    """Yield the text files below `root`, hidden ones and those of hidden directories left out."""
    for directory, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name[0] != "." and name != "__pycache__")
        for name in sorted(names):
            file = Path(directory, name)
            if name[0] != "." and not file.is_symlink() and file.is_file() and is_text(file):
                yield file


def is_text(file: Path) -> bool:
    try:
        str(file).encode()  # a name that is no text cannot go into a job
        with file.open("rb") as content:
            probe = content.read(PROBE_BYTES)
    except (OSError, UnicodeEncodeError):
        return False
    try:
        probe.decode()
    except UnicodeDecodeError as exc:
        # Cut off in the middle of its last character, it may be text all the same.
        return exc.end == len(probe) == PROBE_BYTES
    return b"\0" not in probe


def run(root: Path, out: Path, files: list[Path], arguments: argparse.Namespace) -> int:
    app = load_app(TARGET, Ergate)
    settings = Settings(
        state_store=f"sqlite:///{out}/ergate.db", processes=arguments.processes, burst=True
    )
    app.bind(settings)
    hand_in(app, root, out, files)
    print(f"{len(files):,} jobs, one for each text file in {root}", flush=True)
    live = make_display(
        plain=arguments.plain,
        log_format="console",
        log_level="warning" if sys.stdout.isatty() and not arguments.plain else "info",
        stream=sys.stdout,
    )
    try:
        status = run_app(app, settings, target=TARGET, report=live.show, capture=live.owns_terminal)
    finally:
        live.close()
        app.close()
    return status or tell(settings, out)


def hand_in(app: Ergate[Job], root: Path, out: Path, files: list[Path]) -> None:
    """Enqueue one job per file; what they all need to know travels as their context."""
    jobs = [{"path": file, "part": number % PARTS} for number, file in enumerate(files)]
    parts = Counter(number % PARTS for number in range(len(files)))
    context = {"out": out, "root": root, "parts": dict(parts)}
    app.enqueue_many("index_file", jobs, context=context)


def tell(settings: Settings, out: Path) -> int:
    """Print the report, and where everything is; fail when there is none."""
    report = out / "report.txt"
    if not report.exists():
        print(f"\nThere is no report: not all jobs were completed. See {see(settings)}")
        return 1
    print(f"\n{report.read_text(encoding='utf-8')}")
    print(f"The report:   {out}/report.json, report.txt and index.json")
    print(f"The jobs:     {see(settings)}")
    return 0


def see(settings: Settings) -> str:
    return f"ergate jobs list --state {settings.state_store}"


if __name__ == "__main__":
    raise SystemExit(main())
