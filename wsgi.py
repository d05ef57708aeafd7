"""The web process: `gunicorn wsgi:app`; and the command line: `flask --app wsgi …`."""

from app.core import garbage

garbage.hold_off()

from app.factory import create_app  # noqa: E402

app = create_app()
garbage.settle()
