"""A collection of MongoDB and the knowledge base are equal, whatever happens in between."""

import datetime
import random
import re
import time

import bson
import requests
from conftest import Mongo, Sync, wait_for


def question(n):
    return {"question": f"What is the number {n}?", "answers": [{"text": f"It is {n}.", "n": n}]}


def equal(sync, kb):
    """Whether both sides hold the same questions under the same ids."""
    there = {str(document["_id"]): document["question"] for document in sync.collection.find()}
    return there == {id: document["question"] for id, document in kb.documents().items()}


def test_the_whole_collection_once(sync, kb):
    at = datetime.datetime(2024, 3, 12, 9, 0, tzinfo=datetime.UTC)
    inserted = sync.collection.insert_many([question(n) | {"at": at, "big": bson.Int64(2**53 + 1)} for n in range(30)])
    kb_only = {"id": "other", "question": "Is this in the collection?"}
    assert requests.put(f"{kb.url}/documents", json=[kb_only], timeout=60).status_code == 200
    done = sync.run("--once", "--batch-size", "7")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "30 documents sent, 0 deleted")
    documents = kb.documents()
    assert len(documents) == 31
    first = documents[str(inserted.inserted_ids[0])]
    assert first["answers"] == [{"text": "It is 0.", "n": 0}]
    assert first["at"] == {"$date": "2024-03-12T09:00:00Z"} and first["big"] == 2**53 + 1
    answer = kb.ask("What is the number 17?").json()
    assert answer["metadata"]["document_id"] == str(inserted.inserted_ids[17])
    assert answer["metadata"]["match_index"] == 18, "behind the one that was there and 17 of the collection"
    assert answer["answers"] == [{"text": "It is 17.", "n": 17}]

    done = sync.run("--once", "--prune")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "30 documents sent, 1 deleted")
    assert equal(sync, kb)


def test_changes_are_followed(sync, kb):
    sync.collection.insert_many([question(n) for n in range(10)])
    sync.start()
    wait_for(lambda: "following changes" in sync.says() and equal(sync, kb), "the first load")
    sync.collection.insert_one(question(10) | {"_id": "a/b c"})
    sync.collection.insert_one(question(11) | {"_id": 11})
    sync.collection.update_one({"question": "What is the number 3?"}, {"$set": {"question": "Who is number three?"}})
    sync.collection.delete_one({"question": "What is the number 4?"})
    sync.collection.replace_one({"question": "What is the number 5?"}, {"question": "Replaced?", "answers": []})
    wait_for(lambda: equal(sync, kb), "the changes")
    sync.collection.delete_one({"_id": "a/b c"})
    wait_for(lambda: equal(sync, kb), "the delete of an id with a slash")
    assert len(kb.documents()) == 10


def test_nothing_is_lost_while_it_is_down(sync, kb):
    sync.collection.insert_many([question(n) for n in range(5)])
    sync.start()
    wait_for(lambda: "following changes" in sync.says() and (sync.folder / "state.json").exists(), "the first load")
    sync.kill()
    sync.collection.insert_many([question(n) for n in range(5, 12)])
    sync.collection.delete_one({"question": "What is the number 1?"})
    sync.start()
    wait_for(lambda: equal(sync, kb), "what happened meanwhile")
    assert sync.says().count("following changes") == 1, "the collection is not sent a second time"


def test_a_delete_after_a_first_load_that_was_killed(sync, kb):
    sync.collection.insert_many([question(n) for n in range(500)])
    sync.start("--batch-size", "1")
    wait_for(kb.documents, "the first document")
    sync.kill()
    assert "following changes" not in sync.says(), "the load had ended"
    sync.collection.delete_one({"question": "What is the number 0?"})
    sync.start()
    wait_for(lambda: equal(sync, kb), "the rest, and the delete")


def test_killed_at_random_moments(sync, kb):
    random.seed(1)
    sync.start()
    for round in range(15):
        for n in range(20):
            sync.collection.insert_one(question(100 * round + n))
            if n % 5 == 4:
                sync.collection.delete_one({"question": f"What is the number {100 * round + random.randrange(n)}?"})
        time.sleep(random.random())
        sync.kill()
        sync.start()
    wait_for(lambda: equal(sync, kb), "all changes")


