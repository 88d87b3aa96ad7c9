"""What a client of the Flask service did, as it did it: the fields it read, the status codes it looked at."""


def test_health(client):
    response = client.get("/health")
    assert response.status_code == 200
    health = response.json()
    assert health["status"] == "healthy"
    assert set(health["model"]) == {"status", "model_name", "loaded", "embedding_dimension"}
    assert health["model"]["loaded"] is True
    assert health["model"]["embedding_dimension"] == 384
    assert set(health["database"]) == {"status", "connected", "document_count"}
    assert health["database"]["connected"] is True
    assert health["database"]["document_count"] == 5
    assert health["config"]["similarity_threshold"] == 0.6


def test_query(client, faq):
    response = client.post("/query", {"question": "I forgot my password, how can I reset it?"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert set(answer) == {"matched_question", "answers", "similarity_score", "metadata"}
    assert answer["matched_question"] == faq[0]["question"]
    assert answer["answers"] == faq[0]["answers"]
    assert isinstance(answer["similarity_score"], float) and 0.6 <= answer["similarity_score"] <= 1
    assert answer["metadata"] == {
        "document_id": faq[0]["_id"]["$oid"],
        "threshold_used": 0.6,
        "total_documents_searched": 5,
        "match_index": 0,
    }


def test_answers_of_any_kind_come_back_as_they_were(client, faq):
    for index, document in enumerate(faq):
        answer = client.post("/query", {"question": document["question"]}).json()
        assert answer["answers"] == document["answers"]
        assert answer["matched_question"] == document["question"]
        assert answer["similarity_score"] > 0.999
        assert answer["metadata"]["match_index"] == index


def test_a_threshold_of_the_request(client):
    question = "Something about money"
    assert client.post("/query", {"question": question, "threshold": 0.95}).status_code == 404
    answer = client.post("/query", {"question": question, "threshold": 0.0})
    assert answer.status_code == 200
    assert answer.json()["metadata"]["threshold_used"] == 0.0


def test_no_match(client):
    response = client.post("/query", {"question": "Who won the football match?", "threshold": 0.9})
    assert response.status_code == 404
    error = response.json()
    assert set(error) == {"error", "details"}
    assert error["error"] == "No matching data found."
    assert set(error["details"]) == {"best_similarity", "threshold_used", "total_documents_searched"}
    assert -1 <= error["details"]["best_similarity"] < 0.9
    assert error["details"]["threshold_used"] == 0.9
    assert error["details"]["total_documents_searched"] == 5


def test_bad_requests(client):
    for path, body in [
        ("/query", {}),
        ("/query", {"question": ""}),
        ("/query", {"question": "   "}),
        ("/query", {"question": 7}),
        ("/query", {"question": "a", "threshold": 1.5}),
        ("/query", {"question": "a", "threshold": "high"}),
        ("/query/batch", {}),
        ("/query/batch", {"questions": []}),
        ("/query/batch", {"questions": ["a", ""]}),
        ("/query/batch", {"questions": "a"}),
        ("/query/batch", {"questions": ["a"], "top_k": 0}),
    ]:
        response = client.post(path, body)
        assert response.status_code == 400, body
        assert isinstance(response.json()["error"], str)
    for content_type, body in [("application/json", "{"), ("text/plain", '{"question": "a"}')]:
        response = client.session.post(client.url + "/query", data=body, headers={"content-type": content_type})
        assert response.status_code == 400, body
    assert client.get("/query").status_code == 405
    assert client.get("/nowhere").status_code == 404


def test_batch(client, faq):
    questions = [faq[1]["question"], "Who won the football match?", faq[3]["question"]]
    response = client.post("/query/batch", {"questions": questions, "threshold": 0.9, "top_k": 3})
    assert response.status_code == 200
    answer = response.json()
    assert set(answer) == {"results", "metadata"}
    assert answer["metadata"] == {
        "total_questions": 3,
        "total_documents_searched": 5,
        "threshold_used": 0.9,
        "top_k": 3,
    }
    assert [result["question_index"] for result in answer["results"]] == [0, 1, 2]
    assert [result["query"] for result in answer["results"]] == questions
    assert [len(result["matches"]) for result in answer["results"]] == [1, 0, 1]
    match = answer["results"][0]["matches"][0]
    assert set(match) == {"matched_question", "answers", "similarity_score", "document_id"}
    assert match["matched_question"] == questions[0]
    assert match["answers"] == faq[1]["answers"]
    assert match["document_id"] == faq[1]["_id"]["$oid"]

    loose = client.post("/query/batch", {"questions": questions, "threshold": -1, "top_k": 4}).json()
    for result in loose["results"]:
        scores = [match["similarity_score"] for match in result["matches"]]
        assert len(scores) == 4 and scores == sorted(scores, reverse=True)


def test_an_empty_knowledge_base(client):
    for document in client.get("/documents").json()["documents"]:
        client.delete(f"/documents/{document['id']}")
    assert client.get("/health").json()["database"]["document_count"] == 0
    response = client.post("/query", {"question": "Anything?"})
    assert response.status_code == 404
    assert response.json()["details"]["total_documents_searched"] == 0
