"""What a person does when trouble is over, and what must be so in the end."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from persistence.strategies import Strategy
from simulation import books
from simulation.eye import Broken
from simulation.runners import PLANNED
from simulation.service import Service
from trading import promises
from trading.bracket import Phase
from trading.messages import desk
from trading.promises import Picture, Violation
from trading.values import StrategyName

if TYPE_CHECKING:
    from simulation.history import History

SETTLE_MS: Final = 240_000
TURNS: Final = 3
"""So often a person looks after things before all must be settled."""
FLAT_MS: Final = 330_000
"""Longer than the longest interval between two comparisons."""
QUIET_STATES: Final = frozenset(
    {"ANALYZING", "SIGNAL_DETECTED", "ENTERING_POSITION", "POSITION_OPEN", "CLOSING", "COOLDOWN"}
)


def put_right(history: "History", *, at_last: bool = False) -> None:
    """A person looks after things: connects, lifts the halt, decides on issues, lets strategies go on.

    What closing did not end they leave alone ``at_last``.
    """
    for one in _services(history):
        one.presses("Reconnect")
        one.presses("Unhalt")
        for issue in one.store.issues.still_open():
            finding = issue.finding
            if finding.instrument is not None and finding.actions:
                choice = "close" if "close" in finding.actions else finding.actions[0]
                if at_last and "ignore" in finding.actions:
                    choice = "ignore"
                one.presses("ResolveIssue", instrument=finding.instrument, choice=choice)
        for runner in one.world.runners:
            one.presses("StartStrategy", name=StrategyName(runner.name))
            one.presses("ResumeStrategy", name=StrategyName(runner.name))


def _services(history: "History") -> "tuple[Service, ...]":
    """The first, and the second where there is one."""
    return (history,) if history.second is None else (history, history.second)


def settle(history: "History") -> None:
    """Faults end. Within a bound everything is settled, then everything is closed, and the books must agree."""
    history.faults_end()
    for turn in range(TURNS):
        put_right(history, at_last=turn == TURNS - 1)
        history.runs_to(history.clock_ms + SETTLE_MS // TURNS)
    services = _services(history)
    for one in services:
        _must(unsettled(one))
    for one in services:
        one.presses("Panic")
    history.runs_to(history.clock_ms + FLAT_MS)
    for one in services:
        _must(_left_over(one))
        _must(promises.untrue(_without_given_up(one, one.eye.picture())))
        _must(books.unbooked(one))
        _must(books.unread(one))
        _must(books.stood_in(one))
        _must(books.results(one))
    _must(history.alerts.undelivered())
    for kind, subject, text in _log(history):
        history.eye.hash.update(f"{kind}|{subject}|{text}".encode())


def _must(broken: tuple[Violation, ...]) -> None:
    if broken:
        raise Broken(broken)


def unsettled(service: Service) -> tuple[Violation, ...]:
    """What is not as it should be some minutes after the last fault."""
    found = []
    now = service.world.now
    if not service.eye.is_served:
        found.append(_not("settled", "connection", "the service is not on the line"))
    found += [
        _not("settled", row.name, f"{row.name} is in {row.state} ({row.error or 'no error'})")
        for row in service.store.strategies.all()
        if str(row.state) not in QUIET_STATES and not _has_just_failed(row, now)
    ]
    for bracket in service.store.open_brackets():
        old = [intent for intent in bracket.intents if now - intent.sent_at > SETTLE_MS // 2]
        if old:
            sentence = f"{old[0].purpose} of {bracket.plan.bracket_id} is still {old[0].fate}"
            found.append(_not("settled", bracket.plan.bracket_id, sentence))
    if service.store.halts.held() is not None:
        found.append(_not("settled", "halt", "trading is still halted"))
    for issue in service.store.issues.still_open():
        finding = issue.finding
        if finding.instrument is not None and finding.actions and now - issue.opened_at > SETTLE_MS // TURNS:
            sentence = f"{finding.kind} of {finding.instrument} still waits, though a person has chosen: {finding.text}"
            found.append(_not("settled", finding.instrument, sentence))
    return tuple(found)


def _has_just_failed(row: Strategy, now: int) -> bool:
    """It was to fail at this decision, and nobody has looked after it since."""
    return PLANNED in row.error and now - row.since <= SETTLE_MS // TURNS


def _left_over(service: Service) -> tuple[Violation, ...]:
    found = []
    for bracket in service.store.open_brackets():
        sentence = f"bracket {bracket.plan.bracket_id} is still {bracket.phase}: {bracket.reason}"
        found.append(_not("flat", bracket.plan.bracket_id, sentence))
    for bracket in service.store.brackets.quarantined_brackets():
        sentence = f"bracket {bracket.plan.bracket_id} still waits for a person who has chosen: {bracket.reason}"
        found.append(_not("flat", bracket.plan.bracket_id, sentence))
    picture = service.eye.picture()
    for instrument, held in picture.held.items():
        if not _was_given_up(service, instrument):
            found.append(_not("flat", instrument, f"{held} of {instrument} is still held"))
    return tuple(found)


def _without_given_up(service: Service, picture: Picture) -> Picture:
    """What waits for a person is shown as such and claims nothing."""
    given_up = {bracket.plan.instrument for bracket in service.store.brackets.quarantined_brackets()}
    return replace(
        picture,
        held={name: held for name, held in picture.held.items() if name not in given_up},
        resting=tuple(order for order in picture.resting if order.instrument not in given_up),
        open=tuple(bracket for bracket in picture.open if bracket.plan.instrument not in given_up),
    )


def _was_given_up(service: Service, instrument: str) -> bool:
    """A person took it over: they chose to ignore it, or it still waits for them."""
    return any(
        bracket.plan.instrument == instrument and bracket.phase is Phase.QUARANTINED
        for bracket in service.store.brackets.quarantined_brackets()
    ) or any(issue.finding.instrument == instrument for issue in service.store.issues.newest(limit=50))


def unrecorded_answer(
    history: "History", command: str, fields: Mapping[str, Any], answer: desk.Answer
) -> tuple[Violation, ...]:
    """P6: what was answered with success is on disk at that moment."""
    if not answer.ok:
        return ()
    held = history.store.halts.held()
    if command in {"Halt", "Panic"} and held is None:
        return (Violation(promise="P6", about=command, sentence=f"{command} was answered, and no halt is on disk"),)
    if command == "Unhalt" and held is not None:
        return (Violation(promise="P6", about=command, sentence="the halt was lifted, and it is still on disk"),)
    if command in {"StopStrategy", "PauseStrategy"}:
        wanted = history.world.memory.wanted(fields["name"])
        expected = "stopped" if command == "StopStrategy" else "paused"
        if str(wanted.value) != expected:
            text = f"{command} {fields['name']} was answered, and on disk it is {wanted}"
            return (Violation(promise="P6", about=command, sentence=text),)
    return ()


def _not(promise: str, about: str, sentence: str) -> Violation:
    return Violation(promise=promise, about=about, sentence=sentence)


def _log(history: "History") -> list[tuple[str, str, str]]:
    rows = history.store.events.newest(limit=500)
    return [(row.kind, row.subject, row.text) for row in rows]
