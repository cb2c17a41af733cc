"""Where in the raw file the text and the label are."""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from model_common.configuration import Part, Share, matching, problem

Column = Annotated[str, Field(min_length=1)]
Delimiter = Annotated[str, matching(r"[\x09\x20-\x7e]", "one ASCII character"), matching(r'[^"]', "no quote")]


Escape = Annotated[
    str,
    matching(r"none|[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]", 'one ASCII mark, such as "\\\\", or none'),
    matching(r'[^"]+', "no quote"),
]

# What pandas, databases and spreadsheets write where there is no value.
MISSING = (
    *(
        "nan",
        "-nan",
        "null",
        "none",
        "na",
        "n/a",
        "#n/a",
        "#na",
        "<na>",
        "#n/a n/a",
        "\\n",
        "1.#ind",
        "-1.#ind",
        "1.#qnan",
    ),
    *("-1.#qnan", "inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"),
)


class Files(Part):
    """Which files, by a pattern of their names, are for training, validation and the test.

    Without a pattern for validation, that share of the training files is taken by `split.validation`.
    """

    train: Annotated[str, Field(min_length=1)]
    validation: Annotated[str, Field(min_length=1)] | None = None
    test: Annotated[str, Field(min_length=1)]


class Data(Part):
    """The raw data: a file, or the parts of one under a prefix, or files for each split.

    Compression (gzip, bzip2, xz; zip and tar with one file) is recognised by content, not stated. `quoted` says whether
    fields may stand in double quotes, with delimiters and newlines inside: true for csv, false for tsv unless stated.
    `require` names columns that must not be empty for a row to be used; cells that hold nothing but a word of `missing`
    are empty. `escape` is the mark that takes the meaning from the one behind it; with `none` it has no meaning itself.
    A row over more than `max_lines_per_row` lines is a quote that was never closed. With `sentences` every sentence of a
    text is an example, and all of them are in the split of the text.
    """

    format: Literal["csv", "tsv", "jsonl", "fasttext", "parquet"] = Field(
        description="csv, tsv, jsonl, fasttext or parquet"
    )
    encoding: str | None = None
    header: bool = True
    columns: tuple[Column, ...] | None = None
    delimiter: Delimiter | None = None
    quoted: bool | None = None
    escape: Escape | None = None
    missing: tuple[str, ...] = MISSING
    max_lines_per_row: Annotated[int, Field(ge=1)] = 1000
    sentences: bool = False
    files: Files | None = None
    text: tuple[Column, ...] = ()
    label: str | tuple[str, ...] | None = None
    label_separator: Annotated[str, Field(min_length=1)] | None = None
    label_items: tuple[Column, ...] = ()
    require: tuple[Column, ...] = ()
    max_dropped_share: Share = 0.0

    @field_validator("text", "require", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding_of_text(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            found = codecs.lookup(value)
            "".encode(found.name)
        except LookupError as error:
            allowed = "a text encoding that Python knows, such as cp1252, utf-16, shift_jis"
            raise problem("", f"found {value!r}. Allowed: {allowed}") from error
        name = found.name.removesuffix("-sig")
        return None if name in ("utf-8", "ascii") else name

    @field_validator("missing", mode="before")
    @classmethod
    def _no_value_is_a_word_too(cls, value: Any) -> Any:
        # YAML reads null, ~ and .nan as values; here they can only mean the words.
        return (
            tuple("null" if item is None else str(item) for item in value)
            if isinstance(value, tuple)
            else value
        )

    @field_validator("label", mode="before")
    @classmethod
    def _a_column_or_columns(cls, value: Any) -> Any:
        columns = value if isinstance(value, tuple) else (value,)
        if value is not None and not (columns and all(isinstance(name, str) and name for name in columns)):
            shown = list(value) if isinstance(value, tuple) else value
            raise problem("", f"found {shown!r}. Allowed: the name of a column, or a list of names")
        return value

    @model_validator(mode="after")
    def _keys_fit_the_format(self) -> Self:
        if self.format == "fasttext":
            self.leaves_out(
                "a fasttext file has no columns", "text", "label", "label_separator", "label_items", "require"
            )
        elif not self.text:
            raise problem("text", "missing. It is the column, or the list of columns, that holds the text")
        elif self.label is None:
            raise problem("label", "missing. It is the column that holds the label")
        both = [name for name in self._label_columns if name in self.text]
        if both:
            raise problem(
                "label", f"found {', '.join(both)}, which holds the text, too. Allowed: other columns"
            )
        if self.format == "parquet":
            self.leaves_out("Parquet states it itself", "encoding")
        if self.label_items and not isinstance(self.label, str):
            raise problem(
                "label_items", "names the items of one column of lists, so data.label is one column"
            )
        if self.format in ("csv", "tsv"):
            self._names_its_columns()
        else:
            self.leaves_out("only csv and tsv files have that", "columns", "delimiter", "quoted")
            if not self.header:
                raise problem("header", "only csv and tsv files have that; leave the key out")
        return self

    def _names_its_columns(self) -> None:
        if self.header:
            self.leaves_out("the header names the columns (or say header: false)", "columns")
            return
        if not self.columns:
            raise problem(
                "columns", "missing. With header: false it lists the names of all columns, in order"
            )
        twice = sorted({name for name in self.columns if self.columns.count(name) > 1})
        if twice:
            raise problem("columns", f"{', '.join(twice)} is listed twice")
        for key, names in (("text", self.text), ("label", self._label_columns), ("require", self.require)):
            unknown = [name for name in names if name not in self.columns]
            if unknown:
                allowed = f"{', '.join(self.columns)} (data.columns)"
                raise problem(key, f"found {', '.join(unknown)}. Allowed: {allowed}")

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names that label rules may compare: the items of a list, or the label columns."""
        return self.label_items or self._label_columns

    @property
    def _label_columns(self) -> tuple[str, ...]:
        return (self.label,) if isinstance(self.label, str) else self.label or ()
