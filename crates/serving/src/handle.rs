//! From a request of the host to its response.

use std::fmt::Debug;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;

use crate::app::App;
use crate::context::{Admission, InFlight, RequestContext};
use crate::problem::Problem;

/// Answers one request. `app` is the state of the instance, or why there is none: then every route that needs it answers with that.
///
/// Reads `body` only where a handler wants it, and never past its limit. What is left of it should go to [`drain`] after the response.
pub async fn handle<A: App, B>(app: Result<&A, Problem>, request: Parts, body: &mut B) -> Response<Vec<u8>>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Debug,
{
    let context = RequestContext::new(app, request);
    let response = match context.admit() {
        Admission::Respond(response) => response,
        Admission::Call(app, handler) => context.call(app, handler, Ok(Vec::new())).await,
        Admission::ReadBody(in_flight, handler, announced) => {
            let body = read(body, &in_flight, announced).await;
            context.call(in_flight.app(), handler, body).await
        }
    };
    context.finish(response)
}

/// The body, or 413 as soon as it is over the limit.
async fn read<A: App, B>(body: &mut B, in_flight: &InFlight<'_, A>, announced: usize) -> Result<Vec<u8>, Problem>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Debug,
{
    let mut bytes = Vec::new();
    // Where there is no room for all at once, it grows with what comes.
    let _ = bytes.try_reserve_exact(announced.min(MAX_RESERVED));
    while let Some(frame) = body.frame().await {
        let cut = |error| {
            let problem = Problem::new(StatusCode::BAD_REQUEST, "the body was cut off");
            problem.logged_as(format!("the body was cut off: {error:?}"))
        };
        if let Ok(data) = frame.map_err(cut)?.into_data() {
            in_flight.app().state().check_payload(bytes.len() + data.len())?;
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

/// Bytes that a body gets before it comes. Growing by doubling, a large one would be copied, and for a moment there twice.
const MAX_RESERVED: usize = 16 << 20;

/// Bytes of a refused body that are still read.
const MAX_DRAINED: usize = 16 << 20;

/// Reads what is left of a body, up to 16 MiB, after the response. A host closes a connection on which something is unread, and a
/// client that is still sending then never sees why it was refused.
pub async fn drain<B: Body<Data = Bytes> + Unpin>(mut body: B) {
    let mut drained = 0;
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, Bytes::len);
        if drained > MAX_DRAINED {
            return;
        }
    }
}
