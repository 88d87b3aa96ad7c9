//! The entry that the host calls: `wasi:http/handler`, through Spin's SDK.

use bytes::Bytes;
use http_body_util::Full;
use minilm_serving::Problem;
use spin_sdk::http::{Request, Response};
use spin_sdk::wasip3;

use crate::Kb;

#[spin_sdk::http_service]
async fn handle(request: Request) -> Response<Full<Bytes>> {
    let (request, mut body) = request.into_parts();
    let response = minilm_serving::handle(kb().await, request, &mut body).await;
    wasip3::spawn(minilm_serving::drain(body));
    response.map(|body| Full::new(Bytes::from(body)))
}

/// The instance, made by the first request.
async fn kb() -> Result<&'static Kb, Problem> {
    if let Some(kb) = Kb::existing() {
        return kb;
    }
    Kb::get_or_load(minilm_serving::environment(&["POSTGRES_URL"]).await?)
}
