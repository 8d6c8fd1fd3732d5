"""Options as typer parameters, made from their declarations in `rfm_engine.options`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import typer

from rfm_engine.options.config_file import python_value
from rfm_engine.options.declaration import Declared, declared

from .completion import values_of
from .config import ignore_config, read_config
from .exits import Misuse, cut, errors_of_the_library
from .parameters import ELSEWHERE
from .words import printable

NEWEST = "newest"
_NUMBERS = {"--nth": ("whole numbers from 3, with commas between them", "5,10")}
_PANELS = (
    "Lifetime value", "Insight", "Movement", "Flows", "Activation", "Campaign", "Report", "Service",
    "Columns", "Reading", "Scoring", "Running",
)  # fmt: skip


def _config_in(panel: str) -> tuple[Any, Any]:
    """Return the options `--config` and `--no-config`, in a panel of the help."""
    config = typer.Option(
        rich_help_panel=panel, metavar="FILE.toml", is_eager=True, callback=read_config,
        help="Read options from a TOML file; options on the command line win; default: rfm.toml, "
        "if it exists.",
    )  # fmt: skip
    no_config = typer.Option(
        "--no-config", rich_help_panel=panel, is_eager=True, callback=ignore_config,
        help="Ignore rfm.toml in the working directory.",
    )  # fmt: skip
    return config, no_config


_CONFIG, _CONFIG_ELSEWHERE = _config_in("Running"), _config_in(ELSEWHERE)

AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON object.", rich_help_panel="Running")
]
Quiet: TypeAlias = Annotated[
    bool, typer.Option("-q", "--quiet", help="Print only errors.", rich_help_panel="Running")
]


class Given(NamedTuple):
    """The options given to a command: on the command line, and in the config file.

    If no date of analysis is given, it is `newest`, as if the config file contained it.
    `compared` are options on the command line that must be those of the snapshot.
    """

    explicit: dict[str, Any]
    config: dict[str, Any]
    config_file: Path | None
    compared: dict[str, Any]

    @property
    def all(self) -> dict[str, Any]:
        """All options; those on the command line win."""
        return self.config | self.explicit


def check_place(output: str | None, options: Given, *, as_json: bool) -> None:
    """Refuse an output that is stdout together with `--json`, or that is the config file."""
    if as_json and output == "-":
        raise Misuse(
            "--json must not be combined with -o -; got both, which need stdout. Name a file."
        )
    if options.config_file is not None and output is not None:
        from rfm_engine.output import refuse_overwriting

        refuse_overwriting(output, "the config file", options.config_file)


def takes(
    options: type,
    *,
    config: bool = True,
    described: bool = True,
    defaults: bool = True,
    elsewhere: Collection[str] = (),
    compared: type | None = None,
) -> Callable[[Callable[..., None]], Any]:
    """Replace the parameter `options` of a command, a `Given`, by the options of a class.

    `config` says whether the command reads a config file, `described` whether its help lists the
    options, and `defaults` whether it shows their defaults. The command also accepts the options in
    `elsewhere` and those of `compared`, which its help does not list.
    """
    of_config, of_no_config = _CONFIG if described else _CONFIG_ELSEWHERE
    known = declared(options)
    others = {} if compared is None else declared(compared)
    others = {name: each for name, each in others.items() if name not in known}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        parameters = [_keyword("context", typer.Context)]
        for own in inspect.signature(command, eval_str=True).parameters.values():
            if own.name != "options":
                parameters.append(own.replace(kind=inspect.Parameter.KEYWORD_ONLY))
                continue
            in_panels = sorted(known.values(), key=lambda each: _PANELS.index(each.option.panel))
            parameters += [
                _parameter(
                    each, described=described and each.name not in elsewhere, is_shown=defaults
                )
                for each in in_panels
            ]
            parameters += [
                _parameter(each, described=False, is_shown=False) for each in others.values()
            ]
            if config:
                parameters.append(_keyword("config", Annotated[Path | None, of_config]))
                parameters.append(_keyword("no_config", Annotated[bool | None, of_no_config]))

        def gathered(context: typer.Context, **values: Any) -> None:
            explicit, of_file = _layers(known, context, values)
            typed, _ = _layers(others, context, values)
            file = values.pop("config") if config else None
            given = Given(explicit, of_file, file, typed)
            values.pop("no_config", None)
            source = context.get_parameter_source("config")
            is_named = source is not None and source.name == "COMMANDLINE"
            if given.config_file is not None and not is_named and not values.get("quiet"):
                typer.echo(printable(f"options from {given.config_file}"), err=True)
            try:
                command(**values, options=given)
            except errors_of_the_library() as error:
                from .advice import advise

                in_file = given.config | _of_file(context, values)
                advise(error, given._replace(config=in_file), values.get("inputs", ()))
                raise

        gathered.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        gathered.__doc__ = command.__doc__
        gathered.__annotations__ = {}
        return gathered

    return decorate


def _layers(
    known: dict[str, Declared], context: typer.Context, values: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Remove the options from `values`; return those typed and those of the config file."""
    explicit: dict[str, Any] = {}
    config: dict[str, Any] = {"as_of": NEWEST} if "as_of" in known else {}
    for name, option in known.items():
        value, source = values.pop(name), context.get_parameter_source(name)
        if value is not None and source is not None and source.name != "DEFAULT":
            layer = config if source.name == "DEFAULT_MAP" else explicit
            layer[name] = python_value(option, value)
    return explicit, config


def _of_file(context: typer.Context, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of the config file."""
    sources = {name: context.get_parameter_source(name) for name in values}
    return {
        name: values[name] for name, each in sources.items() if each and each.name == "DEFAULT_MAP"
    }


def _parameter(option: Declared, *, described: bool, is_shown: bool) -> inspect.Parameter:
    what = option.option
    default = NEWEST if option.is_required else what.default
    is_shown &= default not in (None, (), False) and "default" not in what.help
    extra: dict[str, Any] = {}
    if option.element is int:
        extra["callback"] = _refuse_words
    parameter = typer.Option(
        option.flag,
        rich_help_panel=what.panel if described else ELSEWHERE,
        metavar=what.metavar,
        help=f"{what.help[:-1]}; default: {default}." if is_shown else what.help,
        show_default=False,
        autocompletion=values_of(option.name),
        **extra,
    )
    return _keyword(option.name, Annotated[_typed_as(option), parameter])


def _typed_as(option: Declared) -> Any:
    if option.choices:
        return Literal[option.choices] | None
    if option.is_switch:
        return bool | None
    if option.option.repeatable:
        return list[str] | None
    return int | None if option.type in (int, int | None) else str | None


def _keyword(name: str, annotation: Any) -> inspect.Parameter:
    default = inspect.Parameter.empty if annotation is typer.Context else None
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _refuse_words(parameter: typer.CallbackParam, given: str | None) -> str | None:
    if given is None:
        return None
    try:
        [int(part) for part in given.split(",")]
    except ValueError:
        flag = parameter.opts[0]
        wanted, example = _NUMBERS.get(flag, ("a whole number, or three with commas", "5"))
        raise Misuse(f"{flag} must be {wanted}; got {cut(given)!r}. Try {example}.") from None
    return given
