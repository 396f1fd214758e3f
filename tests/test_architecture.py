"""Which folder may import which, which modules import a vendor, and that dvc.yaml lists what a stage reads."""

import ast
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from darkroom import paths

LIBRARY = Path("src/darkroom")
STAGES = YAML(typ="safe").load(Path("dvc.yaml").read_text())["stages"]
TRACKED_BY_VALUE = {"params", "paths"}  # DVC follows what they hold
OBSERVERS = {"tracking.tracking", "tracking.lineage"}  # nothing that they return is written: a test says so
LISTENERS = {"tracking", "registry", "partial"}  # what a script may hand an observer's value to

FOLDERS = {  # what each folder imports of the others, and each module that lies in none
    "api": "decoding inference paths register runtime",
    "cli": (
        "api cli_arguments commands image_store inference ingest labelling mlflow_client networks params paths "
        "register runtime tracking training transfer_learning"
    ),
    "cli_arguments": "formats labelling params paths saving",
    "commands": (
        "drift export formats image_store inference ingest labelling manifest metrics mlflow_client novelty "
        "packed_data params params_errors plain_yaml plots png project register report runtime saving serve sniff "
        "training workers"
    ),
    "curve": "networks packed_data refit runtime saving training",
    "dataset": "decoding formats image_store manifest packed_data params runtime sniff table workers",
    "decoding": "runtime sniff workers",
    "drift": "metrics novelty packed_data",
    "evaluate": "evaluation_folder inference metrics packed_data plots png runtime saving workers",
    "evaluation_folder": "metrics runtime saving",
    "export": "evaluate inference metrics packed_data register runtime saving",
    "formats": "runtime sniff",
    "image_store": "runtime table",
    "inference": "dataset decoding novelty params runtime saving workers",
    "ingest": "formats image_store params png runtime sniff table",
    "label_review": "runtime",
    "labelling": "formats inference novelty runtime saving sniff",
    "labels": "label_review networks packed_data params refit runtime saving training transfer_learning workers",
    "manifest": "runtime table",
    "metrics": "runtime",
    "mlflow_client": "metrics runtime saving",
    "networks": "params runtime training",
    "novelty": "packed_data runtime",
    "packed_data": "runtime",
    "params": "params_errors paths plain_yaml runtime",
    "params_errors": "",
    "paths": "",
    "plain_yaml": "",
    "plots": "metrics runtime",
    "png": "",
    "project": "runtime",
    "refit": "networks packed_data params training transfer_learning",
    "register": "decoding image_store inference metrics mlflow_client novelty packed_data params runtime saving",
    "repeat": "networks packed_data refit repeats_file runtime training workers",
    "repeats_file": "runtime",
    "report": "evaluation_folder label_review metrics packed_data plots png runtime verdict",
    "runtime": "",
    "saving": "runtime",
    "serve": "decoding inference png register runtime saving",
    "sniff": "",
    "start": "inference register runtime saving training",
    "table": "runtime",
    "tracking": "evaluation_folder metrics mlflow_client plain_yaml register runtime saving",
    "training": "packed_data params runtime",
    "transfer_learning": "packed_data params runtime training workers",
    "tune": "networks params runtime training workers",
    "validate": "dataset decoding formats image_store manifest params png runtime table verdict workers",
    "verdict": "runtime",
    "workers": "params runtime",
}

