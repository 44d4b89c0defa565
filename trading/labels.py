"""Order labels: whose order it is and what it is for, in 64 characters that the exchange hands back.

    tb1:<owner>:<worker>:<strategy>:<bracket>:<leg><attempt>       tb1:me:w1:ema-cross:wprpfwnxwcba5rnz:s0

A label names an order; it is no protection against sending twice, the exchange takes the same label again.
"""

import re
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2s

from trading.errors import BadInput
from trading.values import BracketId, InstrumentName, LabelText, Leg, StrategyName, WorkerId

LABEL_MAX = 64
# 3 + 8 + 12 + 16 + 16 + 3 characters and five colons make 63.
OWNER_MAX, WORKER_MAX, STRATEGY_MAX, ID_LENGTH, ATTEMPT_MAX = 8, 12, 16, 16, 99
LAST_RESORT_FROM = 80
"""A trade's own orders of one leg count to here, however often a person asks for another round. Those of a panic that
nobody can record come next, and from 90 on the guardian's."""

_PREFIX = "tb1"
_LETTERS: Mapping[Leg, str] = {Leg.ENTRY: "e", Leg.STOP: "s", Leg.TARGET: "t", Leg.CLOSE: "c"}
_LEGS: Mapping[str, Leg] = {letter: leg for leg, letter in _LETTERS.items()}
_TAG = re.compile(r"[A-Za-z0-9_.-]+")
_SHAPE = re.compile(
    rf"{_PREFIX}"
    rf":(?P<owner>[A-Za-z0-9_.-]{{1,{OWNER_MAX}}})"
    rf":(?P<worker>[A-Za-z0-9_.-]{{1,{WORKER_MAX}}})"
    rf":(?P<strategy>[A-Za-z0-9_.-]{{1,{STRATEGY_MAX}}})"
    rf":(?P<bracket>[a-z2-7]{{{ID_LENGTH}}})"
    r":(?P<leg>[estc])(?P<attempt>0|[1-9][0-9]?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label in its parts. Owner, worker and strategy are tags (see ``tag``), not full names."""

    owner: str
    worker: str
    strategy: str
    bracket: BracketId
    leg: Leg
    attempt: int = 0
    """Counts replacements of a leg, so that each order that was ever sent can be asked for by its own label."""

    def __str__(self) -> LabelText:
        """Write the label as it travels."""
        text = f"{_PREFIX}:{self.owner}:{self.worker}:{self.strategy}:{self.bracket}:{_LETTERS[self.leg]}{self.attempt}"
        if not _SHAPE.fullmatch(text):
            msg = "not a label of ours"
            raise BadInput(msg, text)
        return LabelText(text)


def label_for(
    *, owner: str, worker: WorkerId, strategy: StrategyName, bracket: BracketId, leg: Leg, attempt: int = 0
) -> Label:
    """Make the label of one leg out of full names."""
    return Label(
        owner=tag(owner, OWNER_MAX),
        worker=tag(worker, WORKER_MAX),
        strategy=tag(strategy, STRATEGY_MAX),
        bracket=bracket,
        leg=leg,
        attempt=attempt,
    )


@lru_cache(maxsize=1024)
def parse(text: str) -> Label | None:
    """Read a label back; None for everybody else's. The same few come again at every comparison, so they are kept."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    return Label(
        owner=found["owner"],
        worker=found["worker"],
        strategy=found["strategy"],
        bracket=BracketId(found["bracket"]),
        leg=_LEGS[found["leg"]],
        attempt=int(found["attempt"]),
    )


@lru_cache(maxsize=256)
def tag(name: str, length: int) -> str:
    """Fit a name into a label: itself where it is short and plain, else its beginning and a hash of the whole."""
    if len(name) <= length and _TAG.fullmatch(name):
        return name
    digest = content_id(name)[:6]
    beginning = "".join(_TAG.findall(name))[: length - 7]
    return f"{beginning}-{digest}" if beginning else digest


@lru_cache(maxsize=256)  # a signal is asked for its id half a dozen times on its way
def bracket_id(strategy: StrategyName, instrument: InstrumentName, signal: str) -> BracketId:
    """Name the bracket of a signal. The same signal gives the same id, in any process and on any worker.

    ``signal`` says which one it was: the candle's time and the side, for example.
    """
    return BracketId(content_id(strategy, instrument, signal))


def content_id(*parts: str) -> str:
    """Hash strings to 16 characters (80 bits) that depend on nothing else, order and borders of the parts included."""
    framed = "".join(f"{len(part)}:{part}" for part in parts)
    return b32encode(blake2s(framed.encode(), digest_size=10).digest()).decode("ascii").lower()
