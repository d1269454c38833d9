"""What control groups tell of a processor that was denied."""

from pathlib import Path

import pytest

from idprobe.load.measure import throttling
from idprobe.load.measure.throttling import throttled_us

OLD = "nr_periods 9\nnr_throttled 3\nthrottled_time {}\n"
NEW = "usage_usec 5\nnr_throttled 3\nthrottled_usec {}\n"


@pytest.mark.parametrize(
    ("membership", "files", "told"),
    [
        ("0::/\n", {"cpu.stat": NEW.format(70)}, 70),
        ("0::/pod/box\n", {"pod/cpu.stat": NEW.format(5), "pod/box/cpu.stat": NEW.format(70)}, 75),
        ("4:cpu,cpuacct:/\n0::/\n", {"cpu,cpuacct/cpu.stat": OLD.format(70_000)}, 70),
        # a group of the host's, which the container does not see: its own is the root
        ("1:cpu:/docker/1\n", {"cpu/cpu.stat": OLD.format(70_000)}, 70),
        ("1:cpu:/\n0::/\n", {"cpu/cpu.stat": OLD.format(0), "unified/cpu.stat": "usage_usec 5"}, 0),
        ("0::/\n", {"cpu.stat": "usage_usec 5\n"}, None),
        ("2:cpuacct:/\n", {"cpuacct/cpu.stat": OLD.format(70_000)}, None),
        (None, {"cpu.stat": NEW.format(70)}, 70),
        (None, {}, None),
    ],
    ids=[
        "version 2", "below another", "version 1", "hidden", "both", "unbounded", "another",
        "unlisted", "no groups",
    ],
)  # fmt: skip
def test_either_version_tells_and_otherwise_it_is_unknown(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    membership: str | None,
    files: dict[str, str],
    told: int | None,
) -> None:
    monkeypatch.setattr(throttling, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(throttling, "MOUNT", tmp_path)
    if membership is not None:
        (tmp_path / "membership").write_text(membership)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert throttled_us() == told
