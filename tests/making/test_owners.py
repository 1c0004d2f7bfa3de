"""The studio where keys are asked for, and where a request is sent twice."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask.testing import FlaskClient

from tests.conftest import MakeApp, services_of
from tests.making.conftest import encoded, granted, noise, refused, text64, work, works

PICTURE = encoded(noise((60, 40)))


def test_each_key_sees_its_owners_work_alone(make_app: MakeApp) -> None:
    app = make_app(auth_required=True, image_provider=("local",))
    client = app.test_client()
    services_of(app).start()
    ann, bob = ({"Authorization": f"Bearer {services_of(app).accounts.create(name)[1]}"} for name in ("ann", "bob"))
    assert client.post("/chat", json={"message": "create a red canvas 8x8"}).status_code == 401
    made = client.post("/chat", json={"message": "create a red canvas 8x8"}, headers=ann).json
    address = f"/studio/conversations/{made['conversation_id']}"
    assert client.get(address, headers=ann).status_code == 200
    assert refused(client.get(address, headers=bob))[:2] == (404, "conversation_not_found")
    for place in ({"conversation_id": made["conversation_id"]}, {"version_id": made["version_id"]}):
        assert client.post("/chat", json={"message": "blur it", **place}, headers=bob).status_code == 404
    listed = client.get("/studio/conversations", headers=bob).json
    assert (listed["conversations"], listed["total_count"]) == ([], 0)


def test_links_work_in_an_img_tag(make_app: MakeApp) -> None:
    """It sends no key; the address itself is signed, and for nothing but its own picture."""
    app = make_app(auth_required=True, image_provider=("local",))
    client = app.test_client()
    services_of(app).start()
    ann = {"Authorization": f"Bearer {services_of(app).accounts.create('ann')[1]}"}
    made = client.post("/chat", json={"message": "create a red canvas 8x8"}, headers=ann).json
    kept = client.get(f"/studio/conversations/{made['conversation_id']}", headers=ann).json
    for url in (made["url"], made["thumbnail_url"], kept["thumbnail_url"], kept["versions"][0]["url"]):
        assert client.get(url).status_code == 200
        bare = urlsplit(url)._replace(query="").geturl()
        assert client.get(bare).status_code == 401
    signature = urlsplit(made["url"]).query
    assert client.get(f"/studio/conversations/{made['conversation_id']}?{signature}").status_code == 401


def test_a_wish_sent_twice_is_granted_once(studio: FlaskClient) -> None:
    key = {"Idempotency-Key": "wish-1"}
    body = {"message": "rotate it left", "picture": text64(PICTURE)}
    first = studio.post("/chat", json=body, headers=key)
    again = studio.post("/chat", json=body, headers=key)
    assert (again.status_code, again.json) == (200, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["X-Conversation-Id"] == first.json["conversation_id"]
    assert len(works(studio)) == 1
    assert len(work(studio, first.json["conversation_id"])["versions"]) == 2
    other = studio.post("/chat", json={"message": "rotate it right"}, headers=key)
    assert other.status_code == 422


def test_going_back_sent_twice_goes_back_once(studio: FlaskClient) -> None:
    first = granted(studio, "rotate it left", picture=PICTURE)
    second = granted(studio, "blur it", conversation_id=first["conversation_id"])
    assert second["parent_version_id"] == first["version_id"]
    for _ in range(2):
        moved = studio.post(
            f"/studio/conversations/{first['conversation_id']}/undo", headers={"Idempotency-Key": "back-1"}
        )
        assert moved.json["current_version_id"] == first["version_id"]
    assert work(studio, first["conversation_id"])["current_version_id"] == first["version_id"]
