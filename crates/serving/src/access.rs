//! Who may call: keys, the names of this server, and the pages of other origins.
//!
//! With a key, the key decides: browsers have none that a foreign page could use. Without one, a browser on this machine is what an attacker
//! can reach the server with, so requests must name it as only the machine itself does (a name that was rebound to 127.0.0.1 is another
//! one), and pages of other origins may not write.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use http::header::{AUTHORIZATION, HOST, HeaderValue, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode};
use subtle::{Choice, ConstantTimeEq};

use crate::cors::Cors;
use crate::excerpt::excerpt;
use crate::problem::Problem;
use crate::route::Route;
use crate::settings::Variables;

/// Keys and names: `API_KEY`, `READ_API_KEY` and `ALLOWED_HOSTS`.
#[derive(Clone, Default)]
pub struct Access {
    /// Keys that may do everything.
    keys: Vec<String>,
    /// Keys that may not write.
    read_keys: Vec<String>,
    hosts: Hosts,
}

/// Names of this server beside those of the loopback interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hosts {
    any: bool,
    names: Vec<String>,
    /// Each begins with a dot, and stands for all names that end with it.
    domains: Vec<String>,
}

impl fmt::Debug for Access {
    /// Without the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keys, read_keys, hosts } = self;
        let (keys, read_keys) = (keys.len(), read_keys.len());
        f.debug_struct("Access").field("keys", &keys).field("read_keys", &read_keys).field("hosts", hosts).finish()
    }
}

impl Access {
    /// Keys and names out of the environment.
    ///
    /// # Errors
    /// Which variable is bad. The message never has a key in it.
    pub(crate) fn read(variables: &Variables<'_>) -> Result<Self, String> {
        let hosts = variables.get("ALLOWED_HOSTS").map_or(Ok(Hosts::default()), |list| Hosts::read(&list))?;
        Ok(Self { keys: keys(variables, "API_KEY")?, read_keys: keys(variables, "READ_API_KEY")?, hosts })
    }

    /// Whether requests must carry a key.
    #[must_use]
    pub fn needs_key(&self) -> bool {
        !self.keys.is_empty() || !self.read_keys.is_empty()
    }

    /// 403 for a name that is not one of this server, where no key is needed. A request without any name is none of a browser's, or its host
    /// does not pass the name on.
    pub(crate) fn check_host(&self, request: &Parts) -> Result<(), Problem> {
        let Some(host) = host(request).filter(|_| !self.needs_key() && !self.hosts.any) else { return Ok(()) };
        let name = host.parse::<Authority>().map(|authority| plain_name(authority.host()));
        if name.is_ok_and(|name| is_loopback(&name) || self.hosts.has(&name)) {
            return Ok(());
        }
        let message = format!(
            "without API_KEY this server answers only as localhost, 127.0.0.1 and [::1], and not as `{}`: name it in ALLOWED_HOSTS, or \
             set API_KEY",
            excerpt(&host)
        );
        Err(Problem::forbidden(message, "host_not_allowed").logged_as("the host is not one of ALLOWED_HOSTS"))
    }

