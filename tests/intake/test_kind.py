"""Who wrote: a person, a robot or ourselves; and who may be answered by a machine."""

import json
from pathlib import Path

import pytest

from intake.kind import judge_kind
from intake.language import all_told, at_first_sight, detect_language
from intake.mime import read_fields
from intake.mime_tree import cut
from intake.quotes import split_quotes
from intake.signatures import split_signature

CORPUS = Path(__file__).parent.parent.parent / "classifier" / "corpus"
BASE = {"From": "anna@svechi.example", "Subject": "Lamp", "Message-ID": "<1@svechi.example>"}


def judge(text: str = "The lamp is broken.", **fields: str) -> tuple[str, str]:
    named = BASE | {name.replace("_", "-"): value for name, value in fields.items()}
    raw = "".join(f"{name}: {value}\n" for name, value in named.items() if value) + "\n" + text
    root = cut(raw.encode()).root
    kind = judge_kind(
        root,
        read_fields(root.header),
        text,
        None,
        own_addresses=frozenset({"desk@market.example"}),
        own_domain="mail.market.example",
    )
    return kind.name, kind.suppress_replies


@pytest.mark.parametrize(
    ("fields", "kind", "reason"),
    [
        ({}, "person", ""),
        ({"Auto_Submitted": "no"}, "person", ""),
        ({"Auto_Submitted": "No; owner=x"}, "person", ""),
        ({"Auto_Submitted": "auto-generated"}, "list", "A3: Auto-Submitted: auto-generated"),
        ({"Auto_Submitted": "AUTO-REPLIED (vacation)"}, "auto_reply", "A3: Auto-Submitted: auto-replied"),
        ({"Precedence": "Bulk"}, "list", "A3: Precedence"),
        ({"Precedence": "junk"}, "list", "A3: Precedence"),
        ({"Precedence": "first-class"}, "person", ""),
        ({"X_Auto_Response_Suppress": "DR, AutoReply"}, "person", "A3: X-Auto-Response-Suppress"),
        ({"X_Auto_Response_Suppress": "None"}, "person", ""),
        ({"X_Loop": "yes"}, "person", "A3: X-Loop"),
        ({"X_Autoreply": "yes"}, "auto_reply", "A3: automatic reply header"),
        ({"List_Id": "<x.example>"}, "list", "A4: List-Id"),
        ({"List_Unsubscribe": "<mailto:x@y.example>"}, "list", "A4: List-Unsubscribe"),
        ({"From": "noreply@shop.example"}, "person", "A4: sender takes no replies"),
        ({"From": "do-not-reply+1@shop.example"}, "person", "A4: sender takes no replies"),
        ({"From": "owner-sellers@shop.example"}, "person", "A4: sender takes no replies"),
        ({"From": "noreen@shop.example"}, "person", ""),
        ({"From": ""}, "person", "A7: no From address"),
        ({"From": "Desk <DESK@market.example>"}, "own", "A5: from our own address"),
        ({"Message_ID": "<rz1@mail.market.example>"}, "own", "A5: our own Message-ID"),
        ({"X_Razbor_Loop": "1"}, "own", "A5: our loop header"),
        ({"Reply_To": "x@elsewhere.example"}, "person", "A7: Reply-To in a foreign domain"),
        ({"Reply_To": "x@mail.svechi.example"}, "person", ""),
        ({"Subject": "Автоответ: Re: x"}, "auto_reply", "A4: automatic mail by its subject"),
        ({"Subject": "Out of office: x"}, "out_of_office", "A4: automatic mail by its subject"),
        (
            {"Subject": "Re: Automatic reply problem in the cabinet"},
            "auto_reply",
            "A4: automatic mail by its subject",
        ),
        ({"Subject": "Undelivered parcel 123"}, "person", ""),
        ({"From": "MAILER-DAEMON@x.example"}, "bounce", "A4: sender takes no replies"),
    ],
)
def test_rules(fields: dict[str, str], kind: str, reason: str) -> None:
    assert judge(**fields) == (kind, reason)


def rows() -> list[dict[str, str]]:
    return [
        json.loads(line)
        for name in ("train", "dev")
        for line in (CORPUS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def test_no_seller_of_the_corpus_is_taken_for_a_robot() -> None:
    robots = []
    for row in rows():
        raw = f"From: {row['from']}\nSubject: x\n\n"
        root = cut(raw.encode()).root
        fields = read_fields(root.header)
        named = {name: getattr(fields, name) for name in fields.__dataclass_fields__} | {
            "subject": row["subject"]
        }
        kind = judge_kind(root, type(fields)(**named), row["body"], None).name
        if kind != "person" and row["topic"] != "other":
            robots.append((row["id"], kind))
    assert robots == []


def test_languages_of_the_corpus() -> None:
    wrong = []
    total = 0
    for row in rows():
        text = split_signature(split_quotes(row["body"]).new).text
        found = detect_language(text)
        found = detect_language(row["subject"]) if found == "unknown" else found
        total += 1
        if found not in {row["lang"], "unknown"}:
            wrong.append((row["id"], found))
    assert total == 2537
    assert len(wrong) <= 5, wrong


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Здравствуйте, POST /v2/products/stocks отвечает 403 Forbidden: missing a required role", "ru"),
        ("2000019284410 Ростов 仓没有时间窗，系统提示“Код не отправлен”。", "zh"),
        ("Hello, in the cabinet I see «Доставляется», please check.", "en"),
        (
            "卖家ID 1188325，页面显示「Ошибка: не удалось сохранить карточку, раздел Товары」，请帮忙。",
            "zh",
        ),
        ("卖家ID 1188325，提示“Карточка не прошла модерацию, исправьте описание и фото”，请看。", "zh"),
        ("Помогите понять, что это: 《商品图片与描述不符，请修改后重新提交审核，谢谢配合》", "ru"),
        ("otpravlenie ne prinyali na sklad, pochemu? menya shtraf", "ru"),
        ("退貨包裹沒有收到", "zh"),
        ("123-456 https://x.example/ABC", "unknown"),
        ("", "unknown"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("part", ["dev", "train"])
def test_a_language_told_at_first_sight_is_the_one_that_all_words_tell(part: str) -> None:
    lines = (CORPUS / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()[::12]
    bodies = [json.loads(line)["body"] for line in lines]
    texts = [text for body in bodies for text in (body, body[:40], f'"{body[:60]}" FBO_1 {body[60:90]}')]
    seen = [(at_first_sight(text), all_told(text)) for text in texts]
    assert [pair for pair in seen if pair[0] and pair[0] != pair[1]] == []
    assert sum(bool(first) for first, _ in seen) > len(texts) / 2
