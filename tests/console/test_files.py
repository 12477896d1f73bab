"""Files and HTML letters: what is shown, to whom, what is audited; nothing of a mail acts in the page."""

from __future__ import annotations

import re
import struct
import zlib
from email.message import EmailMessage

import pytest

from console.presence import MOST_KEPT, Presence
from models.store.schema import ATTACHMENT, AUDIT
from tests.console.conftest import on_sqlite
from tests.console.test_ticket import HOSTILE
from workers.open_apart import sanitised

HOSTILE_HTML = (
    *HOSTILE,
    "<iframe src='https://evil.example'></iframe>",
    "<img src='https://evil.example/pixel.gif'>",
    "<link rel=stylesheet href='https://evil.example/a.css'>",
    "<style>@import 'https://evil.example'; body{position:fixed}</style>",
    "<p style=\"background:url('https://evil.example')\">x</p>",
    "<form action='https://evil.example'><input name=q></form>",
    "<a href='https://evil.example' onclick=alert(1)>pay</a>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href='https://evil.example'>",
    "<object data='https://evil.example'></object><embed src='https://evil.example'>",
    "<svg><script>alert(1)</script><use href='https://evil.example#x'/></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<td background='https://evil.example'>x</td>",
    "<details open ontoggle=alert(1)>",
    "<plaintext><script>alert(1)</script>",
)


@pytest.mark.parametrize("markup", HOSTILE_HTML)
def test_a_letter_keeps_nothing_that_acts(markup) -> None:
    tags = re.findall(r"<([^>]*)>", sanitised(f"<div>{markup}</div><p>after</p>"))
    assert all(re.fullmatch(r"/?(div|p|a|td|b|span)", tag) for tag in tags), tags


def png(width: int, height: int) -> bytes:
    """Make a black picture; its claimed size need not be true."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


def letter_with_files(name: str = "files", more: str = "") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = "seller@shop.example", "support@razbor.local"
    mail["Subject"], mail["Message-ID"] = "Недостача", f"<{name}@shop.example>"
    mail.set_content("Поставка 2000061286750, таблица и фото во вложении, 12 коробок вместо 14.")
    mail.add_alternative(
        f"<p>Поставка <b>2000061286750</b></p>{more}<script>alert(1)</script>", subtype="html"
    )
    table = "Артикул;Количество\nA-1;12\n<script>alert(1)</script>;2\n"
    mail.add_attachment(table.encode(), maintype="text", subtype="csv", filename="остатки.csv")
    mail.add_attachment(png(4, 4), maintype="image", subtype="png", filename="box.png")
    mail.add_attachment(png(90_000, 90_000), maintype="image", subtype="png", filename="bomb.png")
    mail.add_attachment(
        b"<html><script>alert(1)</script>", maintype="image", subtype="png", filename='a".png'
    )
    return mail.as_bytes()


@on_sqlite
def test_files_are_previewed_downloaded_and_audited(web) -> None:
    web.desk.mail(raw=letter_with_files())
    web.desk.read()
    number = web.desk.tickets()[0].id
    table, box, bomb, page = (row.id for row in web.desk.rows(ATTACHMENT))
    web.enter("operator")
    shown = web.get(f"/tickets/{number}").text
    assert shown.count('href="/files/') == 4
    grid = web.get(f"/files/{table}").text
    assert '<th scope="col">Артикул</th>' in grid
    assert "<script>alert" not in grid
    assert f'<img src="/files/{box}/picture"' in web.get(f"/files/{box}").text
    picture = web.get(f"/files/{box}/picture")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert "sandbox" in picture.headers["content-security-policy"]
    assert web.get(f"/files/{bomb}/picture").status_code == 404, "a picture of 8 gigapixels is not drawn"
    assert web.get(f"/files/{page}/picture").status_code == 404, "a page that calls itself a picture"
    saved = web.get(f"/files/{page}/download")
    assert saved.content == b"<html><script>alert(1)</script>"
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"].startswith('attachment; filename="a')
    assert '"' not in saved.headers["content-disposition"].split('"')[1]
    acts = [
        (row.actor, row.action, row.detail["how"])
        for row in web.desk.rows(AUDIT)
        if row.action == "open_file"
    ]
    assert ("operator", "open_file", "download") in acts
    assert len(acts) == 4
    web.enter("viewer")
    assert web.get(f"/files/{box}/download").status_code == 403
    assert web.get(f"/files/{box}/picture").status_code == 403
    assert web.get("/files/999999").status_code == 404


@on_sqlite
def test_the_letter_as_sent_is_bare_and_hidden_where_secrets_were(web) -> None:
    web.desk.mail(raw=letter_with_files())
    web.desk.mail(raw=letter_with_files("other", "<p>пароль: Qwerty12!</p>"))
    web.desk.mail("Поставка 2000061286750, пароль: Qwerty12!", subject="Доступ")
    web.desk.read()
    first, hidden, told = (row.raw_id for row in web.desk.states())
    web.enter("operator")
    frame = web.get(f"/mails/{first}/letter")
    assert "<b>2000061286750</b>" in frame.text
    assert "script" not in frame.text
    assert frame.headers["content-security-policy"].startswith("default-src 'none'; sandbox;")
    assert frame.headers["x-frame-options"] == "SAMEORIGIN"
    assert web.get(f"/mails/{told}/letter").status_code == 409
    assert "only leads" in web.get(f"/mails/{hidden}/letter").text, "a secret of the HTML alone counts too"
    web.enter("lead")
    assert web.get(f"/mails/{told}/letter").status_code == 200
    assert web.get("/mails/999999/letter").status_code == 409


def test_presence_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    presence = Presence(clock=lambda: now[0])
    assert presence.look(1, "maria", writes=True) == []
    assert presence.look(1, "ivan") == [("maria", True)]
    assert presence.look(2, "wei") == []
    now[0] = 31.0
    assert presence.look(1, "ivan") == []
    assert MOST_KEPT == 5_000
    monkeypatch.setattr("console.presence.MOST_KEPT", 50)
    for number in range(60):
        presence.look(number, "robot")
    assert len(presence._seen) == 50
