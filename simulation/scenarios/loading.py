"""Scenario files: YAML, with every mistake told by file, line and field."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from antiphon.simulation.scenarios.schema import Scenario, Services

__all__ = ["SHIPPED", "ScenarioError", "load_scenario", "on_services", "shipped_scenario"]

SHIPPED = Path(str(files("antiphon.simulation.scenarios")))
"""The folder of the scenarios that come with antiphon."""


class ScenarioError(ValueError):
    """A scenario that cannot be used; the message is one line with file, line and field."""


def shipped_scenario(name: str) -> Scenario:
    """Load a scenario that comes with antiphon.

    Args:
        name: Its file's name without ".yaml".
    """
    return load_scenario(SHIPPED / f"{name}.yaml")


def load_scenario(path: Path) -> Scenario:
    """Load a scenario.

    Args:
        path: A YAML file, or the stereo WAV file of a recorded call, which is then replayed.

    Raises:
        ScenarioError: If it cannot be read, is not YAML, or is not a scenario.
    """
    if path.suffix.lower() == ".wav":
        return Scenario(title=path.stem, replay=Path(path.name), folder=path.parent)
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        data = loader.construct_document(node) if node else None
    except OSError as error:
        raise ScenarioError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path} is not UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioError(f"{path}:{line}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if node is None or not isinstance(data, dict):
        raise ScenarioError(f"{path}:1: a scenario is a mapping that begins with 'title:'")
    _refuse_duplicates(path, node)
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        line = _line(node, first["loc"])
        place = ".".join(str(part) for part in first["loc"]) or "scenario"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise ScenarioError(f"{path}:{line}: {place}: {_told(first)}{more}") from error
    return scenario.model_copy(update={"folder": path.parent})


def on_services(path: Path, scenario: Scenario, services: Services) -> Scenario:
    """Return the same call to an order desk that is made of something else.

    Args:
        path: The scenario's file, for the error.
        scenario: The call.
        services: As in the agent's.

    Raises:
        ScenarioError: If the scenario has faults or an agent that could not be made so.
    """
    agent = {name: getattr(scenario.agent, name) for name in scenario.agent.model_fields_set}
    fields = {name: getattr(scenario, name) for name in scenario.model_fields_set}
    try:
        return Scenario.model_validate(fields | {"agent": agent | {"services": services}})
    except ValidationError as error:
        told = _told(error.errors()[0])
        raise ScenarioError(f"{path} cannot be played with {services} services: {told}") from error


def _told(error: Any) -> str:
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return "there is no such field"
    text = str(error["msg"]).removeprefix("Value error, ")
    is_plain = isinstance(error["input"], str | int | float | bool)
    return f"{text}, not {error['input']!r}" if is_plain and " not " not in text else text


def _line(node: yaml.Node, place: tuple[int | str, ...]) -> int:
    """Return the line, from 1, of what is at a place, or of the last part of it that is there."""
    line = node.start_mark.line
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line, value
                    break
            else:
                break
    return line + 1


def _refuse_duplicates(path: Path, node: yaml.Node) -> None:
    """Refuse a field that is given twice, of which YAML would keep the last."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicates(path, item)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                line = key.start_mark.line + 1
                raise ScenarioError(f"{path}:{line}: {key.value}: given twice")
            seen.add(str(key.value))
            _refuse_duplicates(path, value)
