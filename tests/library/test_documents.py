"""Documents over HTTP: uploaded, read, listed, changed, shown, taken away."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, select, text
from werkzeug.test import TestResponse

from models.library import ConversationDocument, DocumentChunk, DocumentPage, Embedding, Link
from tests.conftest import MakeApp, picture, services_of, upload
from tests.documents import making

DOCUMENTS = "/api/v2/documents"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
NOTES = (
    "# Opening hours\n\nThe reading room opens at nine in the morning and closes at six.\n\n"
    "# Fines\n\nLate books cost fifty paise a day.\n"
)


def send(client: FlaskClient, *files: tuple[str, bytes], **fields: str) -> TestResponse:
    given = [(io.BytesIO(data), name) for name, data in files]
    return client.post(DOCUMENTS, data={"file": given, **fields})


def add(client: FlaskClient, name: str = "notes.md", data: bytes = NOTES.encode(), **fields: str) -> str:
    response = send(client, (name, data), **fields)
    assert response.status_code == 201, response.json
    return response.json["results"][0]["document"]["id"]


def read(app: OpenAPI, client: FlaskClient, name: str = "notes.md", data: bytes = NOTES.encode()) -> dict[str, Any]:
    """Upload a document and read it; the document."""
    document_id = add(client, name, data)
    services_of(app).jobs.run_pending()
    return client.get(f"{DOCUMENTS}/{document_id}").json


def problem(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.json
    assert response.content_type == "application/problem+json"
    assert response.json["code"] == code
    return response.json


def count(app: OpenAPI, *tables: type) -> list[int]:
    with services_of(app).database.read() as work:
        return [work.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def test_a_document_is_kept_then_read(shared_app: OpenAPI, library: FlaskClient) -> None:
    sent = send(library, ("../notes.md", NOTES.encode()))
    assert sent.status_code == 201
    (result,) = sent.json["results"]
    assert (result["status"], sent.json["created"], sent.json["failed"]) == ("created", 1, 0)
    document = result["document"]
    assert (document["filename"], document["kind"], document["status"]) == ("notes.md", "markdown", "pending")
    assert (document["progress"], document["page_count"], document["error"]) == (0.0, None, None)
    services_of(shared_app).jobs.run_pending()
    done = library.get(f"{DOCUMENTS}/{document['id']}").json
    assert (done["status"], done["progress"], done["page_count"], done["pages_done"]) == ("ready", 1.0, 1, 1)
    page = library.get(f"{DOCUMENTS}/{document['id']}/pages/1").json
    assert page["text"].startswith("Opening hours\n\nThe reading room opens at nine")
    assert [heading["text"] for heading in page["headings"]] == ["Opening hours", "Fines"]
    assert (page["number"], page["page_count"], page["ocr"]) == (1, 1, False)


def test_pages_that_are_not_there(shared_app: OpenAPI, library: FlaskClient) -> None:
    at = f"{DOCUMENTS}/{read(shared_app, library)['id']}/pages"
    for number in ("0", "2", "-1", "x", "1.0", "99999999999999999999", "१"):
        problem(library.get(f"{at}/{number}"), 404, "PAGE_NOT_FOUND")


def test_each_file_is_kept_or_refused_for_itself(library: FlaskClient) -> None:
    sent = send(library, ("a.md", NOTES.encode()), ("b.pdf", b"no pdf"), ("c.exe", b"MZ"), ("d.txt", b""))
    assert sent.status_code == 201
    assert [result["status"] for result in sent.json["results"]] == ["created", "failed", "failed", "failed"]
    codes = [result["error"]["code"] for result in sent.json["results"][1:]]
    assert codes == ["CONTENT_MISMATCH", "UNSUPPORTED_DOCUMENT_TYPE", "EMPTY_FILE"]
    assert library.get(DOCUMENTS).json["total_count"] == 1


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("a.exe", b"MZ", 415, "UNSUPPORTED_DOCUMENT_TYPE"),
        ("a.pdf", b"words", 415, "CONTENT_MISMATCH"),
        ("a.txt", b"", 422, "VALIDATION_ERROR"),
        ("a.docx", making.zip_bomb(), 422, "VALIDATION_ERROR"),
    ],
)
def test_refused_uploads(library: FlaskClient, name: str, body: bytes, status: int, code: str) -> None:
    problem(send(library, (name, body)), status, code)
    assert library.get(DOCUMENTS).json["total_count"] == 0


def test_a_file_that_is_too_large(library: FlaskClient) -> None:
    # Written out here: the test client would leave a temporary file open.
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    body = head + b"x" * (50 * 1024 * 1024 + 1) + b"\r\n--edge--\r\n"
    sent = library.post(DOCUMENTS, data=body, content_type="multipart/form-data; boundary=edge")
    problem(sent, 413, "FILE_TOO_LARGE")
    problem(
        library.patch(f"{DOCUMENTS}/{UNKNOWN}", data=b" " * 17_000_000, content_type="application/json"),
        413,
        "REQUEST_TOO_LARGE",
    )


def test_uploads_without_a_file(library: FlaskClient) -> None:
    problem(library.post(DOCUMENTS, data={}), 422, "VALIDATION_ERROR")
    problem(library.post(DOCUMENTS, data={"file": "words"}), 422, "VALIDATION_ERROR")
    problem(library.post(DOCUMENTS, json={}), 415, "UNSUPPORTED_MEDIA_TYPE")
    problem(send(library, ("a.txt", b"words"), folder_id=UNKNOWN), 404, "FOLDER_NOT_FOUND")


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("a.pdf", making.locked_pdf(), "PASSWORD_PROTECTED"),
        ("a.pdf", making.report()[:600], "BROKEN_DOCUMENT"),
        ("a.pdf", making.pdf([b"0 0 m 9 9 l S"]), "NO_TEXT"),
        ("a.html", b"<html><body><script>1</script></body></html>", "NO_TEXT"),
    ],
)
def test_what_cannot_be_read_is_told(
    shared_app: OpenAPI, library: FlaskClient, name: str, body: bytes, code: str
) -> None:
    document = read(shared_app, library, name, body)
    assert (document["status"], document["error"]["code"]) == ("failed", code)
    assert not {"/", "\\", "Traceback", "pdfium"} & set(document["error"]["message"].split())
    again = library.post(f"{DOCUMENTS}/{document['id']}/retry")
    assert (again.status_code, again.json["status"], again.json["error"]) == (202, "pending", None)
    services_of(shared_app).jobs.run_pending()
    assert library.get(f"{DOCUMENTS}/{document['id']}").json["error"]["code"] == code


def test_only_what_failed_is_tried_again(shared_app: OpenAPI, library: FlaskClient) -> None:
    document = read(shared_app, library)
    problem(library.post(f"{DOCUMENTS}/{document['id']}/retry"), 409, "DOCUMENT_NOT_FAILED")


def test_scanned_pages_are_read(shared_app: OpenAPI, library: FlaskClient) -> None:
    document = read(shared_app, library, "lease.pdf", making.scan(["The lease ends on the last day of June."]))
    assert document["status"] == "ready"
    page = library.get(f"{DOCUMENTS}/{document['id']}/pages/1").json
    assert page["ocr"]
    assert "The lease ends on the last day of June." in page["text"]


def test_lists(library: FlaskClient) -> None:
    folder = library.post("/api/v2/folders", json={"name": "Papers"}).json["id"]
    first = add(library, "First_100%.txt", b"one", folder_id=folder)
    second = add(library, "second.txt", b"two")
    library.patch(f"{DOCUMENTS}/{second}", json={"title": "Ünder way"})

    def ids(**query: object) -> list[str]:
        return [each["id"] for each in library.get(DOCUMENTS, query_string=query).json["documents"]]

    assert ids() == [second, first]
    assert ids(limit=1) == [second]
    assert ids(limit=1, offset=1) == [first]
    assert ids(folder_id=folder) == ids(search="first_100%") == [first]
    assert ids(search="%") == [first]
    assert ids(search="ünder") == [second]
    assert ids(search="_0") == []
    assert (ids(status="ready"), ids(status="pending")) == ([], [second, first])
    assert library.get(DOCUMENTS, query_string={"limit": 1}).json["has_more"] is True
    for bad in ({"limit": 0}, {"limit": 101}, {"offset": -1}, {"status": "lost"}, {"search": "x" * 201}):
        problem(library.get(DOCUMENTS, query_string=bad), 422, "VALIDATION_ERROR")
    problem(library.get(DOCUMENTS, query_string={"folder_id": UNKNOWN}), 404, "FOLDER_NOT_FOUND")


def test_changes(library: FlaskClient) -> None:
    folder = library.post("/api/v2/folders", json={"name": "Papers"}).json["id"]
    at = f"{DOCUMENTS}/{add(library)}"
    changed = library.patch(at, json={"title": " Rules ", "folder_id": folder}).json
    assert (changed["title"], changed["folder_id"]) == ("Rules", folder)
    assert library.patch(at, json={}).json["title"] == "Rules"
    cleared = library.patch(at, json={"title": None, "folder_id": None}).json
    assert (cleared["title"], cleared["folder_id"]) == (None, None)
    problem(library.patch(at, json={"folder_id": UNKNOWN}), 404, "FOLDER_NOT_FOUND")
    problem(library.patch(at, json={"title": 5}), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("document_id", [UNKNOWN, "x", "../../etc/passwd", "%00"])
def test_unknown_documents(library: FlaskClient, document_id: str) -> None:
    at = f"{DOCUMENTS}/{document_id}"
    if "/" in document_id:
        assert library.get(at).status_code == 404
        return
    for response in (
        library.get(at),
        library.patch(at, json={"title": "x"}),
        library.delete(at),
        library.get(f"{at}/file"),
        library.get(f"{at}/pages/1"),
        library.post(f"{at}/retry"),
    ):
        problem(response, 404, "DOCUMENT_NOT_FOUND")


def test_a_file_is_handed_out_and_nothing_in_it_runs(library: FlaskClient) -> None:
    page = b"<html><body><script>alert(1)</script>words</body></html>"
    document_id = add(library, "päge.html", page)
    at = f"{DOCUMENTS}/{document_id}/file"
    sent = library.get(at)
    assert sent.data == page
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert sent.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in sent.headers["Content-Security-Policy"]
    assert library.get(at, headers={"If-None-Match": sent.headers["ETag"]}).status_code == 304
    assert library.get(at, headers={"Range": "bytes=0-5"}).data == b"<html>"


def test_deleting_leaves_nothing_behind(shared_app: OpenAPI, library: FlaskClient) -> None:
    services = services_of(shared_app)
    document = read(shared_app, library)
    image = upload(library, picture())
    library.post("/api/v2/links", json={"image_id": image, "document_id": document["id"], "page": 1})
    session = library.post("/api/v2/chat/sessions", json={}).json["session_id"]
    library.put(f"/api/v2/chat/sessions/{session}/documents", json={"document_ids": [document["id"]]})
    tables = DocumentPage, DocumentChunk, Link, ConversationDocument
    assert all(count(shared_app, *tables))
    assert list(services.store.keys("documents/"))
    assert library.delete(f"{DOCUMENTS}/{document['id']}").status_code == 204
    assert count(shared_app, *tables) == [0, 0, 0, 0]
    with services.database.read() as work:
        chunks = select(func.count()).select_from(Embedding).where(Embedding.kind == "chunk")
        assert work.execute(chunks).scalar_one() == 0
        if services.database.is_sqlite:
            indexed = "SELECT count(*) FROM document_text WHERE document_text MATCH 'reading'"
            assert work.execute(text(indexed)).scalar_one() == 0
    assert list(services.store.keys("documents/")) == []
    found = library.get(f"/api/v2/chat/sessions/{session}").json
    assert found["selected_document_ids"] == []


def test_files_that_no_row_knows_are_swept(shared_app: OpenAPI, library: FlaskClient) -> None:
    services = services_of(shared_app)
    add(library)
    services.store.put("documents/00/left/original.txt", b"left behind")
    assert services.documents.sweep() == 0
    assert services.documents.sweep(older_than_s=0) == 1
    assert len(list(services.store.keys("documents/"))) == 1


def test_a_session_is_about_documents(library: FlaskClient) -> None:
    first, second = add(library), add(library, "b.txt", b"two")
    session = library.post("/api/v2/chat/sessions", json={}).json["session_id"]
    at = f"/api/v2/chat/sessions/{session}"
    chosen = library.put(f"{at}/documents", json={"document_ids": [second, first.upper(), second]}).json
    assert chosen == {"session_id": session, "selected_document_ids": [second, first], "document_count": 2}
    problem(library.put(f"{at}/documents", json={"document_ids": [first, UNKNOWN]}), 404, "DOCUMENT_NOT_FOUND")
    assert library.get(at).json["selected_document_ids"] == [second, first]
    assert library.put(f"{at}/documents", json={"document_ids": []}).json["document_count"] == 0
    library.delete(at)
    problem(library.put(f"{at}/documents", json={"document_ids": [first]}), 409, "SESSION_CLOSED")


def test_links_work_without_a_key_and_documents_only_for_their_owner(make_app: MakeApp) -> None:
    app = make_app(auth_required=True, job_threads=0)
    services_of(app).start()
    ann, bob = ({"X-API-Key": services_of(app).accounts.create(name)[1]} for name in ("ann", "bob"))
    client = app.test_client()
    sent = client.post(DOCUMENTS, data={"file": (io.BytesIO(NOTES.encode()), "notes.md")}, headers=ann)
    document = sent.json["results"][0]["document"]
    url = document["url"].removeprefix("http://localhost")
    assert client.get(url).data == NOTES.encode()
    assert client.get(url.split("?")[0]).status_code == 401
    services_of(app).jobs.run_pending()
    asked = {"query": "when does the reading room open"}
    found = client.post("/api/v2/search/documents", json=asked, headers=ann).json["results"]
    assert client.get(found[0]["url"].removeprefix("http://localhost")).json["number"] == 1
    assert client.post("/api/v2/search/documents", json=asked, headers=bob).json["total_count"] == 0
    limited = asked | {"document_ids": [document["id"]]}
    assert client.post("/api/v2/search/documents", json=limited, headers=bob).status_code == 404
