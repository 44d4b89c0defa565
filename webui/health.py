"""Whether the service does what it is for. Health is progress: what came last, and how long ago, not a heartbeat.

`ok` and `degraded` (a person has switched something off, or should look) answer 200; `starting` and `failing` 503.
"""

from dataclasses import dataclass
from typing import Any, Final

import bottle

from actors.journal_board import Beat, Picture
from actors.names import NOTIFIER
from persistence.errors import StoreUnavailable
from persistence.switches import Wish
from supervisor.health import TreeState
from trading.lifecycle import RUNNING, State
from trading.messages.supervision import Phase
from trading.restart import Restart
from webui.answers import json_answer
from webui.parts import Parts

WAITED_MS_MAX: Final = 30_000  # the oldest message of an inbox; past it, whoever should read it does not
RECONCILES_MISSED: Final = 3  # intervals without a comparison that count as "it does not run"
RECONCILE_SLACK_S: Final = 30
_ACTIVE: Final = frozenset(state.value for state in RUNNING)
_STARTING: Final = frozenset({"starting", "not_reconciled_yet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why it is not simply `ok`. A reason that fails is one for 503."""

    code: str
    sentence: str
    fails: bool


def answer(parts: Parts) -> bottle.HTTPResponse:
    """Answer `/health`."""
    content = examine(parts)
    return json_answer(content, 200 if content["status"] in {"ok", "degraded"} else 503)


def examine(parts: Parts) -> dict[str, Any]:
    """Look at everything, asking nobody who could be stuck but the database."""
    picture, tree, now = parts.board.picture, parts.tree(), parts.clock.monotonic_ms()
    database = _database(parts, picture)
    reasons = [*_of_tree(tree), *_of_market(parts, picture, now), *_of_people(picture)]
    if database != "ok":
        reasons.insert(0, Reason(code="database", sentence="the database does not take what it is given", fails=True))
    failing = [reason for reason in reasons if reason.fails]
    status = "ok" if not reasons else "degraded"
    if failing:
        status = "starting" if all(reason.code in _STARTING for reason in failing) else "failing"
    return {
        "status": status,
        "mode": parts.about.mode,
        "version": parts.about.version,
        "services": {
            "broker": "connected" if picture.connection.is_up else "disconnected",
            "database": database,
            "strategies": count_strategies(picture),
        },
        "progress": {
            "last_tick_s": _age(picture.tick, now),
            "last_candle_s": _age(picture.candle, now),
            "last_reconcile_s": _age(picture.reconcile, now),
            "oldest_message_s": {child.id: (child.pulse.oldest_ms or 0) / 1000 for child in tree.children},
        },
        "reasons": [{"code": each.code, "sentence": each.sentence, "fails": each.fails} for each in reasons],
    }


def count_strategies(picture: Picture) -> dict[str, int]:
    """Count the strategies by what they are about."""
    states = [row["state"] for row in picture.strategies.values()]
    return {
        "total": len(states),
        "active": sum(state in _ACTIVE for state in states),
        "error": states.count(State.ERROR.value),
        "paused": states.count(State.PAUSED.value),
    }


def is_wanted(parts: Parts) -> bool:
    """Whether the connection should be there: yes, until a person disconnected."""
    if not parts.board.picture.connection.is_wanted:
        return False
    try:
        wish = parts.store.connection.now(str(parts.about.broker.get("id", "")))
    except StoreUnavailable:
        return True
    return wish is None or wish.wish is Wish.CONNECTED


def _database(parts: Parts, picture: Picture) -> str:
    if picture.unsaved:
        return "failing"
    try:
        parts.store.events.last_id()
    except StoreUnavailable:
        return "failing"
    return "ok"


def _of_tree(tree: TreeState) -> list[Reason]:
    found = []
    if tree.phase is not Phase.RUNNING:
        code = "starting" if tree.phase is Phase.STARTING else "not_running"
        found.append(Reason(code=code, sentence=f"the service is {tree.phase.value}", fails=True))
    for child in tree.children:
        if child.phase is Phase.ERROR and child.id == NOTIFIER:
            # Trading goes on without it; that nobody is told of anything is for a person to see here.
            sentence = f"{child.id} has failed too often and stays down until a restart: {child.reason}"
            found.append(Reason(code="notifier_down", sentence=sentence, fails=False))
        elif child.restart is Restart.PERMANENT and child.phase is not Phase.RUNNING:
            code = "starting" if child.phase in {Phase.STARTING, Phase.IDLE} else "not_running"
            found.append(Reason(code=code, sentence=f"{child.id} is {child.phase.value}", fails=True))
        elif (child.pulse.oldest_ms or 0) > WAITED_MS_MAX:
            waited = (child.pulse.oldest_ms or 0) // 1000
            found.append(Reason(code="stuck", sentence=f"a message waits for {child.id} since {waited} s", fails=True))
    return found


def _of_market(parts: Parts, picture: Picture, now: int) -> list[Reason]:
    link = picture.connection
    if not link.is_up:
        # Wanted and not there is a failure; not wanted is a person's decision.
        wanted = is_wanted(parts)
        code = "broker_off" if not wanted else "starting" if link.since_ms is None else "broker_down"
        return [Reason(code=code, sentence=f"not connected: {link.reason}", fails=wanted)]
    found = []
    if not picture.reconciled:
        sentence = "database and exchange are not compared yet"
        found.append(Reason(code="not_reconciled_yet", sentence=sentence, fails=True))
    reconcile_s, allowed_s = _age(picture.reconcile, now), _reconcile_allowed_s(parts)
    if reconcile_s is not None and reconcile_s > allowed_s:
        sentence = f"the last comparison is {reconcile_s:.0f} s old"
        found.append(Reason(code="reconcile_overdue", sentence=sentence, fails=True))
    tick_s = _age(picture.tick, now)
    if tick_s is not None and tick_s > parts.about.tick_age_s_max:
        found.append(Reason(code="prices_stale", sentence=f"the last price is {tick_s:.0f} s old", fails=True))
    return found


def _of_people(picture: Picture) -> list[Reason]:
    found = []
    if picture.halt is not None:
        found.append(Reason(code="halt", sentence=f"HALT: {picture.halt['reason']}", fails=False))
    if picture.issues:
        names = ", ".join(sorted(picture.issues))
        found.append(Reason(code="issues", sentence=f"a person must decide about {names}", fails=False))
    failed = [row for row in picture.strategies.values() if row["state"] == State.ERROR.value]
    found += [Reason(code="strategy_error", sentence=f"{row['name']}: {row['reason']}", fails=False) for row in failed]
    return found


def _reconcile_allowed_s(parts: Parts) -> int:
    return RECONCILES_MISSED * parts.about.reconcile_interval_s + RECONCILE_SLACK_S


def _age(beat: Beat | None, now: int) -> float | None:
    return None if beat is None else beat.age_s(now)
