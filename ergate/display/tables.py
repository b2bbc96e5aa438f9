"""How every table of ours looks: no lines, quiet titles, figures to the right."""

from __future__ import annotations

from rich.table import Table


def new_table(*titles: str, expand: bool = True) -> Table:
    """Return an empty table; `>` begins a title of figures, `*` ends that of what may be cut.

    With `expand` it fills the width, and the columns that may be cut share what is left.
    """
    table = Table(box=None, expand=expand, pad_edge=False, padding=(0, 2, 0, 0))
    table.header_style = "dim"
    for title in titles:
        table.add_column(
            title.strip(">*"),
            justify="right" if title.startswith(">") else "left",
            ratio=1 if title.endswith("*") else None,
            no_wrap=True,
            overflow="ellipsis",
        )
    return table
