"""Much to be found: an installation whose messages say different things, written by statements that go on where an
interruption left them.

The words are made up of syllables and drawn as words are in any language: the second most frequent half as often as the
first, the third a third as often (Zipf, 1949). Sentences are drawn once; each message is two of them, and a rare word.
"""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import accumulate, product
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg
from psycopg import Connection

from ahadi.platform.database.embedded import EmbeddedServer
from ahadi.search.nearness import neighbours
from benchmarks.installation import ahadi, running, token_for
from benchmarks.multiply import Plan, added, planned, rows_of, write
from benchmarks.prepare import REASONS, SETUP

FREQUENT = ("power", "meter", "token", "street", "bill", "transformer", "water", "paid", "house", "evening")
WORDS, SENTENCES, RARE = 20_000, 4_000, 40_000
SAMPLE = 10  # cases of the sample, each with `SAID` messages of its own words
SAID = 6
_LEAST = {"customer", "identity", "cases", "case_text", "contact", "message", "message_text", "promise", "promise_text"}
_WORD = "zq{}zq"

# What message `k` of copy `n` says; and one rare word in fifty or so messages.
_SAYS = """
    create or replace function bench.said(n integer, k integer) returns text language sql stable as $$
        select a.said || ' ' || b.said || ' ' || r.word
        from bench.sentence a, bench.sentence b, bench.rare r
        where a.id = (n * 7919 + k * 104729) % %(sentences)s and b.id = (n * 31 + k * 613) % %(sentences)s
            and r.id = (n * 17 + k * 7) % %(rare)s
    $$"""
_LEARN: LiteralString = """
    insert into message_words (organisation_id, message_id, at, words)
    select m.organisation_id, m.id, m.at, array_to_tsvector(array_remove(string_to_array(
        regexp_replace(lower(coalesce(t.subject || ' ', '') || t.body || ' ' || t.organisation_id), '[^a-z0-9-]+', ' ',
            'g'), ' '), ''))
    from message m join message_text t on t.organisation_id = m.organisation_id and t.message_id = m.id
    where m.organisation_id = %(organisation)s and m.id between %(from)s and %(to)s
    on conflict do nothing"""
_MOMENTS = (
    "at",
    "opened_at",
    "changed_at",
    "held_since",
    "resolved_at",
    "made_at",
    "settled_at",
    "started_at",
    "sent_at",
)


@dataclass(frozen=True, slots=True)
class Findable:
    """A folder with an installation, a token for it, and how many cases it holds."""

    data: Path
    cases: int
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def vocabulary() -> list[str]:
    """The words, the most frequent first; the same every time."""
    syllables = [a + b for a, b in product("bdfgjklmnprstvw", "aeiou")]
    drawn = random.Random(1949)
    found = dict.fromkeys(FREQUENT)
    while len(found) < WORDS:
        found["".join(drawn.choices(syllables, k=drawn.choice((2, 3, 3, 4))))] = None
    return list(found)


def rare() -> Iterator[str]:
    """Words of four syllables that stand in few messages, and in no sentence."""
    return ("x" + "".join(each) for each in product("bdfgjk", "aeiou", "lmnprs", "aeiou", "tvwz", "aeiou", "bdg", "ae"))


def sentences(words: list[str]) -> Iterator[str]:
    drawn = random.Random(2)
    weights = list(accumulate(1 / (rank + 1) for rank in range(len(words))))
    return (" ".join(drawn.choices(words, cum_weights=weights, k=13)) for _ in range(SENTENCES))


def findable(data: Path, cases: int, *, port: int, say: Callable[[str], None]) -> Findable:
    """The installation in a folder; what is not made of it yet is made."""
    note = data.with_suffix(".json")
    if not (note.exists() and data.exists()):
        say(f"Making a sample in {data} …")
        shutil.rmtree(data, ignore_errors=True)
        data.parent.mkdir(parents=True, exist_ok=True)
        ahadi(data, "apply", str(SETUP))
        made = Findable(data, cases, token_for(data, "bench"))
        plan = _sampled(made, port)
        note.write_text(json.dumps({"token": made.token, "plan": asdict(plan), "done": False}))
    kept = json.loads(note.read_text())
    made = Findable(data, cases, kept["token"])
    if not kept["done"]:
        plan = Plan(**{**kept["plan"], "statements": tuple(kept["plan"]["statements"])})
        with (
            EmbeddedServer(data, durable=False) as addresses,
            psycopg.connect(addresses.superuser, autocommit=True) as connection,
        ):
            _multiplied(connection, plan, say)
        note.write_text(json.dumps({**kept, "done": True}))
    return made


def _sampled(made: Findable, port: int) -> Plan:
    """The sample, and how it is to be multiplied."""
    with EmbeddedServer(made.data) as addresses, psycopg.connect(addresses.superuser, autocommit=True) as connection:
        row = connection.execute("select id, prefix from organisation where slug = 'bench'").fetchone()
        assert row is not None
        before = rows_of(connection, row[0])
        with running(made.data, port, "run", "--only", "web") as server, httpx.Client(base_url=server.url) as client:
            client.headers.update(made.headers)
            _make_sample(client)
        sample = {
            shape: rows for shape, rows in added(before, rows_of(connection, row[0])).items() if shape.name in _LEAST
        }
        varied = {_WORD.format(k): f"bench.said(m.n, {k})" for k in range(SAMPLE * SAID)}
        varied |= {"sample-of-many": "'c' || m.n", "+254700000000": "'+2547' || lpad((m.n + 1)::text, 8, '0')"}
        varied |= {"Zqname": "initcap(bench.name(m.n))", "zqname": "bench.name(m.n)"}
        shifted = dict.fromkeys(_MOMENTS, "(m.n - bench.copies()) * interval '4 minutes'")
        shifted["due_at"] = "(mod(m.n, 5000) - 100) * interval '7 minutes'"
        copies = made.cases // SAMPLE - 1
        return planned(connection, before, sample, copies, prefix=row[1], varied=varied, shifted=shifted)


