//! One request and its response: everything that is the same on every route.

use std::sync::atomic::Ordering;
use std::time::Instant;

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::access;
use crate::app::App;
use crate::budget::Budget;
use crate::excerpt::excerpt;
use crate::log::{self, Level};
use crate::negotiation;
use crate::problem::{Limit, Problem};
use crate::request::Request;
use crate::response::{Response, Usage};
use crate::route::{Handler, Route};
use crate::state::ServerState;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MODEL: HeaderName = HeaderName::from_static("x-model");
const TOKENS: HeaderName = HeaderName::from_static("x-compute-tokens");
const INFERENCE_TIME: HeaderName = HeaderName::from_static("x-inference-time");
const TRUNCATED: HeaderName = HeaderName::from_static("x-truncated");
/// What a browser must not do with a response: take it for another type, run it, show it in a frame, load it into a page of another
/// site, tell where it was or keep it.
const PROTECTION: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];
/// Longest request id of a caller that is taken over, in bytes.
const MAX_ID_LEN: usize = 128;

/// A request, from its head to its response.
#[derive(Debug)]
pub struct RequestContext<'a, A: App> {
    app: Result<&'a A, Problem>,
    request: Parts,
    /// The route of the request, if there is one.
    route: Option<&'static Route<A>>,
    id: HeaderValue,
    start: Instant,
}

/// What follows from the head of a request.
#[derive(Debug)]
pub enum Admission<'a, A: App> {
    /// The response is there: a refusal, or the answer to a preflight.
    Respond(Response),
    /// The handler runs without a body.
    Call(&'a A, Handler<A>),
    /// The body is to be read for the handler. The number is the bytes that it is announced with, 0 where it is not.
    ReadBody(InFlight<'a, A>, Handler<A>, usize),
}

/// Counts a request as in flight until it is dropped.
#[derive(Debug)]
pub struct InFlight<'a, A: App>(&'a A);

impl<A: App> Drop for InFlight<'_, A> {
    fn drop(&mut self) {
        self.0.state().in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<'a, A: App> InFlight<'a, A> {
    /// 429 where the instance has `MAX_CONCURRENT_REQUESTS` already.
    fn enter(app: &'a A) -> Result<Self, Problem> {
        let state = app.state();
        let in_flight = state.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        let guard = Self(app);
        let most = state.settings.max_concurrent_requests;
        if in_flight > most {
            let limit = Limit { name: "MAX_CONCURRENT_REQUESTS", value: most, actual: in_flight };
            return Err(Problem::over(StatusCode::TOO_MANY_REQUESTS, "requests at once in this instance:", limit));
        }
        Ok(guard)
    }

    /// The state of the instance.
    #[must_use]
    pub fn app(&self) -> &'a A {
        self.0
    }
}

impl<'a, A: App> RequestContext<'a, A> {
    /// Finds the route, and takes over the caller's request id or makes one.
    #[must_use]
    pub fn new(app: Result<&'a A, Problem>, request: Parts) -> Self {
        let own = || HeaderValue::from_str(&Uuid::new_v4().to_string()).ok();
        let sent = request.headers.get(REQUEST_ID).filter(|id| is_id(id.as_bytes())).cloned();
        let id = sent.or_else(own).unwrap_or_else(|| HeaderValue::from_static("-"));
        let route = A::ROUTES.iter().find(|route| route.matches(request.uri.path()));
        Self { app, request, route, id, start: Instant::now() }
    }

