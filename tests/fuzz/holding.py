"""What every target is held to: no error but those that it names, within a time."""

import time
import traceback
from pathlib import Path
from typing import Final

from tests.fuzz.targets import TARGETS

__all__ = ["CORPUS", "INPUT_BYTES", "LONGEST_S", "TooSlowError", "kept_inputs", "place_of", "run"]

CORPUS: Final = Path(__file__).parent / "corpus"
INPUT_BYTES: Final = 65_536
LONGEST_S: Final = 1.0
"""The most processor time that an input of INPUT_BYTES or less may take."""


class TooSlowError(AssertionError):
    """An input that took longer than LONGEST_S."""


def run(name: str, data: bytes) -> float:
    """Give an input to a target; return the seconds of processor time that it took.

    Whatever the target raises is a defect, and so is more than LONGEST_S.
    """
    begun_s = time.thread_time()
    TARGETS[name](data)
    took_s = time.thread_time() - begun_s
    if took_s > LONGEST_S and len(data) <= INPUT_BYTES:
        raise TooSlowError(f"{len(data)} bytes took {took_s:.2f} s")
    return took_s


def kept_inputs(name: str) -> list[Path]:
    """Return the inputs that are kept for a target."""
    return sorted(path for path in (CORPUS / name).glob("*") if path.is_file())


def place_of(error: BaseException) -> str:
    """Return what tells a defect from others: the kind of error, and where it was raised last."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if "idprobe" in Path(one.filename).parts]
    where = (ours or frames)[-1] if frames else None
    at = "" if where is None else f" in {Path(where.filename).name}: {where.name}"
    return type(error).__name__ + at
