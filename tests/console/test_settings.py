"""Settings in the console: what is saved is checked, versioned, audited, and can be taken back."""

from __future__ import annotations

import csv
import re

import pytest

from models.seller_list import read_seller_list
from models.store.mailboxes import mailboxes
from models.store.policies import read_policy, reply_policy, retention_policy
from models.store.policy_history import newest_version
from models.store.reply_templates import reply_template_versions
from models.store.schema import AUDIT
from models.store.sellers import all_bindings, binding_page
from tests.console.conftest import ORIGIN, on_sqlite
from tests.workers.conftest import SUPPORT
from workers.acts import ActError
from workers.clocks import desk_calendar
from workers.policy_acts import change_policy, policy_in_force, policy_problem, restore_policy

TABS = ("mailboxes", "topics", "templates", "templates/edit", "keeping", "time", "sellers", "people")
LIST = "seller_id;addresses;marketplace;role\n2457831;boss@shop.example @shop.example;ozon;admin\n"


def policy(web, name: str) -> dict:
    with web.desk.store.read() as db:
        return read_policy(db, name)


def acts(web) -> list[str]:
    return [row.action for row in web.desk.rows(AUDIT)]


def upload(web, text: str | bytes, **fields: str):
    octets = text if isinstance(text, bytes) else text.encode()
    return web.client.post(
        "/settings/sellers/import",
        data={"csrf": web.csrf, **fields},
        files={"file": ("sellers.csv", octets, "text/csv")},
        headers={"Origin": ORIGIN},
    )


@on_sqlite
@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_every_tab_speaks_every_language(web, language) -> None:
    web.enter("admin", login=f"a-{language}", language=language)
    for tab in TABS:
        answer = web.get(f"/settings/{tab}")
        assert answer.status_code == 200, tab
        assert "style=" not in answer.text
        assert f'<html lang="{language}"' in answer.text
        assert 'aria-current="page"' in answer.text
    web.enter("lead")
    assert 'action="/settings/retention"' in web.get("/settings/keeping").text
    assert "disabled" in web.get("/settings/keeping").text, "a lead looks, an administrator changes"


@on_sqlite
def test_mailboxes_tell_the_marketplace(web) -> None:
    web.enter("admin")
    assert (
        web.post("/settings/mailboxes", {"addresses": [SUPPORT], "marketplaces": ["ozon"]}).status_code == 303
    )
    assert (
        web.post("/settings/mailboxes", {"addresses": [SUPPORT], "marketplaces": ["ozon"]}).status_code == 303
    )
    with web.desk.store.read() as db:
        assert [(box.address, box.marketplace) for box in mailboxes(db)] == [(SUPPORT, "ozon")]
    assert acts(web) == ["mailbox"], "what changes nothing is no act"
    for fields in (
        {"addresses": ["x@y.example"], "marketplaces": ["ozon"]},
        {"addresses": [SUPPORT], "marketplaces": ["ebay"]},
    ):
        assert web.post("/settings/mailboxes", fields).status_code == 409
    assert (
        web.post("/settings/mailboxes", {"addresses": [SUPPORT], "marketplaces": ["wb", "wb"]}).status_code
        == 422
    )


@on_sqlite
def test_replies_are_told_by_topic_and_mailbox_and_taken_back(web) -> None:
    web.enter("admin")
    form = {
        "was": "1",
        "keys": ["default", "fines_appeals", SUPPORT, "no_such_key"],
        "choices": ["send", "draft", "", "off"],
        "pair_topic": "api_technical",
        "pair_mailbox": SUPPORT,
        "pair_choice": "off",
    }
    assert web.post("/settings/replies", form).headers["location"].endswith("said=saved")
    assert policy(web, "replies") == {
        "default": "send",
        "fines_appeals": "draft",
        f"api_technical@{SUPPORT}": "off",
    }
    with web.desk.store.read() as db:
        assert reply_policy(db, "api_technical", SUPPORT) == "off"
    assert web.post("/settings/replies", form | {"pair_choice": "draft"}).status_code == 409, (
        "version 1 is over"
    )
    assert (
        web.post("/settings/replies", form | {"was": "2", "choices": ["maybe", "", "", ""]}).status_code
        == 409
    )
    page = web.get("/settings/mailboxes").text
    assert "version 1" in page
    assert web.post("/settings/policies/replies/restore", {"version": "1"}).status_code == 303
    assert policy(web, "replies") == {"default": "send"}
    assert web.post("/settings/policies/replies/restore", {"version": "99"}).status_code == 409
    assert web.post("/settings/policies/model_pin/restore", {"version": "1"}).status_code == 404
    assert acts(web) == ["policy", "policy"]


