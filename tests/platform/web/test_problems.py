"""Every error is answered in one form, says what to do, and gives nothing away."""

import pytest
from structlog.testing import capture_logs

from tests.platform.web.app import application, caller


async def test_an_error_of_the_tree_is_a_problem_with_its_code_status_sentence_and_fields() -> None:
    async with caller(application()) as client:
        answer = await client.get("/api/conflict")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/api/problems/conflict",
        "title": "Conflict",
        "status": 409,
        "detail": "The case is resolved; reopen it first.",
        "code": "conflict",
        "reference": "PW-K7MQ2XC",
    }


async def test_a_request_that_is_not_understood_is_told_where_and_its_values_are_not_repeated() -> None:
    async with caller(application()) as client:
        answer = await client.post("/api/notes", json={"note": ["my husband's diagnosis"], "count": "many"})
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "invalid"
    assert [each["at"] for each in problem["errors"]] == ["body.note", "body.count"]
    assert "diagnosis" not in answer.text and "many" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nowhere", 404, "not-found"),
        ("DELETE", "/api/conflict", 405, "method-not-allowed"),
        ("GET", "/api/often", 429, "too-many-requests"),
        ("GET", "/api/mine", 401, "not-signed-in"),
    ],
)
async def test_what_the_framework_refuses_has_the_same_form(method: str, path: str, status: int, code: str) -> None:
    async with caller(application()) as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"].endswith(".")


async def test_headers_go_with_the_status_they_belong_to() -> None:
    async with caller(application()) as client:
        assert (await client.get("/api/often")).headers["retry-after"] == "7"
        assert (await client.get("/api/mine")).headers["www-authenticate"] == "Bearer"
        assert (await client.delete("/api/conflict")).headers["allow"] == "GET"


async def test_what_nobody_foresaw_gives_an_incident_and_neither_trace_nor_words() -> None:
    with capture_logs() as logs:
        async with caller(application()) as client:
            answer = await client.get("/api/broken/secretword")
    assert answer.status_code == 500
    problem = answer.json()
    assert problem["incident"] in problem["detail"]
    assert "secretword" not in answer.text and "Traceback" not in answer.text
    said = [each for each in logs if each["event"] == "request.unforeseen"]
    assert said[0]["incident"] == problem["incident"] == answer.headers["x-request-id"]
    assert said[0]["error"] == "RuntimeError" and said[0]["frames"][-1].startswith("app.py:")
    assert "secretword" not in str([each for each in logs if each["log_level"] != "debug"])


async def test_a_browser_gets_a_page_and_a_program_a_problem() -> None:
    async with caller(application()) as client:
        page = await client.get("/page", headers={"Accept": "text/html,*/*"})
        program = await client.get("/page", headers={"Accept": "*/*"})
        api = await client.get("/api/conflict", headers={"Accept": "text/html"})
    assert page.status_code == 409 and page.headers["content-type"].startswith("text/html")
    assert "&lt;b>here" in page.text
    assert program.headers["content-type"] == api.headers["content-type"] == "application/problem+json"


async def test_text_that_is_no_json_is_a_problem_too() -> None:
    async with caller(application()) as client:
        answer = await client.post("/api/notes", content=b"{no", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422 and answer.json()["code"] == "invalid"
