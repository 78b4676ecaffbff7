"""Where the command line begins: commands that only read files start without loading the rest."""

import sys

from ahadi.base.errors import AhadiError

LIGHT = ("check",)


def app() -> None:
    """Run the command that was typed, and leave with its exit code."""
    if sys.argv[1:2] and sys.argv[1] in LIGHT:
        sys.exit(_lightly(sys.argv[2:]))
    from ahadi.main.commands import app as every_command

    every_command()


def _lightly(arguments: list[str]) -> int:
    from ahadi.main.cli_check import run

    try:
        return run(arguments)
    except AhadiError as problem:
        sys.stderr.write(f"{problem.sentence}\n")
    except KeyboardInterrupt:
        return 130
    except OSError as problem:
        sys.stderr.write(f"The system says: {(problem.strerror or str(problem)).lower()}.\n")
    except Exception as problem:
        sys.stderr.write(f"Something unforeseen happened ({type(problem).__name__}); please report it.\n")
    return 2