def test_refused_documents_are_named_and_the_others_arrive(sync, kb):
    sync.collection.insert_many([question(n) for n in range(6)] + [{"_id": "x" * 600, "question": "Too long an id?"}])
    done = sync.run("--once")
    assert done.returncode == 1 and "bytes, the limit is 512" in done.stderr
    assert len(kb.documents()) == 6, "the others are there"
    stopped = sync.run("--once", "--stop-on-refused")
    assert stopped.returncode == 1 and "without --stop-on-refused it is left out" in stopped.stderr
    sync.collection.insert_one({"_id": "no text"})
    sync.collection.delete_one({"_id": "x" * 600})
    done = sync.run("--once")
    assert len(kb.documents()) >= 6, done.stderr


def test_a_poison_event_is_passed_over(sync, kb):
    sync.collection.insert_one(question(1))
    sync.start()
    wait_for(lambda: "following changes" in sync.says(), "the first load")
    poison = "x" * 600
    ids = [".", "..", "reindex"]
    sync.collection.insert_many([question(n) | {"_id": id} for n, id in enumerate([poison, *ids])])
    sync.collection.delete_one({"_id": poison})
    sync.collection.insert_one(question(9) | {"_id": "last"})
    wait_for(lambda: "last" in kb.documents(), "what came behind it")
    assert {*ids, "last"} < set(kb.documents()) and sync.says().count("cannot be sent") == 2
    sync.collection.delete_many({"_id": {"$in": ids}})
    wait_for(lambda: len(kb.documents()) == 2, "the deletes")


def test_another_collection_does_not_go_on_with_this_state(sync, kb):
    sync.collection.insert_one(question(1))
    sync.start()
    wait_for((sync.folder / "state.json").exists, "the first load")
    sync.kill()
    other = Sync(sync.folder, sync.mongo, sync.mongo.client["shop"]["others"], kb.url)
    done = other.run()
    assert done.returncode == 1 and "name another file with --state" in done.stderr


def test_a_dropped_collection_is_said_and_deletes_nothing(sync, kb):
    sync.collection.insert_one(question(1))
    sync.start()
    wait_for(lambda: "following changes" in sync.says(), "the first load")
    sync.collection.drop()
    assert sync.process.wait(60) == 1
    assert "dropped or renamed" in sync.says() and len(kb.documents()) == 1


def test_a_knowledge_base_that_is_away(sync, kb, tmp_path):
    sync.collection.insert_one(question(1))
    away = Sync(tmp_path, sync.mongo, sync.collection, "http://127.0.0.1:9")
    done = away.run("--once", retry_for="10")
    assert done.returncode == 1 and "trying again in 1 s" in done.stderr and "given up after" in done.stderr


def test_polling(sync, kb):
    sync.collection.insert_many([question(n) for n in range(5)])
    sync.start("--poll", "1")
    wait_for(lambda: equal(sync, kb), "the first pass")
    sync.collection.delete_one({"question": "What is the number 2?"})
    sync.collection.update_one({"question": "What is the number 3?"}, {"$set": {"question": "Who is number three?"}})
    wait_for(lambda: equal(sync, kb), "what has changed")

    def done():
        """Documents sent and deleted by all passes, of which one may have come between the two changes."""
        numbers = [[int(number) for number in re.findall(r"\d+", line)] for line in sync.says().splitlines()]
        return [sum(column) for column in zip(*numbers, strict=True)]

    wait_for(lambda: done() == [5 + 1, 1], "only what has changed is sent")


def test_a_server_without_change_streams(tmp_path_factory, kb):
    mongo = Mongo(tmp_path_factory.mktemp("standalone"), "--standalone")
    try:
        sync = Sync(tmp_path_factory.mktemp("sync"), mongo, mongo.client["shop"]["questions"], kb.url)
        sync.collection.insert_one(question(1))
        done = sync.run()
        assert done.returncode == 1 and "this server has no change streams" in done.stderr, done.stderr
        assert sync.run("--once").returncode == 0 and equal(sync, kb)
    finally:
        mongo.stop()


def test_mongodb_goes_away_and_comes_back(tmp_path_factory, kb):
    mongo = Mongo(tmp_path_factory.mktemp("restarted"))
    sync = Sync(tmp_path_factory.mktemp("sync"), mongo, mongo.client["shop"]["questions"], kb.url)
    try:
        sync.collection.insert_one(question(1))
        sync.start()
        wait_for(lambda: "following changes" in sync.says(), "the first load")
        mongo.stop()
        wait_for(lambda: "trying again in" in sync.says(), "it notices")
        mongo.start()
        sync.collection = mongo.client["shop"]["questions"]
        sync.collection.insert_one(question(2))
        wait_for(lambda: equal(sync, kb), "changes after the restart")
    finally:
        sync.kill()
        mongo.stop()
