"""What the brand holds: the bank's own words and address, nobody's."""

from app.core.personal import BANK, holds

holds(
    "brand",
    dict.fromkeys(
        (
            "brands.name",
            "brands.tagline",
            "brands.welcome",
            "brands.footer_links",
            "brands.languages",
            "brands.timezone",
            "brands.mail_name",
            "brands.mail_address",
            "brands.reserved_names",
            "brands.outside_hosts",
            "brands.own_numbers",
        ),
        BANK,
    ),
)
