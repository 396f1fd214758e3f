"""Check a manifest against the expectations with Great Expectations.

The verdict is our own: plain, small, and the same every time. Great Expectations' own pages, the data docs, contain
the time of the run, so they are cached by DVC and never committed to git.

The price: the import takes seconds. Only the validate stage pays it, and its workers do not. Importing it in a thread
while they scan images made that scan a quarter slower on four busy processors and nothing faster.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from darkroom import verdict
from darkroom.dataset.layout import Layout
from darkroom.dataset.listing import Listing
from darkroom.params import Validate
from darkroom.runtime import files
from darkroom.runtime.errors import DataError, printable
from darkroom.table.rows import Rows
from darkroom.validate import lean_great_expectations, notes, statistics
from darkroom.validate.expectations import Context, Expectation, expectations
from darkroom.validate.statistics import DataSet, Table
from darkroom.verdict import BadFile, NearDuplicateSummary, Verdict

SHOWN = 5  # offenders that a sentence names
PAIRS = 10  # near duplicates that the verdict names
PART = 50_000  # rows of a table that are checked at once; no expectation compares rows with each other

Tables = Mapping[Table, Sequence[Any]]  # rows of each table


class Result(NamedTuple):
    """What Great Expectations says of one expectation."""

    success: bool
    offenders: list[int]  # rows of the table, by number
    words: str  # its own, where no row is to blame


Results = Mapping[str, Result]  # by name of the expectation

GOOD = Result(True, [], "")


def check(listing: Listing, layout: Layout, config: Validate, docs: Path) -> Verdict:
    """Judge a manifest and write the data docs, web pages, to the folder `docs`."""
    data = DataSet(listing.rows, listing.pairs, config)
    expected = expectations(Context(config, listing.given_splits))
    tables = {table: table(data) for table in dict.fromkeys(expectation.table for expectation in expected)}
    with files.replacing(docs) as partial:
        results = _run(tables, expected, partial.absolute())
    judged = _judged(expected, results, tables)
    classes, pairs = statistics.classes(data), tables[statistics.near_duplicates]
    return Verdict(
        success=all(result["success"] for result in judged if result["severity"] == "error"),
        images=len(tables[statistics.images]),
        classes=[row["class"] for row in classes],
        counts={row["class"]: {"train": row["train"], "val": row["val"], "test": row["test"]} for row in classes},
        bad=[BadFile(path=row["path"], reason=row["bad"]) for row in data.bad],
        duplicates=statistics.duplicates(data),
        near_duplicates=NearDuplicateSummary(pairs=len(pairs), first=list(pairs[:PAIRS])),
        shortcuts=[row for row in tables[statistics.shortcuts] if row["score"] > config.max_shortcut_score],
        expectations=judged,
        notes=notes.sentences(listing, layout),
        unlabelled=list(layout.unlabelled),
        other_files=list(layout.other_files),
    )


def broken(judged: Verdict) -> list[verdict.Expectation]:
    """The broken expectations that stop the pipeline, without those that follow from another."""
    results = judged["expectations"]
    return [r for r in results if r["severity"] == "error" and not r["success"] and not r["follows"]]


def raise_if_broken(judged: Verdict, *, report: Path) -> None:
    """Raises DataError (exit 3) with the first broken expectation; `report` is where the whole verdict lies."""
    faults = broken(judged)
    if faults:
        first, *others = faults
        more = f" (and {len(others)} more broken)" if others else ""
        what = f"expected that {first['sentence']}, but {first['observed']}{more}"
        raise DataError(first["code"], what, where=report, fix=first["fix"])


def _run(tables: Tables, expected: Sequence[Expectation], docs: Path) -> Results:
    """Run Great Expectations, which leaves its pages in `docs`."""
    gx = lean_great_expectations.load()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    context.add_data_docs_site("docs", _site(docs))
    source = context.data_sources.add_pandas("manifest")
    results: dict[str, Result] = {}
    for table, rows in tables.items():
        name = _name(table)
        suite = gx.ExpectationSuite(name=name, expectations=[_vendors(e, gx) for e in expected if e.table == table])
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")
        definition = gx.ValidationDefinition(name=name, data=batch, suite=context.suites.add(suite))
        validation = context.validation_definitions.add(definition)
        for start in range(0, max(1, len(rows)), PART):
            frame = _frame(table, rows, start)
            run = validation.run(batch_parameters={"dataframe": frame}, result_format="COMPLETE")
            for result in run.results:
                name = result.expectation_config.meta["name"]
                results[name] = _joined(results.get(name, GOOD), result, start)
    context.build_data_docs(["docs"])
    return results


def _joined(before: Result, result: Any, start: int) -> Result:
    """The result of all parts of a table so far; that of the next part counts rows from its start."""
    offenders = [start + int(number) for number in result.result.get("unexpected_index_list") or ()]
    words = "" if result.success or offenders else printable(result.result or result.exception_info)
    return Result(before.success and bool(result.success), before.offenders + offenders, before.words or words)


def _name(table: Callable) -> str:
    return table.__name__


def _site(docs: Path) -> dict:
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)}
    index = {"class_name": "DefaultSiteIndexBuilder"}
    return {
        "class_name": "SiteBuilder",
        "store_backend": store,
        "site_index_builder": index,
        "show_how_to_buttons": False,
    }


def _vendors(expected: Expectation, gx: Any) -> Any:
    """The expectation as Great Expectations spells it."""
    kind, arguments = expected.test
    note = f"Expected that {expected.sentence}."
    return getattr(gx.expectations, f"Expect{kind}")(**arguments, meta={"name": expected.name}, notes=note)


def _frame(table: Table, rows: Sequence[Mapping], start: int) -> Any:
    """The part of the rows from `start` as a pandas DataFrame, with its columns even when there is no row."""
    import pandas as pd  # it comes with Great Expectations, and costs as much

    part = rows.columns(start, start + PART) if isinstance(rows, Rows) else rows[start : start + PART]
    return pd.DataFrame(part, columns=statistics.columns(table))


def _judged(expected: Sequence[Expectation], results: Results, tables: Tables) -> list[verdict.Expectation]:
    """The outcome of each expectation; a fault is reported once, as its cause and not as what follows from it."""
    judged: list[verdict.Expectation] = []
    blamed: dict[str, tuple[Table, set[int]]] = {}
    for expectation in expected:
        result, cause = results[expectation.name], ""
        offenders = result.offenders
        if not result.success:
            cause, offenders = _traced(expectation, offenders, blamed)
            blamed[expectation.name] = expectation.table, set(offenders)
        judged.append(_outcome(expectation, result, tables[expectation.table], offenders, cause))
    return judged


def _traced(
    expectation: Expectation, offenders: list[int], blamed: Mapping[str, tuple[Table, set[int]]]
) -> tuple[str, list[int]]:
    """The broken expectation that this one follows from and all its offenders, else "" and those of its own.

    `blamed` has table and offenders of those broken so far. Within one table a cause explains the rows that it has
    in common, in another table all of them.
    """
    for name in expectation.follows:
        if name in blamed:
            table, theirs = blamed[name]
            left = [number for number in offenders if number not in theirs] if table == expectation.table else []
            if not left:
                return name, offenders
            offenders = left
    return "", offenders


def _outcome(
    expected: Expectation, result: Result, rows: Sequence[Mapping], offenders: Sequence[int], cause: str
) -> verdict.Expectation:
    return verdict.Expectation(
        name=expected.name,
        severity="error" if expected.stops else "warning",
        success=result.success,
        follows=cause,
        sentence=expected.sentence,
        observed=_range(expected, rows) if result.success else _offenders(expected, result, rows, offenders),
        code=expected.code,
        fix=expected.fix,
    )


def _offenders(expected: Expectation, result: Result, rows: Sequence[Mapping], offenders: Sequence[int]) -> str:
    if not offenders:  # no row is to blame, or Great Expectations itself failed
        return result.words
    many = f"not in {len(offenders)} cases: " if len(offenders) > 1 else ""
    more = f"; and {len(offenders) - SHOWN} more" if len(offenders) > SHOWN else ""
    return many + "; ".join(expected.offender.format(**rows[number]) for number in offenders[:SHOWN]) + more


def _range(expected: Expectation, rows: Sequence[Mapping]) -> str:
    """The range of the values for numbers, how many rows for the rest."""
    column = expected.test[1]["column"]
    low, high = math.inf, -math.inf
    for value in rows.column(column) if isinstance(rows, Rows) else (row[column] for row in rows):
        if isinstance(value, int | float):
            low, high = min(low, value), max(high, value)
    if low > high:
        return f"{len(rows)} rows"
    return f"{low:.6g}" if f"{low:.6g}" == f"{high:.6g}" else f"{low:.6g} to {high:.6g}"
