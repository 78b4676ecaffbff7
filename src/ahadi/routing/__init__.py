"""Routing: decision tables say who takes a request, how urgent it is, and what is promised first."""

from ahadi.routing.actions import draft_rules, known_names, publish_rules, put_rules, roll_back
from ahadi.routing.check import Check, DeadRow, Known, Uncovered, Undecided, check_rows, check_rules
from ahadi.routing.corrections import Corrected, Reroute, corrected_rules
from ahadi.routing.jdm import NotReadable, rows_of_jdm, to_jdm
from ahadi.routing.model import (
    NO_RULE,
    Choice,
    Count,
    Decision,
    Entitlement,
    FirstPromise,
    Moment,
    Request,
    Rule,
    RulesInvalid,
    Then,
    Tier,
    When,
    verified_tier,
)
from ahadi.routing.personal_data import forget_heard
from ahadi.routing.routes import Routed, remember, request_of, route
from ahadi.routing.rows import Problem, Reading, read_rules, written_rule
from ahadi.routing.table import Table, TableDoesNotCompile, Tables
from ahadi.routing.trial import Elsewhere, Past, Shift, Trial, try_rules

__all__ = [
    "NO_RULE",
    "Check",
    "Choice",
    "Corrected",
    "Count",
    "DeadRow",
    "Decision",
    "Elsewhere",
    "Entitlement",
    "FirstPromise",
    "Known",
    "Moment",
    "NotReadable",
    "Past",
    "Problem",
    "Reading",
    "Request",
    "Reroute",
    "Routed",
    "Rule",
    "RulesInvalid",
    "Shift",
    "Table",
    "TableDoesNotCompile",
    "Tables",
    "Then",
    "Tier",
    "Trial",
    "Uncovered",
    "Undecided",
    "When",
    "check_rows",
    "check_rules",
    "corrected_rules",
    "draft_rules",
    "forget_heard",
    "known_names",
    "publish_rules",
    "put_rules",
    "read_rules",
    "remember",
    "request_of",
    "roll_back",
    "route",
    "rows_of_jdm",
    "to_jdm",
    "try_rules",
    "verified_tier",
    "written_rule",
]
