"""Mutants that change no result, each with the reason. A place is a file, what stands there and what the mutant has there instead
(`*` for anything)."""

from __future__ import annotations

from fnmatch import fnmatchcase

from .mistakes import Mistake

EQUIVALENT = [  # (file, kind, before, after, reason)
    (
        "optim/lbfgs.py",
        "half a condition",
        'last or self.evaluations >= group["max_eval"] or *',
        "(self.evaluations >= *",
        "the loop ends after its last round by itself; the test spares it three comparisons",
    ),
    (
        "utils/data/origins.py",
        "half a condition",
        "not isinstance(link, RandomSampler) or link.generator is None",
        "(not isinstance(link, RandomSampler))",
        "random states are then read around each batch, which gives the same and takes longer",
    ),
    ("utils/data/team.py", "constant", "1.0", "(2.0)", "how long is waited for a process that is about to end"),
]


def reason(mistake: Mistake) -> str | None:
    """Why it changes nothing, if that is known."""
    for file, kind, before, after, why in EQUIVALENT:
        own = (mistake.file, mistake.kind, mistake.before, mistake.after)
        if all(fnmatchcase(_plain(a), _plain(b)) for a, b in zip(own, (file, kind, before, after), strict=True)):
            return why
    return None


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("[", "(").replace("]", ")")  # brackets have a meaning of their own in patterns
