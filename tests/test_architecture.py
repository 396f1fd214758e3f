"""The import graph as a table, one door a vendor, and a dvc.yaml that never lies."""

import ast
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from darkroom import paths

LIBRARY = Path("src/darkroom")
STAGES = YAML(typ="safe").load(Path("dvc.yaml").read_text())["stages"]
TRACKED_BY_VALUE = {"params", "paths"}  # DVC follows what they hold
MATERIAL = {"judging.templates": "src/darkroom/judging/page"}  # what a module reads beside its code
OBSERVERS = {"shipping.tracking", "shipping.lineage"}  # nothing that they return is written: a test says so
LISTENERS = {"tracking", "registry", "partial"}  # what a script may hand an observer's value to

IMPORTS = {
    "cells": set(),
    "checked": {"files"},
    "cli": {
        "data.fetch",
        "data.names",
        "data.relabel",
        "data.sources",
        "errors",
        "files",
        "learning.architectures",
        "learning.backbones",
        "learning.describe",
        "params",
        "paths",
        "repro",
        "retrain",
        "shipping.predict",
        "shipping.promotion",
    },
    "crew": {"workers"},
    "data.annotations": {"data.delimited", "data.names", "data.tables", "errors"},
    "data.arrays": {"data.inspection", "data.names", "data.npz", "data.parts", "data.png", "errors", "files", "params"},
    "data.bounds": {"workers"},
    "data.checks": {
        "data.expectations",
        "data.manifest",
        "data.names",
        "data.shortcuts",
        "data.tally",
        "errors",
        "files",
        "params",
    },
    "data.decode": {"data.headers", "data.magic", "errors"},
    "data.delimited": {"errors"},
    "data.digits": {"data.png", "files"},
    "data.dvc_links": set(),
    "data.expectations": {"data.decode", "data.manifest", "data.names", "params"},
    "data.fetch": {"data.digits", "data.names", "engine", "errors", "files"},
    "data.folders": {"data.names", "data.tables", "errors"},
    "data.gallery": {"data.bounds", "data.decode", "data.png", "engine", "files", "workers"},
    "data.headers": set(),
    "data.inspection": {"data.names", "errors", "params"},
    "data.layout": {"data.annotations", "data.folders", "data.names", "data.tables", "data.visual", "errors", "files"},
    "data.magic": set(),
    "data.manifest": {
        "data.bounds",
        "data.decode",
        "data.headers",
        "data.layout",
        "data.magic",
        "data.measures",
        "data.near",
        "data.overlaps",
        "data.rows",
        "data.scan",
        "data.split",
        "data.store",
        "engine",
        "errors",
        "files",
        "params",
    },
    "data.measures": set(),
    "data.names": {"errors"},
    "data.near": {"data.bounds", "data.scan", "data.store", "params"},
    "data.notes": {"data.layout", "data.manifest"},
    "data.npz": {"data.inspection", "data.names", "data.parts", "data.zips", "params"},
    "data.overlaps": set(),
    "data.pack": {"errors", "files"},
    "data.packing": {
        "data.bounds",
        "data.decode",
        "data.manifest",
        "data.measures",
        "data.names",
        "data.pack",
        "data.rows",
        "data.store",
        "errors",
        "files",
        "params",
        "workers",
    },
    "data.parts": {"errors"},
    "data.png": set(),
    "data.properties": {"data.measures"},
    "data.relabel": {"data.names", "errors", "files"},
    "data.rows": {"data.decode", "data.headers", "data.magic", "data.store", "params"},
    "data.scan": {"data.bounds", "data.decode", "data.measures", "data.rows", "data.store", "workers"},
    "data.shortcuts": {"data.properties"},
    "data.slices": set(),
    "data.sources": {
        "data.annotations",
        "data.arrays",
        "data.dvc_links",
        "data.inspection",
        "data.magic",
        "data.names",
        "data.npz",
        "data.tars",
        "data.visual",
        "data.zips",
        "errors",
        "files",
        "params",
    },
    "data.split": {"params"},
    "data.store": {"engine", "errors", "files", "workers"},
    "data.summary": {"data.names", "errors"},
    "data.tables": {"data.delimited", "data.names", "errors"},
    "data.tally": {"data.manifest", "data.names", "data.near"},
    "data.tars": {"data.inspection", "data.magic", "data.names", "data.slices", "errors", "params"},
    "data.visual": {"data.magic"},
    "data.zip_headers": {"errors"},
    "data.zip_methods": {"data.slices"},
    "data.zips": {
        "data.inspection",
        "data.magic",
        "data.names",
        "data.zip_headers",
        "data.zip_methods",
        "errors",
        "params",
    },
    "engine": {"errors", "workers"},
    "environment": {"errors"},
    "errors": {"process"},
    "files": {"cells", "errors"},
    "judging.breakdown": {"judging.canvas", "judging.wording"},
    "judging.calibration": {"judging.metrics", "judging.proportions", "judging.scoring"},
    "judging.canvas": {"errors", "judging.svg"},
    "judging.cards": {"judging.findings", "judging.templates"},
    "judging.cost": set(),
    "judging.counts": {"judging.resampling"},
    "judging.diagnostics": {"judging.canvas", "judging.wording"},
    "judging.doubt": set(),
    "judging.evaluation": {
        "judging.calibration",
        "judging.cost",
        "judging.counts",
        "judging.diagnostics",
        "judging.doubt",
        "judging.exhibits",
        "judging.figures",
        "judging.metrics",
        "judging.predictions",
        "judging.ranks",
        "judging.scoring",
        "judging.slices",
        "judging.threshold",
    },
    "judging.exhibits": {"judging.explain", "judging.sheets", "judging.thumbnail"},
    "judging.explain": set(),
    "judging.figures": {"judging.canvas", "judging.wording"},
    "judging.findings": {"judging.growth", "judging.wording"},
    "judging.growth": set(),
    "judging.metrics": {
        "judging.counts",
        "judging.proportions",
        "judging.ranks",
        "judging.resampling",
        "judging.scoring",
    },
    "judging.parallel": {"judging.canvas", "judging.trials", "judging.wording"},
    "judging.predictions": {"errors", "files"},
    "judging.proportions": set(),
    "judging.ranks": {"judging.counts"},
    "judging.report": {
        "judging.breakdown",
        "judging.canvas",
        "judging.cost",
        "judging.diagnostics",
        "judging.figures",
        "judging.findings",
        "judging.growth",
        "judging.parallel",
        "judging.proportions",
        "judging.templates",
        "judging.trials",
        "judging.wording",
    },
    "judging.resampling": set(),
    "judging.scoring": {"judging.counts", "judging.resampling"},
    "judging.sheets": {"judging.thumbnail"},
    "judging.significance": {"judging.counts", "judging.metrics", "judging.resampling", "judging.standing", "params"},
    "judging.slices": {"judging.proportions", "judging.significance"},
    "judging.standing": set(),
    "judging.svg": {"errors"},
    "judging.templates": {"errors", "judging.wording"},
    "judging.threshold": {"judging.counts", "judging.metrics", "judging.ranks"},
    "judging.thumbnail": set(),
    "judging.trials": {"judging.canvas", "judging.wording"},
    "judging.wording": set(),
    "keras_file": set(),
    "learning.architectures": {
        "errors",
        "learning.classics",
        "learning.device",
        "learning.heads",
        "learning.tunable",
        "params",
    },
    "learning.augment": {"learning.warp", "params"},
    "learning.backbones": {"errors", "learning.heads", "learning.resizing"},
    "learning.classics": set(),
    "learning.classifier": {"data.pack", "files", "learning.fit", "learning.heads", "params"},
    "learning.curve": {
        "data.pack",
        "files",
        "learning.architectures",
        "learning.backbones",
        "learning.classifier",
        "learning.device",
        "learning.fit",
        "learning.transfer",
        "learning.weights",
        "params",
    },
    "learning.descent": {"learning.device", "params"},
    "learning.describe": set(),
    "learning.device": set(),
    "learning.features": {
        "checked",
        "files",
        "learning.augment",
        "learning.device",
        "learning.memory",
        "learning.warp",
        "params",
    },
    "learning.feed": {"data.pack", "learning.device"},
    "learning.finetune": {"data.pack", "learning.fit", "params"},
    "learning.fit": {
        "data.pack",
        "errors",
        "learning.descent",
        "learning.describe",
        "learning.device",
        "learning.feed",
        "learning.keeper",
        "learning.loop",
        "learning.memory",
        "learning.warp",
        "params",
    },
    "learning.heads": {"errors"},
    "learning.jobs": {"files", "learning.oracles", "params"},
    "learning.keeper": {"checked", "errors", "files", "params"},
    "learning.loop": {"learning.augment", "params"},
    "learning.memory": {"errors"},
    "learning.oracles": {"params"},
    "learning.resizing": set(),
    "learning.saved": {"files", "keras_file", "learning.device", "learning.fit"},
    "learning.search": {
        "checked",
        "crew",
        "errors",
        "files",
        "learning.device",
        "learning.jobs",
        "learning.oracles",
        "learning.trial",
        "params",
    },
    "learning.state": {"files", "learning.device"},
    "learning.transfer": {
        "data.pack",
        "files",
        "learning.backbones",
        "learning.classifier",
        "learning.features",
        "learning.finetune",
        "learning.fit",
        "learning.weights",
        "params",
    },
    "learning.trial": {"data.pack", "engine", "learning.architectures", "learning.device", "learning.fit", "params"},
    "learning.tunable": {"params"},
    "learning.warp": {"params"},
    "learning.weights": {"errors", "learning.backbones"},
    "libraries": {"errors"},
    "mistakes": set(),
    "params": {"errors", "mistakes", "plain_yaml"},
    "paths": set(),
    "plain_yaml": set(),
    "process": set(),
    "repository": {"errors"},
    "repro": {"errors", "repository"},
    "retrain": {"errors", "repository", "repro"},
    "shipping.database": {"errors", "files"},
    "shipping.delivery": {"errors", "shipping.database", "shipping.events", "shipping.outbox", "shipping.store"},
    "shipping.events": set(),
    "shipping.identity": {"files", "keras_file"},
    "shipping.journal": {"errors"},
    "shipping.lineage": set(),
    "shipping.logged_model": {"shipping.identity", "shipping.predict", "shipping.store"},
    "shipping.model_file": {"keras_file"},
    "shipping.outbox": {"errors", "shipping.journal"},
    "shipping.predict": {
        "data.bounds",
        "data.decode",
        "engine",
        "errors",
        "files",
        "params",
        "shipping.model_file",
        "workers",
    },
    "shipping.promotion": {
        "data.pack",
        "errors",
        "files",
        "judging.significance",
        "params",
        "shipping.identity",
        "shipping.predict",
    },
    "shipping.registry": {
        "errors",
        "files",
        "shipping.delivery",
        "shipping.identity",
        "shipping.logged_model",
        "shipping.promotion",
        "shipping.store",
    },
    "shipping.store": {"environment", "errors", "files", "shipping.database"},
    "shipping.tracking": {"errors", "shipping.delivery", "shipping.logged_model", "shipping.outbox", "shipping.store"},
    "stage": {"environment", "errors"},
    "versions": set(),
    "workers": set(),
}