@on_sqlite
def test_retention_and_duplicates(web) -> None:
    web.enter("admin")
    names = list(policy(web, "retention"))
    days = {"names": names, "days": ["90"] * len(names)}
    assert web.post("/settings/retention", {"was": "1", **days, "forever": ["notes"]}).status_code == 303
    with web.desk.store.read() as db:
        kept = retention_policy(db)
    assert (kept.notes, kept.raw_mail) == (None, 90)
    for wrong in ("0", "-1", "99999999", "٣٠", "ten"):
        answer = web.post("/settings/retention", {"was": "2", "names": names, "days": [wrong, *["1"] * 8]})
        assert answer.status_code == 422
        assert "mails as received: whole days" in answer.text
    assert web.post("/settings/duplicates", {"was": "0", "same_matter": "append"}).status_code == 303
    assert policy(web, "duplicates") == {"same_matter": "append"}
    assert web.post("/settings/duplicates", {"was": "1", "same_matter": "delete"}).status_code == 409


CALENDAR = {
    "was": "0",
    "timezone": "Asia/Shanghai",
    "from_mon": "09:00",
    "to_mon": "18:00",
    "holidays": "02-29, 2026-10-01\n2026-10-01",
}


@on_sqlite
def test_the_calendar_is_that_of_the_clocks(web) -> None:
    web.enter("admin")
    assert web.post("/settings/calendar", CALENDAR).status_code == 303
    with web.desk.store.read() as db:
        calendar = desk_calendar(db)
    assert calendar.zone.key == "Asia/Shanghai"
    assert calendar.yearly == {(2, 29)}
    assert len(calendar.holidays) == 1
    assert 'value="09:00"' in web.get("/settings/time").text
    for change, says in (
        ({"timezone": "Moon/Base"}, "no such time zone"),
        ({"to_mon": ""}, "Monday: write both times"),
        ({"from_mon": "", "to_mon": ""}, "No day has working hours."),
        ({"holidays": "tomorrow <b>"}, "tomorrow is no day"),
    ):
        answer = web.post("/settings/calendar", {**CALENDAR, "was": "1", **change})
        assert answer.status_code == 422
        assert says in answer.text


@on_sqlite
def test_terms_are_those_of_the_clocks(web) -> None:
    web.enter("admin")
    form = {"was": "0", "working_day_h": "9", "factor.urgent": "0,25", "factor.high": "0.5"}
    for key, first, last in (("default", "1 d", "5 d"), ("wb", "2 d", ""), ("new", "30 min", "")):
        for kind, term in (("first_reaction", first), ("resolution", last)):
            number, _, unit = term.partition(" ")
            form |= {f"{key}.{kind}": number, f"{key}.{kind}.unit": unit or "h"}
    form["new_key"] = "fines_appeals"
    assert web.post("/settings/terms", form).status_code == 303
    body = policy(web, "sla")
    assert body["terms"] == {"wb": {"first_reaction": "2 d"}, "fines_appeals": {"first_reaction": "30 min"}}
    assert body["priority_factor"] == {"urgent": 0.25, "high": 0.5}
    for change, status in (
        ({"default.resolution": ""}, 422),
        ({"default.resolution": "soon"}, 422),
        ({"factor.high": "2"}, 422),
        ({"working_day_h": "25"}, 422),
        ({"default.resolution": "1", "default.resolution.unit": "min"}, 409),  # before the first reaction
    ):
        assert web.post("/settings/terms", form | {"was": "1"} | change).status_code == status, change


TERMS = {"default": {"first_reaction": "1 d", "resolution": "5 d"}}


