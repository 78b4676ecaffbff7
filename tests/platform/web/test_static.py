"""Files for browsers, under addresses that change with their content."""

import gzip
from pathlib import Path

import pytest
from starlette.requests import Request

from ahadi.base.errors import NotFound
from ahadi.platform.web import Statics


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pages").mkdir()
    (tmp_path / "desk.css").write_text(":root { color: navy }\n" * 200)
    (tmp_path / "pages" / "x.js").write_text("1")
    return tmp_path


def asking(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw})


def test_an_address_changes_with_the_content_and_may_be_kept_for_ever(folder: Path) -> None:
    statics = Statics(folder)
    address = statics.url("desk.css")
    answer = statics.answer(asking(), *address.removeprefix("/static/").split("/", 1))
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")
    (folder / "desk.css").write_text(":root { color: teal }")
    assert Statics(folder).url("desk.css") != address


def test_a_file_of_another_release_is_served_and_not_kept(folder: Path) -> None:
    answer = Statics(folder).answer(asking(), "0123456789ab", "pages/x.js")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-cache"


def test_what_gets_smaller_is_compressed_for_those_who_take_it(folder: Path) -> None:
    statics = Statics(folder)
    squeezed = statics.answer(asking(accept_encoding="gzip, br"), statics.digest, "desk.css")
    plain = statics.answer(asking(), statics.digest, "desk.css")
    assert squeezed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(squeezed.body) == plain.body
    assert len(squeezed.body) < len(plain.body)
    small = statics.answer(asking(accept_encoding="gzip"), statics.digest, "pages/x.js")
    assert "content-encoding" not in small.headers


@pytest.mark.parametrize("name", ["../secret.key", "/etc/passwd", "pages/../../x", "pages", "", "desk.css\0"])
def test_only_files_of_the_folder_are_served(folder: Path, name: str) -> None:
    statics = Statics(folder)
    with pytest.raises(NotFound):
        statics.answer(asking(), statics.digest, name)
    with pytest.raises(LookupError):
        statics.url(name)
