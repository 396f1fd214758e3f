"""Every value of params.yaml is read by something: a value that nobody reads is a promise that nobody keeps.

Attributes are followed through types: a leaf counts as read where its name is asked of a value whose type is its own
section, as annotations, `params.load()` and the fields of our classes tell. A name alone would not do: `.epochs` is
asked of many things.
"""

import ast
from pathlib import Path

from darkroom import params
from darkroom.params import Section

FILES = [*Path("src/darkroom").rglob("*.py"), *Path("pipeline").glob("*.py")]
SECTIONS = {name: kind for name, kind in vars(params).items() if isinstance(kind, type) and issubclass(kind, Section)}
LIKE_THEIR_ARGUMENT = ("model_copy", "with_value", "turned")  # what they return is what they were given, changed

Fields = dict[str, type | str]  # of a class: the section, or the class of ours, that each field holds


def test_every_leaf_of_params_is_read():
    classes = _classes()
    read = {each for path in FILES for each in _reads(ast.parse(path.read_text()), classes)}
    leaves = [(kind, leaf, leaf.rpartition(".")[2]) for kind, leaf in _leaves(params.Params, "")]
    assert [leaf for kind, leaf, name in leaves if not read & {(each, name) for each in kind.__mro__}] == []


def _leaves(kind: type, prefix: str):
    """Each leaf by its dotted name, with the section that holds it."""
    for name, field in kind.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from _leaves(inner, f"{prefix}{name}.")
        else:
            yield kind, f"{prefix}{name}"


def _classes() -> dict[str, Fields]:
    """The classes of ours and what their fields hold."""
    found: dict[str, Fields] = {}
    trees = [node for path in FILES for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
    names = {node.name for node in trees} - SECTIONS.keys()
    for node in trees:
        fields = found.setdefault(node.name, {})
        for each in node.body:
            if isinstance(each, ast.AnnAssign) and (kind := _named(each.annotation, names)):
                fields[each.target.id] = kind
            if isinstance(each, ast.FunctionDef) and each.name == "__init__":
                fields |= _own(each, names)
    return found


def _own(init: ast.FunctionDef, names: set[str]) -> Fields:
    """`self.how = how`, alone or several at once."""
    given = _arguments(init, names)
    pairs = [pair for node in ast.walk(init) if isinstance(node, ast.Assign) for pair in _pairs(node)]
    kept = [(t.attr, v.id) for t, v in pairs if isinstance(t, ast.Attribute) and isinstance(v, ast.Name)]
    return {field: given[argument] for field, argument in kept if argument in given}


def _pairs(node: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    target, value = node.targets[0], node.value
    several = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts)
    return list(zip(target.elts, value.elts, strict=True)) if several else [(target, value)]


def _named(annotation: ast.expr | None, names: set[str]) -> type | str | None:
    """The section, or the class of ours, that an annotation names."""
    nodes = list(ast.walk(annotation)) if annotation else []
    words = {str(getattr(node, "id", getattr(node, "attr", getattr(node, "value", "")))) for node in nodes}
    section = next((SECTIONS[word] for word in sorted(words) if word in SECTIONS), None)
    return section or next((word for word in sorted(words) if word in names), None)


def _arguments(function: ast.FunctionDef, names: set[str]) -> Fields:
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return {each.arg: kind for each in given if (kind := _named(each.annotation, names))}


def _reads(tree: ast.AST, classes: dict[str, Fields]) -> set[tuple[type, str]]:
    """(section, name) for each name that is asked of a value of that section."""
    found: set[tuple[type, str]] = set()
    owners = {id(each): node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for each in node.body}
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        known = _arguments(function, set(classes))
        if id(function) in owners:
            known["self"] = owners[id(function)]
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                for target, value in _pairs(node):
                    if isinstance(target, ast.Name) and (kind := _type(value, known, classes, found)):
                        known[target.id] = kind
        for node in ast.walk(function):
            _type(node, known, classes, found)
    return found


def _type(node: ast.AST, known: Fields, classes: dict[str, Fields], found: set) -> type | str | None:
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        kind = _type(node.value, known, classes, found)
        if not isinstance(kind, type):
            return classes.get(kind or "", {}).get(node.attr)
        found.add((kind, node.attr))
        inner = kind.model_fields[node.attr].annotation if node.attr in kind.model_fields else None
        return inner if isinstance(inner, type) and issubclass(inner, Section) else None
    if isinstance(node, ast.Call):
        return _returned(node, known, classes, found)
    return None


def _returned(call: ast.Call, known: Fields, classes: dict[str, Fields], found: set) -> type | str | None:
    words = [node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in ast.walk(call.func)]
    if "load" in words and "params" in words:
        return params.Params
    if "model_validate" in words:
        return next((SECTIONS[word] for word in words if word in SECTIONS), None)
    if words[0] in LIKE_THEIR_ARGUMENT:
        source = call.func.value if words[0] == "model_copy" else call.args[0]
        return _type(source, known, classes, found)
    return words[0] if words[0] in classes else None
