"""Where in the raw file the text and the label are."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from model_common.configuration import Part, Share, matching, problem

Column = Annotated[str, Field(min_length=1)]
Delimiter = Annotated[str, matching(r"[\x09\x20-\x7e]", "one ASCII character"), matching(r'[^"]', "no quote")]


class Data(Part):
    """The raw file. Its compression (none, gzip, a zip with one file) is recognised by content, not stated.

    `quoted` says whether fields may stand in double quotes, with delimiters and newlines inside: true for csv, false for
    tsv unless stated. `require` names columns that must not be empty for a row to be used.
    """

    format: Literal["csv", "tsv", "jsonl", "fasttext"] = Field(description="csv, tsv, jsonl or fasttext")
    header: bool = True
    columns: tuple[Column, ...] | None = None
    delimiter: Delimiter | None = None
    quoted: bool | None = None
    text: tuple[Column, ...] = ()
    label: str | tuple[str, ...] | None = None
    label_separator: Annotated[str, Field(min_length=1)] | None = None
    require: tuple[Column, ...] = ()
    max_dropped_share: Share = 0.0

    @field_validator("text", "require", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

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
            self.leaves_out("a fasttext file has no columns", "text", "label", "label_separator", "require")
        elif not self.text:
            raise problem("text", "missing. It is the column, or the list of columns, that holds the text")
        elif self.label is None:
            raise problem("label", "missing. It is the column that holds the label")
        both = [name for name in self._label_columns if name in self.text]
        if both:
            raise problem(
                "label", f"found {', '.join(both)}, which holds the text, too. Allowed: other columns"
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
    def _label_columns(self) -> tuple[str, ...]:
        return (self.label,) if isinstance(self.label, str) else self.label or ()
