"""A generator of tables that are to break a reader: each is read with its rows, or refused with a sentence.

``python tests/helpers/hostile_tables.py FOLDER`` writes the files, to look at.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import random
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

PLAIN = [["smiles", "Tg", "name"], ["*CC*", "-78", "PE"], ["*CC(*)C", "-10", "PP"], ["*CC(*)c1ccccc1", "100", "PS"]]
LONG = 60_000


@dataclass(frozen=True)
class Hostile:
    """One file.

    Attributes
    ----------
    name : str
    content : callable
        Makes its bytes.
    polymers : int or None
        How many must be read; None where it may be refused.
    listed : bool
        Whether a row must be listed.
    """

    name: str
    content: Callable[[], bytes]
    polymers: int | None = None
    listed: bool = False


def rows_as_text(rows: list[list[str]], separator: str = ",", newline: str = "\n") -> str:
    return "".join(separator.join(row) + newline for row in rows)


def hostile_tables() -> Iterator[Hostile]:
    """All of them, the same every time."""
    for group in (
        encodings,
        forms,
        stray_bytes,
        quotes,
        numbers,
        long_cells,
        headers,
        spreadsheets,
        parquets,
        others,
        marks,
    ):
        yield from group()


def encodings() -> Iterator[Hostile]:
    rows = [["smiles", "Tg (°C)", "name"], ["*CC*", "−78", "Polyäthylen"], ["*CC(*)C", "−10", "Polypropén – µ"]]
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        yield Hostile(f"{encoding}.csv", lambda e=encoding: rows_as_text(rows).encode(e), polymers=2)
    for encoding in ("latin-1", "cp1252", "cp437", "mac_roman", "gb18030", "shift_jis", "koi8-r", "utf-7", "cp500"):
        plain = [[cell.replace("−", "-") for cell in row] for row in rows]
        yield Hostile(f"{encoding}.csv", lambda e=encoding, p=plain: rows_as_text(p).encode(e, "replace"))
    text = rows_as_text(rows).encode()
    yield Hostile(
        "utf-8_with_one_other_byte.csv", lambda: text.replace(b"Poly\xc3\xa4", b"Poly\xe4"), polymers=2, listed=True
    )
    for place in range(1, 4):
        yield Hostile(f"utf-16_cut_{place}.csv", lambda p=place: rows_as_text(PLAIN).encode("utf-16")[:-p])
    yield Hostile("two_boms.csv", lambda: b"\xef\xbb\xbf\xef\xbb\xbf" + rows_as_text(PLAIN).encode(), polymers=3)
    yield Hostile("only_a_bom.csv", lambda: b"\xef\xbb\xbf")


def forms() -> Iterator[Hostile]:
    for number, separator in enumerate((",", ";", "\t", "|")):
        for end, newline in enumerate(("\n", "\r\n", "\r", "\n\n")):
            for quoted, quote in enumerate(("", '"')):
                rows = [[f"{quote}{cell}{quote}" for cell in row] for row in PLAIN]
                yield Hostile(
                    f"form_{number}{end}{quoted}.csv",
                    lambda r=rows, s=separator, n=newline: rows_as_text(r, s, n).encode(),
                    polymers=3,
                )
    yield Hostile("no_end_of_line.csv", lambda: rows_as_text(PLAIN).rstrip().encode(), polymers=3)
    yield Hostile("no_header.csv", lambda: rows_as_text(PLAIN[1:]).encode())
    yield Hostile("many_blank_lines.csv", lambda: rows_as_text(PLAIN).encode() + b"\n" * 900_000, polymers=3)
    yield Hostile("too_many_blank_lines.csv", lambda: rows_as_text(PLAIN).encode() + b"\n" * 3_000_000, polymers=3)
    yield Hostile("separators_only.csv", lambda: b",,,\n" * 10_000)
    yield Hostile("a_line_of_separators.csv", lambda: rows_as_text(PLAIN).encode() + b"," * 5_000_000)
    yield Hostile("ragged.csv", lambda: b"smiles,Tg\n*CC*,1\n*CC*\n*CC*,1,2\n\n,\n*CC(*)C,5\n", polymers=2, listed=True)


def stray_bytes() -> Iterator[Hostile]:
    for byte in (0x00, 0x01, 0x07, 0x08, 0x0E, 0x1B, 0x1C, 0x1F, 0x7F, 0x81, 0x9D, 0xFF):
        for column, cell in enumerate(PLAIN[1]):
            mark = bytes([byte])
            content = rows_as_text(PLAIN).encode()
            yield Hostile(
                f"byte_{byte:02x}_{column}.csv",
                lambda c=content, cell=cell, m=mark: c.replace(cell.encode(), cell.encode() + m, 1),
                # Python takes marks that separate files and groups for blanks: they are left out around a cell, and listed.
                polymers=3 if column == 2 or byte in (0x1C, 0x1F) else 2,
                # A letter of Windows-1252 in a name is none to list.
                listed=not (byte == 0xFF and column == 2),
            )


def quotes() -> Iterator[Hostile]:
    text = rows_as_text(PLAIN)
    for place in range(0, len(text), 9):
        yield Hostile(f"quote_{place}.csv", lambda p=place: (text[:p] + '"' + text[p:]).encode())
    yield Hostile("quoted_lines.csv", lambda: b'smiles,Tg\n"' + b'\n","' * 300_000 + b'"\n')
    yield Hostile("quote_to_the_end.csv", lambda: b'smiles,Tg\n*CC*,"' + b"1\n" * 1_500_000)


NUMBERS = [
    "1e308",
    "-1e308",
    "1e309",
    "-1e999",
    "NaN",
    "inf",
    "-Infinity",
    "1e-308",
    "1e-999",
    "1.000.000,5",
    "1,000,000.5",
    "1,000",
    "1.000,0",
    "12,5",
    "1'000",
    "1_000",
    "0x10",
    "1e",
    "--1",
    "+-1",
    "+5",
    "5%",
    "100K",
    "100°C",
    "~100",
    "<100",
    ">100",
    "100±5",
    "100(5)",
    "100-120",
    "100–120",
    "=95+5",
    "=cmd|'/c'!A1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "1/2",
    "½",
    "٣",
    "１００",
    "²",
    "1²",
    "2024-03-01",
    "01.03.2024",
    "1-May",
    "12:30",
    "TRUE",
    "#REF!",
    "#DIV/0!",
    "NULL",
    ".",
    "..",
    ".5",
    "5.",
    "-",
    "–5",
    "−5",
    "e5",
    "E",
    ".e5",
    "1e5e5",
    "1..5",
    "1.5.5",
    "1,5,5",
    ",5",
    "5,",
    ",,",
    "1;5",
    "1|5",
    "$5",
    "100€",
    "{1}",
    "[1]",
    "(1)",
    "'5",
    "5'",
    "\\5",
    "1e+",
    "∞",
    "π",
    "\u202e001",
    "1\u200b0",
]


def numbers() -> Iterator[Hostile]:
    cells = [*NUMBERS, "1 000", "1\u00a0000", "1\u20092", "1 2 3", "9" * 400, "0." + "0" * 400 + "1"]
    for place in range(0, len(cells), 3):
        odd = [["*CC(*)F", cell, "x", cell] for cell in cells[place : place + 3]]
        rows = [[*PLAIN[0], "FFV"], *odd, *([*row, "0.4"] for row in PLAIN[1:])]
        yield Hostile(f"number_{place}.tsv", lambda r=rows: rows_as_text(r, "\t").encode())


def long_cells() -> Iterator[Hostile]:
    """Long runs of the marks that patterns look for, where they look for them."""
    patterns = ["1", " x", "(", "_", "1,", "a-1", "-", "°", "1e", "c1", "*", "1 K"]
    for place, pattern in enumerate(patterns):
        long = (pattern * LONG)[:LONG]
        for where, text in {
            "header": f"smiles\tTg\t{long}\n*CC*\t1\t2\n",
            "unit": f"smiles\tTg\tTg_units\n*CC*\t1\t{long}\n*CC(*)C\t5\tK\n",
            "number": f"smiles\tTg\n*CC*\t{long}\n*CC(*)C\t5\n",
            "property": f"smiles\tproperty\tvalue\n*CC*\t{long}\t1\n*CC(*)C\tTg\t5\n",
            "smiles": f"smiles\tTg\n{long}\t1\n*CC(*)C\t5\n",
        }.items():
            yield Hostile(f"long_{where}_{place}.tsv", lambda t=text: t.encode(), polymers=1)


def headers() -> Iterator[Hostile]:
    wide = ["smiles", *(f"Tg_exp_{place} (K)" for place in range(1_900))]
    yield Hostile("wide.csv", lambda: rows_as_text([[*wide, "Tg"], ["*CC*", *["1"] * 1_901]]).encode(), polymers=1)
    for columns in (5_000, 300_000):
        yield Hostile(
            f"{columns}_columns.csv", lambda n=columns: rows_as_text([["smiles", *["Tg"] * n], ["*CC*"]]).encode()
        )
    yield Hostile(
        "same_names.csv", lambda: rows_as_text([["smiles"] * 500 + ["Tg"] * 500, ["*CC*"] * 500 + ["1"] * 500]).encode()
    )
    for place, names in enumerate(
        [["smiles", ""], ["", "Tg"], ["smiles", "smiles"], ["Tg", "Tg"], ["smiles\x00", "T\x01g"], ["SMILES", "tg (k"]]
    ):
        yield Hostile(f"names_{place}.csv", lambda n=names: rows_as_text([n, ["*CC*", "5"], ["*CC(*)C", "6"]]).encode())
    facts = [["smiles", "property", "value"], *(["*CC*", f"property {place}", "1"] for place in range(30_000))]
    yield Hostile("30000_properties.csv", lambda: rows_as_text(facts).encode())
    units = [["smiles", "Tg", "Mn"], ["-", "K", "kDa"], ["*CC*", "195", "3"]]
    yield Hostile("units_below.csv", lambda: rows_as_text(units).encode(), polymers=1)
    yield Hostile("title_rows.csv", lambda: b"Our polymers\n\n" + rows_as_text(PLAIN).encode(), polymers=3)


def sheet_xml(body: str) -> str:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{space}">{body}</worksheet>'


def workbook(rows: list[list[object]], change: Callable[[openpyxl.Workbook], None] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_parts(parts: dict[str, str | None]) -> bytes:
    """A plain workbook with parts replaced, or left out."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(PLAIN))) as plain,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for member in plain.namelist():
            if member not in parts:
                changed.writestr(member, plain.read(member))
        for member, content in parts.items():
            if content is not None:
                changed.writestr(member, content)
    return stream.getvalue()


