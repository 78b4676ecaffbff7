"""The commands. Errors are one sentence on standard error and exit code 1."""

import errno
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ahadi.base.errors import AhadiError
from ahadi.main import cli_access, cli_apply, cli_backup, cli_demo, cli_doctor, cli_import
from ahadi.platform.settings import Settings, read_settings, unknown_variables

DataFolder = Annotated[Path | None, typer.Option("--data", help="Folder of the embedded database and the secret key.")]


class _CommandLine(typer.Typer):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except AhadiError as problem:
            sys.exit(_one_sentence(problem.sentence))
        except KeyboardInterrupt:
            sys.exit(130)
        except OSError as problem:
            sys.exit(_one_sentence(_of_the_system(problem)))
        except Exception as problem:
            if os.environ.get("AHADI_LOG_LEVEL", "").lower() == "debug":
                raise
            kind = type(problem).__name__
            sys.exit(_one_sentence(f"Something unforeseen happened ({kind}); AHADI_LOG_LEVEL=debug shows where."))


def _of_the_system(problem: OSError) -> str:
    where = f" ({problem.filename})" if problem.filename else ""
    if problem.errno == errno.ENOSPC:
        return f"The disk is full{where}; free some space on it and try again."
    return f"The system says: {(problem.strerror or str(problem)).lower()}{where}."


def _one_sentence(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


app = _CommandLine(
    name="ahadi",
    help="A contact centre that keeps its promises.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def before_any_command() -> None:
    for each in unknown_variables(os.environ):
        typer.echo(each, err=True)


@app.command()
def run(
    data: DataFolder = None,
    port: Annotated[int | None, typer.Option(help="Port the web server listens on.")] = None,
    host: Annotated[str | None, typer.Option(help="Address the web server listens on.")] = None,
    only: Annotated[str | None, typer.Option(help="`web` or `worker`: run only these processes.")] = None,
) -> None:
    """Run Ahadi: database, web and worker, until Ctrl-C."""
    from ahadi.main import serve

    if only not in (None, "web", "worker"):
        raise typer.BadParameter("--only takes web or worker.")
    kind: Literal["web", "worker"] | None = "web" if only == "web" else "worker" if only == "worker" else None
    settings = read_settings(data=data, port=port, host=host)
    sys.exit(serve.run(settings, kind, say=lambda line: print(line, flush=True)))  # noqa: T201


@app.command()
def migrate(data: DataFolder = None) -> None:
    """Bring the database up to date, as the role that owns its tables."""
    from ahadi.main.start import bring_up_to_date, database_at

    settings: Settings = read_settings(data=data)
    with database_at(settings) as addresses:
        applied = bring_up_to_date(addresses)
    typer.echo("\n".join(applied) if applied else "The database is up to date.")


@app.command(
    "check", add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def check(context: typer.Context) -> None:
    """Check that flows leave no customer in a dead end; `ahadi check --help` says how."""
    from ahadi.main.cli_check import run as run_check

    raise typer.Exit(run_check(context.args))


app.command()(cli_apply.apply)
app.command()(cli_doctor.doctor)
app.command()(cli_backup.backup)
app.command()(cli_backup.restore)
app.command()(cli_demo.demo)
app.command("import")(cli_import.import_file)
app.command("export")(cli_import.export_organisation)
app.add_typer(cli_access.user, name="user")
app.add_typer(cli_access.token, name="token")
