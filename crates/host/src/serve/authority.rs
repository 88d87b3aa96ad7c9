//! What a request calls this server.

use hyper::header::HOST;
use hyper::http::uri::{Authority, InvalidUriParts, Scheme};
use hyper::{Request, Uri};

/// Why a request is refused that does not tell clearly what it calls this server.
pub const BAD_HOST: &str = "the header `host` is not a name with or without a port, or is there twice\n";

/// Puts the name in the header `Host` into the URL, where components look for it, as Spin does: the header itself is not handed to them. A
/// request of HTTP/1.0 may have no name.
///
/// # Errors
/// [`BAD_HOST`].
pub fn set_authority<B>(request: &mut Request<B>) -> Result<(), &'static str> {
    let mut names = request.headers().get_all(HOST).iter();
    let (name, other) = (names.next(), names.next());
    if other.is_some() {
        return Err(BAD_HOST);
    }
    let Some(name) = name.filter(|_| request.uri().authority().is_none()) else { return Ok(()) };
    let authority = Authority::try_from(name.as_bytes()).map_err(|_| BAD_HOST)?;
    *request.uri_mut() = with_authority(request.uri(), authority).map_err(|_| BAD_HOST)?;
    Ok(())
}

fn with_authority(uri: &Uri, authority: Authority) -> Result<Uri, InvalidUriParts> {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    Uri::from_parts(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(target: &str, hosts: &[&str]) -> Result<String, &'static str> {
        let request = hosts.iter().fold(Request::get(target), |request, host| request.header(HOST, *host));
        let mut request = request.body(()).expect("a request");
        set_authority(&mut request).map(|()| request.uri().to_string())
    }

    #[test]
    fn the_name_of_the_header_is_in_the_url() {
        assert_eq!(uri("/a?b", &["evil.example:80"]).as_deref(), Ok("http://evil.example:80/a?b"));
        assert_eq!(uri("/", &["[::1]:5001"]).as_deref(), Ok("http://[::1]:5001/"));
        assert_eq!(uri("/", &[]).as_deref(), Ok("/"));
        // The URL counts where it has a name.
        assert_eq!(uri("http://a.example/", &["b.example"]).as_deref(), Ok("http://a.example/"));
        for bad in [&["a b"][..], &[""], &["a/b"], &["a", "a"]] {
            assert_eq!(uri("/", bad), Err(BAD_HOST), "{bad:?}");
        }
        assert!(uri("*", &["localhost"]).is_ok());
    }
}
