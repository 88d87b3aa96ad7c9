"""The service that the component replaces, as such services are usually written.

MODEL_NAME is a name on the Hugging Face hub or a local directory.
"""

import os

from flask import Flask, jsonify, request
from sentence_transformers import SentenceTransformer

app = Flask(__name__)
model = SentenceTransformer(os.environ.get("MODEL_NAME", "sentence-transformers/all-MiniLM-L6-v2"), device="cpu")


@app.post("/embed")
def embed():
    body = request.get_json()
    texts = body.get("texts")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return jsonify(error="texts must be an array of strings"), 400
    return jsonify(embeddings=model.encode(texts).tolist())


@app.get("/health")
def health():
    return jsonify(status="ok")
