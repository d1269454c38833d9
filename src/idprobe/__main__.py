"""`python -m idprobe` is `idprobe`."""

from idprobe.cli import main

main()
