//! One request and its answer: everything that is the same on every route.

use std::sync::atomic::Ordering;
use std::time::Instant;

use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::log::{self, Level};
use crate::{Answer, App, Call, Handler, Limit, Problem, Route, Service, Work, negotiation};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MODEL: HeaderName = HeaderName::from_static("x-model");
const TOKENS: HeaderName = HeaderName::from_static("x-compute-tokens");
const INFERENCE_TIME: HeaderName = HeaderName::from_static("x-inference-time");
const TRUNCATED: HeaderName = HeaderName::from_static("x-truncated");
/// Longest request id of a caller that is taken over.
const LONGEST_ID: usize = 128;

/// A request under way.
#[derive(Debug)]
pub struct Exchange<A: App> {
    app: Result<&'static A, Problem>,
    request: Parts,
    /// Where the request goes, if there is such a place.
    route: Option<&'static Route<A>>,
    id: HeaderValue,
    start: Instant,
}

/// What a request leads to before its body is read.
#[derive(Debug)]
pub enum Begin<A: App> {
    /// The answer is there already.
    Answer(Answer),
    /// The handler is to be called, without a body.
    Call(&'static A, Handler<A>),
    /// The handler wants the body.
    Body(InFlight<A>, Handler<A>),
}

/// Counts a request as long as it is read and answered.
#[derive(Debug)]
pub struct InFlight<A: App>(&'static A);

impl<A: App> Drop for InFlight<A> {
    fn drop(&mut self) {
        self.0.service().in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<A: App> InFlight<A> {
    /// Refuses a body that has grown to `length` bytes.
    ///
    /// # Errors
    /// It is too large.
    pub fn check_payload(&self, length: usize) -> Result<(), Problem> {
        self.0.service().check_payload(length)
    }
}

impl<A: App> Exchange<A> {
    /// Takes a request.
    #[must_use]
    pub fn new(app: Result<&'static A, Problem>, request: Parts) -> Self {
        let own = || HeaderValue::from_str(&Uuid::new_v4().to_string()).ok();
        let sent = request.headers.get(REQUEST_ID).filter(|id| is_id(id.as_bytes())).cloned();
        let id = sent.or_else(own).unwrap_or_else(|| HeaderValue::from_static("-"));
        let route = A::ROUTES.iter().find(|route| route.fits(request.uri.path()));
        Self { app, request, route, id, start: Instant::now() }
    }

    /// Refuses what can be refused already, and says what is to be done for the rest.
    #[must_use]
    pub fn begin(&self) -> Begin<A> {
        self.admit().unwrap_or_else(|problem| Begin::Answer(self.problem(problem)))
    }

    fn admit(&self) -> Result<Begin<A>, Problem> {
        let (path, method) = (self.request.uri.path(), &self.request.method);
        let missing = || Problem::new(StatusCode::NOT_FOUND, format!("there is no {path}; {}", A::HINT));
        let route = self.route.ok_or_else(missing)?;
        if *method == Method::OPTIONS {
            return Ok(Begin::Answer(self.preflight(route)));
        }
        let app = self.app.clone()?;
        app.service().check_key(route, &self.request)?;
        let (handler, has_body) = match *method {
            Method::GET | Method::HEAD => (route.get, false),
            Method::DELETE => (route.delete, false),
            Method::POST => (route.post, !route.bodiless),
            Method::PUT => (route.put, true),
            _ => (None, false),
        };
        let handler = handler.ok_or_else(|| Problem::method(method, path, route))?;
        if !has_body {
            return Ok(Begin::Call(app, handler));
        }
        app.service().check_body(route.media_types, &self.request.headers)?;
        Ok(Begin::Body(self.enter(app)?, handler))
    }

    /// What the handler says without a body.
    pub async fn call(&self, app: &'static A, handler: Handler<A>) -> Answer {
        self.answer(app, handler, &[]).await.unwrap_or_else(|problem| self.problem(problem))
    }

    /// What the handler makes of `body`.
    pub async fn handle(&self, in_flight: &InFlight<A>, handler: Handler<A>, body: Result<Vec<u8>, Problem>) -> Answer {
        let answer = match body {
            Ok(body) => self.answer(in_flight.0, handler, &body).await,
            Err(problem) => Err(problem),
        };
        answer.unwrap_or_else(|problem| self.problem(problem))
    }

    async fn answer(&self, app: &'static A, handler: Handler<A>, body: &[u8]) -> Result<Answer, Problem> {
        let uri = &self.request.uri;
        let rest = self.route.map_or("", |route| route.rest(uri.path()));
        let call = Call {
            service: app,
            headers: &self.request.headers,
            rest: percent_decode_str(rest).decode_utf8_lossy(),
            query: uri.query().unwrap_or(""),
            body,
        };
        match handler {
            Handler::Now(handler) => handler(&call),
            Handler::Later(handler) => handler(&call).await,
        }
    }

    /// Completes an answer, logs and counts it.
    #[must_use]
    pub fn finish(self, mut answer: Answer) -> Response<Vec<u8>> {
        let service = self.app.as_ref().map(|app| app.service());
        let level = service.map_or(Level::Info, |service| service.settings.log);
        answer.headers.insert(REQUEST_ID, self.id.clone());
        if let Ok(service) = service {
            if let Some(work) = answer.work {
                add_work(service, work, &mut answer);
            }
            service.settings.cors.allow(&self.request.headers, &mut answer.headers);
        }
        negotiation::compress(&self.request.headers, &mut answer);
        let duration = self.start.elapsed();
        log::write(level, self.id.to_str().unwrap_or("-"), &self.request, &answer, duration);
        if let Ok(service) = service {
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

    fn enter(&self, app: &'static A) -> Result<InFlight<A>, Problem> {
        let service = app.service();
        let in_flight = service.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        let guard = InFlight(app);
        let most = service.settings.max_concurrent_requests;
        if in_flight > most {
            let limit = Limit { name: "MAX_CONCURRENT_REQUESTS", value: most, actual: in_flight };
            return Err(Problem::over(StatusCode::TOO_MANY_REQUESTS, "requests at once in this instance:", limit));
        }
        Ok(guard)
    }

    fn preflight(&self, route: &Route<A>) -> Answer {
        let mut answer = Answer::empty(StatusCode::NO_CONTENT);
        route.tell_allowed(&mut answer.headers);
        if let Ok(app) = self.app {
            app.service().settings.cors.preflight(&route.allow(), &mut answer.headers);
        }
        answer
    }

    fn problem(&self, problem: Problem) -> Answer {
        let guessed = || A::dialect(self.request.uri.path());
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
