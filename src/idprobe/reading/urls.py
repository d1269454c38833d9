"""URLs that servers state, whatever they are."""

from urllib.parse import SplitResult, urlsplit

__all__ = ["url_parts"]


def url_parts(url: str) -> SplitResult:
    """Return the parts of a URL; of what cannot be read as one, all are empty."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")
