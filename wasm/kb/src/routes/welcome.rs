//! `GET /`: what there is, and what to try first.

use minilm_serving::{App, Problem, Response};

use super::Request;

pub fn welcome(request: &Request<'_>) -> Result<Response, Problem> {
    let host = request.host.as_deref().unwrap_or("127.0.0.1:5001");
    let (model, store) = (request.app.state().model_name(), request.app.store.name());
    let text = format!(
        "MiniLM knowledge base, model {model}, store {store}.

GET    /health               the model, the number of documents, the threshold
GET    /ready                whether questions can be answered: the store answers, and fits the model
POST   /query                {{\"question\", \"threshold\"?, \"filter\"?}}: the closest document
POST   /query/batch          {{\"questions\", \"threshold\"?, \"top_k\"?, \"filter\"?}}: the closest to each of many
POST   /search               {{\"query\", \"field\"?, \"top_k\"?, \"threshold\"?, \"filter\"?}}: whole documents
PUT    /documents            a JSON array or JSON lines of documents, put in by id
GET    /documents            all of them; ?after=ID&limit=N
GET    /documents/ID         one; /documents?id=ID is the same
DELETE /documents/ID         the same; DELETE /documents?id=ID too
POST   /documents/reindex    all vectors anew, after a change of the model; needs content-type: application/json
GET    /metrics              counters of this instance

curl http://{host}/documents --request PUT --json '[{{\"id\": \"1\", \"question\": \"How do I reset my password?\", \
         \"answers\": [\"Use the link below the form.\"]}}]'
curl http://{host}/query --json '{{\"question\": \"I forgot my password\"}}'
"
    );
    Ok(Response::new("text/plain; charset=utf-8", text))
}
