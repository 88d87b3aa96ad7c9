"""What the Flask service had no routes for: documents in and out, search with a filter."""

import json


def test_a_mongoexport_file(client, faq):
    lines = "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in faq)
    response = client.session.put(
        client.url + "/documents", data=lines.encode(), headers={"content-type": "application/x-ndjson"}
    )
    assert response.status_code == 200
    assert response.json() == {"upserted": 5, "total": 5}


def test_one_document(client, faq):
    oid = faq[2]["_id"]["$oid"]
    found = client.get(f"/documents/{oid}")
    assert found.status_code == 200
    assert found.json() == {"id": oid, **{key: value for key, value in faq[2].items() if key != "_id"}}
    assert client.delete(f"/documents/{oid}").status_code == 204
    assert client.get(f"/documents/{oid}").status_code == 404
    assert client.delete(f"/documents/{oid}").status_code == 404
    assert client.get("/health").json()["database"]["document_count"] == 4


def test_pages(client, faq):
    ids, after = [], None
    while True:
        page = client.get("/documents", params={"limit": 2, **({"after": after} if after else {})}).json()
        ids += [document["id"] for document in page["documents"]]
        after = page["next"]
        if after is None:
            break
    assert ids == sorted(document["_id"]["$oid"] for document in faq)


def test_search_with_a_filter(client, faq):
    def search(**body):
        response = client.post("/search", {"query": "where do I pay", **body})
        assert response.status_code == 200, response.text
        return response.json()

    every = search()
    assert every["metadata"]["total_documents_searched"] == 5 and len(every["results"]) == 5
    money = search(filter={"topic": "money"})
    assert {result["document"]["metadata"]["topic"] for result in money["results"]} == {"money"}
    assert money["metadata"]["total_documents_searched"] == 2
    assert [result["document_id"] for result in search(filter={"topic": "money", "rank": 3})["results"]] == [
        faq[3]["_id"]["$oid"]
    ]
    assert search(filter={"topic": "none"})["results"] == []
    ranks = {
        '{"rank": {"$gte": 1, "$lt": 3}}': {1, 2},
        '{"rank": {"$in": [0, 4, "2"]}}': {0, 4},
        '{"$or": [{"rank": 0}, {"topic": {"$ne": "account"}}]}': {0, 2, 3},
        '{"topic": {"$not": {"$gt": "b"}}}': {0, 1, 4},
        '{"missing.key": {"$exists": false}}': {0, 1, 2, 3, 4},
    }
    for text, expected in ranks.items():
        results = search(filter=json.loads(text))["results"]
        assert {result["document"]["metadata"]["rank"] for result in results} == expected, text
    answer = client.post("/query", {"question": "reset password", "threshold": -1, "filter": {"topic": "money"}}).json()
    assert answer["metadata"]["total_documents_searched"] == 2
    refused = client.post("/search", {"query": "x", "filter": {"rank": {"$regex": "1"}}})
    assert refused.status_code == 422 and "`$regex`" in refused.json()["error"]
    assert len(search(top_k=1)["results"]) == 1


def test_an_upsert_is_all_or_nothing(client):
    response = client.put("/documents", [{"id": "new", "question": "New?"}, {"id": None}])
    assert response.status_code == 400
    assert client.get("/documents/new").status_code == 404


def test_a_reindex_changes_no_answer(client, faq):
    before = client.post("/query", {"question": "delete account"}).json()
    assert client.session.post(client.url + "/documents/reindex", json={}).json()["reindexed"] == 5
    assert client.post("/query", {"question": "delete account"}).json() == before
