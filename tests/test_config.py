"""The sources of the options of each step, and their precedence."""

from __future__ import annotations

import json
import pickle
from copy import copy, deepcopy
from pathlib import Path
from typing import Any

import dotenv
import pytest

from provider import FakeProvider
from structx import Extractor, config
from structx._engine.dotenv import assignments
from structx.config import ExtractionConfig, StepConfig
from structx.exceptions import ConfigurationError

SECRET = "sk-4711"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment without settings of structx."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets").mkdir()
    monkeypatch.setenv("STRUCTX_SECRETS_DIR", "secrets")
    for name in ("STRUCTX_PLANNING", "STRUCTX_EXTRACTION"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def steps(made: ExtractionConfig) -> dict[str, Any]:
    return {"planning": made.planning, "extraction": made.extraction}


def test_nothing_is_set_by_default() -> None:
    assert steps(ExtractionConfig()) == {"planning": {}, "extraction": {}}
    assert config.options(None, {}) == ({}, {})


def test_sources_in_their_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source has its own option, those of the sources below it, and one object."""
    names = ["a", "b", "c", "d", "e"]

    def options(level: int) -> dict[str, Any]:
        return {**dict.fromkeys(names[level:], level), "x": {"all": level, names[level]: level}}

    monkeypatch.setenv("STRUCTX_EXTRACTION", json.dumps(options(1)))
    (folder / ".env").write_text(f"STRUCTX_EXTRACTION={json.dumps(options(2))}\n")
    (folder / "x.yaml").write_text(json.dumps({"extraction": options(3)}))
    (folder / "secrets/structx_extraction").write_text(json.dumps(options(4)))
    for level, remove in enumerate(
        (
            lambda: None,
            lambda: monkeypatch.delenv("STRUCTX_EXTRACTION"),
            (folder / ".env").unlink,
            lambda: (folder / "x.yaml").write_text("{}"),
            (folder / "secrets/structx_extraction").unlink,
        )
    ):
        made = ExtractionConfig.from_yaml("x.yaml", extraction=None if level else options(0))
        nested = {"all": level, **{name: at for at, name in enumerate(names) if at >= level}}
        assert made.extraction == {**dict.fromkeys(names[level:], level), "x": nested}
        assert made.planning == {}
        remove()
    assert ExtractionConfig() == ExtractionConfig.from_yaml("x.yaml")
    assert ExtractionConfig().extraction == {}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"STRUCTX_EXTRACTION": '{"temperature": 0.2}'}, {"temperature": 0.2}),
        ({"STRUCTX_EXTRACTION__TEMPERATURE": "0.2"}, {"temperature": 0.2}),
        ({"STRUCTX_EXTRACTION__STOP": '["a", "b"]'}, {"stop": ["a", "b"]}),
        ({"STRUCTX_EXTRACTION__STREAM": "false"}, {"stream": False}),
        ({"STRUCTX_EXTRACTION__EFFORT": "low"}, {"effort": "low"}),
        ({"STRUCTX_EXTRACTION__EFFORT": '"low"'}, {"effort": "low"}),
        ({"STRUCTX_EXTRACTION__A": "NaN"}, {"a": "NaN"}),
        ({"STRUCTX_EXTRACTION__A": "[1"}, {"a": "[1"}),
        ({"STRUCTX_EXTRACTION__A": ""}, {"a": ""}),
        ({"STRUCTX_EXTRACTION__A": "null"}, {"a": None}),
        (
            {"STRUCTX_EXTRACTION__A__B__C": "1", "STRUCTX_EXTRACTION__A__D": "2"},
            {"a": {"b": {"c": 1}, "d": 2}},
        ),
        (
            {"STRUCTX_EXTRACTION__A__B": "1", "STRUCTX_EXTRACTION": '{"a": {"b": 0, "c": 2}}'},
            {"a": {"b": 1, "c": 2}},
        ),
        ({"structx_extraction__Max_Tokens": "5"}, {"max_tokens": 5}),
        ({"Structx_Extraction": '{"topK": 5}'}, {"topK": 5}),
        ({"STRUCTX_EXTRACTION": " "}, {}),
        (
            {"STRUCTX_MODEL": "openai/x", "STRUCTX_EXTRACTION_A": "1", "STRUCTX__EXTRACTION": "1"},
            {},
        ),
        ({"EXTRACTION": "1", "STRUCTX_EXTRACTIONS__A": "1"}, {}),
    ],
)
@pytest.mark.parametrize("source", ["environment", ".env", "secrets"])
def test_variables(
    source: str,
    variables: dict[str, str],
    expected: dict[str, Any],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if source == ".env":
        lines = [f"{name} = {value}\n" for name, value in variables.items()]
        if '"low"' in variables.values():
            lines = ["STRUCTX_EXTRACTION__EFFORT='\"low\"'"]
        (folder / ".env").write_text("".join(lines))
    for name, value in variables.items():
        if source == "environment":
            monkeypatch.setenv(name, value)
        if source == "secrets":
            (folder / "secrets" / name).write_text(value + "\n")
    assert steps(ExtractionConfig()) == {"planning": {}, "extraction": expected}


DOTENV = r"""
# a comment
OTHER=it's one quote
STRUCTX_EXTRACTION={"temperature": 0.2, "stop": ["#", "a b"]} # why
export STRUCTX_PLANNING='{"stop": "\n", "it\'s": "\\"}'
  STRUCTX_A__B = "two
lines, \"quoted\"\t" # why
STRUCTX_A__C=a#b
STRUCTX_A__D=
STRUCTX_A__E=''
'STRUCTX_A__F'=x
MULTILINE="
STRUCTX_A__G=1
"
EMPTY
STRUCTX_A__H='x' y
STRUCTX_A__I="open
"""


@pytest.mark.parametrize("text", [DOTENV, DOTENV.replace("\n", "\r\n"), DOTENV.rstrip(), ""])
def test_dotenv_is_read_as_python_dotenv_reads_it(text: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(text.encode())
    expected = {
        name: value
        for name, value in dotenv.dotenv_values(file, interpolate=False).items()
        if value is not None
    }
    read = dict(assignments(text))
    unreadable = {name for name, value in read.items() if value is None}
    assert unreadable == ({"EMPTY", "STRUCTX_A__H", "STRUCTX_A__I"} if text else set())
    readable = {name: value for name, value in read.items() if value is not None}
    assert {name: value.replace("\r\n", "\n") for name, value in expected.items()} == readable


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfeOTHER=1\n",
        b"OTHER='open\n",
        "OTHER=1\n".encode("utf-16"),
        b"STRUCTX_MODEL='openai/x\nSTRUCTX_EXTRACTIONS\n",
    ],
)
def test_a_dotenv_of_others_is_left_alone(content: bytes, folder: Path) -> None:
    (folder / ".env").write_bytes(content)
    assert steps(ExtractionConfig()) == {"planning": {}, "extraction": {}}


def test_a_directory_named_dotenv_is_left_alone(folder: Path) -> None:
    (folder / ".env").mkdir()
    ExtractionConfig()


def test_a_yaml_file(folder: Path) -> None:
    text = "planning: &base {temperature: 0}\nextraction:\n  <<: *base\n  stop: [é]\n"
    (folder / "x.yaml").write_text(text, encoding="utf-8-sig")
    expected = {"planning": {"temperature": 0}, "extraction": {"temperature": 0, "stop": ["é"]}}
    assert steps(ExtractionConfig.from_yaml("x.yaml")) == expected
    assert steps(ExtractionConfig.from_yaml(folder / "x.yaml")) == expected
    changed = ExtractionConfig.from_yaml("x.yaml", planning={"temperature": None, "top_p": 1})
    assert changed.planning == {"temperature": None, "top_p": 1}
    for empty in ("", "# nothing yet\n", "{}", "planning:\nextraction: {}"):
        (folder / "x.yaml").write_text(empty)
        assert ExtractionConfig.from_yaml("x.yaml") == ExtractionConfig()


@pytest.mark.parametrize(
    ("source", "content", "message"),
    [
        ("x.yaml", f"extraction: [{SECRET}", "x.yaml: no valid YAML at line"),
        ("x.yaml", f"- {SECRET}", "x.yaml: must be a mapping"),
        (
            "x.yaml",
            f"planing: {SECRET}",
            "x.yaml: there is no planing, only planning and extraction",
        ),
        ("x.yaml", f"extraction: {SECRET}", "x.yaml: extraction must be an object of options"),
        ("x.yaml", f"extraction: {{a: .inf, b: {SECRET}}}", "x.yaml: has a tag"),
        ("x.yaml", b"\xff" + SECRET.encode(), "x.yaml: must be UTF-8"),
        ("x.yaml", None, "x.yaml: No such file"),
        (".env", f"STRUCTX_EXTRACTION={SECRET}", ".env: STRUCTX_EXTRACTION must be a JSON object"),
        (".env", f"STRUCTX_PLANNING: {SECRET}", ".env: STRUCTX_PLANNING has no value"),
        (".env", f"export STRUCTX_PLANNING__A='{SECRET}", ".env: STRUCTX_PLANNING__A has no value"),
        (".env", f"STRUCTX_PLANNING__={SECRET}", ".env: STRUCTX_PLANNING__ has an option without"),
        (".env", b"STRUCTX_PLANNING__A=\xff" + SECRET.encode(), ".env: must be UTF-8"),
        (".env", f"STRUCTX_PLANNING__A={SECRET}".encode("utf-16"), ".env: must be UTF-8"),
        ("secrets/structx_planning", f'["{SECRET}"]', "secrets: structx_planning must be a JSON"),
        ("secrets/structx_planning__a", b"\xff" + SECRET.encode(), "must be UTF-8"),
        ("environment", f"{{{SECRET}", "the environment: STRUCTX_EXTRACTION must be a JSON object"),
        ("environment", f'{{"a": 1e999, "b": "{SECRET}"}}', "extraction: a is not JSON"),
        ("environment", f'{{"a": "\\ud800{SECRET}"}}', "extraction: a is not JSON"),
    ],
)
def test_what_is_wrong_is_named_and_not_shown(
    source: str,
    content: str | bytes | None,
    message: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if source == "environment":
        assert isinstance(content, str)
        monkeypatch.setenv("STRUCTX_EXTRACTION", content)
    elif content is not None:
        (folder / source).write_bytes(content.encode() if isinstance(content, str) else content)
    make = (lambda: ExtractionConfig.from_yaml(source)) if source == "x.yaml" else ExtractionConfig
    with pytest.raises(ConfigurationError) as raised:
        make()
    assert message in str(raised.value)
    cause = raised.value.__cause__
    assert SECRET not in f"{raised.value} {cause!r}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"planing": {"a": SECRET}}, "there is no planing"),
        ({"planning": SECRET}, "planning must be an object of options, not str"),
        ({"planning": {"a": {"b": {SECRET}}}}, "planning: a is not JSON (TypeError)"),
        ({"extraction": {"a": float("nan")}}, "extraction: a is not JSON (ValueError)"),
        ({"extraction": {1: SECRET}}, "the names of options must be strings"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str, folder: Path) -> None:
    (folder / "x.yaml").write_text("{}")
    for make in (
        lambda: ExtractionConfig(**arguments),
        lambda: ExtractionConfig.from_yaml("x.yaml", **arguments),
        lambda: config.options(arguments, {}),
    ):
        with pytest.raises(ConfigurationError) as raised:
            make()
        assert message in str(raised.value) and SECRET not in str(raised.value)


def test_a_config_is_a_copy_of_its_arguments() -> None:
    inner: dict[str, Any] = {"b": [1], "c": (2,)}
    made = ExtractionConfig(planning={"a": inner})
    inner["b"].append(3)
    assert made.planning == {"a": {"b": [1], "c": [2]}}


def test_a_directory_of_secrets_that_is_named_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRUCTX_SECRETS_DIR", "nowhere")
    with pytest.raises(ConfigurationError, match="STRUCTX_SECRETS_DIR: nowhere: "):
        ExtractionConfig()


def test_a_directory_of_secrets_as_an_argument(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "secrets/STRUCTX_EXTRACTION__A").write_text("1")
    (folder / "own").mkdir()
    (folder / "own/STRUCTX_EXTRACTION").write_text('{"b": 2}')
    (folder / "x.yaml").write_text("extraction: {c: 3}")
    assert ExtractionConfig().extraction == {"a": 1}
    assert ExtractionConfig(_secrets_dir=None).extraction == {"a": 1}
    assert ExtractionConfig(_secrets_dir="own").extraction == {"b": 2}
    made = ExtractionConfig.from_yaml("x.yaml", _secrets_dir=folder / "own")
    assert made.extraction == {"b": 2, "c": 3}
    monkeypatch.setenv("HOME", str(folder))
    assert ExtractionConfig(_secrets_dir="~/own").extraction == {"b": 2}
    with pytest.raises(ConfigurationError, match=r"^_secrets_dir: nowhere: No such file"):
        ExtractionConfig(_secrets_dir="nowhere")


def test_the_options_of_a_step_are_copies() -> None:
    made = ExtractionConfig(planning=StepConfig(stop=["a"]), extraction={"seed": 7})
    assert made.planning == StepConfig(stop=["a"]) == {"stop": ["a"]}
    assert isinstance(made.extraction, StepConfig)
    for options in (made.planning.options(), made.for_step("planning")):
        assert type(options) is dict and options == {"stop": ["a"]}
        options["stop"].append("b")
    assert made.planning.options() == {"stop": ["a"]}
    assert made.for_step("extraction") == {"seed": 7}
    assert StepConfig().options() == {}


@pytest.mark.parametrize("step", ["refinement", "", None])
def test_a_step_that_there_is_not(step: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no step .* only planning and extract"):
        ExtractionConfig().for_step(step)


def test_options_of_an_extractor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRUCTX_EXTRACTION", '{"a": "environment", "e": {"x": 1}}')
    (folder / "x.yaml").write_text("planning: {a: yaml, y: yaml}")
    given: dict[str, Any] = {"a": "argument", "e": {"y": 2}}
    merged = {"a": "argument", "e": {"x": 1, "y": 2}}
    assert config.options(None, given) == (given, merged)
    assert config.options("x.yaml", given) == ({**given, "y": "yaml"}, merged)
    assert config.options(Path("x.yaml"), {})[0] == {"a": "yaml", "y": "yaml"}
    mapping = {"planning": {"a": "mapping"}}
    assert config.options(mapping, given) == ({**given, "a": "mapping"}, merged)
    made = ExtractionConfig(extraction={"a": "config"})
    assert config.options(made, given) == (given, {**merged, "a": "config"})
    assert given == {"a": "argument", "e": {"y": 2}}


@pytest.mark.parametrize("wrong", [1, b"x.yaml", [("planning", {})]])
def test_a_config_of_another_type(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="config must be an ExtractionConfig, a mapping"):
        config.options(wrong, {})


def test_provider_options_that_are_no_json() -> None:
    with pytest.raises(ConfigurationError, match=r"options of the provider: a is not JSON"):
        config.options(None, {"a": object()})


def test_copies_and_pickles_keep_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRUCTX_EXTRACTION__A", "1")
    made = ExtractionConfig(planning={"b": [2]})
    monkeypatch.setenv("STRUCTX_EXTRACTION__A", "3")
    for again in (copy(made), deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert again == made
        assert steps(again) == {"planning": {"b": [2]}, "extraction": {"a": 1}}
    assert made != ExtractionConfig(planning={"b": [2]})


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": SECRET},
        {"apiKey": SECRET},
        {"access_token": SECRET},
        {"extra_headers": {"X-Whatever": SECRET}},
        {"nested": [{"Authorization": SECRET}]},
        {"password": [SECRET]},
    ],
)
def test_repr_shows_options_and_no_secret(options: dict[str, Any]) -> None:
    made = ExtractionConfig(extraction={**options, "max_tokens": 5})
    for shown in (repr(made), repr(made.extraction)):
        assert SECRET not in shown and "***" in shown
        assert "'max_tokens': 5" in shown


def test_each_step_is_asked_with_its_own_options(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = {"name": "word", "description": "a word", "type": "str"}
    plan = {"model_name": "Word", "model_description": "", "fields": [field], "instructions": ""}
    provider.script({"when": "extraction_plan", "content": json.dumps(plan)})
    monkeypatch.setenv("STRUCTX_PLANNING__REASONING__EFFORT", "low")
    extractor = Extractor(
        model="openai/fake",
        api_key="none",
        api_base=provider.base_url,
        config={"extraction": {"temperature": 0.2}},
        pickle_api_key=True,
        seed=7,
    )
    again = pickle.loads(pickle.dumps(extractor))
    monkeypatch.delenv("STRUCTX_PLANNING__REASONING__EFFORT")
    again.extract(data="a text", query="the words")
    planning, extraction = (request["body"] for request in provider.requests())
    names = ("reasoning", "temperature", "seed")
    assert [planning.get(name) for name in names] == [{"effort": "low"}, None, 7]
    assert [extraction.get(name) for name in names] == [None, 0.2, 7]
