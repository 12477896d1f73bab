"""What the API answers is what its description says: schemathesis asks everything, rightly and wrongly.

Right and wrong parameters and bodies are made from `openapi.json`; every answer must have a status, type
and shape that the description names, wrong requests must be refused, right ones must not, no answer may
be a fault of ours. A few requests in `make test`, thousands in `make soak`.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig

from console.api import API_PATH
from models.store.api_tokens import SCOPES, add_token
from tests.console.conftest import Web, on_sqlite

load_all_checks()
# A right request may still be refused by the desk's rules or come too late; a wrong one never succeeds.
CONFIG = {
    "generation": {"with-security-parameters": False},  # the token is given here, with every request
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 304, 404, 409, 412]}},
}
FEW, MANY = 2, int(os.environ.get("RAZBOR_CONTRACT_EXAMPLES", "300"))  # per route and way of asking


def asked(web: Web, examples: int) -> Counter[tuple[str, int]]:
    """Ask every route so often in every way; return how often each status was answered."""
    tickets = [int(row.id) for row in web.desk.tickets()]
    with web.desk.store.write() as db:
        token = add_token(db, "contract", list(SCOPES), created_by="test", now_utc=web.desk.now)
    schema = schemathesis.openapi.from_asgi(
        f"{API_PATH}/openapi.json", web.app, config=SchemathesisConfig.from_dict(CONFIG)
    )
    answers: Counter[tuple[str, int]] = Counter()
    for result in schema.get_all_operations():
        operation = result.ok()
        numbers = st.sampled_from([*tickets, 1, 2]) if "{number}" in operation.path else st.none()
        _ask(operation, GenerationMode.POSITIVE, numbers, examples, token, answers)
        if operation.body or any(operation.iter_parameters()):
            _ask(operation, GenerationMode.NEGATIVE, st.none(), examples, token, answers)
    return answers


def _ask(
    operation: Any,
    mode: GenerationMode,
    numbers: st.SearchStrategy[int | None],
    examples: int,
    token: str,
    answers: Counter[tuple[str, int]],
) -> None:
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=examples == FEW,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode), number=numbers, has_seen=st.booleans())
    def ask(case: Any, number: int | None, has_seen: bool) -> None:
        if number is not None:
            case.path_parameters["number"] = number
            if has_seen:
                case.headers["If-Match"] = "*"
        if mode is GenerationMode.POSITIVE:
            if case.query:
                case.query.pop("cursor", None)  # no description tells which cursors were given out
            if "idempotency-key" in case.headers:
                case.headers["idempotency-key"] = f"{operation.label.replace(' ', '-')}-{answers.total()}"
        headers = {"Authorization": f"Bearer {token}"}
        response = case.call(headers=headers)
        answers[operation.label, response.status_code] += 1
        case.validate_response(response, headers=headers, checks=CHECKS.get_all())

    ask()


@pytest.fixture
def filled(web: Web) -> Web:
    """A desk with a few tickets; no limit of requests."""
    for shop in range(3):
        web.desk.mail(sender=f"s{shop}@shop.example", subject=f"shop {shop}")
    web.desk.read()
    web.desk.work()
    return Web(web.desk, api_requests_per_minute=0)


@on_sqlite
def test_a_few_requests_of_every_kind_keep_the_contract(filled) -> None:
    answers = asked(filled, FEW)
    served = {label for label, status in answers if status < 300}
    assert len(served) >= 10, sorted(served)


@on_sqlite
@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_requests_of_every_kind_keep_the_contract(filled) -> None:
    answers = asked(filled, MANY)
    statuses: Counter[int] = Counter()
    for (_, status), count in answers.items():
        statuses[status] += count
    print(f"\n{statuses.total()} requests:", dict(sorted(statuses.items())))
