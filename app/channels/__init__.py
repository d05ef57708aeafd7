"""Other doors into the same house: what was written elsewhere is brought in."""
