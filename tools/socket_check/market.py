"""The exchange as a process, its operator's surface, and a person who trades on the same account by hand."""

import contextlib
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
import requests

from exchange.instruments import LISTED
from simulation.making import PRICES, PULSE_MS
from simulation.plan import Plan

ROOT: Final = Path(__file__).resolve().parents[2]
ANSWER_S_MAX: Final = 10.0
FOREIGN: Final = "tb1:me:w2:other:aaaaaaaaaaaaaaaa:e0"
GAPS_BPS: Final = (-150, -40, 40, 150)
HAND_LOTS_MAX: Final = 20
_READ: Final = msgspec.json.Decoder(float_hook=Decimal)
_LISTED: Final = {spec.instrument_name: spec for spec in LISTED}


class Market:
    """One running exchange."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        settings = folder / "exchange.toml"
        settings.write_text(_settings(plan), encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tradebaas", "exchange", "--port", "0", "--seed", str(plan.seed), "--quiet",
             "--admin", "--settings", str(settings)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = ""
        while "listening on" not in line:
            line = self._process.stdout.readline()
            if not line:
                raise RuntimeError("the exchange did not come up")
        address = line.rsplit(" ", 1)[1].strip()
        self.url = f"ws://{address}/ws/api/v2"
        self._base = f"http://{address}"
        self._operator, self._person = requests.Session(), requests.Session()
        self._person.auth = ("person", "person")
        for session in (self._operator, self._person):
            session.trust_env = False

    def close(self) -> None:
        """The end of it."""
        self._operator.close()
        self._person.close()
        self._process.terminate()
        self._process.communicate(timeout=ANSWER_S_MAX)

    def state(self) -> dict[str, Any]:
        """Everything, exact, as of one moment."""
        return self._asked("GET", "state")

    def storms(self, rules: list[dict[str, Any]]) -> None:
        """These faults from now on."""
        self._asked("POST", "faults", {"rules": rules})

    def calms(self) -> None:
        """No fault any more."""
        self._asked("DELETE", "faults")
        self._asked("POST", "maintenance", {"on": False})

    def _asked(self, verb: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self._operator.request(verb, f"{self._base}/admin/{path}", json=body, timeout=ANSWER_S_MAX)
        if answer.status_code != requests.codes.ok:
            raise RuntimeError(f"{verb} {path}: {answer.text}")
        found: dict[str, Any] = _READ.decode(answer.content)
        return found

    # --- by hand

    def hand(self, what: str, instrument: str, draw: float) -> None:
        """A person does something on the account. The exchange may refuse it, or fail them, too."""
        rng, state = Random(f"{draw}"), self.state()
        spec = _LISTED[instrument]
        if what == "gap":
            by = Decimal(rng.choice(GAPS_BPS)) / 10_000
            price = spec.tick_size * int(Decimal(state["markets"][instrument]["mark"]) * (1 + by) / spec.tick_size)
            self._asked("POST", "price", {"instrument_name": instrument, "price": str(price), "hold": False})
            return
        account = state["accounts"]["main"]
        if what == "cancel":
            orders = sorted(order["order_id"] for order in account["orders"] if order["is_live"])
            if orders:
                self._sends("cancel", order_id=rng.choice(orders))
            return
        held = position_of(account, instrument)
        amount, side = spec.contract_size * rng.randint(1, HAND_LOTS_MAX), "sell"
        if what in {"buy", "foreign"}:
            side = "buy"
        elif what in {"close", "reduce"}:
            if not held:
                return
            side, half = "sell" if held > 0 else "buy", abs(held) / 2 // spec.contract_size * spec.contract_size
            amount = abs(held) if what == "close" else max(spec.contract_size, half)
        label = {"label": FOREIGN} if what == "foreign" else {}
        self._sends(side, instrument_name=instrument, amount=str(amount), type="market", **label)

    def _sends(self, method: str, **params: str) -> None:
        with contextlib.suppress(requests.RequestException):  # storms strike a person, too
            self._person.get(f"{self._base}/api/v2/private/{method}", params=params, timeout=ANSWER_S_MAX)


def position_of(account: dict[str, Any], instrument: str) -> Decimal:
    """What is held, signed, in the unit of orders."""
    unit = "size" if _LISTED[instrument].is_inverse else "size_currency"
    rows = (row for row in account["positions"] if row["instrument_name"] == instrument)
    return next((Decimal(row[unit]) for row in rows), Decimal(0))


def _settings(plan: Plan) -> str:
    """As the simulated world has it. The line's delay is the exchange's here: a socket on one machine has none."""
    switches = "".join(
        f'{name} = "{position}"\n' if isinstance(position, str) else f"{name} = {position}\n"
        for name, position in plan.switches.items()
    )
    names = sorted({one.instrument for one in plan.runners})
    prices = "".join(f'"{name}" = {PRICES[name]}\n' for name in names)
    return (
        f"[switches]\n{switches}[limits]\ncredits = true\n"
        f"[latency]\nrequest_ms = {sum(plan.delay_ms) // 2}\n"
        f'[feed]\nprofile = "{plan.profile}"\nstep_ms = {plan.step_ms}\npulse_ms = {PULSE_MS}\n'
        f"[feed.start_prices]\n{prices}"
    )
