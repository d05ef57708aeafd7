"""`python -m app.commands`: what `bin/run` is, started as quickly as `wsgi` and for its reasons."""

import gc

gc.disable()

from app.commands.launch import launch  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    launch()
