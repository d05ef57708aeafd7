"""The command line: `flask …`. Like `factory`, it may know every slice."""

from app.commands.catalogs import catalogs
from app.commands.database import database
from app.commands.demo import demo
from app.commands.figures import figures
from app.commands.markup import markup
from app.commands.worker import worker

COMMANDS = (catalogs, database, demo, figures, markup, worker)