def row_of(cells: list[str], number: int) -> str:
    written = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f'<row r="{number}">{written}</row>'


def spreadsheets() -> Iterator[Hostile]:
    sheet = "xl/worksheets/sheet1.xml"
    table = "".join(row_of(row, number) for number, row in enumerate(PLAIN, 1))
    yield Hostile("plain.xlsx", lambda: workbook(PLAIN), polymers=3)
    for cell in ("XFD1048576", "C1048576", "XFD2", "XFD1", "AAA900000"):
        yield Hostile(
            f"cell_in_{cell}.xlsx", lambda c=cell: workbook(PLAIN, lambda book: book.active.__setitem__(c, "x"))
        )
    bodies = {
        "lying_dimension": '<dimension ref="A1:XFD1048576"/><sheetData>' + table + "</sheetData>",
        "small_dimension": '<dimension ref="A1"/><sheetData>' + table + "</sheetData>",
        "far_row": "<sheetData>" + table + row_of(["x"], 2_000_000_000) + "</sheetData>",
        "no_such_row": "<sheetData>" + table + row_of(["x"], -5) + "</sheetData>",
        "no_such_column": f'<sheetData>{table}<row r="9"><c r="ZZZZZ9"><v>1</v></c></row></sheetData>',
        "last_column": f'<sheetData>{table}<row r="9"><c r="ZZZ9"><v>1</v></c></row></sheetData>',
        "no_number": f'<sheetData>{table}<row r="9"><c r="A9"><v>five</v></c></row></sheetData>',
        "no_string": f'<sheetData>{table}<row r="9"><c r="A9" t="s"><v>99999</v></c></row></sheetData>',
        "long_number": f'<sheetData>{table}<row r="9"><c r="B9"><v>{"9" * 1_000_000}</v></c></row></sheetData>',
        "backwards": "<sheetData>"
        + "".join(row_of(row, 9 - number) for number, row in enumerate(PLAIN))
        + "</sheetData>",
        "nested": "<sheetData>" + "<a>" * 20_000 + "</a>" * 20_000 + table + "</sheetData>",
        "unclosed": "<sheetData>" + table,
        "empty": "",
        "full_of_blanks": " " * 30_000_000 + "<sheetData>" + table + "</sheetData>",
        "full_of_cells": "<sheetData><row>" + "<c><v>1</v></c>" * 1_000_000 + "</row></sheetData>",
        "full_of_rows": "<sheetData>" + table + "<row/>" * 1_000_000 + "</sheetData>",
    }
    for name, body in bodies.items():
        good = name in ("lying_dimension", "small_dimension")
        yield Hostile(f"{name}.xlsx", lambda b=body: with_parts({sheet: sheet_xml(b)}), polymers=3 if good else None)
    laughs = '<!DOCTYPE w [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12)
    )
    yield Hostile(
        "laughs.xlsx",
        lambda: with_parts(
            {sheet: sheet_xml(f"<sheetData>{row_of(['&m;'], 1)}</sheetData>").replace("?>", f"?>{laughs}]>", 1)}
        ),
    )
    outside = '?><!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    yield Hostile(
        "outside.xlsx",
        lambda: with_parts(
            {sheet: sheet_xml(f"<sheetData>{row_of(['&x;'], 1)}</sheetData>").replace("?>", outside, 1)}
        ),
    )
    for part in ("xl/workbook.xml", sheet, "[Content_Types].xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"):
        yield Hostile(f"without_{part.replace('/', '_')}.xlsx", lambda p=part: with_parts({p: None}))
        yield Hostile(f"damaged_{part.replace('/', '_')}.xlsx", lambda p=part: with_parts({p: "<a"}))
    yield Hostile(
        "strings_of_a_bomb.xlsx",
        lambda: with_parts({"xl/sharedStrings.xml": "<sst><si><t>" + "a" * 30_000_000 + "</t></si></sst>"}),
    )
    formulae = [PLAIN[0], ["*CC*", "=95+5", "x"], ["*CC(*)C", "-10", "y"]]
    yield Hostile("formulae.xlsx", lambda: workbook(formulae), polymers=1, listed=True)
    yield Hostile(
        "dates.xlsx", lambda: workbook([PLAIN[0], ["*CC*", pd.Timestamp(2024, 3, 1), True], *PLAIN[2:]]), listed=True
    )
    yield Hostile(
        "merged.xlsx", lambda: workbook(PLAIN, lambda book: book.active.merge_cells("A2:A3")), polymers=2, listed=True
    )
    yield Hostile(
        "many_sheets.xlsx",
        lambda: workbook(PLAIN, lambda book: [book.create_sheet() for _ in range(200)] and None),
        polymers=3,
    )
    yield Hostile("empty.xlsx", lambda: workbook([]))


