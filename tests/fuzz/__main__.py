"""`python -m tests.fuzz`: many frames at the exchange, from one seed or from many, one after the other."""

import argparse
import random
import sys
import time

from tests.fuzz.world import Broken, World


def main() -> int:
    """0 when everything held, 1 with the seed that broke it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="the first seed (default: a random one)")
    parser.add_argument("--frames", type=int, default=20_000, help="frames for each seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, counting up")
    parser.add_argument("--minutes", type=float, default=None, help="go on with new seeds for so long")
    chosen = parser.parse_args()
    first = random.SystemRandom().randrange(1_000_000) if chosen.seed is None else chosen.seed
    deadline = None if chosen.minutes is None else time.monotonic() + chosen.minutes * 60
    number = broken = 0
    while number < chosen.seeds if deadline is None else time.monotonic() < deadline:
        seed = first + number
        number += 1
        began = time.monotonic()
        try:
            world = World(seed)
            world.run(chosen.frames)
        except Broken as error:
            broken += 1
            sys.stdout.write(f"seed {seed}: {error}\n")
            continue
        took = time.monotonic() - began
        told = ", ".join(f"{name} {count}" for name, count in world.outcomes.most_common(6))
        sys.stdout.write(f"seed {seed}: {chosen.frames} frames in {took:.1f} s, {world.books.fills} fills; {told}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
