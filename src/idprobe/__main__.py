"""`python -m idprobe` is `idprobe`; whoever interrupts the imports gets no traceback either."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    try:
        from idprobe.cli.main import main as run  # noqa: PLC0415 -- takes a second: see above

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
