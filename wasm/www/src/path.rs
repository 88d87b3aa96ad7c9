//! From the path of a request to that of a file.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// A file, relative to the root of the site; whether it is there is not known.
    File(PathBuf),
    /// The site itself, without the slash at the end that relative addresses in its page need.
    Redirect(String),
    /// Nothing.
    Nowhere,
}

/// Finds the place of `path` in a site that lies under `base`, which is empty or begins and does not end with a slash.
///
/// Names are taken one by one, and none of them may mean something to a file system: so no path leads out of the site, and hidden
/// files stay hidden.
pub fn find(base: &str, path: &str) -> Place {
    let Some(rest) = path.strip_prefix(base) else { return Place::Nowhere };
    if rest.is_empty() && !base.is_empty() {
        let last = base.rsplit('/').next().unwrap_or_default();
        return Place::Redirect(format!("{last}/"));
    }
    let Some(rest) = rest.strip_prefix('/') else { return Place::Nowhere };
    let rest = if rest.is_empty() || rest.ends_with('/') { format!("{rest}index.html") } else { rest.to_owned() };
    let mut file = PathBuf::new();
    for name in rest.split('/') {
        match percent_decode_str(name).decode_utf8() {
            Ok(name) if is_name(&name) => file.push(Path::new(&*name)),
            _ => return Place::Nowhere,
        }
    }
    Place::File(file)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> Option<String> {
        match find("", path) {
            Place::File(file) => Some(file.to_string_lossy().replace('\\', "/")),
            _ => None,
        }
    }

    #[test]
    fn folders_have_an_index() {
        assert_eq!(file("/").as_deref(), Some("index.html"));
        assert_eq!(file("/a/").as_deref(), Some("a/index.html"));
        assert_eq!(file("/js/main.js").as_deref(), Some("js/main.js"));
        assert_eq!(file("/a%20b/%C3%A9.txt").as_deref(), Some("a b/é.txt"));
    }

    #[test]
    fn nothing_leads_out() {
        for path in [
            "/../secret",
            "/a/../../secret",
            "/%2e%2e/secret",
            "/..%2fsecret",
            "/%2e%2e%2fsecret",
            "/..\\secret",
            "/a/..%5csecret",
            "//etc/passwd",
            "/a//b",
            "/./a",
            "/%2Fetc/passwd",
            "/C:/secret",
            "/a%00.html",
            "/.git/config",
            "/a/.hidden",
            "/%ff",
            "",
            "index.html",
            "*",
        ] {
            assert_eq!(find("", path), Place::Nowhere, "{path}");
        }
    }

    #[test]
    fn a_site_can_lie_under_a_path() {
        assert_eq!(find("/www", "/www/a.js"), Place::File(PathBuf::from("a.js")));
        assert_eq!(find("/www", "/www/"), Place::File(PathBuf::from("index.html")));
        assert_eq!(find("/www", "/www"), Place::Redirect("www/".to_owned()));
        for path in ["/", "/wwwa", "/embed", "/www/../a"] {
            assert_eq!(find("/www", path), Place::Nowhere, "{path}");
        }
    }
}
