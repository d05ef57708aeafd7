"""The deadline engine: pure functions of calendars, policies, events and an instant.

Nothing in here knows a database, a web or a clock of its own. Instants are aware UTC datetimes,
spans are `timedelta`; whoever calls from elsewhere converts first.
"""