DOORS = {
    "great_expectations": {"data.checks"},
    "keras_tuner": {"learning.oracles"},
    "multiprocessing": {"crew", "workers"},
    "concurrent": set(),
    "mlflow": {
        "shipping.delivery",
        "shipping.logged_model",
        "shipping.registry",
        "shipping.store",
        "shipping.tracking",
    },
    "ruamel": {"plain_yaml", "repro", "shipping.lineage"},
    "scipy": {"judging.calibration", "judging.significance"},
    "h5py": {"learning.weights"},
    "matplotlib": {"judging.canvas"},
    "jinja2": {"judging.templates"},
    "keras": {
        "judging.explain",
        "learning.architectures",
        "learning.augment",
        "learning.backbones",
        "learning.classics",
        "learning.classifier",
        "learning.curve",
        "learning.descent",
        "learning.describe",
        "learning.device",
        "learning.features",
        "learning.feed",
        "learning.finetune",
        "learning.fit",
        "learning.heads",
        "learning.keeper",
        "learning.loop",
        "learning.resizing",
        "learning.saved",
        "learning.transfer",
        "learning.tunable",
        "learning.warp",
        "learning.weights",
        "shipping.model_file",
        "shipping.predict",
    },
    "PIL": {"data.decode", "data.measures", "data.png"},
    "tensorflow": {"learning.device"},
}