    /// 401 for a request without a key, where one is needed; 403 for a key that may only read.
    pub(crate) fn check_key(&self, headers: &HeaderMap, writes: bool) -> Result<(), Problem> {
        if !self.needs_key() {
            return Ok(());
        }
        let header = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let sent = header.ok_or_else(|| Problem::unauthorized("this server asks for `authorization: Bearer KEY`"))?;
        let sent = sent.split_at_checked(BEARER.len()).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(BEARER));
        let (all, read) = sent
            .map_or_else(Default::default, |(_, sent)| (is_one_of(sent, &self.keys), is_one_of(sent, &self.read_keys)));
        match (all, read) {
            (true, _) => Ok(()),
            (false, true) if !writes => Ok(()),
            (false, true) => {
                Err(Problem::forbidden("this key may only read: writing needs one of API_KEY", "read_only_key"))
            }
            (false, false) => Err(Problem::unauthorized("the bearer key is wrong")),
        }
    }

    /// 403 for a page of another origin that would write, or that no preflight has held off, where no key is needed. Browsers name the origin
    /// of a page in each request that is no `GET`.
    pub(crate) fn check_origin<A>(&self, request: &Parts, route: &Route<A>, cors: &Cors) -> Result<(), Problem> {
        let writes = route.writes(&request.method);
        let unasked = route.any_media_type && request.method == Method::POST;
        if self.needs_key() || !(writes || unasked) {
            return Ok(());
        }
        let own = host(request);
        // `*` lets any page read. To let one write is to name it.
        let is_known = |origin: &HeaderValue| {
            cors.names(origin) || (!writes && cors.allows(origin)) || self.is_own(origin, own.as_deref())
        };
        match request.headers.get_all(ORIGIN).iter().find(|origin| !is_known(origin)) {
            None => Ok(()),
            Some(origin) => {
                let origin = excerpt(origin.to_str().unwrap_or("(not ASCII)"));
                let message = format!(
                    "pages of `{origin}` may not do this: name the origin in CORS_ALLOW_ORIGIN, or set API_KEY and send the key"
                );
                Err(Problem::forbidden(message, "origin_not_allowed").logged_as("the origin is another one"))
            }
        }
    }

    /// Whether an origin is this server: as the request names it, or by one of the names in `ALLOWED_HOSTS`, where a proxy has changed the
    /// name on the way.
    fn is_own(&self, origin: &HeaderValue, host: Option<&str>) -> bool {
        let authority =
            origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
        let Some(authority) = authority.filter(|authority| !authority.is_empty()) else { return false };
        let by_name = || authority.parse::<Authority>().is_ok_and(|own| self.hosts.has(&plain_name(own.host())));
        host.is_some_and(|host| host.eq_ignore_ascii_case(authority)) || by_name()
    }
}

const BEARER: &[u8] = b"bearer ";

/// In constant time for each key of the length, so that the time of a response does not tell how much of a key was right.
fn is_one_of(sent: &[u8], keys: &[String]) -> bool {
    keys.iter().fold(Choice::from(0), |found, key| found | sent.ct_eq(key.as_bytes())).into()
}

/// The keys in the variable `name`, with commas or white space between.
fn keys(variables: &Variables<'_>, name: &str) -> Result<Vec<String>, String> {
    let Some(list) = variables.secret(name)? else { return Ok(Vec::new()) };
    let keys: Vec<String> = list
        .split(|separator: char| separator == ',' || separator.is_whitespace())
        .filter(|key| !key.is_empty())
        .map(str::to_owned)
        .collect();
    // A server that was to have a key must not answer without one.
    if keys.is_empty() {
        return Err(format!("{name} is set, and has no key in it"));
    }
    match keys.iter().all(|key| key.bytes().all(|byte| byte.is_ascii_graphic())) {
        true => Ok(keys),
        false => {
            Err(format!("{name} has a key with characters that no header carries: only visible ASCII can be used"))
        }
    }
}

/// What a request calls this server, with a port where it has one. Hosts of components put the name into the URL and drop the header.
pub fn host(request: &Parts) -> Option<Cow<'_, str>> {
    let header = || request.headers.get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()));
    request.uri.authority().map(|authority| authority.as_str().into()).or_else(header)
}

