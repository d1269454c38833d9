"""URLs that servers state, whatever they are."""

from urllib.parse import SplitResult, urlsplit

__all__ = ["parts_of"]


def parts_of(url: str) -> SplitResult:
    """Return the parts of a URL; of what cannot be read as one, all are empty."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")