DOORS = {
    "aiohttp": {"runtime.buckets"},
    "fastapi": {
        "serve.answers",
        "serve.app",
        "serve.body",
        "serve.intake",
        "serve.pictures",
        "serve.prediction_routes",
        "serve.protocol_routes",
        "serve.refusal",
        "serve.status_routes",
    },
    "starlette": {"serve.app", "serve.body", "serve.pictures"},  # what FastAPI does not pass on
    "uvicorn": {"serve.connection", "serve.server"},
    "prometheus_client": {"serve.counters"},
    "filelock": {"runtime.locks"},
    "fsspec": {"runtime.buckets"},
    "great_expectations": {"validate.lean_great_expectations"},
    "ai_edge_litert": {"export.litert"},
    "onnx": {"export.onnx_file", "export.onnx_int8"},
    "onnxruntime": {"export.onnx_int8", "inference.onnx_model"},
    "tf2onnx": {"export.onnx_file"},
    "keras_tuner": {"tune.oracles"},
    "multiprocessing": {"workers.item_pool", "workers.serving", "workers.task_pool", "workers.worker_process"},
    "concurrent": {"runtime.bucket_copy", "dataset.neighbours", "training.checkpoint", "training.chunks"},
    "jax": {"training.on_jax"},
    "mlflow": {
        "mlflow_client.image_files",
        "mlflow_client.sender",
        "register.log_model",
        "register.fetched",
        "register.pyfunc_model",
        "register.registry",
        "register.version_files",
        "mlflow_client.client",
        "tracking.tracking",
    },
    "ray": {"workers.ray_calls", "workers.ray_cluster", "workers.ray_items", "workers.ray_order", "workers.ray_tasks"},
    "ruamel": {"plain_yaml"},
    "yaml": {"plain_yaml"},
    "scipy": {"drift.two_samples", "metrics.subset_test", "metrics.training_variance", "training.mixing"},
    "simplejpeg": {"decoding.jpeg"},
    "h5py": {"transfer_learning.weights"},
    "matplotlib": {"plots.canvas"},
    "jinja2": {"report.templates"},
    "keras": {
        "export.exporting",
        "export.formats",
        "export.onnx_file",
        "export.saved_model",
        "export.tracing",
        "evaluate.evaluation",
        "evaluate.explanation_images",
        "evaluate.grad_cam",
        "networks.architectures",
        "training.augment",
        "transfer_learning.backbones",
        "transfer_learning.efficientnet_lite",
        "networks.classics",
        "transfer_learning.head_training",
        "refit.recipes",
        "training.optimizers",
        "training.progress",
        "training.describe",
        "training.device",
        "transfer_learning.features",
        "training.batching",
        "training.chunk_model",
        "training.chunks",
        "training.on_jax",
        "training.tf_batches",
        "transfer_learning.finetune",
        "training.fit",
        "training.io_layers",
        "training.mixing",
        "training.checkpoint",
        "training.start_weights",
        "training.training_model",
        "training.warping",
        "transfer_learning.resizing",
        "saving.model_folder",
        "networks.tunable",
        "networks.whitening",
        "novelty.penultimate",
        "novelty.sampling",
        "transfer_learning.weights",
        "inference.model_check",
        "inference.inference",
    },
    "pi_heif": {"decoding.plugins"},
    "PIL": {
        "decoding.decode",
        "decoding.deep_pixels",
        "decoding.orientation",
        "decoding.plugins",
        "decoding.profiles",
        "decoding.upright",
        "dataset.image_stats",
        "dataset.small_copies",
        "png",
    },
    "tensorflow": {
        "export.litert",
        "export.onnx_file",
        "export.saved_model",
        "export.tracing",
        "training.device",
        "training.tf_batches",
    },
}


@cache
def modules() -> dict[str, Path]:
    names = {p.relative_to(LIBRARY).with_suffix("").as_posix().replace("/", "."): p for p in LIBRARY.rglob("*.py")}
    return {name: path for name, path in names.items() if not name.endswith("__init__")}


@cache  # most tests ask for every module
def imported(path: Path) -> frozenset[str]:
    """Every dotted name that the file imports, at any depth of it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def ours(path: Path) -> set[str]:
    return {name.removeprefix("darkroom.") for name in imported(path)} & modules().keys()


def vendors(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


def reached(path: Path) -> set[str]:
    """Our modules that the file reaches, other than those DVC tracks by value and those that only look."""
    names: set[str] = set()
    ahead = ours(path)
    while ahead:
        name = ahead.pop()
        if name not in names | TRACKED_BY_VALUE | OBSERVERS:
            names.add(name)
            ahead |= ours(modules()[name])
    return names


def unit(module: str) -> str:
    """The folder of a module, or the module itself where it lies in none."""
    return module.partition(".")[0]


def dep(module: str) -> str:
    """What dvc.yaml lists for a module: its folder, or its file where it lies in none."""
    return (LIBRARY / unit(module) if "." in module else modules()[module]).as_posix()


def without_leaves(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """What is left when whatever needs nothing is taken away, again and again: the circles."""
    while leaves := [name for name, needs in graph.items() if not needs & graph.keys()]:
        for name in leaves:
            del graph[name]
    return graph


def chains(path: Path, root: str) -> set[str]:
    """`p.train.epochs` as `train.epochs`: attribute chains on the name `root`; a shorter one stands for its longer."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    result = set()
    for node in nodes:
        names: list[str] = []
        while isinstance(node, ast.Attribute) and (names or id(node) not in inner):
            names.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id == root and names:
            result.add(".".join(names))
    return {c for c in result if not any(c.startswith(other + ".") for other in result)}


def test_the_table_of_folders_is_the_real_one():
    imports: dict[str, set[str]] = {}
    for name, path in modules().items():
        imports.setdefault(unit(name), set()).update(unit(module) for module in ours(path))
    assert {name: " ".join(sorted(needs - {name})) for name, needs in imports.items()} == FOLDERS


@pytest.mark.parametrize("vendor", DOORS)
def test_a_vendor_has_one_door(vendor):
    users = {name for name, path in modules().items() if vendor in vendors(path)}
    assert users == DOORS[vendor]


def test_imports_have_no_circle():
    left = {name: ours(path) for name, path in modules().items()}
    assert without_leaves(left) == {}
    assert without_leaves({name: set(needs.split()) for name, needs in FOLDERS.items()}) == {}