def modules() -> dict[str, Path]:
    found = {p.relative_to(LIBRARY).with_suffix("").as_posix().replace("/", "."): p for p in LIBRARY.rglob("*.py")}
    return {name: path for name, path in found.items() if not name.endswith("__init__")}


def imported(path: Path) -> set[str]:
    """Every dotted name that the file imports, at any depth of it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def ours(path: Path) -> set[str]:
    return {name.removeprefix("darkroom.") for name in imported(path)} & modules().keys()


def vendors(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


def reached(path: Path) -> set[str]:
    """Our modules that the file reaches, other than those DVC tracks by value and those that only look."""
    found: set[str] = set()
    ahead = ours(path)
    while ahead:
        name = ahead.pop()
        if name not in found | TRACKED_BY_VALUE | OBSERVERS:
            found.add(name)
            ahead |= ours(modules()[name])
    return found


def chains(path: Path, root: str) -> set[str]:
    """`p.train.epochs` as `train.epochs`: attribute chains on the name `root`; a shorter one stands for its longer."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    found = set()
    for node in nodes:
        names: list[str] = []
        while isinstance(node, ast.Attribute) and (names or id(node) not in inner):
            names.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id == root and names:
            found.add(".".join(names))
    return {c for c in found if not any(c.startswith(other + ".") for other in found)}


