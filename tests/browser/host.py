"""`tradebaas` with the strategies of these tests beside the real ones: `python -m tests.browser.host run ...`."""

from pathlib import Path

import strategies
from tradebaas.__main__ import main

if __name__ == "__main__":
    strategies.__path__.append(str(Path(__file__).parent / "strategies"))
    main()
