//! One request and its answer: everything that is the same on every route.

use std::sync::atomic::Ordering;
use std::time::Instant;

use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::log::{self, Level};
use crate::routes::{self, Call, Handler, Route};
use crate::{Answer, Limit, Problem, Service, Work, negotiation};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MODEL: HeaderName = HeaderName::from_static("x-model");
const TOKENS: HeaderName = HeaderName::from_static("x-compute-tokens");
const INFERENCE_TIME: HeaderName = HeaderName::from_static("x-inference-time");
const TRUNCATED: HeaderName = HeaderName::from_static("x-truncated");
/// Longest request id of a caller that is taken over.
const LONGEST_ID: usize = 128;

/// A request under way.
#[derive(Debug)]
pub struct Exchange<'s> {
    service: Result<&'s Service, Problem>,
    request: Parts,
    /// Where the request goes, if there is such a place.
    route: Option<&'static Route>,
    id: HeaderValue,
    start: Instant,
}

/// What a request leads to before its body is read.
#[derive(Debug)]
pub enum Begin<'s> {
    /// The answer is there already.
    Answer(Answer),
    /// The handler wants the body.
    Body(InFlight<'s>, Handler),
}

/// Counts a request as long as it is read and answered.
#[derive(Debug)]
pub struct InFlight<'s>(&'s Service);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl InFlight<'_> {
    /// Refuses a body that has grown to `length` bytes.
    ///
    /// # Errors
    /// It is too large.
    pub fn check_payload(&self, length: usize) -> Result<(), Problem> {
        self.0.check_payload(length)
    }
}

impl<'s> Exchange<'s> {
    /// Takes a request.
    #[must_use]
    pub fn new(service: Result<&'s Service, Problem>, request: Parts) -> Self {
        let own = || HeaderValue::from_str(&Uuid::new_v4().to_string()).ok();
        let sent = request.headers.get(REQUEST_ID).filter(|id| is_id(id.as_bytes())).cloned();
        let id = sent.or_else(own).unwrap_or_else(|| HeaderValue::from_static("-"));
        let route = routes::find(request.uri.path());
        Self { service, request, route, id, start: Instant::now() }
    }

    /// The answer, where the body does not matter.
    #[must_use]
    pub fn begin(&self) -> Begin<'s> {
        self.admit().unwrap_or_else(|problem| Begin::Answer(self.problem(problem)))
    }

    fn admit(&self) -> Result<Begin<'s>, Problem> {
        let (path, method) = (self.request.uri.path(), &self.request.method);
        let missing =
            || Problem::new(StatusCode::NOT_FOUND, format!("there is no {path}; GET /openapi.json lists all routes"));
        let route = self.route.ok_or_else(missing)?;
        if *method == Method::OPTIONS {
            return Ok(Begin::Answer(self.preflight(route)));
        }
        let service = self.service.clone()?;
        service.check_key(route, &self.request)?;
        match (*method == Method::POST, route.get, route.post) {
            (true, _, Some(handler)) => {
                service.check_body(&self.request.headers)?;
                Ok(Begin::Body(self.enter(service)?, handler))
            }
            (false, Some(handler), _) if *method == Method::GET || *method == Method::HEAD => {
                Ok(Begin::Answer(handler(&self.call(service, &[]))?))
            }
            _ => Err(Problem::method(method, path, route.allow())),
        }
    }

    /// What the handler makes of `body`.
    #[must_use]
    pub fn handle(&self, in_flight: &InFlight<'s>, handler: Handler, body: Result<Vec<u8>, Problem>) -> Answer {
        let answer = body.and_then(|body| handler(&self.call(in_flight.0, &body)));
        answer.unwrap_or_else(|problem| self.problem(problem))
    }

    /// Completes an answer, logs and counts it.
    #[must_use]
    pub fn finish(self, mut answer: Answer) -> Response<Vec<u8>> {
        let level = self.service.as_ref().map_or(Level::Info, |service| service.settings.log);
        answer.headers.insert(REQUEST_ID, self.id.clone());
        if let Ok(service) = self.service {
            if let Some(work) = answer.work {
                add_work(service, work, &mut answer);
            }
            service.settings.cors.allow(&self.request.headers, &mut answer.headers);
        }
        negotiation::compress(&self.request.headers, &mut answer);
        let duration = self.start.elapsed();
        log::write(level, self.id.to_str().unwrap_or("-"), &self.request, &answer, duration);
        if let Ok(service) = self.service {
            let path = self.route.map_or("other", |route| route.path);
            service.metrics.count(path, &self.request.method, &answer, duration);
        }

        if self.request.method == Method::HEAD {
            answer.body.clear();
        } else if answer.status != StatusCode::NO_CONTENT {
            answer.headers.insert(CONTENT_LENGTH, answer.body.len().into());
        }
        let mut response = Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        response
    }

    fn call<'a>(&'a self, service: &'a Service, body: &'a [u8]) -> Call<'a> {
        let rest = self.route.map_or("", |route| route.rest(self.request.uri.path()));
        Call { service, headers: &self.request.headers, rest: percent_decode_str(rest).decode_utf8_lossy(), body }
    }

    fn enter(&self, service: &'s Service) -> Result<InFlight<'s>, Problem> {
        let in_flight = service.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        let guard = InFlight(service);
        let most = service.settings.max_concurrent_requests;
        if in_flight > most {
            let limit = Limit { name: "MAX_CONCURRENT_REQUESTS", value: most, actual: in_flight };
            return Err(Problem::over(StatusCode::TOO_MANY_REQUESTS, "requests at once in this instance:", limit));
        }
        Ok(guard)
    }

    fn preflight(&self, route: &Route) -> Answer {
        let mut answer = Answer::empty(StatusCode::NO_CONTENT);
        answer.headers.insert(http::header::ALLOW, HeaderValue::from_static(route.allow()));
        if let Ok(service) = self.service {
            service.settings.cors.preflight(route.allow(), &mut answer.headers);
        }
        answer
    }

    fn problem(&self, problem: Problem) -> Answer {
        let guessed = || routes::dialect(self.request.uri.path());
        problem.into_answer(self.route.map_or_else(guessed, |route| route.dialect))
    }
}

/// Tells what the model did in the headers.
fn add_work(service: &Service, work: Work, answer: &mut Answer) {
    if let Ok(name) = HeaderValue::from_str(service.model_name()) {
        answer.headers.insert(MODEL, name);
    }
    answer.headers.insert(TOKENS, work.tokens.into());
    answer.headers.insert(TRUNCATED, work.truncated.into());
    if let Ok(time) = HeaderValue::from_str(&format!("{:.3}", work.inference_ms())) {
        answer.headers.insert(INFERENCE_TIME, time);
    }
}

fn is_id(id: &[u8]) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}
