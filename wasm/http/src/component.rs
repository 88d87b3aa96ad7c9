//! The edge to the host: `wasi:http/handler`, by way of Spin's SDK.

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use spin_sdk::http::{Request, Response};
use spin_sdk::http_service;

use crate::{Begin, Exchange, InFlight, Problem, Service};

#[http_service]
async fn handle(request: Request) -> Response<Full<Bytes>> {
    let (request, body) = request.into_parts();
    let exchange = Exchange::new(Service::get(), request);
    let answer = match exchange.begin() {
        Begin::Answer(answer) => answer,
        Begin::Body(in_flight, handler) => {
            let body = read(body, &in_flight).await;
            exchange.handle(&in_flight, handler, body)
        }
    };
    exchange.finish(answer).map(|body| Full::new(Bytes::from(body)))
}

/// The body, as far as its limit.
async fn read<B>(mut body: B, in_flight: &InFlight<'_>) -> Result<Vec<u8>, Problem>
where
    B: http_body_util::BodyExt<Data = Bytes> + Unpin,
    B::Error: std::fmt::Debug,
{
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let cut = |error| Problem::new(StatusCode::BAD_REQUEST, format!("the body was cut off: {error:?}"));
        if let Ok(data) = frame.map_err(cut)?.into_data() {
            in_flight.check_payload(bytes.len() + data.len())?;
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}
