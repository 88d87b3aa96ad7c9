//! What went wrong, once, and how each protocol says it.

use http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use minilm::{Error, ErrorKind};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Answer, Route};

/// The protocol of a route: it decides the shape of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `{"error": {"message", "type", "param", "code"}}`
    OpenAi,
    /// text-embeddings-inference: `{"error", "error_type"}`
    Tei,
    /// `{"error"}`
    Ollama,
    /// `{"error", "details"}`, the latter where there is more to say than the message.
    Details,
    /// The same with the status codes of the Flask service, which had 400 for whatever is wrong in a request.
    Flask,
}

impl Dialect {
    fn status(self, status: StatusCode) -> StatusCode {
        match (self, status) {
            (Self::Flask, StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::UNPROCESSABLE_ENTITY) => {
                StatusCode::BAD_REQUEST
            }
            _ => status,
        }
    }
}

/// A limit that a request went over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// The environment variable that sets it, or the property of the model that does.
    pub name: &'static str,
    /// The most that is allowed.
    pub value: usize,
    /// What the request has; at least, where it was not read to its end.
    pub actual: usize,
}

/// An answer that is an error. Boxed, as every function here may return one.
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    status: StatusCode,
    message: String,
    param: Option<&'static str>,
    code: Option<&'static str>,
    limit: Option<Limit>,
    details: Option<Value>,
    headers: HeaderMap,
}

impl Problem {
    /// A problem with `status`.
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let (message, headers) = (message.into(), HeaderMap::new());
        Self(Box::new(Details { status, message, param: None, code: None, limit: None, details: None, headers }))
    }

    /// 422: the request is well-formed, and something in it is not acceptable.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// 503: the component cannot answer anything, as it was set up wrongly.
    #[must_use]
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// `status`, for `what` being over `limit`.
    #[must_use]
    pub fn over(status: StatusCode, what: &str, limit: Limit) -> Self {
        let message = format!("{what} {}, the limit is {} ({})", limit.actual, limit.value, limit.name);
        let mut problem = Self::new(status, message);
        if status == StatusCode::TOO_MANY_REQUESTS {
            problem.0.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        problem.0.limit = Some(limit);
        problem
    }

    /// 405, with the methods that `route` has.
    #[must_use]
    pub fn method<A>(method: &http::Method, path: &str, route: &Route<A>) -> Self {
        let message = format!("{path} does not take {method}, only {}", route.allow());
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, message);
        route.tell_allowed(&mut problem.0.headers);
        problem
    }

    /// 401.
    #[must_use]
    pub fn unauthorized(message: &str) -> Self {
        let scheme = HeaderValue::from_static("Bearer");
        Self::new(StatusCode::UNAUTHORIZED, message).with_code("invalid_api_key").with_header(WWW_AUTHENTICATE, scheme)
    }

    /// 404 for a model that is not here.
    #[must_use]
    pub fn unknown_model(asked: &str, served: &str) -> Self {
        let message = format!("model `{asked}` not found: this server has `{served}`");
        Self::new(StatusCode::NOT_FOUND, message).with_param("model").with_code("model_not_found")
    }

    /// The same, naming the field of the request.
    #[must_use]
    pub fn with_param(mut self, param: &'static str) -> Self {
        self.0.param = Some(param);
        self
    }

    fn with_code(mut self, code: &'static str) -> Self {
        self.0.code = Some(code);
        self
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The same, with what programs can read about it.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.0.details = Some(details);
        self
    }

    /// The same, asking the caller to come again soon.
    #[must_use]
    pub fn retry_after_a_second(self) -> Self {
        self.with_header(RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// The same, with the methods that are there after all.
    #[must_use]
    pub fn allow(self, methods: &'static str) -> Self {
        self.with_header(ALLOW, HeaderValue::from_static(methods))
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The answer that says so in the words of `dialect`.
    #[must_use]
    pub fn into_answer(self, dialect: Dialect) -> Answer {
        let (openai_type, tei_type) = (self.openai_type(), self.tei_type());
        let Details { status, message, param, code, limit, details, headers } = *self.0;
        let mut object = match dialect {
            Dialect::OpenAi => json!({
                "message": message, "type": openai_type, "param": param, "code": code,
            }),
            Dialect::Tei => json!({ "error": message, "error_type": tei_type }),
            Dialect::Ollama | Dialect::Details | Dialect::Flask => json!({ "error": message }),
        };
        if let Value::Object(fields) = &mut object {
            fields.extend(limit.map(|limit| ("limit".to_owned(), json!(limit))));
            fields.extend(details.map(|details| ("details".to_owned(), details)));
        }
        let body = if dialect == Dialect::OpenAi { json!({ "error": object }) } else { object };
        let mut answer = Answer::json(&body);
        answer.status = dialect.status(status);
        answer.headers.extend(headers);
        answer.error = Some(message);
        answer
    }

    fn openai_type(&self) -> &'static str {
        match self.0.status {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        }
    }

    fn tei_type(&self) -> &'static str {
        match self.0.status {
            StatusCode::TOO_MANY_REQUESTS => "Overloaded",
            StatusCode::SERVICE_UNAVAILABLE => "Unhealthy",
            status if status.is_server_error() => "Backend",
            _ if self.0.code == Some(EMPTY) => "Empty",
            _ => "Validation",
        }
    }
}

/// Code of [`Problem::empty`].
const EMPTY: &str = "empty";

impl Problem {
    /// 400: there is nothing to work on.
    #[must_use]
    pub fn empty(param: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("`{param}` is empty")).with_param(param).with_code(EMPTY)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match (&error, error.kind()) {
            (&Error::TooManyTokens { n_tokens, limit, .. }, _) => {
                let limit = Limit { name: "max_input_length", value: limit, actual: n_tokens };
                let mut problem = Self::invalid(message);
                problem.0.limit = Some(limit);
                problem
            }
            (_, ErrorKind::Input | ErrorKind::Option) => Self::invalid(message),
            (_, ErrorKind::Model | ErrorKind::Engine) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, message),
        }
    }
}
