"""The kinds of SQL statement whose effect is known, and what is gathered about a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from pdp.types import Access

STATEMENTS: Final[Mapping[type[exp.Expr], tuple[str, Access]]] = {
    exp.Select: ("select", Access.READ),
    exp.Union: ("select", Access.READ),
    exp.Except: ("select", Access.READ),
    exp.Intersect: ("select", Access.READ),
    exp.Subquery: ("select", Access.READ),
    exp.Values: ("select", Access.READ),
    exp.Describe: ("explain", Access.READ),
    exp.Show: ("show", Access.READ),
    exp.Transaction: ("transaction", Access.READ),
    exp.Commit: ("transaction", Access.READ),
    exp.Rollback: ("transaction", Access.READ),
    exp.Analyze: ("analyze", Access.WRITE),
    exp.Insert: ("insert", Access.WRITE),
    exp.Update: ("update", Access.WRITE),
    exp.Merge: ("merge", Access.WRITE),
    exp.Delete: ("delete", Access.DELETE),
    exp.TruncateTable: ("truncate", Access.DELETE),
    exp.Create: ("create", Access.ADMINISTER),
    exp.Drop: ("drop", Access.ADMINISTER),
    exp.Alter: ("alter", Access.ADMINISTER),
    exp.Comment: ("comment", Access.ADMINISTER),
    exp.Copy: ("copy", Access.ADMINISTER),
    exp.Grant: ("grant", Access.ADMINISTER),
    exp.Revoke: ("revoke", Access.ADMINISTER),
    exp.Set: ("set", Access.ADMINISTER),
    exp.Use: ("use", Access.ADMINISTER),
    exp.Pragma: ("pragma", Access.ADMINISTER),
    exp.Attach: ("attach", Access.ADMINISTER),
    exp.Detach: ("attach", Access.ADMINISTER),
    exp.Kill: ("kill", Access.ADMINISTER),
    exp.LoadData: ("load", Access.ADMINISTER),
    exp.Export: ("export", Access.ADMINISTER),
    exp.Execute: ("call", Access.EXECUTE),
}
# What may sit below another statement and still change something.
NESTED: Final = (exp.Insert, exp.Update, exp.Delete, exp.Merge)


@dataclass(slots=True)
class Findings:
    """What a walk over the statements gathers; every list keeps first occurrences in source order when read out."""

    dialect: str
    access: Access = Access.READ
    classes: list[tuple[str, Access]] = field(default_factory=list)
    read: dict[str, exp.Table] = field(default_factory=dict)
    written: dict[str, exp.Table] = field(default_factory=dict)
    columns: dict[str, None] = field(default_factory=dict)
    functions: dict[str, Access | None] = field(default_factory=dict)
    flags: dict[str, None] = field(default_factory=dict)
    star: bool = False
    every_row: bool = False
    has_where: bool = True
    plans_only: bool = False

    def at_least(self, access: Access, flag: str = "") -> None:
        """Raise the access, never lower it, and note why."""
        self.access = max(self.access, access)
        if flag:
            self.flags[flag] = None
