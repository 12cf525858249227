"""The code keeps to the rules of CONTRIBUTING.md for names, docstrings and sizes."""

from __future__ import annotations

import ast
import json
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from lab.api_document import api_document

ROOT = Path(__file__).parents[2]
FOLDERS = ("adaptation", "api", "cli", "emoline", "evaluation", "exports", "lab", "reports", "shared", "worker")
GENERATED = Path("emoline/models.py")
VAGUE_NAMES = [
    "again",
    "both",
    "come",
    "done",
    "found",
    "given",
    "gone",
    "heard",
    "here",
    "it",
    "kept",
    "known",
    "left",
    "made",
    "meant",
    "more",
    "of",
    "one",
    "ones",
    "other",
    "others",
    "own",
    "said",
    "seen",
    "shown",
    "some",
    "stuff",
    "taken",
    "that",
    "there",
    "these",
    "thing",
    "things",
    "those",
    "told",
    "wanted",
    "what",
    "which",
    "who",
    "whom",
    "whose",
]
RIDDLES = frozenset({"how", "of", "that", "those", "what", "where", "which", "who", "whom", "whose"})
"""No docstring begins with these words, except those of the API document and docs/errors.md: they are the interface."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def sources() -> Iterator[Path]:
    return chain.from_iterable((ROOT / folder).rglob("*.py") for folder in FOLDERS)


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path.relative_to(ROOT): ast.parse(path.read_text()) for path in sources()}


def functions(trees: dict[Path, ast.Module]) -> list[tuple[Path, Function]]:
    return [(path, node) for path, tree in trees.items() for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]


def bound_names(tree: ast.Module) -> Iterator[str]:
    """The names of functions, classes, parameters, variables and attributes that a module binds."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def prose(path: Path, tree: ast.Module) -> Iterator[str]:
    """The docstrings, also those of constants and fields, and the comments of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    with (ROOT / path).open("rb") as file:
        yield from (token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT)


def test_modules_have_at_most_350_lines() -> None:
    lines = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in sources()}
    del lines[GENERATED]
    assert {str(path): number for path, number in lines.items() if number > 350} == {}


def test_functions_are_short(trees: dict[Path, ast.Module]) -> None:
    lengths = {
        f"{path}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1 for path, node in functions(trees)
    }
    assert {name: length for name, length in lengths.items() if length > 70} == {}
    ninetieth_percentile = sorted(lengths.values())[len(lengths) * 9 // 10]
    assert ninetieth_percentile < 30


def test_fewer_than_a_quarter_of_the_functions_are_private(trees: dict[Path, ast.Module]) -> None:
    names = [node.name for _, node in functions(trees)]
    private = [name for name in names if name.startswith("_") and not name.startswith("__")]
    assert len(private) < 0.25 * len(names)


def test_names_say_something(trees: dict[Path, ast.Module]) -> None:
    names = Counter(name.strip("_").lower() for tree in trees.values() for name in bound_names(tree))
    vague = Counter({name: number for name, number in names.items() if name in VAGUE_NAMES})
    assert vague.total() < 0.01 * names.total(), vague.most_common()


def test_docstrings_and_comments_are_plain(trees: dict[Path, ast.Module]) -> None:
    words = Counter(
        word.lower()
        for path, tree in trees.items()
        for text in prose(path, tree)
        for word in re.findall(r"[A-Za-z']+", text)
    )
    assert words["what"] < 0.002 * words.total()


def test_docstrings_begin_with_their_subject(trees: dict[Path, ast.Module]) -> None:
    document = json.dumps(api_document(), ensure_ascii=False)
    shown = " ".join([*document.replace("\\n", " ").split(), *(ROOT / "docs/errors.md").read_text().split()])
    docstrings = {
        f"{path}:{getattr(node, 'name', '')}": text
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Module)) and (text := ast.get_docstring(node))
    }
    riddles = {
        place: text
        for place, text in docstrings.items()
        if text.split()[0].lower() in RIDDLES and json.dumps(" ".join(text.split()))[1:-1] not in shown
    }
    assert riddles == {}
