"""The entry of the process, as `python -m tradebaas` and as the console script.

It puts the checkout first on the path before it imports anything of ours: `supervisor` is also the name of a package
of supervisord, and only the order on the path decides which one is found.
"""

import importlib.util
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
CONFIGURATION = 78  # supervisord must not try again


def main() -> None:
    """Run the command line, unless this is no place to run it."""
    if str(CHECKOUT) in sys.path:
        sys.path.remove(str(CHECKOUT))
    sys.path.insert(0, str(CHECKOUT))
    problem = _unfit()
    if problem is not None:
        sys.stderr.write(f"tradebaas: {problem}\n")
        sys.exit(CONFIGURATION)

    from tradebaas.commands import tradebaas

    tradebaas(prog_name="tradebaas")


def _unfit() -> str | None:
    """Why this interpreter must not run the service, if so."""
    if not __debug__:
        return "assertions are switched off (-O or PYTHONOPTIMIZE); they are part of the design, run without"
    ours = CHECKOUT / "supervisor" / "__init__.py"
    if ours.exists():
        found = importlib.util.find_spec("supervisor")
        origin = None if found is None or found.origin is None else Path(found.origin).resolve()
        if origin != ours:
            return f"the name `supervisor` leads to {origin} and not to {ours}; start the service from its checkout"
    return None


if __name__ == "__main__":
    main()
