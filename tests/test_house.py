"""The house itself: layers, sizes, whose clock, whose SQL, pins, vendored files and what is documented."""

import ast
import hashlib
import json
import os
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "ahadi"
LONGEST_FILE = 400
LONGEST_FUNCTION = 60

# Whoever asks for the time must be handed a clock; these are the ways to ask the machine or the server instead.
ASKS_THE_MACHINE = re.compile(r"\b(datetime\.(now|today|utcnow)|date\.today|time\.(time|time_ns|localtime|gmtime))\(")
ASKS_THE_SERVER = re.compile(
    r"\bnow\(\)|\b(current_(timestamp|date|time)|local(timestamp|time))\b"
    r"|\b(clock|statement|transaction)_timestamp\(|\btimeofday\(",
    re.IGNORECASE,
)
# Whether the server's clock agrees with ours can be learned in no other way.
MAY_ASK_THE_SERVER = {Path("main/doctor_store.py")}
SQL = re.compile(
    r"\s*(select\s.+\sfrom\s|select \w+\(|insert into \w|update \w+ (\w+ )?set |delete from \w|with \w+ as )"
)


@cache
def modules() -> dict[Path, ast.Module]:
    """Every module of the application, by its path inside the package."""
    return {
        path.relative_to(SOURCE): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))
    }


@cache
def files() -> list[Path]:
    """Every file of the repository that git keeps or would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and value of each text in a module that is not a docstring."""
    spoken = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken:
            yield node.lineno, node.value


