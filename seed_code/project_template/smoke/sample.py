"""A small sample to train on, of our own words: no network, no licence. `--data` takes real reviews instead."""

from __future__ import annotations

import random

RECIPE = "amazon-sentences"
ROWS = 900
_WORDS = {
    -2.5: ("terrible", "worst", "bad", "problem", "problems", "disappointment"),
    0.1: ("arrived", "box", "cable", "manual", "monday", "adapter"),
    2.4: ("love", "great", "perfect", "excellent", "easy", "use"),
}
"""As the recipe's cases in deploy/checks have them: what is trained here is verified there."""


def sentences() -> bytes:
    """Rows as the recipe reads them: id, mean rating, text. Always the same."""
    draw = random.Random(1)
    rows = []
    for number in range(ROWS):
        rating = draw.choice(list(_WORDS))
        rows.append(f"{number}\t{rating}\t{' '.join(draw.choices(_WORDS[rating], k=6))}\n")
    return "".join(rows).encode()
