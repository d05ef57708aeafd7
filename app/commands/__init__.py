"""The command line: `flask …`. Like `factory`, it may know every slice."""

from app.commands.archive import archive
from app.commands.bankdata import bankdata
from app.commands.catalogs import catalogs
from app.commands.counters import counters
from app.commands.database import database
from app.commands.deliveries import deliveries
from app.commands.demo import demo
from app.commands.doctor import doctor
from app.commands.erasures import erasures, retention_group
from app.commands.figures import figures
from app.commands.importing import importing
from app.commands.limits import limits
from app.commands.markup import markup
from app.commands.people import create_admin
from app.commands.permissions import permissions
from app.commands.search import search
from app.commands.settings import settings
from app.commands.sla import sla
from app.commands.worker import worker

COMMANDS = (
    archive,
    bankdata,
    catalogs,
    counters,
    create_admin,
    database,
    deliveries,
    demo,
    doctor,
    erasures,
    figures,
    importing,
    limits,
    markup,
    permissions,
    retention_group,
    search,
    settings,
    sla,
    worker,
)
