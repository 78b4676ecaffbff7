"""The link that `ahadi run` prints where nobody can sign in yet: it is how a first administrator gets in, once."""

import re
from urllib.parse import urlsplit

import httpx

from tests.main.test_serve import PATIENCE, Running, database_settings, prepare_organisation, run

__all__ = ["database_settings"]
PAGE = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
BEGIN = {
    "name": "Mto Power",
    "zone": "Africa/Nairobi",
    "country": "KE",
    "language": "en",
    "person": "Naomi Wanjiru",
    "email": "naomi@example.org",
    "password": "seven quiet herons",
    "again": "seven quiet herons",
}


def printed(running: Running) -> str:
    """What it says after that it is ready, up to the address."""
    assert running.process.stdout is not None
    return running.process.stdout.readline().strip()


def path_of(sentence: str) -> str:
    found = re.fullmatch(r"Nobody can sign in yet\. Open this once, to begin: (http://\S+/first-run/\S+)", sentence)
    assert found, sentence
    return urlsplit(found[1]).path


def test_the_printed_link_lets_a_first_administrator_in_and_is_worth_nothing_afterwards(
    database_settings: dict[str, str],
) -> None:
    with run("--only", "web", **database_settings) as running:
        earlier = path_of(printed(running))
        assert running.stop() == 0
    with run("--only", "web", **database_settings) as running:  # each start prints its own
        path = path_of(printed(running))
        assert path != earlier
        with httpx.Client(base_url=running.address, timeout=PATIENCE, headers=PAGE) as browser:
            assert "Mto Power" not in browser.get(path).text
            opened = browser.get(path)
            assert opened.status_code == 200 and 'name="person"' in opened.text and 'name="password"' in opened.text
            spent = {**BEGIN, "link": earlier.rpartition("/")[2]}
            assert browser.post("/first-run", data=spent).status_code != 303
            assert browser.get("/api/me").status_code == 401
            began = browser.post("/first-run", data={**BEGIN, "link": path.rpartition("/")[2]})
            assert began.status_code == 303, began.text
            step = browser.get("/first-run")
            assert step.status_code == 200 and "Customer care" in step.text
            me = browser.get("/api/me", headers={"Accept": "application/json"}).json()
            assert "Naomi Wanjiru" in str(me) and "settings.edit" in str(me)
        with httpx.Client(base_url=running.address, timeout=PATIENCE, headers=PAGE) as somebody_else:
            assert 'name="password"' not in somebody_else.get(path).text
            again = {**BEGIN, "email": "mallory@example.org", "link": path.rpartition("/")[2]}
            assert somebody_else.post("/first-run", data=again).status_code != 303
        assert running.stop() == 0
    with run("--only", "web", **database_settings) as running:
        assert running.stop() == 0
        assert running.process.stdout is not None
        assert "first-run" not in running.process.stdout.read()


def test_where_there_is_an_organisation_already_no_link_is_printed(database_settings: dict[str, str]) -> None:
    prepare_organisation(database_settings["AHADI_DATABASE_URL"])
    with run("--only", "web", **database_settings) as running:
        assert running.stop() == 0
        assert running.process.stdout is not None
        assert "first-run" not in running.process.stdout.read()
