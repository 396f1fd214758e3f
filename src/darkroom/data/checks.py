"""Hold a manifest against the expectations, with Great Expectations. The one door to that vendor.

The verdict is ours: plain, small, and the same every time. Great Expectations' own pages, the data docs, carry
the time of the run, so they belong to DVC or nowhere, not to git.

The price: the import takes seconds. Only the validate stage pays it, and its workers do not. Importing it in a thread
while they look at pictures made that look a quarter slower on four busy processors and nothing faster.
"""

import gc
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from darkroom import files
from darkroom.data import expectations, manifest, names, tally
from darkroom.data.expectations import Expectation
from darkroom.data.manifest import Listing
from darkroom.errors import DataError, printable
from darkroom.params import Validate

SHOWN = 10  # offenders that a sentence names


def check(listing: Listing, how: Validate, docs: Path) -> dict:
    """Judge a manifest and write the data docs, web pages, to the folder `docs`.

    Returns success, pictures (how many are good), classes, counts (class -> side -> good pictures), bad (path
    and reason), duplicates (lists of paths of equal pictures), near_duplicates (how many pairs,
    and the first) and expectations (name, severity, success, sentence, observed, code, fix).
    """
    rows, twins = listing
    tables = {
        "pictures": manifest.good(rows),
        "groups": tally.groups(rows),
        "classes": tally.classes(rows),
        "near": tally.near(rows, twins),
        "given": tally.given(rows),
        "flats": tally.flats(rows, how.min_contrast),
        "giveaways": tally.giveaways(rows),
        "whole": tally.whole(rows),
    }
    expected = expectations.of(how)
    with files.replacing(docs) as partial:
        results = _run(tables, expected, partial.absolute())
    said = [_said(each, results[each.name], tables[each.table]) for each in expected]
    return {
        "success": all(each["success"] for each in said if each["severity"] == "error"),
        "pictures": len(tables["pictures"]),
        "classes": [row["class"] for row in tables["classes"]],
        "counts": {row["class"]: {side: row[side] for side in names.SIDES} for row in tables["classes"]},
        "bad": [{"path": row["path"], "reason": row["bad"]} for row in rows if row["bad"]],
        "duplicates": [group["paths"] for group in tables["groups"] if len(group["paths"]) > 1],
        "near_duplicates": {"pairs": len(tables["near"]), "first": tables["near"][:SHOWN]},
        "expectations": said,
    }


def insist(verdict: dict, *, report: Path) -> None:
    """Raises DataError (exit 3) with the first broken expectation; `report` is where the whole verdict lies."""
    broken = [each for each in verdict["expectations"] if each["severity"] == "error" and not each["success"]]
    if broken:
        first, *others = broken
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

    return pd.DataFrame(rows, columns=list(tally.COLUMNS[table]))


def _said(expected: Expectation, result, rows: Sequence[dict]) -> dict:
    return {
        "name": expected.name,
        "severity": "error" if expected.stops else "warning",
        "success": bool(result.success),
        "sentence": expected.sentence,
        "observed": _range(expected, rows) if result.success else _offenders(expected, result, rows),
        "code": expected.code,
        "fix": expected.fix,
    }


def _offenders(expected: Expectation, result, rows: Sequence[dict]) -> str:
    places = result.result.get("unexpected_index_list")
    if not places:  # no row is to blame, or Great Expectations itself failed
        return printable(result.result or result.exception_info)
    more = f"; and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return "; ".join(expected.offender.format(**rows[int(place)]) for place in places[:SHOWN]) + more


def _range(expected: Expectation, rows: Sequence[dict]) -> str:
    """What the values were: smallest to largest for numbers, how many rows for the rest."""
    values: Iterable = [row.get(expected.test[1].get("column")) for row in rows]
    numbers = [value for value in values if isinstance(value, int | float)]
    if not numbers:
        return f"{len(rows)} rows"
    low, high = (f"{value:.6g}" for value in (min(numbers), max(numbers)))
    return low if low == high else f"{low} to {high}"