def parquet(frame: object, **options: object) -> bytes:
    stream = io.BytesIO()
    pq.write_table(frame if isinstance(frame, pa.Table) else pa.table(frame), stream, **options)
    return stream.getvalue()


def parquets() -> Iterator[Hostile]:
    smiles, values = ["*CC*", "*CC(*)C", "*CC(*)c1ccccc1"], [-78.0, -10.0, 100.0]
    plain = {"smiles": smiles, "Tg": values}
    yield Hostile("plain.parquet", lambda: parquet(plain), polymers=3)
    yield Hostile("rows.parquet", lambda: parquet({"smiles": pa.nulls(20_000_000), "Tg": np.zeros(20_000_000, "int8")}))
    for digits in (1_000_000, 8_000_000):
        yield Hostile(
            f"{digits}_digits.parquet", lambda n=digits: parquet({**plain, "Tg": ["9" * n, "1", "2"]}), listed=True
        )
    many = pa.array(["9" * 1_000_000] * 3).dictionary_encode()
    yield Hostile(
        "one_text_in_every_row.parquet",
        lambda: parquet({"smiles": many.take(pa.array(np.zeros(50_000, "int64") % 3)), "Tg": np.zeros(50_000)}),
    )
    yield Hostile("columns.parquet", lambda: parquet({f"Tg {place}": [1] for place in range(5_000)}))
    yield Hostile(
        "struct.parquet",
        lambda: parquet({"smiles": smiles, "labels": [{"Exp_Tg(K)": 300.0 + n} for n in range(3)]}),
        polymers=3,
    )
    yield Hostile("list.parquet", lambda: parquet({**plain, "all": [[1, 2], [], None]}), polymers=3)
    yield Hostile("long_list.parquet", lambda: parquet({**plain, "all": [np.zeros(5_000_000, "int8"), [], []]}))
    yield Hostile(
        "map.parquet",
        lambda: parquet({**plain, "m": pa.array([[("a", 1)]] * 3, pa.map_(pa.string(), pa.int8()))}),
        polymers=3,
    )
    yield Hostile(
        "index.parquet", lambda: parquet(pa.Table.from_pandas(pd.DataFrame(plain).set_index("smiles"))), polymers=3
    )
    typed = {
        "decimal": pa.array([-78, -10, 100]).cast(pa.decimal128(38, 2)),
        "float32": pa.array(values, pa.float32()),
        "float16": pa.array(np.array(values, "float16")),
        "int64": pa.array([-78, -10, 100]),
        "text": pa.array(["-78", "-10", "100"]).dictionary_encode(),
        "large_text": pa.array(["-78", "-10", "100"], pa.large_string()),
    }
    for name, column in typed.items():
        yield Hostile(f"{name}.parquet", lambda c=column: parquet({"smiles": smiles, "Tg": c}), polymers=3)
    for name, column in {
        "binary": pa.array([b"\xff\x00", b"1", b"2"]),
        "date": pa.array([2**40, 0, 1], pa.timestamp("s")),
        "time": pa.array([1, 2, 3], pa.time64("us")),
        "bool": pa.array([True, False, None]),
        "null": pa.nulls(3),
        "huge": pa.array([1e308, -1e308, float("inf")]),
    }.items():
        yield Hostile(f"{name}.parquet", lambda c=column: parquet({"smiles": smiles, "Tg": c}))
    whole = parquet(plain)
    for place in range(4, len(whole), len(whole) // 9):
        yield Hostile(f"cut_{place}.parquet", lambda p=place: whole[:p])
        flipped = whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]
        yield Hostile(f"flipped_{place}.parquet", lambda f=flipped: f)


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def others() -> Iterator[Hostile]:
    text = rows_as_text(PLAIN).encode()
    frame = pd.DataFrame(PLAIN[1:], columns=PLAIN[0])
    files = {
        "gzip.csv": lambda: gzip.compress(text, mtime=0),
        "gzip_bomb.csv": lambda: gzip.compress(bytes(5_000_000), mtime=0),
        "bz2.csv": lambda: bz2.compress(text),
        "xz.csv": lambda: lzma.compress(text),
        "zip.csv": lambda: zipped({"table.csv": text}),
        "zip_bomb.xlsx": lambda: zipped({"xl/workbook.xml": bytes(30_000_000)}),
        "bare.xlsx": lambda: zipped({"xl/workbook.xml": b""}),
        "calc.ods": lambda: zipped(
            {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a/>"}
        ),
        "binary.xlsb": lambda: zipped({"xl/workbook.bin": b"1"}),
        "letter.docx": lambda: zipped({"word/document.xml": b"<a/>"}),
        "half.zip": lambda: zipped({"table.csv": text})[:40],
        "old.xls": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_000),
        "page.xls": lambda: b"\n <table><tr><td>smiles</td></tr></table>",
        "xml.xls": lambda: b"<?xml version='1.0'?><Workbook/>",
        "letter.rtf": lambda: b"{\\rtf1 smiles}",
        "paper.pdf": lambda: b"%PDF-1.7\n1 0 obj",
        "picture.png": lambda: b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(2_000),
        "code.pkl": lambda: pickle.dumps({"smiles": ["*CC*"] * 9}),
        "records.json": lambda: frame.to_json(orient="records").encode(),
        "lines.json": lambda: frame.to_json(orient="records", lines=True).encode(),
        "nested.json": lambda: json.dumps([[["smiles"]]]).encode(),
        "base.sqlite": lambda: b"SQLite format 3\x00" + bytes(500),
        "nothing.csv": lambda: b"",
        "blanks.csv": lambda: b" \t\r\n" * 100_000,
        "zeros.csv": lambda: bytes(100_000),
        "text.csv": lambda: b"Dear all,\nplease find the table attached.\n",
        "one_letter.csv": lambda: b"C",
        "one_line.csv": lambda: b"A" * 5_000_000,
        "bigsmiles.txt": lambda: b"{[$]CC[$]}\n{[$]CC(C)[$]}\n",
    }
    for name, content in files.items():
        yield Hostile(name, content)
    for seed in range(8):
        yield Hostile(f"noise_{seed}.csv", lambda s=seed: random.Random(s).randbytes(10 ** (s % 5)))


def marks() -> Iterator[Hostile]:
    """Marks of no width, of direction, and look-alikes in header, polymer and number."""
    for mark in "\u200b\u202e\u2066\ufeff\u00a0\ud7ff\U0001f9ea\ufffd\u2028\x85":
        for column in range(3):
            rows = [list(row) for row in PLAIN]
            rows[1 if column else 0][column] = mark + rows[1 if column else 0][column] + mark
            yield Hostile(f"mark_{ord(mark):x}_{column}.csv", lambda r=rows: rows_as_text(r).encode())
    for place, cell in enumerate(["=1+1", "@x", "+x", "-x", "<script>", "../../etc/passwd", "%s%n", "{0}", "\ud800"]):
        rows = [[*PLAIN[0], cell], *([*row, cell] for row in PLAIN[1:])]
        yield Hostile(f"text_{place}.csv", lambda r=rows: rows_as_text(r).encode(errors="surrogatepass"), polymers=3)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for table in hostile_tables():
        (folder / table.name).write_bytes(table.content())
