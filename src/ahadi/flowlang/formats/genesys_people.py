"""Where flows of Architect lead to people and promises: transfers, callbacks, voicemail, and waiting."""

from dataclasses import replace

from ahadi.base.text import one_line
from ahadi.flowlang.formats.genesys_flow import Action, Maker
from ahadi.flowlang.formats.genesys_values import seconds, under, value
from ahadi.flowlang.model import ENDLESS, STOP, UNKNOWN, Edge, Node, Under
from ahadi.flowlang.reading import Tree

WAITS = Edge("nobody answers", ENDLESS, "time", under=Under("queues-answer", "without"))


def _failed(maker: Maker, action: Action) -> str:
    """Where a failed transfer leads: its output, what follows it, or the handling of errors; with what is said before.

    In a menu there is no output: the menu is said again.
    """
    body = action.body
    path = under(body, "outputs", "failure")
    if path is not None:
        to = maker.sequence(under(path, "actions"), action.scope, action.after)
    elif action.scope.menu and action.scope.title == action.scope.menu:
        to = action.scope.menu
    else:
        to = action.after if action.after != action.scope.end else ""
    words = maker.source.words(under(body, "failureTransferAudio"))
    return maker.after_words(f"{action.name} fails", words, to or maker.on_error(), body.line)


def _target(body: Tree) -> str:
    """To whom or what: the name that is written, or the expression that is worked out."""
    keys = ("targetQueue", "targetNumber", "targetUser", "targetGroup", "queue", "user", "number", "group")
    found = next((each for key in keys if (each := under(body, key))), None)
    return one_line(value(under(found, "lit", "name")) or value(found), 60)


def transfer_to_acd(maker: Maker, action: Action) -> Node:
    """A queue. How the customer waits there is told by an in-queue flow."""
    queue = _target(action.body)
    why = f"what the customer hears while waiting in `{queue}` is set with the queue, and not in the file"
    edges = (
        Edge("answered", STOP, "time", gain="person"), WAITS,
        Edge("waits elsewhere", UNKNOWN, "time", "implicit", why=why),
        Edge("failed", _failed(maker, action), how="implicit" if under(action.body, "outputs") is None else "declared"),
    )  # fmt: skip
    words = maker.source.words(under(action.body, "preTransferAudio"))
    return Node(action.name, "queue", edges, action.body.line, words, queue, news=("unseen",))


def transfer(maker: Maker, action: Action) -> Node:
    """A number, a user or a group; whether a person answered is told by whether the transfer failed."""
    failed = _failed(maker, action)
    edges = (
        Edge("answered", STOP, gain="person"),
        Edge("answered by a machine", STOP, how="implicit", under=Under("dial-status-tells", "without")),
        Edge("failed", failed, seconds=seconds(under(action.body, "connectTimeout"), 0)),
    )
    words = maker.source.words(under(action.body, "preTransferAudio"))
    return Node(action.name, "transfer", edges, action.body.line, words, _target(action.body))


def transfer_to_voicemail(maker: Maker, action: Action) -> Node:
    """A message; the customer may say nothing, and the step may fail."""
    edges = (
        Edge("recorded", STOP, "customer", gain="promise", under=Under("voicemail-becomes-a-case", "with")),
        Edge("recorded, and nothing more", STOP, "customer", under=Under("voicemail-becomes-a-case", "without")),
        Edge("silence", STOP, "customer", how="implicit", mistake=True),
        Edge("failed", _failed(maker, action), under=Under("recorders-record", "spared")),
    )
    words = maker.source.words(under(action.body, "preTransferAudio"))
    return Node(action.name, "voicemail", edges, action.body.line, words)


def transfer_to_flow(maker: Maker, action: Action) -> Node:
    """Another flow, for good; one for secure input comes back."""
    target = under(action.body, "targetFlow") or under(action.body, "flow")
    name = one_line(value(under(target, "lit", "name")) or value(target), 100)
    words = maker.source.words(under(action.body, "preTransferAudio"))
    if under(target, "exp") is not None or not name:
        edge = Edge("next", UNKNOWN, why="to which flow it goes is computed at run time")
        return Node(action.name, "say", (edge,), action.body.line, words)
    failed = Edge("failed", _failed(maker, action))
    return Node(action.name, "flow", (failed,), action.body.line, words, name)


def create_callback(maker: Maker, action: Action) -> Node:
    """A call back is recorded, or that fails; each goes on by its output."""
    outputs = under(action.body, "outputs")

    def path(name: str) -> str:
        return maker.sequence(under(outputs, name, "actions"), action.scope, action.after)

    spared = Under("recorders-record", "spared")
    edges = [
        Edge("booked", path("success"), gain="promise"),
        Edge("failed", path("failure"), how="declared" if under(outputs, "failure") else "undeclared", under=spared),
    ]
    if action.kind == "callData":
        how = under(outputs, "timeout") is not None
        late = seconds(under(action.body, "timeout"), 0)
        edge = Edge("timed-out", path("timeout"), how="declared" if how else "undeclared", under=spared)
        edges.append(replace(edge, seconds=late))
    return Node(action.name, "callback", tuple(edges), action.body.line)


def hold_music(maker: Maker, action: Action) -> Node:
    """Waiting, in the first of these of a flow; played again, music goes on where it was."""
    much = seconds(under(action.body, "playStyle", "duration"), 0)
    following = Edge("next", action.after, "time", seconds=much, how="declared" if action.after else "implicit")
    if maker.waits:
        return Node(action.name, "say", (replace(following, owner="world"),), action.body.line, seconds=much)
    maker.waits = True
    edges = (Edge("answered", STOP, "time", gain="person"), following)
    return Node(action.name, "queue", edges, action.body.line, about="(this queue)", news=maker.source.news)
