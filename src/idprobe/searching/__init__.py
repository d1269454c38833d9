"""Experiments that are generated: many examples of one property, the failing one shrunk.

A property is a strategy (what to try), an experiment (how to try it) and a pure claim over what an
example left. Hypothesis is synchronous and runs in a thread; `Direct` lets it drive the Wire.
"""

from idprobe.searching.direct import Direct
from idprobe.searching.search import Search

__all__ = ["Direct", "Search"]
