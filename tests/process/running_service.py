"""The service as a process on settings of its own, and a caller of its API with the command line's key."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import requests

from tests.process.exchange_client import ROOT, eventually

PROGRAM = [sys.executable, "-m", "tradebaas"]


class RunningService:
    """One folder, and one life of the service after the other in it."""

    def __init__(self, folder: Path, settings: str = "", **environment: str) -> None:
        self.folder = folder
        self.log = folder / "run.log"
        (folder / "tradebaas.toml").write_text(settings)
        (folder / "tradebaas.toml").chmod(0o600)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TRADEBAAS_")}
        self.environment = kept | {"PYTHONPATH": str(ROOT), **environment}
        self.ask = requests.Session()
        self.ask.trust_env = False
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.starts()
        return self

    def __exit__(self, *_: object) -> None:
        self.ask.close()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def starts(self, *words: str) -> None:
        """Begin a life, and wait until it answers."""
        self.log.unlink(missing_ok=True)
        (self.folder / "var" / "api.json").unlink(missing_ok=True)
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [*PROGRAM, "run", "--port", "0", *words],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=out,
            )
        eventually(self.is_there, "the service answers", 30)

    def is_there(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"it ended: {self.log.read_text()}"
        return (self.folder / "var" / "api.json").exists()

    @property
    def left(self) -> dict[str, Any]:
        found = json.loads((self.folder / "var" / "api.json").read_text())
        assert isinstance(found, dict)
        return found

    @property
    def url(self) -> str:
        return str(self.left["url"])

    @property
    def key(self) -> str:
        return str(self.left["token"])

    def call(self, method: str, path: str, body: object = None, **headers: str) -> requests.Response:
        return self.ask.request(
            method,
            f"{self.url}/api/v2/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.key}", **headers},
            timeout=15,
        )

    def get(self, path: str) -> Any:
        """What it answers; None while it does not."""
        try:
            return self.call("GET", path).json()
        except (requests.ConnectionError, FileNotFoundError):
            return None

    def post(self, path: str, body: object = None) -> requests.Response:
        return self.call("POST", path, {} if body is None else body)

    def status(self) -> dict[str, Any]:
        found = self.get("status")
        return found if isinstance(found, dict) else {}

    def is_reconciled(self, mode: str) -> bool:
        found = self.status()
        return found.get("mode") == mode and bool(found.get("reconciled"))

    def dies(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stops(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def said(self) -> str:
        return self.log.read_text()
