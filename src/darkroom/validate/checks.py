"""Hold a manifest against the expectations, with Great Expectations. The one door to that vendor.

The verdict is ours: plain, small, and the same every time. Great Expectations' own pages, the data docs, carry
the time of the run, so they belong to DVC or nowhere, not to git.

The price: the import takes seconds. Only the validate stage pays it, and its workers do not. Importing it in a thread
while they look at images made that look a quarter slower on four busy processors and nothing faster.
"""

import gc
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from darkroom.dataset import manifest
from darkroom.dataset.manifest import Listing
from darkroom.formats import names
from darkroom.params import Validate
from darkroom.runtime import files
from darkroom.runtime.errors import DataError, printable
from darkroom.validate import expectations, shortcuts, statistics
from darkroom.validate.expectations import Expectation

SHOWN = 5  # offenders that a sentence names
PAIRS = 10  # near duplicates that the verdict names


def check(listing: Listing, config: Validate, docs: Path) -> dict:
    """Judge a manifest and write the data docs, web pages, to the folder `docs`.

    Returns success, images (how many are good), classes, counts (class -> side -> good images), bad (path
    and reason), duplicates (lists of paths of equal images), near_duplicates (how many pairs, and the first),
    shortcuts (as `shortcuts.find` has them, beyond the limit) and expectations (name, severity, success, follows,
    sentence, observed, code, fix). `follows` is the name of the broken one that is the cause, "" for one that is
    broken by itself; what follows is not told.
    """
    rows, twins = listing.rows, listing.twins
    tables = {
        "images": manifest.good(rows),
        "groups": statistics.groups(rows),
        "classes": statistics.classes(rows),
        "near": statistics.near(rows, twins),
        "given": statistics.given(rows),
        "flats": statistics.flats(rows, config.min_contrast),
        "giveaways": shortcuts.find(manifest.good(rows), config.max_shortcut_score),
        "whole": statistics.whole(rows),
    }
    expected = expectations.of(config, listing.given)
    with files.replacing(docs) as partial:
        results = _run(tables, expected, partial.absolute())
    said = _judged(expected, results, tables)
    return {
        "success": all(each["success"] for each in said if each["severity"] == "error"),
        "images": len(tables["images"]),
        "classes": [row["class"] for row in tables["classes"]],
        "counts": {row["class"]: {side: row[side] for side in names.SPLITS} for row in tables["classes"]},
        "bad": [{"path": row["path"], "reason": row["bad"]} for row in rows if row["bad"]],
        "duplicates": [group["paths"] for group in tables["groups"] if len(group["paths"]) > 1],
        "near_duplicates": {"pairs": len(tables["near"]), "first": tables["near"][:PAIRS]},
        "shortcuts": [row for row in tables["giveaways"] if row["score"] > config.max_shortcut_score],
        "expectations": said,
    }


def broken(verdict: Mapping) -> list[dict]:
    """The broken expectations that stop the line, without those that follow from another."""
    return [each for each in verdict["expectations"] if _stops(each) and not each["follows"]]


def _stops(said: Mapping) -> bool:
    return said["severity"] == "error" and not said["success"]


def insist(verdict: dict, *, report: Path) -> None:
    """Raises DataError (exit 3) with the first broken expectation; `report` is where the whole verdict lies."""
    faults = broken(verdict)
    if faults:
        first, *others = faults
        more = f" (and {len(others)} more broken)" if others else ""
        what = f"expected that {first['sentence']}, but {first['observed']}{more}"
        raise DataError(first["code"], what, where=report, fix=first["fix"])


def _vendor():
    """Great Expectations. Collecting garbage while it makes its thousands of classes would take a quarter more."""
    gc.disable()
    try:
        import great_expectations as gx

        return gx
    finally:
        gc.enable()


