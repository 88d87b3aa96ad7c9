//! Errors: what went wrong, and the shape in which each protocol states it.

use std::borrow::Cow;

use http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, StatusCode};
use minilm::{Error, ErrorKind};
use serde::Serialize;
use serde_json::{Value, json};

use crate::excerpt::excerpt;
use crate::response::Response;

/// The protocol of a route. It decides the shape of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `{"error": {"message", "type", "param", "code"}}`
    OpenAi,
    /// text-embeddings-inference: `{"error", "error_type"}`
    Tei,
    /// `{"error"}`
    Ollama,
    /// `{"error", "details"}`; `details` only where there is more than the message.
    Details,
    /// As `Details`, with the status codes of the Flask service: 400 in place of 415 and 422.
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

/// A limit, and what a request has of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// The environment variable that sets it, or the property of the model that does.
    pub name: &'static str,
    /// The most that is allowed.
    pub value: usize,
    /// What the request has. A lower bound where it was not read to its end.
    pub actual: usize,
}

impl Limit {
    /// The problem of `status` where the limit is passed; `what` begins its message.
    ///
    /// # Errors
    /// As said.
    pub fn check(self, status: StatusCode, what: impl FnOnce() -> String) -> Result<(), Problem> {
        if self.actual <= self.value { Ok(()) } else { Err(Problem::over(status, &what(), self)) }
    }
}

/// An error that a client sees. Boxed, as most functions of a component may return one.
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    status: StatusCode,
    message: String,
    param: Option<Cow<'static, str>>,
    code: Option<&'static str>,
    limit: Option<Limit>,
    details: Option<Value>,
    headers: HeaderMap,
    /// The message of the log, if it is another one.
    logged: Option<String>,
    /// Whether the log calls the response an error.
    is_error: bool,
}

impl Problem {
    /// A problem with `status`.
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            status,
            message: message.into(),
            param: None,
            code: None,
            limit: None,
            details: None,
            headers: HeaderMap::new(),
            logged: None,
            is_error: true,
        }))
    }

    /// 422: the request is well-formed, and something in it is not acceptable.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// 503: the component cannot answer requests.
    #[must_use]
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// `status`, for `what` being over `limit`.
    #[must_use]
    pub fn over(status: StatusCode, what: &str, limit: Limit) -> Self {
        let message = format!("{what} {}, the limit is {} ({})", limit.actual, limit.value, limit.name);
        let mut problem = Self::new(status, message);
        problem.0.limit = Some(limit);
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => problem.retry_after_a_second(),
            _ => problem,
        }
    }

    /// 405; `allow` lists the methods that `path` has.
    #[must_use]
    pub fn method_not_allowed(method: &Method, path: &str, allow: &str) -> Self {
        let message = format!("{} does not take {method}, only {allow}", excerpt(path));
        Self::new(StatusCode::METHOD_NOT_ALLOWED, message).with_allow(allow)
    }

    /// 400: there is nothing to work on.
    #[must_use]
    pub fn empty(param: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("`{param}` is empty")).with_param(param).with_code(EMPTY)
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
        let message = format!("model `{}` not found: this server has `{served}`", excerpt(asked));
        let problem = Self::new(StatusCode::NOT_FOUND, message).logged_as("model not found");
        problem.with_param("model").with_code("model_not_found")
    }

    /// The same, naming the field of the request.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    pub(crate) fn with_code(mut self, code: &'static str) -> Self {
        self.0.code = Some(code);
        self
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The same, with facts for programs.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.0.details = Some(details);
        self
    }

    /// The same, as the regular result of a valid request: the log has it at level `info`. A search that finds nothing is one.
    #[must_use]
    pub fn as_result(mut self) -> Self {
        self.0.is_error = false;
        self
    }

    /// The same, with the header that asks the caller to try again after a second.
    #[must_use]
    pub fn retry_after_a_second(self) -> Self {
        self.with_header(RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// The same, with the header that lists the methods of the path.
    #[must_use]
    pub fn with_allow(self, methods: &str) -> Self {
        match HeaderValue::from_str(methods) {
            Ok(methods) => self.with_header(ALLOW, methods),
            Err(_) => self,
        }
    }

    /// The same, with another message in the log: for one that repeats what the client sent.
    #[must_use]
    pub fn logged_as(mut self, message: impl Into<String>) -> Self {
        self.0.logged = Some(message.into());
        self
    }

    /// The status, before a protocol has its say.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The response in the shape of `dialect`.
    #[must_use]
    pub fn into_response(self, dialect: Dialect) -> Response {
        let (openai_type, tei_type) = (self.openai_type(), self.tei_type());
        let Details { status, message, param, code, limit, details, headers, logged, is_error } = *self.0;
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
        let mut response = Response::json(&body);
        response.status = dialect.status(status);
        response.headers.extend(headers);
        response.error = is_error.then(|| logged.unwrap_or(message));
        response
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
            StatusCode::SERVICE_UNAVAILABLE if self.0.limit.is_some() => "Overloaded",
            StatusCode::SERVICE_UNAVAILABLE => "Unhealthy",
            status if status.is_server_error() => "Backend",
            _ if self.0.code == Some(EMPTY) => "Empty",
            _ => "Validation",
        }
    }
}

/// What all protocols call an option of the core.
fn in_requests(option: &'static str) -> &'static str {
    match option {
        "truncate_dim" => "dimensions",
        other => other,
    }
}

/// Code of [`Problem::empty`].
const EMPTY: &str = "empty";

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
            (Error::Option { option, reason }, _) => {
                let field = in_requests(option);
                let problem = Self::invalid(format!("`{field}`: {reason}")).with_param(field);
                problem.logged_as(format!("`{field}` is out of range"))
            }
            (_, ErrorKind::Input | ErrorKind::Option) => Self::invalid(message),
            (_, ErrorKind::Model | ErrorKind::Engine) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, message),
        }
    }
}