def _make_sample(client: httpx.Client) -> None:
    """Cases of one customer, through the API, with words that stand for what each copy says."""
    words = (_WORD.format(k) for k in range(SAMPLE * SAID))
    for number, reason in enumerate(REASONS[:SAMPLE]):
        subject, text, *notes = (next(words) for _ in range(SAID))
        sender = {"name": "Zqname Juma", "email": "sample-of-many@customers.example", "phone": "+254700000000"}
        contact = {"organisation": "bench", "channel": "web", "from": sender, "reason": reason}
        taken = _post(client, "/api/contacts", **contact, subject=subject, text=text)
        case = f"/api/cases/{taken['case']['reference']}"
        for each in notes:
            _post(client, f"{case}/notes", text=each)
        if number >= SAMPLE // 2:
            _post(client, f"{case}/resolve", keep=[taken["promise"]["id"]], deed={"kind": "work", "note": "done"})


def _post(client: httpx.Client, path: str, **body: Any) -> Any:
    response = client.post(path, json=body)
    if not response.is_success:
        raise RuntimeError(f"POST {path} failed: {response.status_code} {response.text}")
    return response.json()


def _multiplied(connection: Connection[Any], plan: Plan, say: Callable[[str], None]) -> None:
    """Write what is missing. The indexes over words are made in the end: that takes a fraction of the time."""
    words = vocabulary()
    _words(connection, plan, words)
    connection.execute("create table if not exists bench.index (made text)")
    with connection.transaction():
        for name, made in connection.execute(
            "select indexname, indexdef from pg_indexes where schemaname = 'public' and indexdef like '%USING gin%'"
        ).fetchall():
            connection.execute("insert into bench.index values (%s)", (made,))
            connection.execute(f'drop index "{name}"')  # type: ignore[arg-type]
    say(f"Writing {plan.copies:,} copies …")
    write(connection, plan)
    say("Learning the words of the messages …")
    (organisation,) = connection.execute("select id from organisation where slug = 'bench'").fetchone() or (None,)
    for first in range(0, plan.copies, 4_000):
        ends = (f"{plan.milliseconds + at:012x}" for at in (first, min(first + 3_999, plan.copies)))
        low, high = (f"{each[:8]}-{each[8:]}" for each in ends)
        values = {"from": f"{low}-7000-8000-000000000000", "to": f"{high}-7fff-bfff-ffffffffffff"}
        connection.execute(_LEARN, {"organisation": organisation, **values})
    _vocabulary(connection, organisation, words)
    say("Making the indexes over words …")
    connection.execute("set maintenance_work_mem = '512MB'")
    for (made,) in connection.execute("select made from bench.index").fetchall():
        with connection.transaction():
            connection.execute(made)
            connection.execute("delete from bench.index where made = %s", (made,))
    connection.execute("vacuum analyze")


def _words(connection: Connection[Any], plan: Plan, words: list[str]) -> None:
    """The functions that say what a copy says."""
    with connection.transaction():
        connection.execute("create schema if not exists bench")
        connection.execute("create table if not exists bench.sentence (id integer primary key, said text)")
        connection.execute("create table if not exists bench.rare (id integer primary key, word text)")
        connection.execute("truncate bench.sentence, bench.rare")
        rares = list(rare())[:RARE]
        for table, texts in (("bench.sentence", sentences(words)), ("bench.rare", rares)):
            with connection.cursor() as cursor, cursor.copy(f"copy {table} from stdin") as copy:  # type: ignore[arg-type]
                for row in enumerate(texts):
                    copy.write_row(row)
        says = _SAYS.replace("%(sentences)s", str(SENTENCES)).replace("%(rare)s", str(len(rares)))
        connection.execute(says)  # type: ignore[arg-type]
        connection.execute(
            "create or replace function bench.name(n integer) returns text language sql stable as"
            " $$ select split_part(said, ' ', 1) from bench.sentence where id = n % 4000 $$"
        )
        connection.execute(
            "create or replace function bench.copies() returns integer language sql immutable as"
            f" $$ select {plan.copies} $$"  # type: ignore[arg-type]
        )
    connection.execute("vacuum analyze bench.sentence, bench.rare")


def _vocabulary(connection: Connection[Any], organisation: Any, words: list[str]) -> None:
    """The vocabulary as the indexing would have learnt it."""
    known = [*words, *list(rare())[:RARE]]
    with connection.transaction():
        connection.execute("delete from vocabulary where organisation_id = %s", (organisation,))
        with connection.cursor() as cursor:
            with cursor.copy("copy vocabulary (organisation_id, word) from stdin") as copy:
                for word in known:
                    copy.write_row((organisation, word))
            with cursor.copy("copy vocabulary_near (organisation_id, near, word) from stdin") as copy:
                for word in known:
                    for near in neighbours(word):
                        copy.write_row((organisation, near, word))