def test_imports_point_down() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_no_file_grows_past_what_one_sitting_reads() -> None:
    long = {
        str(path): lines
        for path in modules()
        if (lines := len((SOURCE / path).read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert not long, "split these; the domain is telling you something"


def test_no_function_grows_past_what_one_look_takes_in() -> None:
    long = {
        f"{path}:{node.name}": lines
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert not long


def test_only_the_base_asks_the_machine_for_the_time() -> None:
    asking = [
        f"{path}:{number}"
        for path in modules()
        if path.parts[0] != "base"
        for number, line in enumerate((SOURCE / path).read_text(encoding="utf-8").splitlines(), 1)
        if ASKS_THE_MACHINE.search(line)
    ]
    assert not asking, "take the time from work.now, work.real_now or a clock that is handed in"


def test_no_sql_asks_the_server_for_the_time() -> None:
    asking = [
        f"{path}:{line}"
        for path, tree in modules().items()
        for line, text in texts(tree)
        if path not in MAY_ASK_THE_SERVER and ASKS_THE_SERVER.search(text)
    ]
    for path in SOURCE.rglob("*.sql"):
        statements = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        if ASKS_THE_SERVER.search(statements):
            asking.append(str(path.relative_to(SOURCE)))
    assert not asking, "hand the time in as a parameter"


def test_sql_lives_in_stores_and_in_the_platform_alone() -> None:
    elsewhere = [
        f"{path}:{line}"
        for path, tree in modules().items()
        if not path.name.endswith("store.py") and path.parts[0] != "platform"
        for line, text in [*texts(tree), *calls_of_execute(tree)]
        if SQL.match(text)
    ]
    assert not elsewhere


def calls_of_execute(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line of each `….execute(…)`, with a text that stands for whatever statement it runs."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("execute", "executemany")
        ):
            yield node.lineno, "select execute("


def test_no_file_names_a_package_registry_or_a_place_of_somebody_s_machine() -> None:
    registries = ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("unpkg", "com")
    registries += ("jsdelivr", "net"), ("yarnpkg", "com"), ("golang", "org"), ("crates", "io"), ("debian", "org")
    registries += ("rubygems", "org"), ("ghcr", "io"), ("docker", "io"), ("cdnjs", "com")
    places = "/".join(["", "work", "main"]), "/".join(["", "work", "shared"]), "/".join(["", "tmp", "brief"])
    places += "clau" + "de", "anthro" + "pic", "sub" + "agent"
    words = [r"\." + tail if not host else host + r"\." + tail for host, tail in registries]
    forbidden = re.compile("|".join([*words, *map(re.escape, places)]).encode(), re.IGNORECASE)
    found = {
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in files()
        for match in forbidden.finditer(path.read_bytes())
    }
    assert not found


def pins(name: str) -> dict[str, Version]:
    """The pinned versions of a compiled requirements file; each pin must carry a hash."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    found = {}
    for block in re.split(r"\n(?=\S)", text.replace(" \\\n", "\n")):
        if match := re.match(r"([a-z0-9.-]+)(\[[^]]*\])?==(\S+)", block):
            assert "--hash=sha256:" in block, f"{match[1]} in {name} has no hash"
            found[match[1]] = Version(match[3])
        else:
            assert block.startswith("#") or not block.strip(), f"{name} holds something that is no pin: {block}"
    return found


def wanted(name: str) -> list[Requirement]:
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_pins_have_hashes_and_no_address_and_are_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [Requirement(text) for text in project["dependencies"]]
    build, run, dev = pins("build.txt"), pins("run.txt"), pins("dev.txt")
    for requirements, pinned in (
        (wanted("build.in"), build),
        (asked + wanted("build.in"), run),
        (wanted("dev.in"), dev),
    ):
        for each in requirements:
            name = re.sub(r"[-_.]+", "-", each.name).lower()
            assert name in pinned, f"{name} is not pinned: run scripts/compile-requirements"
            assert pinned[name] in each.specifier, f"the pin of {name} does not satisfy {each}"
    assert build.items() <= run.items() <= dev.items()


def test_vendored_files_are_those_that_were_taken_from_their_packages() -> None:
    manifest = json.loads((ROOT / "scripts/VENDORED.json").read_text(encoding="utf-8"))
    pinned = tomllib.loads((ROOT / "scripts/vendor.toml").read_text(encoding="utf-8"))["library"]
    assert [(each["name"], each["version"], each["sha256"]) for each in manifest] == [
        (each["name"], each["version"], each["sha256"]) for each in pinned
    ], "run scripts/vendor"
    for library in manifest:
        folder = ROOT / library["folder"]
        there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
        assert there == library["files"], library["name"]
        assert "LICENSE" in there
    kept = {path.parent for path in files() if "vendor" in path.relative_to(ROOT).parts[:-1]}
    assert kept == {ROOT / each["folder"] for each in manifest}


# What names a side of the screen where CSS has a word for the side that writing begins or ends at.
PHYSICAL = re.compile(
    r"\b(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)|border-(?:top|bottom)-(?:left|right)-radius"
    r"|(?<![\w-])(?:left|right)\s*:|(?:float|clear|text-align)\s*:\s*(?:left|right))"
)
FOUR_VALUES = re.compile(r"(?<![\w-])(padding|margin|inset|scroll-margin|scroll-padding)\s*:\s*([^;}]+)")
VALUE = re.compile(r"[^\s()]*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|[^\s()]+")


def test_styles_name_the_side_where_writing_begins_and_not_left_or_right() -> None:
    found = []
    for path in [*(SOURCE / "screens/static").glob("*.css"), SOURCE / "screens/static/widget.js"]:
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        found += [f"{path.name}: {match[0]}" for match in PHYSICAL.finditer(text)] if path.suffix == ".css" else []
        for match in FOUR_VALUES.finditer(text):
            values = VALUE.findall(match[2])
            if len(values) == 4 and values[1] != values[3]:
                found.append(f"{path.name}: {match[0]}")
    assert not found, "use -inline-start and -inline-end, so that the page can run from right to left"


def test_the_sprite_has_every_icon_that_is_listed() -> None:
    lines = (ROOT / "scripts/icons.txt").read_text(encoding="utf-8").splitlines()
    listed = sorted(line for line in lines if line and not line.startswith("#"))
    sprite = (SOURCE / "screens/static/vendor/lucide-static/icons.svg").read_text(encoding="utf-8")
    assert re.findall(r'<symbol id="([^"]+)"', sprite) == listed


def test_every_variable_is_documented() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    assert runpy.run_path(str(ROOT / "scripts/reference"))["configuration"]() == page, "run make docs"
    documented = set(re.findall(r"`(AHADI_[A-Z_]+)`", page))
    used = {
        match.removesuffix("_FILE")
        for folder in (SOURCE, ROOT / "benchmarks")
        for path in folder.rglob("*.py")
        for match in re.findall(r"\bAHADI_[A-Z]+(?:_[A-Z]+)*", path.read_text(encoding="utf-8"))
    }
    assert used <= documented | {"AHADI_X", "AHADI_X_Y", "AHADI_STATEFUL_EXAMPLES"}  # the last is for tests alone


def test_the_licence_is_the_whole_text() -> None:
    text = (ROOT / "LICENSE").read_bytes()
    assert hashlib.sha256(text).hexdigest() == "0d96a4ff68ad6d4b6f1f30f713b18d5184912ba8dd389f86aa7710db079abcb0"


def test_scripts_can_be_run() -> None:
    scripts = [path for path in files() if path.read_bytes()[:2] == b"#!"]
    assert scripts
    assert not [str(path) for path in scripts if not os.access(path, os.X_OK)]