@on_sqlite
def test_a_policy_that_no_worker_could_use_is_refused(desk) -> None:
    for name, body in (
        ("replies", {}),
        ("replies", {"default": "yes"}),
        ("duplicates", {}),
        ("retention", {"raw_mail": 0}),
        ("calendar", {"timezone": "Europe/Moscow", "week": {}}),
        ("calendar", {"timezone": "Europe/Moscow", "week": []}),
        ("sla", {"default": {"first_reaction": "soon", "resolution": "5 d"}}),
        ("sla", {}),
        ("sla", TERMS | {"term": {}}),
        ("sla", TERMS | {"terms": {"fines_apeals": {"resolution": "3 d"}}}),
        ("sla", TERMS | {"terms": {"fines_appeals@amazon": {"resolution": "3 d"}}}),
        ("sla", TERMS | {"terms": {"fines_appeals": {"answer": "3 d"}}}),
        ("sla", TERMS | {"default": {**TERMS["default"], "reaction": "1 h"}}),
        ("sla", TERMS | {"priority_factor": {"hgih": 0.5}}),
        ("sla", TERMS | {"priority_factor": {"high": 0}}),
        ("sla", TERMS | {"working_day_s": True}),
        ("calendar", {"timezone": "Europe/Moscow", "week": {"mon": "09:00-18:00"}, "holiday": ["11-04"]}),
        ("replies", {"default": "send", "finanse_documents": "off"}),
    ):
        assert policy_problem(name, body), (name, body)
    known = TERMS | {"terms": {"wb": {"resolution": "3 d"}, "fines_appeals@wb": {"first_reaction": "1 h"}}}
    assert policy_problem("sla", known) == ""
    assert (
        policy_problem("replies", {"default": "send", "other": "off", "other@support@desk.example": "off"})
        == ""
    )
    misspelt = policy_problem("sla", TERMS | {"terms": {"fines_apeals": {"resolution": "3 d"}}})
    assert "fines_apeals is not known; remove it or write one of cards_moderation" in misspelt
    for name in ("replies", "duplicates", "retention", "calendar", "sla"):
        body, version = policy_in_force(desk.service, name)
        assert policy_problem(name, body) == "", "what is shipped can be used"
        assert change_policy(desk.service, "anna", name, body, version) == version + 1
        assert restore_policy(desk.service, "anna", name, version + 1) == version + 2
        with pytest.raises(ActError, match="meanwhile"):
            change_policy(desk.service, "anna", name, body, version)
        with desk.store.read() as db:
            assert newest_version(db, name) == version + 2


@on_sqlite
def test_templates_are_previewed_saved_and_restored(web) -> None:
    web.enter("lead")
    preview = web.post(
        "/settings/templates/preview", {"language": "zh", "text.zh": "您好，订单 {order}，<b>{nothing}</b>"}
    )
    assert "01874512-0033-1" in preview.text
    assert "&lt;b&gt;{nothing}" in preview.text
    assert "<html" not in preview.text, "a piece of a page"
    form = {"topic": "fines_appeals", "name": "got_it", "active": "yes"}
    form |= {"title.ru": "Приняли", "text.ru": "Приняли обращение {ticket}.", "title.en": "", "text.en": ""}
    saved = web.post("/settings/templates", form)
    assert saved.status_code == 303
    assert "Приняли обращение RZ-100042." in web.get(saved.headers["location"]).text
    assert web.post("/settings/templates", form | {"text.ru": "Приняли {ticket}!"}).status_code == 303
    restore = {"topic": "fines_appeals", "language": "ru", "name": "got_it", "version": "1"}
    assert web.post("/settings/templates/restore", restore).status_code == 303
    with web.desk.store.read() as db:
        versions = reply_template_versions(db, "fines_appeals", "ru", "got_it")
    assert [one.text for one in versions][::2] == ["Приняли обращение {ticket}."] * 2
    assert web.post("/settings/templates/restore", restore | {"version": "9"}).status_code == 404
    for change in (
        {"name": "Плохое имя"},
        {"topic": "no_topic"},
        {"text.ru": "Пароль {password}"},
        {"title.ru": ""},
        {"title.ru": "", "text.ru": ""},
    ):
        answer = web.post("/settings/templates", form | change)
        assert answer.status_code == 422, change
        assert 'role="alert"' in answer.text
    assert "got_it" in web.get("/settings/templates").text


