"""Which server is tested: `cargo xtask test` starts one with an empty knowledge base and names it in the environment."""

import os

import pytest
import requests

FAQ = [
    {
        "_id": {"$oid": f"65f0c0ffee65f0c0ffee65{index:02x}"},
        "question": question,
        "answers": answers,
        "metadata": {"topic": topic, "rank": index},
    }
    for index, (question, answers, topic) in enumerate(
        [
            ("How do I reset my password?", ["Use the link below the form.", "Ask an admin."], "account"),
            ("How can I delete my account?", ["In the settings."], "account"),
            (
                "What payment methods do you accept?",
                [{"text": "Cards", "fee": 0.5}, {"text": "Transfers", "fee": 0}],
                "money",
            ),
            ("Where can I download my invoice?", "Under billing.", "money"),
            ("Wie ändere ich meine Adresse?", {"de": "Im Profil.", "en": None}, "account"),
        ]
    )
]


class Client:
    """As applications had it for the Flask service: a host name and `requests`."""

    def __init__(self, url):
        self.url = url
        self.session = requests.Session()

    def get(self, path, **options):
        return self.session.get(self.url + path, timeout=60, **options)

    def post(self, path, body):
        return self.session.post(self.url + path, json=body, timeout=60)

    def put(self, path, body):
        return self.session.put(self.url + path, json=body, timeout=60)

    def delete(self, path):
        return self.session.delete(self.url + path, timeout=60)


@pytest.fixture(scope="session")
def empty():
    """The client, with whatever is in the knowledge base."""
    return Client(os.environ["MINILM_KB_URL"])


@pytest.fixture
def client(empty):
    """The client, with the five documents in the knowledge base and no others."""
    while documents := empty.get("/documents").json()["documents"]:
        for document in documents:
            assert empty.delete(f"/documents/{document.get('id')}").status_code == 204
    assert empty.put("/documents", FAQ).json() == {"upserted": 5, "total": 5}
    return empty


@pytest.fixture
def faq():
    return FAQ
