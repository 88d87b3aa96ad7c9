//! Files as people and programs write them, and damaged ones.

use std::io::{BufReader, Read};

use super::*;

/// Ids of the documents, and the error after them. Read in pieces of `piece` bytes.
fn read_in(text: &[u8], piece: usize) -> (Vec<String>, Option<String>) {
    let mut documents = Documents::new(BufReader::with_capacity(piece, text));
    let mut ids = Vec::new();
    loop {
        match documents.next() {
            Some(Ok(document)) => ids.push(document.id),
            Some(Err(error)) => {
                assert!(documents.next().is_none(), "nothing comes after an error");
                return (ids, Some(error.to_string()));
            }
            None => return (ids, None),
        }
    }
}

fn read(text: impl AsRef<[u8]>) -> (Vec<String>, Option<String>) {
    let found = read_in(text.as_ref(), 4096);
    if text.as_ref().len() > 3 {
        assert_eq!(read_in(text.as_ref(), 3), found, "in small pieces");
    }
    // A byte order mark that is damaged has another fault where its first byte comes alone.
    if !text.as_ref().starts_with(&[0xef]) || text.as_ref().starts_with("\u{feff}".as_bytes()) {
        assert_eq!(read_in(text.as_ref(), 1), found, "byte by byte");
    }
    found
}

#[test]
fn every_form_of_three_documents() {
    for text in [
        // mongoexport
        "{\"_id\":{\"$oid\":\"a\"},\"question\":\"}\\\"{\"}\n{\"_id\":\"b\"}\n{\"_id\":{\"$numberLong\":\"3\"}}\n",
        // mongoexport --jsonArray
        "[{\"_id\":{\"$oid\":\"a\"},\"question\":\"]\"},\n{\"_id\":\"b\"},\n{\"_id\":3}]\n",
        // mongoexport --jsonArray --pretty
        "[{\n\t\"_id\": \"a\",\n\t\"x\": [{}, []]\n},\n{\n\t\"_id\": \"b\"\n},\n{\n\t\"_id\": 3\n}]\n",
        // mongoexport --pretty
        "{\n\t\"_id\": \"a\",\n\t\"x\": \"{\"\n}\n{\n\t\"_id\": \"b\"\n}\n{\n\t\"_id\": 3\n}\n",
        // By hand
        "\u{feff}\r\n{\"id\": \"a\"}\r\n\r\n  {\"id\": \"b\"} \r\n{\"id\": 3}",
        "\u{feff} [ {\"id\": \"a\"} , {\"id\": \"b\"},{\"id\": 3} ]  \n ",
    ] {
        assert_eq!(read(text), (["a", "b", "3"].map(str::to_owned).to_vec(), None), "{text}");
    }
}

#[test]
fn nothing_is_no_documents() {
    for text in ["", "\n\n", "[]", " [ ] ", "\u{feff}"] {
        assert_eq!(read(text), (vec![], None), "{text:?}");
    }
}

#[test]
fn faults_are_named_with_their_place() {
    for (text, before, expected) in [
        ("{\"id\":1}\n\n{\"id\":2,}\n{\"id\":3}", 1, "line 3, column 9: not valid JSON: trailing comma"),
        ("{\"id\":1}\n{\"id\":2\n{\"id\":3}", 1, "line 3, column 0: not valid JSON: EOF while parsing an object"),
        ("{\"id\":1} {\"id\":2}", 0, "line 1, column 10: not valid JSON: trailing characters"),
        ("{\"id\":1}\n[2]", 1, "line 2: a JSON object is needed, this is an array"),
        ("text\n", 0, "line 1, column 2: not valid JSON: expected ident"),
        (
            "{\"id\":1}\n{\"id\":true}",
            1,
            "line 2: `id` is a boolean; a string, an integer, or MongoDB's extended JSON of an id is needed",
        ),
        ("{\n\"id\":1\n}\n{\"id\":\n", 1, "line 5: `}` is needed, there is nothing more"),
        ("{\n\"id\":1\n}\n2", 1, "line 4: an object is needed, there is `2`"),
        (
            "[{\"id\":1},\n{\"id\":\n2,}]",
            1,
            "document 1 of the array, line 3, column 3: not valid JSON: trailing comma",
        ),
        ("[{\"id\":1},\n7]", 1, "document 1 of the array, line 2: an object is needed, there is `7`"),
        ("[{\"id\":1}\n{\"id\":2}]", 1, "document 1 of the array, line 2: `,` or `]` is needed, there is `{`"),
        ("[{\"id\":1},]", 1, "document 1 of the array, line 1: an object is needed, there is `]`"),
        ("[,{\"id\":1}]", 0, "document 0 of the array, line 1: an object is needed, there is `,`"),
        ("[{\"id\":1}", 1, "document 1 of the array, line 1: `]` is needed, there is nothing more"),
        ("[{\"id\":1}] x", 1, "document 1 of the array, line 1: the end of the input is needed, there is `x`"),
        ("[{\"id\":1}, {\"id\":", 1, "document 1 of the array, line 1: `}` is needed, there is nothing more"),
    ] {
        let (ids, error) = read(text);
        assert_eq!((ids.len(), error.as_deref()), (before, Some(expected)), "{text}");
    }
    // Lines that are blank count.
    let (ids, error) = read("\u{feff}\r\n \t\r\n{\"id\":1}\r\n\r\n{\"id\":2}\n   \n\n{\"id\":}\r\n");
    assert_eq!((ids.len(), error.as_deref()), (2, Some("line 8, column 7: not valid JSON: expected value")));
    let (_, error) = read_in(b"\xef\xbb{\"id\":1}", 1);
    assert_eq!(error.as_deref(), Some("line 1: 0xef is not valid UTF-8"));
    let (_, error) = read(b"{\"id\":1}\n{\"id\":\"\xff\"}");
    assert_eq!(error.as_deref(), Some("line 2, column 8: 0xff is not valid UTF-8"));
}

#[test]
fn no_input_fills_the_memory() {
    for start in ["{\"id\":\"", "[{\"id\":\"", "{\n\"id\":\""] {
        let endless = start.as_bytes().chain(std::io::repeat(b'x'));
        let error = Documents::new(BufReader::new(endless)).next().expect("an error").expect_err("an error");
        assert!(matches!(error.fault, ReadFault::TooLong), "{error}");
    }
}

#[test]
fn bytes_of_any_kind_are_no_panic() {
    let text = b"[{\"_id\":{\"$oid\":\"a\"},\"x\":[1,\"\\u00e9\"]},\n{\"id\":2}]\n{\"id\":3}\n";
    for len in 0..text.len() {
        read(&text[..len]);
        for byte in [0, b'"', b'{', b'}', b'[', b']', b',', b'\\', b'\n', 0xff] {
            let mut text = text.to_vec();
            text[len] = byte;
            read(&text);
        }
    }
}
