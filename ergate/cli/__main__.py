"""So that `python -m ergate.cli` is the same as `ergate`."""

from ergate.cli.main import main

main()