def test_only_verbs_import_paths():
    assert {name for name, path in modules().items() if "paths" in ours(path)} <= {
        "api",
        "cli",
        "cli_arguments",
        "params",
    }


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_lists_exactly_the_folders_it_reaches(name):
    script = Path(f"pipeline/{name}.py")
    stage = STAGES[name]
    stage = {**stage, **stage.get("do", {})}
    listed = {d for d in stage["deps"] if _is_code(d)}
    assert listed == {script.as_posix()} | {dep(module) for module in reached(script)}
    assert stage["cmd"].startswith(f"${{python}} -m pipeline.{name}")


@pytest.mark.parametrize("name", ["tune", "train", "transfer", "curve", "labels", "repeat"])
def test_a_state_to_go_on_from_is_named_by_the_code_that_its_stage_lists(name):
    tree = ast.parse(Path(f"pipeline/{name}.py").read_text())
    named = [
        ast.literal_eval(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "code"
    ]
    stage = STAGES[name].get("do", STAGES[name])
    trained = {"networks", "training", "tune", "transfer_learning", "refit", "curve", "labels", "repeat"}
    assert [set(folders) for folders in named] == [{Path(d).name for d in stage["deps"]} & trained]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_lists_exactly_the_params_it_reads(name):
    """Other than `engine`: where the work is done changes no byte of a result, see test_engine_on_ray."""
    read = {leaf for leaf in chains(Path(f"pipeline/{name}.py"), "p") if leaf.partition(".")[0] != "engine"}
    assert set(STAGES[name].get("params", [])) == read


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_lists_exactly_the_paths_it_uses(name):
    stage = STAGES[name]
    outs = [o for kind in ("outs", "metrics", "plots") for o in stage.get(kind, [])]
    listed = {d for d in stage["deps"] if not _is_code(d)} | {o if isinstance(o, str) else next(iter(o)) for o in outs}
    constants = {c.partition(".")[0] for c in chains(Path(f"pipeline/{name}.py"), "paths")} - {
        "CACHE",
        "CHOICE",
        "LOCK",
        "PARAMS",
        "RUNNING",
    }
    if name == "start":  # it reads an out of a later stage, and dvc.yaml says why that is no dep
        constants.remove("CHAMPION")
    used = {str(getattr(paths, c)) for c in constants}
    assert {path for path in listed if not _overlaps(path, used)} == set()
    assert {path for path in used if not _overlaps(path, listed)} == set()


@pytest.mark.parametrize("name", STAGES)
def test_nothing_that_an_observer_returns_is_written(name):
    """Its value goes to another observer or to the registry, which is MLflow's, and nowhere else."""
    tree = ast.parse(Path(f"pipeline/{name}.py").read_text())
    observed = {name.rpartition(".")[2] for name in OBSERVERS}
    while more := {name for value, name in _bindings(tree) if _is_observed(value, observed)} - observed:
        observed |= more
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    others = [call for call in calls if _root(call.func) not in LISTENERS | observed]
    assert [ast.unparse(call) for call in others if _is_observed(call, observed)] == []


def test_an_observer_returns_nothing_but_tags_and_runs():
    for name in OBSERVERS:
        for node in ast.parse(modules()[name].read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.returns:
                assert ast.unparse(node.returns) in ("None", "Iterator[Run]", "dict[str, str]"), node.name


def _bindings(tree: ast.AST) -> list[tuple[ast.AST, str]]:
    """Each value with the name that it is given by `=`, `|=` or `with ... as`."""
    bindings = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            bindings += [(node.value, name) for target in targets for name in _names(target)]
        if isinstance(node, ast.withitem) and node.optional_vars:
            bindings += [(node.context_expr, name) for name in _names(node.optional_vars)]
    return bindings


def _names(node: ast.AST) -> set[str]:
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_observed(node: ast.AST, observed: set[str]) -> bool:
    """Whether the value of `node` holds something that an observer, or one of the names `observed`, returned.

    What is only handed on to be called, a run's `epoch` or a `partial`, holds nothing yet; the registry is no observer.
    """
    if isinstance(node, ast.Call) and _root(node.func) in ("registry", "partial"):
        return False
    if isinstance(node, ast.Attribute | ast.Name):
        return _root(node) in observed and getattr(node, "attr", "") != "epoch"
    return any(_is_observed(child, observed) for child in ast.iter_child_nodes(node))


@pytest.mark.parametrize("name", ["ingest", "validate", "preprocess", "tune", "start", "train", "transfer", "repeat"])
def test_a_fresh_clone_lacks_an_out_of_every_stage_that_makes(name):
    """DVC would skip one whose outs all lie in git, and the clone's MLflow would have no search."""
    stage = STAGES[name].get("do", STAGES[name])
    outs = [o for kind in ("outs", "metrics", "plots") for o in stage.get(kind, [])]
    cached = [o for o in outs if isinstance(o, str) or next(iter(o.values())).get("cache", True)]
    assert cached


def _is_code(path: str) -> bool:
    return path.startswith(("pipeline/", "src/"))


def _overlaps(path: str, others: set[str]) -> bool:
    """Whether `path` is one of `others`, lies in one, or holds one."""
    return path.startswith("${") or any(
        (a + "/").startswith(b + "/") or (b + "/").startswith(a + "/") for a in (path,) for b in others
    )
