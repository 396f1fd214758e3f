"""Every value of params.yaml is read by some code.

Attributes are followed through types: a leaf counts as read where code reads the attribute of a value whose type is the
leaf's section, as far as annotations, `params.load()` and the fields of darkroom's classes show. The name alone would
not do: `.epochs` is read from many types.
"""

import ast
from pathlib import Path

from darkroom import params
from darkroom.params import Section

FILES = [*Path("src/darkroom").rglob("*.py"), *Path("pipeline").glob("*.py")]
SECTIONS = {name: kind for name, kind in vars(params).items() if isinstance(kind, type) and issubclass(kind, Section)}
LIKE_THEIR_ARGUMENT = ("model_copy", "with_value", "with_overrides")  # return their first argument with changes

Fields = dict[str, type | str]  # of a class: the section, or the class of darkroom, that each field holds
Nodes = list[ast.AST]  # of a file, all of them


def test_every_leaf_of_params_is_read():
    files = [list(ast.walk(ast.parse(path.read_text()))) for path in FILES]
    classes = _classes([node for nodes in files for node in nodes if isinstance(node, ast.ClassDef)])
    read = {pair for nodes in files for pair in _reads(nodes, classes)}
    leaves = [(kind, leaf, leaf.rpartition(".")[2]) for kind, leaf in _leaves(params.Params, "")]
    assert [leaf for kind, leaf, name in leaves if not read & {(base, name) for base in kind.__mro__}] == []


def _leaves(kind: type, prefix: str):
    """Yield each leaf by its dotted name, with the section that holds it."""
    for name, field in kind.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from _leaves(inner, f"{prefix}{name}.")
        else:
            yield kind, f"{prefix}{name}"


def _classes(trees: list[ast.ClassDef]) -> dict[str, Fields]:
    """Return the classes of darkroom and the types of their fields."""
    classes: dict[str, Fields] = {}
    names = {node.name for node in trees} - SECTIONS.keys()
    for node in trees:
        fields = classes.setdefault(node.name, {})
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and (kind := _named(statement.annotation, names)):
                fields[statement.target.id] = kind
            if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                fields |= _assigned(statement, names)
    return classes


def _assigned(init: ast.FunctionDef, names: set[str]) -> Fields:
    """Return the types of the fields in `self.x = x`, or in an assignment of several."""
    arguments = _arguments(init, names)
    pairs = [pair for node in ast.walk(init) if isinstance(node, ast.Assign) for pair in _pairs(node)]
    fields = [(t.attr, v.id) for t, v in pairs if isinstance(t, ast.Attribute) and isinstance(v, ast.Name)]
    return {field: arguments[name] for field, name in fields if name in arguments}


def _pairs(node: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    target, value = node.targets[0], node.value
    is_several = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts)
    return list(zip(target.elts, value.elts, strict=True)) if is_several else [(target, value)]


def _named(annotation: ast.expr | None, names: set[str]) -> type | str | None:
    """Return the section, or the class of darkroom, that an annotation names."""
    nodes = list(ast.walk(annotation)) if annotation else []
    words = {str(getattr(node, "id", getattr(node, "attr", getattr(node, "value", "")))) for node in nodes}
    section = next((SECTIONS[word] for word in sorted(words) if word in SECTIONS), None)
    return section or next((word for word in sorted(words) if word in names), None)


def _arguments(function: ast.FunctionDef, names: set[str]) -> Fields:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return {argument.arg: kind for argument in arguments if (kind := _named(argument.annotation, names))}


def _reads(nodes: Nodes, classes: dict[str, Fields]) -> set[tuple[type, str]]:
    """Return (section, name) for each attribute that is read from a value of that section."""
    reads: set[tuple[type, str]] = set()
    owners = {id(part): node.name for node in nodes if isinstance(node, ast.ClassDef) for part in node.body}
    for function in [node for node in nodes if isinstance(node, ast.FunctionDef)]:
        inner = [node for node in ast.walk(function) if isinstance(node, ast.Assign | ast.Attribute | ast.Call)]
        types = _arguments(function, set(classes))
        if id(function) in owners:
            types["self"] = owners[id(function)]
        for node in inner:
            if isinstance(node, ast.Assign):
                for target, value in _pairs(node):
                    if isinstance(target, ast.Name) and (kind := _type(value, types, classes, reads)):
                        types[target.id] = kind
        for node in inner:
            _type(node, types, classes, reads)
    return reads


def _type(node: ast.AST, types: Fields, classes: dict[str, Fields], reads: set) -> type | str | None:
    if isinstance(node, ast.Name):
        return types.get(node.id)
    if isinstance(node, ast.Attribute):
        kind = _type(node.value, types, classes, reads)
        if not isinstance(kind, type):
            return classes.get(kind or "", {}).get(node.attr)
        reads.add((kind, node.attr))
        inner = kind.model_fields[node.attr].annotation if node.attr in kind.model_fields else None
        return inner if isinstance(inner, type) and issubclass(inner, Section) else None
    if isinstance(node, ast.Call):
        return _returned(node, types, classes, reads)
    return None


def _returned(call: ast.Call, types: Fields, classes: dict[str, Fields], reads: set) -> type | str | None:
    words = [node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in ast.walk(call.func)]
    if "load" in words and "params" in words:
        return params.Params
    if "model_validate" in words:
        return next((SECTIONS[word] for word in words if word in SECTIONS), None)
    if words[0] in LIKE_THEIR_ARGUMENT:
        source = call.func.value if words[0] == "model_copy" else call.args[0]
        return _type(source, types, classes, reads)
    return words[0] if words[0] in classes else None