def test_the_import_table_is_the_real_one():
    assert {name: ours(path) for name, path in sorted(modules().items())} == IMPORTS


@pytest.mark.parametrize("vendor", DOORS)
def test_a_vendor_has_one_door(vendor):
    users = {name for name, path in modules().items() if vendor in vendors(path)}
    assert users == DOORS[vendor]


def test_wings_import_only_as_the_design_allows():
    allowed = {"data": {"data"}, "learning": {"learning", "data.pack"}, "judging": {"judging"}}
    for name, needs in IMPORTS.items():
        wing = name.partition(".")[0]
        for need in needs:
            if wing in allowed and "." in need:
                assert {need, need.partition(".")[0]} & allowed[wing], f"{name} imports {need}"


def test_imports_have_no_circle():
    left = {name: set(needs) for name, needs in IMPORTS.items()}
    while leaves := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in leaves:
            del left[name]
    assert not left


def test_only_verbs_know_the_places():
    assert {name for name, path in modules().items() if "paths" in ours(path)} <= {"cli"}


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_lists_exactly_the_code_it_reaches(name):
    script = Path(f"pipeline/{name}.py")
    stage = STAGES[name]
    stage = {**stage, **stage.get("do", {})}
    listed = {d for d in stage["deps"] if _is_code(d)}
    material = {MATERIAL[m] for m in reached(script) & MATERIAL.keys()}
    assert listed == {script.as_posix()} | {modules()[m].as_posix() for m in reached(script)} | material
    assert stage["cmd"].startswith(f"${{python}} -m pipeline.{name}")


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_lists_exactly_the_params_it_reads(name):
    read = {leaf for leaf in chains(Path(f"pipeline/{name}.py"), "p")}
    assert set(STAGES[name].get("params", [])) == read


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_lists_exactly_the_places_it_touches(name):
    stage = STAGES[name]
    outs = [o for kind in ("outs", "metrics", "plots") for o in stage.get(kind, [])]
    listed = {d for d in stage["deps"] if not _is_code(d)} | {o if isinstance(o, str) else next(iter(o)) for o in outs}
    constants = {c.partition(".")[0] for c in chains(Path(f"pipeline/{name}.py"), "paths")} - {
        "CACHE",
        "LOCK",
        "LOCKS",
        "PARAMS",
    }
    known = {str(getattr(paths, c)) for c in constants}
    assert {place for place in listed if not _of(place, known)} == set()
    assert {place for place in known if not _of(place, listed)} == set()


