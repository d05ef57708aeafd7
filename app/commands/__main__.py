"""`python -m app.commands`: what `bin/run` is, started as quickly as `wsgi` and for its reasons."""

from app.core import garbage

garbage.hold_off()

from app.commands.launch import launch  # noqa: E402

garbage.settle()

if __name__ == "__main__":
    launch()
