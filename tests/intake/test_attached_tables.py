"""Attached tables in every shape sellers send, and bombs: identifiers come out, refusals are named."""

import io
import zipfile

import openpyxl
import pytest

from intake.attachment_tables import read_table
from intake.file_types import ODS, XLSX
from intake.read_mail import ReadOptions, read_mail
from tests.intake.attachment_files import archive, mail, workbook, workbook_of_sheets

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINES = "Артикул;Кол-во\nКР-1;5\nКР-2;7\n"
ZH_LINES = "货号,数量\nA-1,5\nA-2,7\n"


def with_member(octets: bytes, name: str, content: str) -> bytes:
    """The same workbook with one member replaced."""
    with zipfile.ZipFile(io.BytesIO(octets)) as packed:
        members = {entry.filename: packed.read(entry) for entry in packed.infolist()}
    return archive({**members, name: content.encode()})


def with_sheet(rows: str, head: str = "") -> bytes:
    sheet = f'<?xml version="1.0"?>{head}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    return with_member(workbook(["x"]), "xl/worksheets/sheet1.xml", sheet)


def text_cell(place: str, text: str = "SKU") -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def ods(cells: str) -> bytes:
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{urn}:office:1.0" '
        f'xmlns:table="{urn}:table:1.0" xmlns:text="{urn}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="S">{cells}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    return archive(
        {"mimetype": ODS, "content.xml": content, "META-INF/manifest.xml": "<x/>"}, compressed=False
    )


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1251", "koi8-r"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_russian_tables_in_any_charset_and_separator(codec: str, separator: str) -> None:
    octets = LINES.replace(";", separator).encode(codec)
    if codec == "utf-16-be":
        octets = b"\xfe\xff" + octets
    table = read_table(octets, "text/csv")
    assert (table.text, table.row_count) == ("Артикул\tКол-во\nКР-1\t5\nКР-2\t7", 2)


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "big5"])
def test_chinese_tables(codec: str) -> None:
    lines = (
        ZH_LINES if codec != "big5" else "貨號,數量,賣家備註\nA-1,5,請盡快處理這批貨\nA-2,7,倉庫還沒有收到\n"
    )
    table = read_table(lines.encode(codec), "text/csv")
    assert table.text == lines.strip().replace(",", "\t")


@pytest.mark.parametrize(
    ("octets", "text", "rows"),
    [
        (
            'SKU;Комментарий\n148000000;"два\nряда; в кавычках"\n',
            "SKU\tКомментарий\n148000000\tдва ряда; в кавычках",
            1,
        ),
        ("sep=;\nSKU;n\n148000000;1\n", "SKU\tn\n148000000\t1", 1),
        (
            "Отчёт за ноябрь;;\n\nSKU;Цена;n\n148000000;12,5;1\n",
            "SKU\tЦена\tn\n148000000\t12,5\t1\n\nОтчёт за ноябрь",
            1,
        ),
        ('Баркод;n\n="04607012345678";1\n00123;2\n', "Баркод\tn\n04607012345678\t1\n00123\t2", 2),
        ("| SKU | n |\n|-----|---|\n| 148000000 | 1 |\n", "SKU\tn\n148000000\t1", 1),
        ("SKU;n\r148000000;1\r148000001;2\r", "SKU\tn\n148000000\t1\n148000001\t2", 2),
        ("Баркод;n\n4.607012345678E+12;1\n", "Баркод\tn\n4607012345678\t1", 1),
        ("SKU;n\n=1+1;=cmd|' /C calc'!A0\n", "SKU\tn\n=1+1\t=cmd|' /C calc'!A0", 1),
    ],
    ids=["quoted", "sep line", "title", "zeros", "frame", "old mac", "exact", "formula"],
)
def test_delimited_tables_as_programs_write_them(octets: str, text: str, rows: int) -> None:
    table = read_table(octets.encode(), "text/csv")
    assert (table.text, table.row_count, table.warning) == (text, rows, "")


def test_long_numbers_that_were_shortened_are_named() -> None:
    table = read_table("Баркод;n\n4,60702E+12;1\n".encode(), "text/csv")
    assert table.text == "Баркод\tn\n4,60702E+12\t1"
    assert table.warning.startswith("the program that saved it shortened long numbers")


def test_a_quote_that_is_never_closed_does_not_swallow_the_table() -> None:
    octets = b'sku;n\n"148000000;1\n' + b"148000001;1\n" * 100
    assert read_table(octets, "text/csv").row_count == 101


def test_a_large_table_is_counted_and_its_start_is_read() -> None:
    table = read_table(b"sku;n\n" + b"148000000;1\n" * 300_000, "text/csv")
    assert table.row_count == 300_000
    assert table.warning == "only the first of its 300000 rows were read"