    /// Refuses what the head of the request allows to refuse: foreign names and origins, unknown paths, a missing key, methods, media types, announced sizes.
    #[must_use]
    pub fn admit(&self) -> Admission<'a, A> {
        self.try_admit().unwrap_or_else(|problem| Admission::Respond(self.problem(problem)))
    }

    fn try_admit(&self) -> Result<Admission<'a, A>, Problem> {
        let (path, method) = (self.request.uri.path(), &self.request.method);
        let is_public = self.route.is_some_and(|route| route.public);
        if let Ok(app) = &self.app
            && !is_public
        {
            app.state().settings.access.check_host(&self.request)?;
        }
        let unknown = || Problem::new(StatusCode::NOT_FOUND, format!("there is no {}; {}", excerpt(path), A::HINT));
        let route = self.route.ok_or_else(unknown)?;
        if *method == Method::OPTIONS {
            return Ok(Admission::Respond(self.preflight(route)));
        }
        let app = self.app.clone()?;
        let settings = &app.state().settings;
        if !route.public {
            settings.access.check_key(&self.request.headers, route.writes(method))?;
        }
        settings.access.check_origin(&self.request, route, &settings.cors)?;
        let (handler, has_body) =
            route.handler(method).ok_or_else(|| Problem::method_not_allowed(method, path, &route.allow()))?;
        if !has_body {
            if *method == Method::POST && route.post_writes {
                app.state().check_media_type(route, &self.request.headers)?;
            }
            return Ok(Admission::Call(app, handler));
        }
        let announced = app.state().check_body(route, &self.request.headers)?;
        Ok(Admission::ReadBody(InFlight::enter(app)?, handler, announced))
    }

    /// Runs the handler with `body`, or turns what was wrong with the body into a response.
    pub async fn call(&self, app: &'a A, handler: Handler<A>, body: Result<Vec<u8>, Problem>) -> Response {
        let response = match body {
            Ok(body) => self.try_call(app, handler, body).await,
            Err(problem) => Err(problem),
        };
        response.unwrap_or_else(|problem| self.problem(problem))
    }

    async fn try_call(&self, app: &'a A, handler: Handler<A>, body: Vec<u8>) -> Result<Response, Problem> {
        let uri = &self.request.uri;
        let parameter = self.route.map_or("", |route| route.parameter(uri.path()));
        let budget = Budget::start(&app.state().settings);
        let request = Request {
            app,
            budget,
            host: access::host(&self.request),
            headers: &self.request.headers,
            path_parameter: percent_decode_str(parameter).decode_utf8_lossy(),
            query: uri.query().unwrap_or(""),
            body: body.into(),
        };
        let response = match handler {
            Handler::Sync(handler) => handler(&request),
            Handler::Async(handler) => handler(&request).await,
        }?;
        if self.route.is_some_and(|route| !route.public) {
            request.budget.check_response(response.body.len())?;
        }
        Ok(response)
    }

    /// Adds the headers, compresses, logs and counts.
    #[must_use]
    pub fn finish(self, mut response: Response) -> http::Response<Vec<u8>> {
        let state = self.app.as_ref().map(|app| app.state());
        let level = state.map_or(Level::Info, |state| state.settings.log);
        response.headers.insert(REQUEST_ID, self.id.clone());
        for (name, value) in PROTECTION {
            response.headers.entry(name).or_insert(value);
        }
        if let Ok(state) = state {
            if let Some(usage) = response.usage {
                add_usage(state, usage, &mut response);
            }
            state.settings.cors.allow(&self.request.headers, &mut response.headers);
        }
        negotiation::compress(&self.request.headers, &mut response);
        let duration = self.start.elapsed();
        log::write(level, self.id.to_str().unwrap_or("-"), &self.request, &response, duration);
        if let Ok(state) = state {
            let path = self.route.map_or("other", |route| route.path);
            state.metrics.count(path, &self.request.method, &response, duration);
        }

        if self.request.method == Method::HEAD {
            response.body.clear();
        } else if response.status != StatusCode::NO_CONTENT {
            response.headers.insert(CONTENT_LENGTH, response.body.len().into());
        }
        let mut finished = http::Response::new(response.body);
        *finished.status_mut() = response.status;
        *finished.headers_mut() = response.headers;
        finished
    }

    fn preflight(&self, route: &Route<A>) -> Response {
        let mut response = Response::empty(StatusCode::NO_CONTENT);
        let allow = route.allow();
        if let Ok(value) = HeaderValue::from_str(&allow) {
            response.headers.insert(ALLOW, value);
        }
        if let Ok(app) = self.app {
            app.state().settings.cors.preflight(&allow, &self.request.headers, &mut response.headers);
        }
        response
    }

    fn problem(&self, problem: Problem) -> Response {
        let guessed = || A::dialect(self.request.uri.path());
        problem.into_response(self.route.map_or_else(guessed, |route| route.dialect))
    }
}

/// States in the headers what the model did.
fn add_usage(state: &ServerState, usage: Usage, response: &mut Response) {
    if let Ok(name) = HeaderValue::from_str(state.model_name()) {
        response.headers.insert(MODEL, name);
    }
    response.headers.insert(TOKENS, usage.tokens.into());
    response.headers.insert(TRUNCATED, usage.truncated.into());
    if let Ok(time) = HeaderValue::from_str(&format!("{:.3}", usage.inference_ms())) {
        response.headers.insert(INFERENCE_TIME, time);
    }
}

fn is_id(id: &[u8]) -> bool {
    (1..=MAX_ID_LEN).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}
