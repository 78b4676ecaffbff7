"""PostgreSQL: the embedded server, roles, migrations, connections and the unit of work."""

from ahadi.platform.database.pool import Busy, Database
from ahadi.platform.database.together import Together
from ahadi.platform.database.visible import Standing, set_organisations, set_person, visible
from ahadi.platform.database.work import Actor, Answer, Work

__all__ = [
    "Actor",
    "Answer",
    "Busy",
    "Database",
    "Standing",
    "Together",
    "Work",
    "set_organisations",
    "set_person",
    "visible",
]
