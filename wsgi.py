"""The web process: `gunicorn wsgi:app`; and the command line: `flask --app wsgi …`."""

import gc

# Nothing becomes garbage while modules are loaded; to look for it all the same took a fifth of the
# start. What is loaded by then stays, so it is not looked at afterwards either, and stays shared
# with whatever is forked from this process.
gc.disable()

from app.factory import create_app  # noqa: E402

app = create_app()
gc.freeze()
gc.enable()
