"""What the columns of a table mean."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from polyid.common.text import listed
from polyid.data.column_units import column_unit, is_unit_column, known_target, unit_column_of
from polyid.data.headers import RawTable
from polyid.data.limits import MAX_COLUMNS
from polyid.data.properties import find_property
from polyid.data.recognition import (
    PropertyColumn,
    column_of_property_names,
    is_property_name,
    property_of,
    recognised_columns,
    value_column,
)
from polyid.data.roles import SMILES_ROLES, role_of, roles_by_name, smiles_by_content
from polyid.data.units import read_unit
from polyid.errors import DataError


@dataclass(frozen=True)
class Mapping:
    """What the columns of a table mean; a page shows it, a user may change it.

    Attributes
    ----------
    roles : dict
        Role (``oligomer``, ``smiles``, ``monomers``, ``mechanism``, ``pm``, ``polymer``, ``class`` …) to column.
    properties : tuple of PropertyColumn
        Empty for a table of facts (one row a value), whose properties stand in its cells.
    other : tuple of str
        Columns without a meaning here; those of numbers can be trained on when named.
    wanted : tuple of str or None
        Properties to keep of a table of facts; None for all.
    """

    roles: dict[str, str]
    properties: tuple[PropertyColumn, ...] = ()
    other: tuple[str, ...] = ()
    wanted: tuple[str, ...] | None = None

    @property
    def of_facts(self) -> bool:
        return "fact_property" in self.roles and "fact_value" in self.roles


def propose_mapping(table: RawTable, properties: Sequence[str] | None = None) -> Mapping:
    """Say what the columns of a table mean.

    Parameters
    ----------
    table : RawTable
    properties : sequence of str, optional
        Properties wanted; all recognised ones when None.

    Returns
    -------
    Mapping

    Raises
    ------
    DataError
        There is no SMILES column, or a wanted property has no column; the message names the columns seen.
    """
    columns = list(table.cells.columns)
    roles = roles_by_name(columns)
    if not any(role in roles for role in SMILES_ROLES):
        column = smiles_by_content(table.cells)
        if column is None:
            raise DataError(
                f"{table.source} has no SMILES column; its columns are {listed(columns)}; "
                "name one smiles, repeat_unit, smiles_polymer or smiles_monomer."
            )
        roles["smiles"] = column
    if table.cells.empty and not table.bad_rows:
        raise DataError(f"{table.source} has a header but no rows; add one row a polymer.")
    if "fact_value" in roles and "fact_property" not in roles:
        of_names = column_of_property_names(table, [column for column in columns if column not in roles.values()])
        roles |= {"fact_property": of_names} if of_names else {}
    if "fact_property" in roles and "fact_value" in roles:
        wanted = None if properties is None else tuple(properties)
        return Mapping(roles, other=unused_columns(table, roles), wanted=wanted)
    value = roles.pop("fact_value", None)
    for role in ("fact_property", "fact_unit"):
        roles.pop(role, None)
    free = [column for column in columns if column not in roles.values() and not is_unit_column(column, columns)]
    if properties is None:
        entries = recognised_columns(table, free)
        if not entries and value and (entry := value_column(table, value)):
            entries = [entry]
        if not entries:
            raise DataError(
                f"{table.source} has no property column that is recognised; its columns are {listed(columns)}; "
                "say what they are, or call them like Tg (°C), Tm (°C), density (g/cm3)."
            )
    else:
        if not properties:
            raise DataError("No property was chosen; choose at least one.")
        names = list(dict.fromkeys(properties))
        # A column that is called value only has the one property that is asked for.
        only = value if len(names) == 1 and names[0] not in free else None
        entries = [_asked(table, name, free, only) for name in names]
    return Mapping(roles, tuple(entries), unused_columns(table, roles, entries))


def unused_columns(table: RawTable, roles: dict[str, str], entries: Collection[PropertyColumn] = ()) -> tuple[str, ...]:
    """Columns that nothing is read from, be it a role, a value, the unit of one or a part of a copolymer."""
    used = {*roles.values(), *table.read_together, *(entry.column for entry in entries)}
    used |= {unit for entry in entries if (unit := unit_column_of(table.cells, entry.column))}
    return tuple(column for column in table.cells.columns if column not in used)


def properties_present(table: RawTable, properties: Sequence[str]) -> list[str]:
    """Those of the properties that a table has a column or facts of, in their order.

    Raises
    ------
    DataError
        It has none of them.
    """
    present = []
    for name in properties:
        try:
            mapping = propose_mapping(table, [name])
            if mapping.of_facts:
                wanted_names(table, mapping)
            elif len(properties) > 1 and role_of(mapping.properties[0].column) == "fact_value":
                continue  # a column that is called value only can't be each of them
        except DataError:
            continue
        present.append(name)
    if not present:
        # Says what is wrong with the table as a whole, else with its columns.
        propose_mapping(table)
        raise DataError(
            f"{table.source} has none of the properties {listed(properties)}; its columns are "
            f"{listed(table.cells.columns)}."
        )
    return present


def _asked(table: RawTable, name: str, columns: list[str], value: str | None) -> PropertyColumn:
    """The column of a property asked for by name: that column, the first recognised as the same property, or `value`."""
    asked = find_property(name)
    if name in columns:
        unit = column_unit(table, name, asked[0]) if asked else read_unit(table.units.get(name))
        return PropertyColumn(name, name, unit)
    if asked:
        for column in columns:
            if property_of(table, column) is asked[0]:
                return PropertyColumn(name, column, column_unit(table, column, asked[0]))
        if value:
            return PropertyColumn(name, value, asked[1] or column_unit(table, value, asked[0]))
    raise DataError(
        f"{table.source} has no column for the property {name}; its columns are {listed(table.cells.columns)}; "
        "correct the name or leave the property out."
    )


def wanted_names(table: RawTable, mapping: Mapping) -> dict[str, str]:
    """Property as written or by its database name to the name it gets, for those wanted."""

    def database_name(name: str) -> str:
        recognised = find_property(name)
        return recognised[0].name if recognised else name

    written_in = mapping.roles["fact_property"]
    names = [name for name in dict.fromkeys(table.cells[written_in]) if is_property_name(name)]
    if len(names) > MAX_COLUMNS:
        raise DataError(
            f"{table.source} has {len(names):,} names of properties in its column {written_in}, but at most {MAX_COLUMNS:,} are "
            "read; correct the column or divide the table."
        )
    present = [database_name(written) for written in names]
    if mapping.wanted is None:
        return {name: name for name in present}
    for name in mapping.wanted:
        if database_name(name) not in present:
            raise DataError(
                f"{table.source} has no values of the property {name}; it has {listed(dict.fromkeys(present))}; "
                "correct the name or leave the property out."
            )
    # Facts come in many units and are converted, so a name that says another unit than the property's is not kept.
    return {
        database_name(name): name if known_target(name) or database_name(name) == name else database_name(name)
        for name in mapping.wanted
    }
