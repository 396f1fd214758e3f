"""Presets: files of the values that differ from the defaults, merged over them into params.yaml.

A folder of presets holds `defaults.yaml`, which has every value with its comment, and one file per preset. The
defaults are a file of their own, and not params.yaml, because params.yaml is what a preset overwrites. A preset
replaces single values and whole lists; `tune.space` is replaced as a whole too, since the hyperparameters that one
preset searches are no defaults for another.
"""

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from darkroom import params, params_errors, plain_yaml
from darkroom.params import Params
from darkroom.runtime import files
from darkroom.runtime.errors import ParamsError

DEFAULTS = "defaults"
SCHEMA = "params.schema.json"  # in the folder of presets; the first line of each file names it for editors
WHOLE = {"tune.space"}  # mappings that are replaced and not merged


def names(folder: Path) -> list[str]:
    """Return the presets in `folder`, in alphabetical order."""
    return sorted(path.stem for path in folder.glob("*.yaml") if path.stem != DEFAULTS)


def use(name: str, folder: Path, target: Path) -> Params:
    """Write the defaults, changed by a preset, to `target` with all comments of the defaults; return its values.

    Raises ParamsError (exit 2), and leaves `target` as it is, for an unknown preset, key or value.
    """
    merged = load(name, folder)
    schema = Path(os.path.relpath(folder / SCHEMA, target.parent)).as_posix()  # editors read it relative to the file
    files.write_text(target, merge(name, folder).replace(f"$schema={SCHEMA}", f"$schema={schema}", 1))
    return merged


def load(name: str, folder: Path) -> Params:
    """Return the values of the defaults, changed by a preset. Raises ParamsError as `use` does."""
    return params.check(plain_yaml.parse(merge(name, folder)), where=_path(name, folder))


def merge(name: str, folder: Path) -> str:
    """Return the text of `defaults.yaml` with the values of a preset. Raises ParamsError for an unknown key."""
    if name not in names(folder):
        fix = f"take one of {', '.join(names(folder))}"
        raise ParamsError("E_PRESET", f"there is no preset {name}", where=folder, fix=fix)
    preset = _path(name, folder)
    changes = params.read(preset) or {}
    if not isinstance(changes, dict):
        raise ParamsError("E_PARAMS", "expected sections of params", where=preset, fix="see the other presets")
    text = _path(DEFAULTS, folder).read_text(encoding="utf-8")
    document = plain_yaml.parse_with_comments(text)
    try:
        _merge(document, changes)
    except KeyError as fault:
        raise ParamsError("E_PARAMS", fault.args[0], where=preset, fix="correct the key") from fault
    return plain_yaml.text_of(document)


def _merge(document: MutableMapping, changes: Mapping, section: str = "") -> None:
    """Change `document` in place. Raises KeyError with a sentence for a key that `document` lacks."""
    for key, value in changes.items():
        name = f"{section}.{key}" if section else str(key)
        if key not in document:
            raise KeyError(f"unknown key {name}{params_errors.did_you_mean(str(key), document, section)}")
        if isinstance(value, Mapping) and isinstance(document[key], Mapping) and name not in WHOLE:
            _merge(document[key], value, name)
        else:
            document[key] = plain_yaml.with_flow_lists(value)


def _path(name: str, folder: Path) -> Path:
    return folder / f"{name}.yaml"
