"""The service's own command line, with the strategies of the simulated histories beside its own.

python -m tools.socket_check.runs FOLDER run --config FILE      FOLDER has simulation/runners.py as runners.py
"""

import sys

import strategies
from tradebaas.__main__ import main

if __name__ == "__main__":
    strategies.__path__.append(sys.argv.pop(1))
    main()
