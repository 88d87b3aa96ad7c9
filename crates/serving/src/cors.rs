//! Cross-origin resource sharing: which web pages of other origins may call.

use std::convert::Infallible;
use std::str::FromStr;

use http::HeaderMap;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue, ORIGIN, VARY,
};

/// Origins whose pages may read responses. `CORS_ALLOW_ORIGIN`: `*`, or a list with commas between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    any: bool,
    origins: Vec<String>,
}

impl FromStr for Cors {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let origins: Vec<String> = text.split(',').map(|origin| origin.trim().to_owned()).collect();
        Ok(Self { any: origins.iter().any(|origin| origin == "*"), origins })
    }
}

impl Cors {
    /// Whether pages of `origin` may read responses.
    pub(crate) fn allows(&self, origin: &HeaderValue) -> bool {
        self.any || self.names(origin)
    }

    /// Whether `origin` is in the list by its name.
    pub(crate) fn names(&self, origin: &HeaderValue) -> bool {
        self.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    }

    /// Adds the `headers` that let the page that sent `request` read the response.
    pub(crate) fn allow(&self, request: &HeaderMap, headers: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        if !self.any {
            headers.append(VARY, HeaderValue::from_static("origin"));
        }
        let Some(origin) = request.get(ORIGIN) else { return };
        let allowed = if self.any {
            HeaderValue::from_static("*")
        } else if self.names(origin) {
            origin.clone()
        } else {
            return;
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    }

    /// Adds the `headers` of the response to the preflight request that has the headers `request`; `allow` lists the methods of the path.
    pub(crate) fn preflight(&self, allow: &str, request: &HeaderMap, headers: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        if let Ok(allow) = HeaderValue::from_str(allow) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, allow);
        }
        // Clients send headers about themselves, which do no harm. A `*` would not stand for `authorization`.
        if let Some(asked) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
            headers.append(VARY, HeaderValue::from_static("access-control-request-headers"));
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(setting: &str, origin: &str) -> Option<String> {
        let cors: Cors = setting.parse().expect("any text is a setting");
        let request = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_str(origin).expect("an origin"))]);
        let mut headers = HeaderMap::new();
        cors.allow(&request, &mut headers);
        headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().expect("ASCII").to_owned())
    }

    #[test]
    fn only_listed_origins_are_allowed() {
        let list = "https://a.example, https://b.example";
        assert_eq!(answer(list, "https://b.example").as_deref(), Some("https://b.example"));
        assert_eq!(answer(list, "https://b.example.evil"), None);
        assert_eq!(answer("*", "https://c.example").as_deref(), Some("*"));
    }

    #[test]
    fn without_a_setting_nothing_is_added() {
        let mut headers = HeaderMap::new();
        Cors::default().allow(&HeaderMap::new(), &mut headers);
        Cors::default().preflight("POST", &HeaderMap::new(), &mut headers);
        assert!(headers.is_empty());
    }
}
