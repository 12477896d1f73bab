"""Files that need a child process are read under the budget of a worker."""

from intake.read_mail import ReadOptions, read_mail
from tests.intake.attachment_files import mail, pdf, workbook
from workers.read_budget import Budget, within


def test_a_worker_with_a_budget_can_start_readers() -> None:
    raw = mail(
        ("application/octet-stream", "a.xlsx", workbook(["SKU"], [148000000])),
        ("application/pdf", "b.pdf", pdf("поставка 28817755")),
    )
    read = within(Budget(), lambda: read_mail(raw, None, ReadOptions()))
    assert [part.text for part in read.attachments] == ["SKU\n148000000", "поставка 28817755"]
    assert read.warnings == ()
