"""Labelled mails of one's own: CSV as spreadsheets write it, the corpus format, errors that name the line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from classifier.own_data import OwnDataError, load_folder, load_own

GOOD = {
    "comma.csv": "topic,text,subject\napi_technical,Ошибка 500 в API,Сбой\n",
    "semicolon.csv": 'Topic;Text;language\nfines_appeals;"Штраф; почему?";ru\n',
    "tab.csv": "id\ttopic\tbody\tticket\n7\towntopic\t发票在哪里\t12\n",
    "bom.csv": '\ufefftopic,text\nother,"две\nстроки"\n',
}


@pytest.mark.parametrize("name", GOOD)
def test_csv_of_spreadsheets(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(GOOD[name], encoding="utf-8")
    (example,) = load_own(path)
    assert example.document.text
    assert example.source == "file"
    if name == "tab.csv":
        assert (example.id, example.topic, example.group) == ("7", "owntopic", "ticket-12")


BAD = {
    "topic,body\nOther topic,x\n": ("line 2", "small latin letters"),
    "text\nx\n": ("line 1", "header needs the columns"),
    "topic,text\nother,\n": ("line 2", "leave the line out"),
    "topic,text\nother,a,b\n": ("line 2", "quote commas"),
    "topic,text,language\nother,a,ру\n": ("line 2", "write ru, zh or en"),
    "id,topic,text\n1,other,a\n1,other,b\n": ("line 3", "stands in line 2 too"),
    "topic,text\n": ("holds no mails", "a line is expected"),
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_wrong_is_named_with_line_and_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mails.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OwnDataError) as caught:
        load_own(path)
    for part in BAD[text]:
        assert part in str(caught.value)


def test_other_encodings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mails.csv"
    path.write_bytes("topic,text\nother,привет\n".encode("cp1251"))
    with pytest.raises(OwnDataError, match="UTF-8"):
        load_own(path)


def test_the_corpus_format(tmp_path: Path, a_row: dict[str, object]) -> None:
    path = tmp_path / "mails.jsonl"
    path.write_text(json.dumps(a_row) + "\n\n" + json.dumps(a_row | {"id": "b"}) + "\n", encoding="utf-8")
    assert [example.id for example in load_own(path)] == [a_row["id"], "b"]
    path.write_text('{"id": 1}\n', encoding="utf-8")
    with pytest.raises(OwnDataError, match="line 1: lacks lang"):
        load_own(path)
    path.write_text("{}\n{", encoding="utf-8")
    with pytest.raises(OwnDataError, match="line 1"):
        load_own(path)


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    assert load_folder(tmp_path / "absent") == []
    (tmp_path / "a.csv").write_text("id,topic,text\n1,other,a\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("id,topic,text\n1,fines_appeals,a\n2,other,b\n", encoding="utf-8")
    assert [(e.id, e.topic) for e in load_folder(tmp_path)] == [("1", "fines_appeals"), ("2", "other")]