def test_a_header_below_titles_and_merged_cells_is_found() -> None:
    book = openpyxl.Workbook()
    for row in (
        ["Остатки на 17.11"],
        [],
        ["Товар", None, "Склад"],
        ["SKU", "Артикул", "FBO"],
        [148000000, "A-1", 5],
    ):
        book.active.append(row)
    book.active.merge_cells("A3:B3")
    stream = io.BytesIO()
    book.save(stream)
    table = read_table(stream.getvalue(), XLSX)
    assert table.text == "Товар SKU\tТовар Артикул\tСклад FBO\n148000000\tA-1\t5\n\nОстатки на 17.11"
    assert table.row_count == 1


def test_every_sheet_has_its_own_header_and_known_columns_come_first() -> None:
    octets = workbook_of_sheets(
        {
            "Инструкция": [["Заполните следующий лист"]],
            "Товары": [["SKU", "n"], [148000000, 1]],
            "Заказы": [["Дата", "Номер заказа"], ["2026-11-01", "12345678-0001-1"]],
        }
    )
    read = read_mail(mail(("application/octet-stream", "list.xlsx", octets)), None, ReadOptions())
    found = {(entity.type, entity.value) for entity in read.entities}
    assert {("sku", "148000000"), ("order_number", "12345678-0001-1")} <= found
    assert read.attachments[0].text.endswith("Заполните следующий лист")


def test_formulas_are_never_evaluated() -> None:
    table = read_table(
        workbook(["SKU", "n"], [148000000, "=1+1"], [148000001, '=HYPERLINK("http://x","y")']), XLSX
    )
    assert table.text == "SKU\tn\n148000000\n148000001"  # no program has stored a value beside them


def test_an_ods_is_read() -> None:
    cell = '<table:table-cell office:value-type="{}"{}><text:p>{}</text:p></table:table-cell>'
    head = f"<table:table-row>{cell.format('string', '', 'SKU')}</table:table-row>"
    number = cell.format("float", ' office:value="148000000"', "148000000")
    assert read_table(ods(f"{head}<table:table-row>{number}</table:table-row>"), ODS).text == "SKU\n148000000"


@pytest.mark.parametrize("name", ["list.xls", "выгрузка.xlsx"])
def test_a_web_page_or_text_under_the_name_of_a_spreadsheet_is_read(name: str) -> None:
    page = b"<html><table><tr><td>SKU<td>n</tr><tr><td>148000000<td>1</tr></table>"
    text = b"SKU\tn\n148000000\t1\n"
    for octets in (page, text):
        read = read_mail(mail(("application/vnd.ms-excel", name, octets)), None, ReadOptions())
        assert [(part.text, part.row_count) for part in read.attachments] == [("SKU\tn\n148000000\t1", 1)]
        assert read.warnings == ()


FAR = f'<row r="1">{text_cell("A1")}</row><row r="1048576">{text_cell("XFD1048576")}</row>'
ENTITIES = "".join(f'<!ENTITY e{n + 1} "&e{n};&e{n};&e{n};&e{n};&e{n};&e{n};&e{n};&e{n};">' for n in range(9))
DOCTYPE = f'<!DOCTYPE l [<!ENTITY e0 "aa">{ENTITIES}]>'
CLAIM = f'<sst xmlns="{MAIN}" count="4000000000" uniqueCount="4000000000"><si><t>a</t></si></sst>'
REPEATED = (
    '<table:table-row table:number-rows-repeated="1048576"><table:table-cell '
    'table:number-columns-repeated="16384" office:value-type="string"><text:p>x</text:p>'
    "</table:table-cell></table:table-row>"
)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (with_sheet(FAR), "delete its far cells"),
        (with_sheet(FAR.replace('"', "'")), "delete its far cells"),
        (with_sheet(FAR.replace('<c r="XFD', f'<c{" " * 90}r = "XFD')), "ends its reader"),
        (with_sheet(f'<row r="1">{text_cell("A1", "&e9;")}</row>', DOCTYPE), "is broken"),
        (with_member(workbook(["x"]), "xl/sharedStrings.xml", CLAIM), "ends its reader"),
        (with_member(workbook(["x"]), "xl/sharedStrings.xml", "<si><t>a</t></si>" * 1_000_000), "zip bomb"),
        (ods(REPEATED), "is broken"),
        (workbook(["x"])[:900], "the archive is broken"),
    ],
    ids=["far", "quotes", "blanks", "entities", "claimed strings", "million strings", "repeated", "torn"],
)
def test_bombs_end_as_warnings(octets: bytes, words: str) -> None:
    read = read_mail(mail(("application/octet-stream", "list.xlsx", octets)), None, ReadOptions())
    named = [line for line in read.warnings if line.startswith("attachment list.xlsx: ")]
    assert any(words in line for line in named), read.warnings
    assert read.text == "См. вложение."
