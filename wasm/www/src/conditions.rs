//! What the client has already, and which part it wants.

use std::ops::Bound;

use headers::{ETag, HeaderMapExt, IfNoneMatch, IfRange, Range};
use http::HeaderMap;
use http::header::RANGE;

/// What is to be sent of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// Nothing, as the client has it.
    Unchanged,
    /// All of it.
    Whole,
    /// Bytes from the first to the second, both included.
    Bytes(u64, u64),
    /// Nothing, as the file ends before what was asked for.
    Beyond,
}

/// Reads the conditions of a request for a file of `length` bytes.
pub fn part(request: &HeaderMap, etag: &ETag, length: u64) -> Part {
    if request.typed_get::<IfNoneMatch>().is_some_and(|condition| !condition.precondition_passes(etag)) {
        return Part::Unchanged;
    }
    let changed = |condition: IfRange| condition.is_modified(Some(etag), None);
    if request.typed_get::<IfRange>().is_some_and(changed) {
        return Part::Whole;
    }
    let Some(range) = request.typed_get::<Range>() else { return Part::Whole };
    let mut ranges = range.satisfiable_ranges(length);
    match (ranges.next(), ranges.next()) {
        // A last part that is longer than the file is all of it; the crate says that there is none.
        (None, _) if request.get(RANGE).is_some_and(|value| value.as_bytes().starts_with(b"bytes=-")) => Part::Whole,
        (None, _) => Part::Beyond,
        (Some(bounds), None) => bytes(bounds, length),
        // A server may send the whole for several parts.
        (Some(_), Some(_)) => Part::Whole,
    }
}

fn bytes((start, end): (Bound<u64>, Bound<u64>), length: u64) -> Part {
    let first = match start {
        Bound::Included(first) => first,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let last = match end {
        Bound::Included(last) => last.min(length.saturating_sub(1)),
        Bound::Excluded(after) => after.min(length).saturating_sub(1),
        Bound::Unbounded => length.saturating_sub(1),
    };
    if first >= length || last < first { Part::Beyond } else { Part::Bytes(first, last) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::{IF_NONE_MATCH, IF_RANGE};
    use http::{HeaderName, HeaderValue};

    const TAG: &str = "\"5-64\"";

    fn asked(headers: &[(HeaderName, &'static str)]) -> Part {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        part(&headers.collect(), &TAG.parse().expect("a tag"), 100)
    }

    #[test]
    fn what_the_client_has_is_not_sent() {
        assert_eq!(asked(&[(IF_NONE_MATCH, TAG)]), Part::Unchanged);
        assert_eq!(asked(&[(IF_NONE_MATCH, "W/\"5-64\"")]), Part::Unchanged);
        assert_eq!(asked(&[(IF_NONE_MATCH, "\"a\", \"5-64\"")]), Part::Unchanged);
        assert_eq!(asked(&[(IF_NONE_MATCH, "*")]), Part::Unchanged);
        assert_eq!(asked(&[(IF_NONE_MATCH, "\"other\"")]), Part::Whole);
    }

    #[test]
    fn parts_are_cut_to_the_file() {
        assert_eq!(asked(&[(RANGE, "bytes=10-19")]), Part::Bytes(10, 19));
        assert_eq!(asked(&[(RANGE, "bytes=90-")]), Part::Bytes(90, 99));
        assert_eq!(asked(&[(RANGE, "bytes=90-1000")]), Part::Bytes(90, 99));
        assert_eq!(asked(&[(RANGE, "bytes=-10")]), Part::Bytes(90, 99));
        assert_eq!(asked(&[(RANGE, "bytes=-1000")]), Part::Whole);
        assert_eq!(asked(&[(RANGE, "bytes=100-")]), Part::Beyond);
        assert_eq!(asked(&[(RANGE, "bytes=1-2, 4-5")]), Part::Whole);
        assert_eq!(asked(&[(RANGE, "lines=1-2")]), Part::Whole);
    }

    #[test]
    fn a_part_of_another_file_is_not_sent() {
        assert_eq!(asked(&[(RANGE, "bytes=10-19"), (IF_RANGE, TAG)]), Part::Bytes(10, 19));
        assert_eq!(asked(&[(RANGE, "bytes=10-19"), (IF_RANGE, "\"other\"")]), Part::Whole);
    }
}
