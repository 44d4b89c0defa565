"""A file with a line for each history lived, so that a long run can go on where it was stopped.

The first line says what all of them have in common. A history of other code or of another length is not one of them,
though it has the same seed: added up with the others it would make a summary of nothing.
"""

from pathlib import Path
from typing import Final

import msgspec

from simulation.history import Lived

OPENING: Final = b'{"type":"campaign"'
"""So a first line begins. One that was cut off has nothing behind it."""


class Campaign(msgspec.Struct, frozen=True, kw_only=True, tag="campaign"):
    """What the histories of a record have in common."""

    code: str
    """The hash of what they are lived with; see `simulation.code`."""
    faults: str
    days: float
    is_sparse: bool

    def unlike(self, now: "Campaign") -> str:
        """What differs, in words; nothing where they are alike."""
        found = []
        if self.days != now.days:
            found.append(f"--days {self.days:g} (now {now.days:g})")
        if self.faults != now.faults:
            found.append(f"--faults {self.faults} (now {now.faults})")
        if self.is_sparse != now.is_sparse:
            found.append("--sparse (now without)" if self.is_sparse else "without --sparse (now with)")
        if self.code != now.code:
            found.append("other code")
        return ", ".join(found)


ANEW: Final = "name another file, or remove this one, to begin anew"


class NotThisRecord(Exception):
    """The file keeps something else than the histories of this campaign."""


class Record:
    """The record of one campaign."""

    def __init__(self, path: Path, campaign: Campaign) -> None:
        self._path, self._campaign = path, campaign

    def begin(self) -> list[Lived]:
        """Give those of earlier runs; a line cut short by a crash is passed over, and its history lived again.

        Raises:
            NotThisRecord: what is in the file was lived otherwise, or nobody knows how.
        """
        raw = self._path.read_bytes() if self._path.exists() else b""
        first, newline, rest = raw.partition(b"\n")
        if not newline and (first.startswith(OPENING) or OPENING.startswith(first)):
            self._path.write_bytes(msgspec.json.encode(self._campaign) + b"\n")
            return []
        try:
            kept = msgspec.json.decode(first, type=Campaign)
        except (msgspec.DecodeError, UnicodeDecodeError):
            text = "does not begin with how its histories were lived: a record of an older version, or no record"
            raise NotThisRecord(f"{self._path} {text}; {ANEW}") from None
        unlike = kept.unlike(self._campaign)
        if unlike:
            raise NotThisRecord(f"{self._path} keeps histories that were lived otherwise: {unlike}; {ANEW}")
        if not raw.endswith(b"\n"):
            self._append(b"")  # the next one must not stand behind what was cut off
        found = []
        for line in rest.splitlines():
            try:
                found.append(msgspec.json.decode(line, type=Lived))
            except msgspec.DecodeError:
                continue
        return found

    def add(self, lived: Lived) -> None:
        """One more line."""
        self._append(msgspec.json.encode(lived))

    def _append(self, line: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(line + b"\n")