@on_sqlite
def test_sellers_are_bound_one_by_one_and_by_list(web) -> None:
    web.enter("lead")
    looked = upload(web, LIST, only_looks="true")
    assert "Nothing was written yet." in looked.text
    assert "2 added" in looked.text
    with web.desk.store.read() as db:
        assert all_bindings(db) == []
    assert "2 added" in upload(web, LIST.encode("utf-8-sig")).text
    moved = upload(web, LIST.replace("2457831", "999"))
    assert moved.status_code == 409
    assert "boss@shop.example: 2457831 → 999" in moved.text
    assert "2 changed" in upload(web, LIST.replace("2457831", "999"), replaces="true").text
    faulty = upload(web, "seller_id,addresses,role\n,a@b.example,admin\n1,nobody,king\n")
    assert faulty.status_code == 422
    assert "Line 3: role king is unknown" in faulty.text
    assert upload(web, "Продавец;1\n".encode("cp1251")).status_code == 422
    assert upload(web, b"x" * (4 * 1024 * 1024 + 1)).status_code == 413
    assert upload(web, "seller_id,addresses\n").status_code == 422
    one = {"seller_id": "17", "address": "anna@shop.example", "marketplace": "wb", "role": "employee"}
    assert web.post("/settings/sellers", one).status_code == 303
    assert web.post("/settings/sellers", one | {"address": "no address"}).status_code == 422
    assert web.post("/settings/sellers", one | {"address": "a@b.example c@d.example"}).status_code == 422
    assert web.post("/settings/sellers/unbind", {"address": "boss@shop.example"}).status_code == 303
    with web.desk.store.read() as db:
        assert [row.address for row in binding_page(db, "@shop.example")] == [
            "@shop.example",
            "anna@shop.example",
        ]
        assert [row.address for row in binding_page(db, "17")] == ["anna@shop.example"]
        assert [row.address for row in binding_page(db, "", after="@shop.example")] == ["anna@shop.example"]
        assert binding_page(db, "%") == []
    assert acts(web) == ["import_sellers", "unbind", "unbind", "import_sellers", "bind", "unbind"]


@on_sqlite
@pytest.mark.parametrize("address", ["/login", "/settings/sellers/import"])
def test_an_endless_upload_of_a_stranger_ends_early(web, address) -> None:
    given = 0

    def endless():
        nonlocal given
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        while given < 200:
            given += 1
            yield b"a" * 65_536

    headers = {"Content-Type": "multipart/form-data; boundary=x", "Origin": ORIGIN}
    assert web.client.post(address, content=endless(), headers=headers).status_code == 413


@pytest.mark.parametrize("limit", [csv.field_size_limit(), 10_000_000])
def test_a_huge_field_is_a_fault_and_no_crash(limit: int) -> None:
    before = csv.field_size_limit(limit)  # one for the whole process: another reader may have raised it
    try:
        found = read_seller_list("seller_id,addresses\n1," + "x" * 200_000 + "\n")
    finally:
        csv.field_size_limit(before)
    assert [fault.kind for fault in found.faults] == ["unreadable"]


@on_sqlite
def test_people_are_added_changed_and_kept_out(web) -> None:
    web.enter("admin")
    page = web.post("/settings/people", {"login": " Boris ", "role": "operator", "name": "Борис"})
    assert page.status_code == 200
    password = re.findall(r'class="secret">([^<]+)<', page.text)[0]
    assert password not in web.get("/settings/people").text, "shown once"
    assert web.post("/settings/people", {"login": "boris", "role": "lead"}).status_code == 409
    assert web.post("/settings/people", {"login": "two words", "role": "lead"}).status_code == 422
    assert web.post("/settings/people", {"login": "x", "role": "king"}).status_code == 422
    assert web.post("/settings/people/boris", {"role": "lead", "name": "Борис Б."}).status_code == 303
    assert web.post("/settings/people/nobody", {"role": "lead"}).status_code == 404
    code = web.post("/settings/people/boris/access", {"act": "totp"}).text
    assert "otpauth://totp/Razbor:boris" in code
    picture = re.search(r'<svg[^>]* class="qr".*?</svg>', code, re.DOTALL)
    assert picture is not None, "the address stands there as a QR code, too"
    assert "style=" not in picture[0], "the policy allows no inline style"
    assert 'class="qr"' not in web.get("/settings/people").text
    for act in ("totp_off", "disable", "enable"):
        assert web.post("/settings/people/boris/access", {"act": act}).status_code == 303
    assert web.post("/settings/people/boris/access", {"act": "delete"}).status_code == 422
    assert acts(web) == ["add_person", "role", "totp", "totp_off", "disable", "enable"]


@on_sqlite
def test_the_last_administrator_stays(web) -> None:
    web.enter("admin")
    assert web.post("/settings/people/admin", {"role": "viewer"}).status_code == 409
    assert web.post("/settings/people/admin/access", {"act": "disable"}).status_code == 409
    web.enter("admin", login="second")
    assert web.post("/settings/people/second/access", {"act": "disable"}).status_code == 409, "not yourself"
    assert web.post("/settings/people/admin/access", {"act": "disable"}).status_code == 303
    assert web.post("/settings/people/second", {"role": "lead"}).status_code == 409
    assert web.post("/settings/people/admin/access", {"act": "enable"}).status_code == 303
    assert web.post("/settings/people/second", {"role": "lead"}).status_code == 303
    assert web.get("/settings/people").status_code == 303, "another role ends the sessions"
