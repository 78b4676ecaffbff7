"""Each application of Asterisk as a node, with what may come of it (docs.asterisk.org, Dialplan Applications)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from ahadi.base.text import one_line
from ahadi.flowlang.formats.asterisk_lines import Step, arguments
from ahadi.flowlang.formats.asterisk_making import argument, edge_after, given_to, next_edge, node_at, seconds_of
from ahadi.flowlang.formats.asterisk_people import dial, queue, voicemail
from ahadi.flowlang.formats.asterisk_places import Place, Places, said, sounds, variables
from ahadi.flowlang.formats.asterisk_words import branches, opening_hours
from ahadi.flowlang.model import BACK, ENTITLED, STOP, UNKNOWN, Edge, Node, Owner

# Nothing that a caller notices, or that changes where the call goes.
_PASS: Final = frozenset({
    "noop", "verbose", "log", "answer", "ringing", "progress", "proceeding", "sipaddheader", "sipremoveheader",
    "playtones", "stopplaytones", "setmusiconhold", "musiconhold", "startmusiconhold", "stopmusiconhold", "setvar",
    "chanisavail", "monitor", "mixmonitor", "stopmixmonitor", "stopmonitor", "cel", "celgenuserevent", "userevent",
    "queuelog", "dumpchan", "sendtext", "setamaflags", "resetcdr", "nocdr", "forkcdr", "dbdel", "dbdeltree",
    "waituntil",
    "waitforsilence", "waitfornoise", "addqueuemember", "removequeuemember", "pausequeuemember",
    "unpausequeuemember", "senddtmf", "increment", "originate", "exec", "echo", "wait", "stackpop", "msleep",
    "jabbersend", "setcallerpres", "privacymanager", "incomplete", "logcall", "eval", "importvar", "export",
    "morsecode",
})  # fmt: skip
_SAYS: Final = frozenset({
    "playback", "controlplayback", "saydigits", "saynumber", "sayalpha", "sayalphacase", "sayphonetic", "sayunixtime",
    "saycountednoun", "saymoney", "sayordinal", "datetime", "festival",
})  # fmt: skip
_ENDS: Final = {
    "hangup": "hung up", "busy": "busy tone", "congestion": "congestion tone", "zapateller": "hung up",
}  # fmt: skip
_SET: Final = re.compile(r"(?:GLOBAL|LOCAL)\(\s*(\w+)\s*\)|_{0,2}(\w+)")
_COUNTS: Final = re.compile(
    r"\s*\$\[\s*\$\{(?:GLOBAL\(|LOCAL\()?(\w+)\)?\}\s*\+\s*(\d{1,6})\s*\]\s*|\s*\$\{(?:INC\((\w+)\)|MATH\((\w+)\+1,.*\))\}\s*"
)
_LIMIT: Final = re.compile(r'\$\[\s*"?\$\{(?:GLOBAL\()?(\w+)\)?\}"?\s*(<=|>=|==|<|>|=)\s*"?(\d{1,6})"?\s*\]')
_LOOKED_UP: Final = re.compile(r"\$\{(?:DB|ODBC\w*|REALTIME\w*|CURL|LDAP\w*|MYSQL\w*|CALENDAR\w*)\(")
_ASKED: Final = re.compile(r"\$\{(\w+)")


def build(places: Places, place: Place) -> Node:
    """The node of a place."""
    app = place.step.app
    maker = _APPS.get(app)
    if maker is not None:
        return maker(places, place)
    if app in _ENDS:
        return node_at(place, "end", about=_ENDS[app])
    if app in _SAYS:
        return _says(places, place)
    if app in _PASS:
        return node_at(place, "say", (next_edge(places, place),))
    places.remark(place, f"the application `{one_line(place.step.written, 40)}` is not known here.")
    why = f"what the application `{one_line(place.step.written, 40)}` does is not known here"
    return node_at(place, "look-up", (next_edge(places, place), Edge("something else", UNKNOWN, why=why)))


# What is said -----------------------------------------------------------------------------------------------------


def _says(places: Places, place: Place) -> Node:
    given = given_to(place)
    shared = places.shared
    heard = sounds(shared, argument(given, 0)) if place.step.app.endswith("playback") else variables(
        shared, argument(given, 0)
    )  # fmt: skip
    return node_at(place, "say", (next_edge(places, place),), said(heard))


def _wait(places: Places, place: Place) -> Node:
    much = seconds_of(argument(given_to(place), 0), 1)
    return node_at(place, "say", (next_edge(places, place),), seconds=much)


def _set(places: Places, place: Place) -> Node:
    edge = next_edge(places, place)
    names = tuple(name for name, _ in assigned(place.step.app, place.step.args))
    return node_at(place, "remember", (replace(edge, sets=names),))


def assigned(app: str, args: str) -> list[tuple[str, str]]:
    """The variables that `Set` or `MSet` sets, with what is written for them; functions are none."""
    found = []
    for each in arguments(args) if app == "mset" else [args]:
        name, equals, value = each.partition("=")
        match = _SET.fullmatch(name.strip())
        if equals and match is not None:
            found.append((match[1] or match[2], value.strip().strip('"')))
    return found


# Keys -------------------------------------------------------------------------------------------------------------


def _background(places: Places, place: Place) -> Node:
    """Words that keys may interrupt; a menu by itself unless more of it, or the waiting for keys, follows."""
    given = given_to(place)
    words = said(sounds(places.shared, argument(given, 0)))
    context = argument(given, 3) or place.context
    following = places.place(place.context, place.number, place.priority + 1)
    edge = next_edge(places, place, "silence" if following is None else "next")
    if context not in places.shared.plan.contexts or "p" in argument(given, 1):
        return node_at(place, "say", (replace(edge, outcome="next"),), words)
    choices, edges = places.keys(context)
    if following is not None and following.step.app in ("background", "waitexten"):
        return replace(node_at(place, "say", (*edges, replace(edge, owner="time")), words), choices=choices)
    silence = replace(edge, outcome="silence", owner="customer", mistake=True)
    return replace(node_at(place, "menu", (*edges, silence), words), choices=choices)


def _waitexten(places: Places, place: Place) -> Node:
    following = places.place(place.context, place.number, place.priority + 1)
    node = node_at(place, "menu")
    much = seconds_of(argument(given_to(place), 0), 10)
    return places.waits(node, place.context, places.named(following) if following else STOP, much)


def _read(places: Places, place: Place) -> Node:
    given = given_to(place)
    variable = argument(given, 0)
    words = said(sounds(places.shared, argument(given, 1)))
    much = seconds_of(argument(given, 5), 10) * max(seconds_of(argument(given, 4), 1), 1)
    edges = (
        edge_after(places, place, "given", {"READSTATUS": "OK"}, "customer", sets=(variable,)),
        edge_after(places, place, "silence", {"READSTATUS": "TIMEOUT"}, "customer", mistake=True, sets=(variable,),
               seconds=much),
    )  # fmt: skip
    return node_at(place, "ask", edges, words, variable)


def _authenticate(places: Places, place: Place) -> Node:
    edges = (
        replace(next_edge(places, place, "verified", "customer"), sets=(ENTITLED,)),
        Edge("not-verified", STOP, "customer", how="implicit", mistake=True),
    )
    return node_at(place, "identify", edges)


# Jumps ------------------------------------------------------------------------------------------------------------


def _goto(places: Places, place: Place) -> Node:
    edges = places.edges_to(place, place.step.args, "next")
    return node_at(place, "say" if len(edges) == 1 else "decide", edges)


def _gotoif(places: Places, place: Place) -> Node:
    condition, yes, no = branches(place.step.args)
    edges: list[Edge] = []
    name = one_line(condition.removeprefix("$[").removesuffix("]"), 60) or "it holds"
    owner = decider(places, condition)
    for target, outcome in ((yes, name), (no, "otherwise")):
        if target:
            edges += places.edges_to(place, target, outcome, owner)
        else:
            edges.append(next_edge(places, place, outcome, owner))
    return counted(places, place, condition, edges) or node_at(place, "decide", entitled(places, condition, edges))


def entitled(places: Places, condition: str, edges: list[Edge]) -> list[Edge]:
    """The edges of a decision: a match on what was looked up shows what the customer is entitled to."""
    asked = set(_ASKED.findall(condition))
    if not _LOOKED_UP.search(condition) and not (asked and asked <= places.shared.looked_up):
        return edges
    match = 1 if "!=" in condition else 0
    return [replace(each, sets=(ENTITLED,)) if at == match else each for at, each in enumerate(edges)]


def counted(places: Places, place: Place, condition: str, edges: list[Edge]) -> Node | None:
    """A decision on a variable that only counts up, as a loop with that limit; None where it is something else."""
    limit = _LIMIT.fullmatch(condition.strip())
    if limit is None or limit[1] not in places.shared.counters or len(edges) != 2:
        return None
    least = places.shared.counters[limit[1]]
    rising = limit[2] in ("<", "<=")
    often = int(limit[3]) - least - (limit[2] in ("<", ">=", "=", "=="))
    again, done = edges if rising else reversed(edges)
    both = (replace(again, outcome="again", owner="world"), replace(done, outcome="done", owner="world"))
    return replace(node_at(place, "repeat", both), tries=max(min(often, 1000), 0))


def decider(places: Places, condition: str) -> Owner:
    """Who owns a decision: the customer, where it asks only for what they typed."""
    asked = _ASKED.findall(condition)
    return "customer" if asked and all(each in places.shared.typed for each in asked) else "world"


def _gotoiftime(places: Places, place: Place) -> Node:
    condition, yes, no = branches(place.step.args)
    edges: list[Edge] = []
    for target, outcome in ((yes, "open"), (no, "closed")):
        edges += places.edges_to(place, target, outcome) if target else [next_edge(places, place, outcome)]
    return node_at(place, "hours", edges, about=one_line(opening_hours(condition), 80))


def _gosub(places: Places, place: Place) -> Node:
    return _called(places, place, place.step.args, place.name)


def _called(places: Places, place: Place, written: str, name: str) -> Node:
    """The call of a subroutine: a flow of its own, which comes back here."""
    text, _, _ = written.partition("(") if not written.endswith("]") else (written, "", "")
    target = places.target(place, text if "${" not in text or "(" not in text else _before_arguments(written))
    back = next_edge(places, place)
    if target is None:
        edge = Edge("next", UNKNOWN, why=f"which subroutine `{one_line(written, 60)}` is, is computed at run time")
        return Node(name, "say", (edge,), place.step.line)
    if places.place(*target) is None:
        return Node(name, "say", (places.jump_edge("next", target),), place.step.line)
    about = places.shared.subroutine(*target)
    return Node(name, "flow", (back, Edge("failed", STOP, how="implicit")), place.step.line, about=about, returns=True)


def _before_arguments(text: str) -> str:
    """A target of a call without its arguments: up to the bracket that the end closes."""
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        if text[at] == ")":
            depth += 1
        elif text[at] == "(":
            depth -= 1
            if not depth:
                return text[:at]
    return text


def _gosubif(places: Places, place: Place) -> Node:
    condition, yes, no = branches(place.step.args)
    edges: list[Edge] = []
    owner = decider(places, condition)
    for target, outcome in ((yes, one_line(condition, 60) or "it holds"), (no, "otherwise")):
        if target:
            name = f"{place.name} ({outcome})"
            places.nodes[name] = _called(places, place, target, name)
            edges.append(Edge(outcome, name, owner))
        else:
            edges.append(next_edge(places, place, outcome, owner))
    return node_at(place, "decide", edges)


def _return(places: Places, place: Place) -> Node:
    return node_at(place, "end", about=BACK)


def _while(places: Places, place: Place) -> Node:
    condition = place.step.args
    end = _matching(places, place, "while", "endwhile", 1)
    owner = decider(places, condition)
    name = one_line(condition.removeprefix("$[").removesuffix("]"), 60) or "it holds"
    if not end:
        places.remark(place, "no `EndWhile` follows this `While`.")
    done = places.at(place.context, place.number, end + 1) if end else STOP
    edges = [
        next_edge(places, place, name, owner),
        Edge("otherwise", done, owner, how="declared" if done else "implicit"),
    ]
    return counted(places, place, condition, edges) or node_at(place, "decide", edges)


def _endwhile(places: Places, place: Place) -> Node:
    begin = _matching(places, place, "endwhile", "while", -1)
    return node_at(place, "say", (Edge("next", places.at(place.context, place.number, begin) if begin else STOP),))


def _leave_while(places: Places, place: Place) -> Node:
    end = _matching(places, place, "while", "endwhile", 1)
    to = places.at(place.context, place.number, end + (place.step.app == "exitwhile")) if end else STOP
    return node_at(place, "say", (Edge("next", to, how="declared" if to else "implicit"),))


def _matching(places: Places, place: Place, own: str, other: str, way: int) -> int:
    """The priority of the other end of a loop of this extension; 0 where there is none."""
    depth, at = 0, place.priority + way
    while (found := places.place(place.context, place.number, at)) is not None:
        places.numbers.spend()
        if found.step.app == own:
            depth += 1
        elif found.step.app == other:
            if not depth:
                return at
            depth -= 1
        at += way
    return 0


_APPS: Final[Mapping[str, Callable[[Places, Place], Node]]] = {
    "wait": _wait, "set": _set, "mset": _set, "background": _background, "waitexten": _waitexten, "read": _read,
    "authenticate": _authenticate, "vmauthenticate": _authenticate, "voicemailmain": _authenticate, "goto": _goto,
    "gotoif": _gotoif,
    "gotoiftime": _gotoiftime, "gosub": _gosub, "gosubif": _gosubif, "return": _return, "while": _while,
    "endwhile": _endwhile, "exitwhile": _leave_while, "continuewhile": _leave_while, "dial": dial, "queue": queue,
    "voicemail": voicemail,
}  # fmt: skip


def looked_up(steps: Iterable[Step]) -> frozenset[str]:
    """The variables that only ever hold what was looked up in a database or service."""
    found: set[str] = set()
    others: set[str] = set()
    for step in steps:
        if step.app == "read":
            others.add(arguments(step.args)[0])
        elif step.app in ("set", "mset"):
            for name, value in assigned(step.app, step.args):
                (found if _LOOKED_UP.match(value) else others).add(name)
    return frozenset(found - others)


def what_is_set(steps: Iterable[Step]) -> tuple[frozenset[str], frozenset[str], dict[str, int]]:
    """The variables that a dialplan sets, those that only hold what a caller typed, and those that only count up.

    The last with the number from which they count.
    """
    typed: set[str] = set()
    others: set[str] = set()
    counts: dict[str, int] = {}
    unsteady: set[str] = set()
    for step in steps:
        if step.app == "read":
            typed.add(arguments(step.args)[0])
        elif step.app in ("set", "mset"):
            for name, value in assigned(step.app, step.args):
                others.add(name)
                up = _COUNTS.fullmatch(value)
                if up is not None and name in up.groups() and up[2] in (None, "1"):
                    counts.setdefault(name, 0)
                elif not value.isdigit() or len(value) > 6:
                    unsteady.add(name)
    counters = {name: least for name, least in counts.items() if name not in unsteady | typed}
    return frozenset(typed | others), frozenset(typed - others), counters
