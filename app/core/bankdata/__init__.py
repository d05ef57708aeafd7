"""The bank-data guard: finds what must not be said in public, and hides it before it is kept.

    mask("карта 4276 …")   -> Masked("карта [номер карты скрыт]", (Found("card", 6, 25),))

Pure and quick: no database, no network, one pass over the text for each kind of thing. Check digits
and known ranges leave order numbers, dates and sums alone; short codes and numbers of people count
only beside their words. See docs/decisions/0010.
"""

from app.core.bankdata.hiding import KINDS
from app.core.bankdata.masking import NOTHING, Found, Masked, Own, find, mask

__all__ = ["KINDS", "NOTHING", "Found", "Masked", "Own", "find", "mask"]
