"""An installation with so many cases, made once and kept: a sample through the API, then multiplied."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg

from ahadi.platform.database.embedded import EmbeddedServer
from benchmarks.installation import ahadi, running, token_for
from benchmarks.multiply import added, multiply, rows_of
from benchmarks.record import WORDS

HERE = Path(__file__).parent
SETUP = HERE / "bench.yaml"
MIGRATIONS = HERE.parent / "src/ahadi/platform/database/migrations"
REASONS = ["outage", "voltage", "meter", "connection", "bill", "payment", "token", "moving", "complaint", "question"]
OPEN = 3  # of the ten cases that each customer has; the others are resolved
TOUCHED = 20_000  # references that are asked for, at most
CUSTOMER = "sample@customers.example"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A folder with an installation, a token for it, and a file with references of open cases."""

    data: Path
    cases: int
    token: str
    made_by: str

    @property
    def references(self) -> Path:
        return self.data.with_suffix(".references")

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def prepared(data: Path, cases: int, *, port: int, say: Callable[[str], None]) -> Prepared:
    """The installation in a folder, made if it is not there or was made by another schema.

    `cases` are a multiple of ten: each customer has ten, three of them open, each with five events of 360 bytes.
    """
    note = data.with_suffix(".json")
    if note.exists():
        found = Prepared(**{**json.loads(note.read_text()), "data": data})
        if (found.cases, found.made_by) == (cases, _made_by()) and data.exists():
            return found
    say(f"Making {cases:,} cases in {data} …")
    shutil.rmtree(data, ignore_errors=True)
    data.parent.mkdir(parents=True, exist_ok=True)
    ahadi(data, "apply", str(SETUP))
    made = Prepared(data, cases, token_for(data, "bench"), _made_by())
    with EmbeddedServer(data) as addresses, psycopg.connect(addresses.superuser, autocommit=True) as connection:
        row = connection.execute("select id, prefix from organisation where slug = 'bench'").fetchone()
        assert row is not None
        organisation_id, prefix = row
        before = rows_of(connection, organisation_id)
        with running(data, port, "run", "--only", "web") as server, httpx.Client(base_url=server.url) as client:
            client.headers.update(made.headers)
            _make_sample(client)
        sample = added(before, rows_of(connection, organisation_id))
        name = CUSTOMER.partition("@")[0]
        multiply(connection, before, sample, cases // 10 - 1, prefix=prefix, varied={name: f"'{name}' || m.n"})
        chosen = connection.execute(
            "select reference from cases where state = 'open' order by hashtext(reference) limit %s", (TOUCHED,)
        )
        made.references.write_text("".join(f"{reference}\n" for (reference,) in chosen))
    note.write_text(json.dumps({**asdict(made), "data": str(data)}))
    return made


def _made_by() -> str:
    """What the data depends on: the schema, the organisation, and how the sample is made."""
    files = [*sorted(MIGRATIONS.glob("*.sql")), SETUP, HERE / "prepare.py", HERE / "multiply.py"]
    return hashlib.sha256(b"".join(each.read_bytes() for each in files)).hexdigest()


def _make_sample(client: httpx.Client) -> None:
    """Ten cases of one customer, through the API."""
    for number, reason in enumerate(REASONS):
        taken = _post(
            client,
            "/api/contacts",
            organisation="bench",
            channel="web",
            **{"from": {"name": "Neema Juma", "email": CUSTOMER}},
            subject=f"About {reason}",
            text=WORDS,
            reason=reason,
        )
        case, promise = f"/api/cases/{taken['case']['reference']}", f"/api/promises/{taken['promise']['id']}"
        _post(client, f"{case}/notes", text=WORDS)
        _post(client, f"{case}/hold", person="amina", note=WORDS)
        due = (datetime.now(UTC) + timedelta(days=60)).isoformat()
        further = _post(client, f"{case}/promises", kind="callback", text=WORDS, due_at=due, owner="amina")
        _post(client, f"{promise}/keep", deed={"kind": "contact", "note": WORDS})
        if number >= OPEN:
            _post(client, f"{case}/resolve", keep=[further["promise"]["id"]], deed={"kind": "contact", "note": WORDS})


def _post(client: httpx.Client, path: str, **body: Any) -> Any:
    response = client.post(path, json=body)
    if not response.is_success:
        raise RuntimeError(f"POST {path} failed: {response.status_code} {response.text}")
    return response.json()
