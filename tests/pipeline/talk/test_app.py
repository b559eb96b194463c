"""The server of the page: who may open it, and what it answers to nonsense."""

import hashlib
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from antiphon.pipeline.agent import VoiceAgent
from antiphon.pipeline.default_agent import order_desk
from antiphon.pipeline.talk.app import create_talk_app
from antiphon.services import Script, ScriptedLLMService

ROOT = Path(__file__).parents[3]
PAGE = "http://127.0.0.1:7860"
OFFER = {"sdp": "v=0", "type": "offer"}


def client(agent: VoiceAgent | None = None, **options: object) -> TestClient:
    app = create_talk_app(agent or order_desk(), **options)  # type: ignore[arg-type]
    return TestClient(app, base_url=PAGE)


def test_the_page_is_served_and_may_load_nothing_from_elsewhere() -> None:
    response = client().get("/")
    assert response.status_code == 200
    assert "Talk to the agent" in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    for name in ("talk.js", "talk.css", "licenses.md"):
        assert client().get(f"/{name}").status_code == 200


def test_the_page_is_built_from_the_sources_as_they_are() -> None:
    digest = hashlib.sha256()
    for path in sorted((ROOT / "pipeline/talk/web/src").iterdir()):
        digest.update(path.read_bytes())
    built = re.search(r'name="source" content="(\w+)"', client().get("/").text)
    assert built is not None
    assert built[1] == digest.hexdigest(), "run npm run build in pipeline/talk/web"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
def test_a_foreign_page_cannot_start_a_call(origin: str) -> None:
    headers = {"origin": origin}
    assert client().post("/offer", json=OFFER, headers=headers).status_code == 403
    assert client().patch("/offer", json={}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:7860", 200),
        ("localhost:7860", 200),
        ("[::1]:7860", 200),
        ("evil.example:7860", 400),
        ("[", 400),
        ("127.0.0.1.evil.example", 400),
    ],
)
def test_the_page_opens_only_under_its_own_names(host: str, status: int) -> None:
    assert client().get("/", headers={"host": host}).status_code == status


def test_a_tunnel_may_be_allowed() -> None:
    tunnelled = client(allowed_hosts=["agent.example"])
    headers = {"host": "agent.example", "origin": "https://agent.example"}
    assert tunnelled.get("/", headers=headers).status_code == 200
    # Past the guard: what is refused is the offer.
    assert tunnelled.post("/offer", json=OFFER, headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("offer", "status"),
    [
        ({}, 422),
        ([], 422),
        ({"sdp": 1, "type": "offer"}, 422),
        (OFFER, 400),
        ({"sdp": "nonsense", "type": "offer"}, 400),
        ({"sdp": "m=audio", "type": "answer"}, 400),
        ({"sdp": "m=audio", "type": "offer"}, 400),
        ({"sdp": "v=0\r\nm=audio 9 X 0\r\na=rtpmap:0\r\n", "type": "offer"}, 400),
    ],
)
def test_a_broken_offer_is_refused(offer: object, status: int) -> None:
    response = client().post("/offer", json=offer, headers={"origin": PAGE})
    assert response.status_code == status


@pytest.mark.parametrize("body", ['{"sdp": NaN}', '{"sdp": ["my card"]}', '["my card"]', "{"])
def test_an_offer_that_is_refused_is_not_quoted(body: str) -> None:
    headers = {"origin": PAGE, "content-type": "application/json"}
    response = client().post("/offer", content=body, headers=headers)
    assert response.status_code == 422
    assert not re.search("NaN|my card", response.text)


@pytest.mark.parametrize(
    ("candidates", "status"),
    [
        ({}, 422),
        ({"pc_id": "unknown", "candidates": []}, 404),
    ],
)
def test_a_broken_candidate_is_refused(candidates: object, status: int) -> None:
    response = client().patch("/offer", json=candidates, headers={"origin": PAGE})
    assert response.status_code == status


def test_the_embedded_agent_says_what_it_understands() -> None:
    understands = client().get("/about").json()["understands"]
    assert "What are your opening hours?" in understands
    assert all(Script.order_status().understand(phrase) for phrase in understands)


def test_an_agent_with_a_model_of_its_own_may_be_asked_anything() -> None:
    about = client(VoiceAgent(llm=ScriptedLLMService)).get("/about").json()
    assert about == {"understands": [], "recorded": True}


@pytest.mark.parametrize("key", ["", "nothing", "0" * 36, "..%2Fpage%2Findex"])
def test_no_recording_is_there_for_who_guesses(key: str) -> None:
    assert client().get(f"/recordings/{key}.wav").status_code == 404
