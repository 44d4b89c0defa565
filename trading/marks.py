"""Marks in the branches that are there for bad days. Simulated histories count them: a mark never passed is untested.

Outside a simulation a mark costs one look at a variable. A new one is named here and placed where its branch is taken;
a test reads the code and holds both to each other.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

MARKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # --- one request, and what became of it
        "push-before-reply": "an order was pushed before the reply to the request that made it",
        "older-word-of-an-order": "an older picture of an order came after a newer one and changed nothing",
        "fill-told-twice": "a fill was told twice and counted once",
        "reply-told-twice": "a reply came a second time, or to nothing that was asked",
        "reply-after-doubt": "a reply came after its request was given up as of unknown fate",
        "fate-unknown": "nobody could say what became of a request",
        "answer-will-not-come": "the line or a life ended before the answer to a request",
        "exchange-in-doubt": "the exchange itself could not say whether it had done it",
        "resolved-as-done": "a request of unknown fate was found by its label",
        "resolved-as-never-arrived": "a request of unknown fate was shown never to have arrived",
        "told-while-asked": "an order was pushed while the question what became of it was under way",
        "asked-in-vain": "nobody could say for so long what became of a label that a person has to look",
        "search-not-whole": "a search by label met a question without an answer, and began again",
        "fills-asked-for-by-order": "a search by label found an order and not all its fills, and asked for those",
        "archive-asked": "a search by label went back further than the exchange's recent store",
        "order-gone-without-trace": "an order that rested by our word is not known to the exchange any more",
        "change-refused": "an edit or a cancel was refused: what became of the order?",
        "too-many-changes": "a trade needed more edits and cancels than it may",
        "sent-already": "a request was told to the broker twice and sent once",
        "nothing-was-sent": "the broker could not send, and said so",
        "line-broke-while-sending": "the line broke in the very moment of sending",
        "credits-kept-for-protection": "a request waited, because the credits left are for stops",
        "credits-gone": "the exchange said that there are no credits left",
        # --- cover
        "cover-moved-by-edit": "a resting stop was edited to cover what is held by now",
        "children-never-shown": "exits of the exchange were never shown, and asked for before their trade was over",
        "stop-cut-to-what-is-held": "a resting stop was larger than what is held, and cut",
        "spare-stop-cancelled": "of two stops one covers all: the other was cancelled",
        "stop-fired-its-order-unknown": "a stop fired, and the order it sent was not told yet",
        "stop-refused-at-its-trigger": "a stop fired, and the order it sent was refused",
        "no-stop-in-time": "what is held was without a stop for too long: closed at market",
        "no-stop-accepted": "the exchange took no stop: closed at market",
        "trade-without-a-target": "the exchange took no target: the trade stays with its stop",
        "rest-of-a-part-filled-entry-cancelled": "an entry filled in part, waited too long, and its rest was cancelled",
        "guardian-has-the-account-read": "the guardian saw a bare position and had the account read",
        "guardian-closes": "the guardian closed what no stop covered",
        "guardian-closes-in-vain": "what the guardian closed changed nothing: a person has to look whose the rest is",
        # --- the way out
        "closing-backs-off": "closing was refused again: the next attempt waits longer",
        "could-not-be-closed": "closing was refused so often that a person has to look",
        "late-exit-of-a-closed-trade": "a fill came for a trade that was over and changed its result alone",
        "late-fill-of-a-closed-trade": "a fill came for a trade that was over: it was closed again",
        "panic-while-not-writing": "a panic came while the database took no writes, and was obeyed",
        "closed-without-a-record": "a closing order left although it could not be recorded",
        "halt-not-written": "a halt could not be written, and held all the same",
        # --- database and exchange compared
        "picture-failed": "the account could not be read whole",
        "picture-question-asked-again": "a question of a reading of the account was not answered and asked again",
        "picture-never-came": "a reading of the account never ended, and another was begun",
        "picture-lacks-an-order": "an order that rests by our word is not in the picture of the account",
        "foreign-order-left-alone": "an order without our label was left alone",
        "order-of-another-worker-left-alone": "an order with another worker's label was left alone",
        "order-left-to-a-person": "an order that was left to a person was left alone",
        "foreign-position-left-alone": "a position that nothing of ours explains was left alone",
        "added-before-our-first-fill": "others added to an instrument between our signal and its first fill",
        "fill-by-hand-counted": "a fill by hand, or of another worker, was counted for an open trade",
        "ghost-trade": "a trade is open and the exchange holds nothing",
        "side-flipped": "a trade is open and the exchange holds the other side",
        "less-held-than-told": "the exchange holds less than a trade's fills explain",
        "more-held-than-told": "the exchange holds more than a trade's fills explain",
        "closed-out-of-our-sight": "a difference lasted, and stands as a fill that nobody showed",
        "more-closed-than-opened": "a trade has more closed than opened: it was asked about first",
        "more-closed-than-opened-for-good": "a trade has more closed than opened, and asking did not explain it",
        "wrong-size-quarantined": "a difference lasted that only a person can judge",
        "orphan-protection-cancelled": "an order of a trade that is over still rested, and was cancelled",
        "unknown-order-cancelled": "an order with our label of a trade that nobody knows was cancelled",
        "forgotten-trade-found": "a position is ours by its labels, and the database had not heard of it",
        "orphan-position-quarantined": "a position is ours, and no single trade explains it",
        "adopted-without-its-entry": "a trade was adopted whose entry the exchange shows no more",
        "adopted-without-an-exit": "a trade was adopted without a stop or target: one was chosen",
        "push-newer-than-picture": "something was pushed while the account was read: it counts over the picture",
        "given-up-for-a-person": "a trade was given up to a person",
        "entry-of-a-given-up-trade-called-back": "the entry of a trade that was given up was cancelled",
        "taken-up-again-by-a-person": "a person had a trade that was given up closed or taken up again",
        "left-to-a-person-before": "the very same difference was left to a person before: not asked again",
        "choice-has-come-to-pass": "the exchange shows what a person chose",
        "book-lacks-fills": "the exchange's book did not show all fills of a closed trade yet",
        "result-stays-an-estimate": "the exchange's book could not be read for so long that an estimate stands",
        # --- the clock
        "entry-from-before-the-clock-was-set-back": "an entry rested since later than now: it was taken back",
        "asked-before-the-clock-was-set-back": "a question was asked later than it is now: it was asked again",
        "sent-before-the-clock-was-set-back": "a request left later than it is now: it was searched for from far back",
        # --- opening
        "signal-taken-already": "a signal came again after its trade was over",
        "opening-refused-before-comparing": "an opening was refused: database and exchange were not compared yet",
        "old-price-refused": "an opening was refused: the price was too old",
        # --- the disk
        "opening-not-written": "an opening could not be written, and nothing was sent",
        "step-not-written": "a step of a trade could not be written, and was not taken",
        "made-although-it-failed": "a commit was told as failed and had been made: what is on disk counts",
        "found-on-disk": "a trade was on disk that the order manager had taken for not opened",
        "outcome-may-have-been-missed": "the database takes writes again: what was on its way is in doubt",
        "generation-not-written": "the number of a strategy's incarnation could not be written",
        "error-not-written": "a strategy's ERROR could not be written, and was kept until it could",
        "strategy-row-follows": "the row of a strategy had missed a move and followed",
        # --- the line
        "word-of-an-older-connection": "a connection that is over still said something: not heard",
        "silent-line-closed": "nothing was heard for too long: the line was closed",
        "maintenance-told": "the exchange began or ended maintenance",
        "renewal-refused": "the login was not renewed: a new one was asked for",
        "login-lost": "the exchange took us for a stranger: logged in anew",
        # --- actors
        "actor-vanished": "an actor's thread ended without a word",
        "hung-actor-fenced-off": "an actor hung and was fenced off",
        "word-of-a-fenced-actor-dropped": "an actor that was fenced off still said something: not heard",
        "start-told-too-late": "an actor reported its start after it was stopped or fenced off",
        "strategy-failed": "a strategy raised and went to ERROR",
        "strategy-hung": "a strategy hung and went to ERROR",
        "strategy-flooded": "a strategy's inbox overflowed, and it went to ERROR",
        "flood-stopped": "an actor told more in one breath than it may",
        "restarts-used-up": "actors died so often that the process gave up its turn",
        "whole-process-stood-still": "the whole process stood still: nobody was called hung for it",
        "crash-loop-brake": "the process had crashed so often that it came up without trading",
    }
)
"""Every mark, and what has happened where it stands."""

BY_TESTS: Final = frozenset(
    {
        "added-before-our-first-fill",
        "adopted-without-an-exit",
        "adopted-without-its-entry",
        "asked-before-the-clock-was-set-back",
        "asked-in-vain",
        "book-lacks-fills",
        "children-never-shown",
        "closed-out-of-our-sight",
        "closed-without-a-record",
        "could-not-be-closed",
        "crash-loop-brake",
        "credits-gone",
        "entry-from-before-the-clock-was-set-back",
        "entry-of-a-given-up-trade-called-back",
        "flood-stopped",
        "forgotten-trade-found",
        "found-on-disk",
        "given-up-for-a-person",
        "guardian-closes-in-vain",
        "late-exit-of-a-closed-trade",
        "late-fill-of-a-closed-trade",
        "left-to-a-person-before",
        "made-although-it-failed",
        "more-closed-than-opened",
        "more-closed-than-opened-for-good",
        "no-stop-accepted",
        "old-price-refused",
        "order-gone-without-trace",
        "order-left-to-a-person",
        "orphan-position-quarantined",
        "picture-never-came",
        "renewal-refused",
        "result-stays-an-estimate",
        "sent-already",
        "start-told-too-late",
        "stop-refused-at-its-trigger",
        "strategy-flooded",
        "taken-up-again-by-a-person",
        "too-many-changes",
        "trade-without-a-target",
        "whole-process-stood-still",
        "word-of-an-older-connection",
    }
)
"""Marks too rare for histories; `tests/simulation/test_rare_marks.py` or `test_rarer_marks.py` passes each."""

_counts: Counter[str] | None = None


def mark(name: str) -> None:
    """This branch was taken."""
    if _counts is not None:
        _counts[name] += 1


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count marks while the block runs."""
    global _counts  # noqa: PLW0603 - one process lives one history at a time
    before, _counts = _counts, Counter()
    try:
        yield _counts
    finally:
        _counts = before
