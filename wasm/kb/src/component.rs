//! The entry that the host calls: `wasi:http/handler`, through Spin's SDK.

use bytes::Bytes;
use http_body_util::Full;
use minilm_serving::Problem;
use spin_sdk::http::{Request, Response};
use spin_sdk::wasip3;

use crate::Kb;
#[cfg(feature = "spin")]
use crate::variables;

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
    #[cfg(feature = "spin")]
    let others = variables::read().await.map_err(Problem::unhealthy)?;
    #[cfg(not(feature = "spin"))]
    let others = std::collections::HashMap::<&str, String>::new();
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Kb::get_or_load(|name| set(name).or_else(|| others.get(name).cloned()))
}
