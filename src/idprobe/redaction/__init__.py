"""Secrets out, facts in: what makes evidence shareable and still judgeable.

A `Vault` lives as long as a run. It knows the profile's secrets, learns every code, token, cookie
and assertion that passes by, and gives each a pseudonym such as `‹code-1›`: equal values have equal
pseudonyms all through the run. Checks read what they need of a secret from `Trace.facts`.
"""

from idprobe.redaction.cover import PSEUDONYM
from idprobe.redaction.door import Shown, redacted_errors, shown
from idprobe.redaction.facts import facts_of
from idprobe.redaction.vault import Vault

__all__ = ["PSEUDONYM", "Shown", "Vault", "facts_of", "redacted_errors", "shown"]