def _run(tables: Mapping[str, Sequence[dict]], expected: Sequence[Expectation], docs: Path) -> dict:
    """Name of the expectation -> result of Great Expectations, whose pages are left in `docs`."""
    gx = _vendor()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    context.add_data_docs_site("docs", _site(docs))
    source = context.data_sources.add_pandas("manifest")
    results = {}
    for table, rows in tables.items():
        suite = gx.ExpectationSuite(name=table, expectations=[_spelled(e, gx) for e in expected if e.table == table])
        batch = source.add_dataframe_asset(table).add_batch_definition_whole_dataframe("all")
        definition = gx.ValidationDefinition(name=table, data=batch, suite=context.suites.add(suite))
        validation = context.validation_definitions.add(definition)
        found = validation.run(batch_parameters={"dataframe": _frame(table, rows)}, result_format="COMPLETE")
        results.update({result.expectation_config.meta["name"]: result for result in found.results})
    context.build_data_docs(["docs"])
    return results


def _site(docs: Path) -> dict:
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)}
    index = {"class_name": "DefaultSiteIndexBuilder"}
    return {
        "class_name": "SiteBuilder",
        "store_backend": store,
        "site_index_builder": index,
        "show_how_to_buttons": False,
    }


def _spelled(expected: Expectation, gx):
    kind, arguments = expected.test
    note = f"Expected that {expected.sentence}."
    return getattr(gx.expectations, f"Expect{kind}")(**arguments, meta={"name": expected.name}, notes=note)


def _frame(table: str, rows: Sequence[dict]):
    """The rows as a pandas DataFrame, with its columns even when there is no row."""
    import pandas as pd  # it comes with Great Expectations, and costs as much

    return pd.DataFrame(rows, columns=list(statistics.COLUMNS[table]))


def _judged(expected: Sequence[Expectation], results: Mapping, tables: Mapping[str, Sequence[dict]]) -> list[dict]:
    """What is said of each expectation, each fault told once: as its cause and not as what follows from it."""
    said, blamed = [], {}
    for each in expected:
        result, cause = results[each.name], ""
        places = [int(place) for place in result.result.get("unexpected_index_list") or ()]
        if not result.success:
            cause, places = _traced(each, places, blamed)
            blamed[each.name] = each.table, set(places)
        said.append(_said(each, result, tables[each.table], places, cause))
    return said


def _traced(each: Expectation, places: list[int], blamed: Mapping[str, tuple[str, set[int]]]) -> tuple[str, list[int]]:
    """The broken expectation that this one follows from and all its offenders, else "" and those of its own.

    `blamed` has table and offenders of those broken so far. In one table it goes by row, between two by the whole.
    """
    for name in each.follows:
        if name in blamed:
            table, theirs = blamed[name]
            left = [place for place in places if place not in theirs] if table == each.table else []
            if not left:
                return name, places
            places = left
    return "", places


def _said(expected: Expectation, result, rows: Sequence[dict], places: Sequence[int], cause: str) -> dict:
    return {
        "name": expected.name,
        "severity": "error" if expected.stops else "warning",
        "success": bool(result.success),
        "follows": cause,
        "sentence": expected.sentence,
        "observed": _range(expected, rows) if result.success else _offenders(expected, result, rows, places),
        "code": expected.code,
        "fix": expected.fix,
    }


def _offenders(expected: Expectation, result, rows: Sequence[dict], places: Sequence[int]) -> str:
    if not places:  # no row is to blame, or Great Expectations itself failed
        return printable(result.result or result.exception_info)
    many = f"not in {len(places)} cases: " if len(places) > 1 else ""
    more = f"; and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return many + "; ".join(expected.offender.format(**rows[place]) for place in places[:SHOWN]) + more


def _range(expected: Expectation, rows: Sequence[dict]) -> str:
    """What the values were: smallest to largest for numbers, how many rows for the rest."""
    values: Iterable = [row.get(expected.test[1].get("column")) for row in rows]
    numbers = [value for value in values if isinstance(value, int | float)]
    if not numbers:
        return f"{len(rows)} rows"
    low, high = (f"{value:.6g}" for value in (min(numbers), max(numbers)))
    return low if low == high else f"{low} to {high}"