/// A name in small letters, without the brackets of an address and the dot of the root.
fn plain_name(host: &str) -> String {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

fn is_loopback(name: &str) -> bool {
    match name.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        // Browsers resolve names below it to the loopback interface, and ask nobody.
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

impl Hosts {
    fn read(list: &str) -> Result<Self, String> {
        let mut hosts = Self::default();
        for name in list.split(',').map(str::trim) {
            let domain = name.strip_prefix('*').filter(|domain| domain.starts_with('.')).unwrap_or(name);
            let bare = plain_name(domain.strip_prefix('.').unwrap_or(domain));
            let is_address = bare.parse::<IpAddr>().is_ok();
            let is_name = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
            match name {
                "*" => hosts.any = true,
                _ if is_address => hosts.names.push(bare),
                _ if !is_name => {
                    return Err(format!(
                        "ALLOWED_HOSTS is `{list}`: it must be names or addresses without scheme and port, `.example.com` for all names \
                         below one, or `*`, with commas between"
                    ));
                }
                _ if domain.starts_with('.') => hosts.domains.push(format!(".{bare}")),
                _ => hosts.names.push(bare),
            }
        }
        Ok(hosts)
    }

    /// Whether a name was given, not by `*`.
    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name) || self.domains.iter().any(|domain| name.ends_with(domain))
    }
}

impl Problem {
    /// 403; `code` is what programs can tell it by.
    fn forbidden(message: impl Into<String>, code: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message).with_code(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(env: &[(&str, &str)]) -> Result<Access, String> {
        let variable = |name: &str| env.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        Access::read(&Variables::new(&variable))
    }

    fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let request = http::Request::builder().method(method).uri(uri);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(()).expect("a valid request").into_parts().0
    }

    fn answers(access: &Access, host: &str) -> bool {
        let by_header = access.check_host(&request("GET", "/", &[("host", host)])).is_ok();
        if let Ok(authority) = host.parse::<Authority>() {
            let by_uri = access.check_host(&request("GET", &format!("http://{authority}/"), &[])).is_ok();
            assert_eq!(by_header, by_uri, "{host}");
        }
        by_header
    }