@pytest.mark.parametrize("name", STAGES)
def test_nothing_that_an_observer_returns_is_written(name):
    """Its value goes to another observer or to the registry, which is MLflow's, and nowhere else."""
    tree = ast.parse(Path(f"pipeline/{name}.py").read_text())
    watching = {each.rpartition(".")[2] for each in OBSERVERS}
    while more := {name for value, name in _bindings(tree) if _is_observed(value, watching)} - watching:
        watching |= more
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    others = [call for call in calls if _root(call.func) not in LISTENERS | watching]
    assert [ast.unparse(call) for call in others if _is_observed(call, watching)] == []


def test_an_observer_returns_nothing_but_tags_and_runs():
    for name in OBSERVERS:
        for node in ast.parse(modules()[name].read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.returns:
                assert ast.unparse(node.returns) in ("None", "Iterator[Run]", "dict[str, str]"), node.name


def _bindings(tree: ast.AST) -> list[tuple[ast.AST, str]]:
    """Each value with the name that it is given by `=`, `|=` or `with ... as`."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [(node.value, each) for target in targets for each in _names(target)]
        if isinstance(node, ast.withitem) and node.optional_vars:
            found += [(node.context_expr, each) for each in _names(node.optional_vars)]
    return found


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_observed(node: ast.AST, watching: set[str]) -> bool:
    """Whether the value of `node` holds something that an observer, or one of the names `watching`, returned.

    What is only handed on to be called, a run's `epoch` or a `partial`, holds nothing yet; the registry is no observer.
    """
    if isinstance(node, ast.Call) and _root(node.func) in ("registry", "partial"):
        return False
    if isinstance(node, ast.Attribute | ast.Name):
        return _root(node) in watching and getattr(node, "attr", "") != "epoch"
    return any(_is_observed(child, watching) for child in ast.iter_child_nodes(node))


@pytest.mark.parametrize("name", ["ingest", "validate", "preprocess", "tune", "train", "transfer"])
def test_a_fresh_clone_lacks_an_out_of_every_stage_that_makes(name):
    """DVC would skip one whose outs all lie in git, and the clone's MLflow would have no search."""
    stage = STAGES[name].get("do", STAGES[name])
    outs = [o for kind in ("outs", "metrics", "plots") for o in stage.get(kind, [])]
    cached = [o for o in outs if isinstance(o, str) or next(iter(o.values())).get("cache", True)]
    assert cached


def _is_code(place: str) -> bool:
    return place.startswith(("pipeline/", "src/"))


def _of(place: str, places: set[str]) -> bool:
    """Whether `place` is one of `places`, lies in one, or holds one."""
    return place.startswith("${") or any(
        (a + "/").startswith(b + "/") or (b + "/").startswith(a + "/") for a in (place,) for b in places
    )
