//! The entry that the host calls: `wasi:http/handler`, through Spin's SDK.

use bytes::Bytes;
use http_body_util::Full;
use spin_sdk::http::{Request, Response};
use spin_sdk::wasip3;

use crate::EmbeddingApp;

#[spin_sdk::http_service]
async fn handle(request: Request) -> Response<Full<Bytes>> {
    let (request, mut body) = request.into_parts();
    let response = minilm_serving::handle(EmbeddingApp::get(), request, &mut body).await;
    wasip3::spawn(minilm_serving::drain(body));
    response.map(|body| Full::new(Bytes::from(body)))
}
