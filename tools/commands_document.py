"""Writes docs/commands.md: `python -m tools.commands_document` starts a service on paper, waits for trades, and asks.

What a command explains about itself is held to the code by a test; the answers are those of the run that wrote it.
With `--keep-answers` they stay as they are, and only the explanations are written anew.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from click.testing import CliRunner

from tradebaas.commands import COMMANDS, tradebaas

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "commands.md"
WIDTH = "100"
TRADES_WAITED_FOR = 3
WAITED_S_MAX = 180

# In the order they are run in; what stops something comes after what looks at it.
SAMPLES: dict[str, str] = {
    "version": "version",
    "status": "status",
    "strategies": "strategies",
    "trades": "trades --limit 4",
    "orders": "orders",
    "positions": "positions",
    "events": "events --limit 6",
    "issues": "issues",
    "reports": "reports --limit 2",
    "doctor": "doctor",
    "credentials": "credentials test",
    "backup": "backup",
    "backups": "backups",
    "pause": "pause fasttest",
    "resume": "resume fasttest",
    "halt": 'halt --reason "central bank at 14:00"',
    "unhalt": "unhalt",
    "reconcile": "reconcile",
    "ack": "ack",
    "disconnect": "disconnect",
    "connect": "connect",
    "reconnect": "reconnect --resume",
    "close": "close fasttest",
    "stop": "stop fasttest",
    "start": "start fasttest",
    "panic": "panic --yes",
    "resolve": "resolve 7 ignore",
}

HEAD = """# Commands

`tradebaas` runs the service and talks to one that runs on the same machine: its address and a key for it lie in the
data directory, readable by its owner alone. Start a command in the folder in which the service was started, or say
`--data-dir` (or `--config`) as it was said there.

- Lists fit the terminal: sentences are wrapped, what matters least is left out and named. Piped they are 160 columns
  wide and without colours; `NO_COLOR=1` takes the colours away in a terminal, too.
- `--json` prints what the API says, whole, for programs; a no in the shape of its errors, beside the sentence.
- Exit codes: 0 done, 1 failed (the sentence says what to do next), 2 wrong use, 78 wrong settings: all problems are
  listed, and a supervisor must not try again.
- `eval "$(tradebaas completion bash)"` in `~/.bashrc` completes commands and options; zsh and fish, too.

Written by `python -m tools.commands_document`; a test holds the explanations to the code. The answers are those of a
service on paper.
"""


def main() -> int:
    """Start a service, ask it everything, write the page."""
    if "--keep-answers" in sys.argv:
        DOCUMENT.write_text(page(_kept(DOCUMENT.read_text(encoding="utf-8"))), encoding="utf-8")
        return 0
    with tempfile.TemporaryDirectory(prefix="commands-") as name:
        folder = Path(name)
        program = [sys.executable, "-m", "tradebaas"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TRADEBAAS_")}
        environment |= {"PYTHONPATH": str(ROOT), "COLUMNS": WIDTH}
        service = subprocess.Popen(
            [*program, "run", "--port", "0"], cwd=folder, env=environment, stderr=subprocess.DEVNULL
        )

        def ask(words: str) -> str:
            done = subprocess.run(
                ["/bin/sh", "-c", f'"$PYTHON" -m tradebaas {words}'],
                cwd=folder,
                env=environment | {"PYTHON": sys.executable},
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            return (done.stdout + done.stderr).replace(str(folder), "/srv/tradebaas").strip()

        try:
            until = time.monotonic() + WAITED_S_MAX
            while _trades(ask("trades --json")) < TRADES_WAITED_FOR and time.monotonic() < until:
                time.sleep(1)
            samples = {command: f"$ tradebaas {words}\n{ask(words)}" for command, words in SAMPLES.items()}
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(30)
    DOCUMENT.write_text(page(samples), encoding="utf-8")
    return 0


def _kept(text: str) -> dict[str, str]:
    """The answers that stand there, by command."""
    parts = (part.partition("\n") for part in text.split("\n## ")[1:])
    found = (
        (name, re.search(r"^```\n(\$ tradebaas .*?)\n```$", rest, re.MULTILINE | re.DOTALL)) for name, _, rest in parts
    )
    return {name: match[1] for name, match in found if match is not None}


def page(samples: dict[str, str]) -> str:
    """The whole page."""
    parts = [HEAD]
    for name, entry in COMMANDS.items():
        parts.append(f"## {name}\n\n{entry.help[0].upper()}{entry.help[1:]}.\n\n```\n{explained(name)}\n```\n")
        if name in samples:
            parts.append(f"```\n{samples[name]}\n```\n")
    return "\n".join(parts)


def explained(name: str) -> str:
    """What a command says about itself, and its subcommands after it."""
    text = _help(name)
    inner = re.findall(r"^  ([a-z-]+)  ", text.partition("Commands:\n")[2].partition("\n\n")[0], re.MULTILINE)
    return "\n\n".join([text, *(_help(name, each) for each in inner)])


def _help(*words: str) -> str:
    found = CliRunner().invoke(tradebaas, [*words, "--help"], prog_name="tradebaas", terminal_width=int(WIDTH))
    return found.output.strip()


def _trades(told: str) -> int:
    try:
        return len(json.loads(told)["items"])
    except (ValueError, KeyError):
        return 0


if __name__ == "__main__":
    sys.exit(main())