    #[test]
    fn without_a_key_only_names_of_this_machine_are_answered() {
        let access = access(&[]).expect("no setting is needed");
        for host in
            ["localhost", "LocalHost:5001", "127.0.0.1", "127.8.0.1:80", "[::1]:5001", "kb.localhost", "localhost."]
        {
            assert!(answers(&access, host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "evil.example:5001",
            "127.0.0.1.evil.example",
            "192.168.1.5",
            "[::2]",
            "evillocalhost",
            "localhost@evil.example",
            "",
            "a b",
            "\u{e9}",
        ] {
            assert!(!answers(&access, host), "{host}");
        }
        assert!(access.check_host(&request("GET", "/", &[])).is_ok());
        // What the URL says counts: hosts set it, and the header can be anything.
        let both = request("GET", "http://evil.example/", &[("host", "localhost")]);
        assert!(access.check_host(&both).is_err());
    }

    #[test]
    fn names_can_be_allowed() {
        let list = access(&[("ALLOWED_HOSTS", "kb.example, 192.168.1.5 , .corp.example, *.cloud.example, [fe80::1]")]);
        let list = list.expect("a list of names");
        for host in
            ["kb.example", "KB.example:443", "192.168.1.5:5001", "a.b.corp.example", "x.cloud.example", "[fe80::1]:1"]
        {
            assert!(answers(&list, host), "{host}");
        }
        for host in ["corp.example", "evilcorp.example", "kb.example.evil", "192.168.1.50"] {
            assert!(!answers(&list, host), "{host}");
        }
        assert!(answers(&access(&[("ALLOWED_HOSTS", "*")]).expect("any"), "evil.example"));
        assert!(answers(&access(&[("API_KEY", "k")]).expect("a key"), "evil.example"));
        for bad in ["http://kb.example", "kb.example:443", "a,,b", "a b", "*a", "."] {
            let error = access(&[("ALLOWED_HOSTS", bad)]).expect_err(bad);
            assert!(error.starts_with(&format!("ALLOWED_HOSTS is `{bad}`: it must be ")), "{error}");
        }
    }

    #[test]
    fn keys_read_or_do_everything() {
        let access = access(&[("API_KEY", "one, two\nthree"), ("READ_API_KEY", "four")]).expect("keys");
        let status = |key: &str, writes| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(key).expect("ASCII"))]);
            access.check_key(&headers, writes).map_or_else(|problem| problem.status().as_u16(), |()| 200)
        };
        for key in ["Bearer one", "bearer two", "BEARER three"] {
            assert_eq!([status(key, false), status(key, true)], [200, 200], "{key}");
        }
        assert_eq!([status("Bearer four", false), status("Bearer four", true)], [200, 403]);
        for key in ["Bearer on", "Bearer onee", "Bearer one,", "Bearer one, two", "Bearer ", "Basic one", "one"] {
            assert_eq!([status(key, false), status(key, true)], [401, 401], "{key}");
        }
        let shown = format!("{access:?}");
        assert!(["one", "two", "three", "four"].iter().all(|key| !shown.contains(key)), "{shown}");
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_refused_and_not_shown() {
        for (name, value, part) in [
            ("API_KEY", " ,\n", "API_KEY is set, and has no key in it"),
            ("READ_API_KEY", "sécret", "READ_API_KEY has a key with characters"),
            ("API_KEY", "secret\u{7}", "API_KEY has a key with characters"),
        ] {
            let error = access(&[(name, value)]).expect_err("a bad key");
            assert!(error.contains(part) && !error.contains("cret"), "{error}");
        }
        assert!(!access(&[("API_KEY", "")]).expect("an empty value is none").needs_key());
        assert!(access(&[("READ_API_KEY", "k")]).expect("a key").needs_key());
    }

    #[test]
    fn pages_of_other_origins_do_not_write() {
        let route = |any_media_type| Route::<()> { any_media_type, ..Route::new("/", crate::Dialect::Details) };
        let verdict = |env: &[(&str, &str)], cors: &str, method: &str, host: &str, origin: &str, any: bool| {
            let request = request(method, "/", &[("host", host), ("origin", origin)]);
            let cors: Cors = cors.parse().expect("any text is a setting");
            access(env).expect("valid settings").check_origin(&request, &route(any), &cors).is_ok()
        };
        let (own, evil) = ("http://127.0.0.1:5001", "http://evil.example");
        for method in ["PUT", "DELETE"] {
            assert!(verdict(&[], "", method, "127.0.0.1:5001", own, false));
            for foreign in
                [evil, "null", "http://127.0.0.1:3000", "http://localhost:5001", "https://127.0.0.1:50011", "file://"]
            {
                assert!(!verdict(&[], "", method, "127.0.0.1:5001", foreign, false), "{foreign}");
                assert!(!verdict(&[], "*", method, "127.0.0.1:5001", foreign, false), "{foreign}");
            }
            // A name that an attacker has rebound names itself as the origin; the name is what is refused then.
            assert!(verdict(&[], "", method, "evil.example", evil, false));
            assert!(verdict(&[], "https://app.example", method, "127.0.0.1", "https://app.example", false));
            assert!(verdict(&[("API_KEY", "k")], "", method, "127.0.0.1", evil, false));
            assert!(verdict(&[("ALLOWED_HOSTS", "kb.example")], "", method, "127.0.0.1", "https://kb.example", false));
            assert!(!verdict(&[("ALLOWED_HOSTS", "*")], "", method, "127.0.0.1", evil, false));
        }
        // A page may send text to a route that takes any media type without being asked first.
        assert!(verdict(&[], "", "POST", "127.0.0.1", evil, false));
        assert!(!verdict(&[], "", "POST", "127.0.0.1", evil, true));
        assert!(verdict(&[], "*", "POST", "127.0.0.1", evil, true));
        assert!(verdict(&[], "", "GET", "127.0.0.1", evil, true));
        // Where nothing tells the name of the server, no origin is its own.
        let nameless = request("DELETE", "/", &[("origin", own)]);
        let check =
            |request: &Parts| access(&[]).expect("none").check_origin(request, &route(false), &Cors::default()).is_ok();
        assert!(!check(&nameless));
        assert!(check(&request("DELETE", "/", &[])));
    }
}
