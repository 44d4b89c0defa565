"""The tree: which actors there are, who watches them, and the worlds they can live in."""
