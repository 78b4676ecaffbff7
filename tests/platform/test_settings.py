"""Configuration from variables and from files."""

from pathlib import Path

import pytest

from ahadi.base.errors import SetupError
from ahadi.platform.settings import Settings, read_settings, unknown_variables


def test_every_variable_may_be_given_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a secret that is in a file\n")
    settings = read_settings({"AHADI_SECRET_KEY_FILE": str(tmp_path / "key"), "AHADI_PORT": "9000"})
    assert settings.secret_key == "a secret that is in a file" and settings.port == 9000


def test_a_variable_and_its_file_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="AHADI_PORT_FILE"):
        read_settings({"AHADI_PORT": "1", "AHADI_PORT_FILE": str(tmp_path / "port")})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="missing"):
        read_settings({"AHADI_PORT_FILE": str(tmp_path / "missing")})


@pytest.mark.parametrize(
    ("name", "text"), [("PORT", "x"), ("DEMO", "perhaps"), ("WATCH_SECONDS", "soon"), ("CLOCK", "stopped")]
)
def test_a_value_that_cannot_be_read_names_its_variable(name: str, text: str) -> None:
    with pytest.raises(SetupError, match=f"AHADI_{name}"):
        read_settings({f"AHADI_{name}": text})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SESSION_HOURS", "-1"),
        ("SESSION_HOURS", "0"),
        ("PORT", "-1"),
        ("PORT", "70000"),
        ("WEB_PROCESSES", "0"),
        ("WORKER_PROCESSES", "-2"),
        ("DATABASE_CONNECTIONS", "0"),
        ("MAIL_MAX_BYTES", "-1"),
        ("JOB_LEASE_SECONDS", "0"),
        ("WATCH_SECONDS", "nan"),
        ("WATCH_SECONDS", "0"),
        ("LOG_FORMAT", "xml"),
        ("MAIL_DOMAIN", "power example"),
    ],
)
def test_a_value_without_sense_names_its_variable_and_what_to_write(name: str, text: str) -> None:
    with pytest.raises(SetupError, match=f"^AHADI_{name} is .*; write "):
        read_settings({f"AHADI_{name}": text})


@pytest.mark.parametrize("text", ["desk.example.org", "ftp://desk.example", "https://", "https://desk.example:port"])
def test_a_public_address_is_whole(text: str) -> None:
    with pytest.raises(SetupError, match=r"AHADI_PUBLIC_URL is .*; write it with https://"):
        read_settings({"AHADI_PUBLIC_URL": text})


def test_a_variable_nobody_reads_is_told_with_the_name_that_was_meant() -> None:
    told = unknown_variables(["AHADI_PROT", "AHADI_PORT", "AHADI_SECRET_KEY_FILE", "AHADI_COLOUR_OF_TEA", "HOME"])
    assert len(told) == 2
    assert "AHADI_COLOUR_OF_TEA" in told[0] and "configuration.md" in told[0]
    assert "AHADI_PROT" in told[1] and "did you mean AHADI_PORT?" in told[1]


def test_the_command_line_wins_where_it_says_something() -> None:
    settings = read_settings({"AHADI_PORT": "9000", "AHADI_HOST": "::1"}, port=9001, host=None)
    assert (settings.port, settings.host) == (9001, "::1")


@pytest.mark.parametrize(("text", "meant"), [("1", True), ("TRUE", True), ("no", False), ("", False)])
def test_yes_and_no_are_read_in_their_usual_forms(text: str, meant: bool) -> None:
    assert read_settings({"AHADI_DEMO": text}).demo is meant


@pytest.mark.parametrize(
    ("settings", "links"),
    [
        (Settings(), "http://127.0.0.1:8123"),
        (Settings(port=9000), "http://127.0.0.1:9000"),
        (Settings(public_url="https://desk.example/"), "https://desk.example"),
    ],
)
def test_links_start_with_the_public_address(settings: Settings, links: str) -> None:
    assert settings.links_from() == links
