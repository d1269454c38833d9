"""Dates of HTTP headers (RFC 9110 section 5.6.7), whatever a server writes there."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["http_date"]


def http_date(text: str) -> datetime | None:
    """Return the moment in UTC that a date means, None if it means none that can be computed with.

    A date without a time zone is taken for one in UTC.
    """
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
