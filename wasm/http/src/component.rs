//! The edge to the host: `wasi:http/handler`, by way of Spin's SDK.

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Full};
use spin_sdk::http::{Request, Response};
use spin_sdk::wasip3;

use crate::{App, Begin, Exchange, InFlight, Problem};

/// The embedder is what this component itself exports; another one, which uses this crate, exports its own.
#[cfg(feature = "handler")]
#[spin_sdk::http_service]
async fn handle(request: Request) -> Response<Full<Bytes>> {
    serve::<crate::Service>(request).await
}

/// Answers a request of the host.
pub async fn serve<A: App>(request: Request) -> Response<Full<Bytes>> {
    let (request, mut body) = request.into_parts();
    let exchange = Exchange::<A>::new(A::get(), request);
    let answer = match exchange.begin() {
        Begin::Answer(answer) => answer,
        Begin::Call(app, handler) => exchange.call(app, handler).await,
        Begin::Body(in_flight, handler) => {
            let read = read(&mut body, &in_flight).await;
            exchange.handle(&in_flight, handler, read).await
        }
    };
    wasip3::spawn(drain(body));
    exchange.finish(answer).map(|body| Full::new(Bytes::from(body)))
}

/// The body, as far as its limit.
async fn read<A: App, B>(body: &mut B, in_flight: &InFlight<A>) -> Result<Vec<u8>, Problem>
where
    B: BodyExt<Data = Bytes> + Unpin,
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

/// Bytes of a refused body that are still taken.
const MOST_DRAINED: usize = 16 << 20;

/// Takes what is left of a body, after the answer: a host closes a connection on which something is unread, and then a client that
/// is still sending never sees why it was refused.
async fn drain<B: BodyExt<Data = Bytes> + Unpin>(mut body: B) {
    let mut drained = 0;
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, Bytes::len);
        if drained > MOST_DRAINED {
            return;
        }
    }
}
