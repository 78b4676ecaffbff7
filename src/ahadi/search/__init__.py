"""Search: one line of text finds cases, customers, messages and people, though it may be mistyped."""

from ahadi.search.actions import Found, change_view, remove_view, save_view, search, views, word_for
from ahadi.search.indexing import FORGET, follower, forget
from ahadi.search.query import FILTERS, Problem, Query, parse
from ahadi.search.store import SavedView

__all__ = [
    "FILTERS",
    "FORGET",
    "Found",
    "Problem",
    "Query",
    "SavedView",
    "change_view",
    "follower",
    "forget",
    "parse",
    "remove_view",
    "save_view",
    "search",
    "views",
    "word_for",
]
