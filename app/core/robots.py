"""Who reads for a machine: what they do is no sign of what people want."""

import re
from functools import lru_cache

# "Cubot" is a maker of telephones.
_MACHINE = re.compile(
    r"(?<!cu)bot\b|bot[/_-]|crawl|spider|slurp|archiver|mediapartners|facebookexternalhit|embedly"
    r"|monitor|pingdom|uptime|lighthouse",
    re.IGNORECASE,
)


@lru_cache(maxsize=512)  # a few names come again and again
def is_robot(agent: str) -> bool:
    """Whether a browser's name is a crawler's or a probe's, or is missing."""
    return not agent.strip() or _MACHINE.search(agent) is not None
