"""The life of codes and tokens: a model of it, stories that try it, and histories of many at once.

All of it is pure: it reads events from the exchanges of a trace.
"""

from idprobe.lifecycle.claims import SECTIONS, Claim
from idprobe.lifecycle.events import Act, Event, Outcome, event_of, stories, story_of
from idprobe.lifecycle.judging import Broken, broken_history, broken_story, run_through
from idprobe.lifecycle.linearizability import Call, is_linearizable, order_of, shortest
from idprobe.lifecycle.model import after
from idprobe.lifecycle.state import NOTHING, Code, State, Token, is_over, known

__all__ = [
    "NOTHING",
    "SECTIONS",
    "Act",
    "Broken",
    "Call",
    "Claim",
    "Code",
    "Event",
    "Outcome",
    "State",
    "Token",
    "after",
    "broken_history",
    "broken_story",
    "event_of",
    "is_linearizable",
    "is_over",
    "known",
    "order_of",
    "run_through",
    "shortest",
    "stories",
    "story_of",
]
