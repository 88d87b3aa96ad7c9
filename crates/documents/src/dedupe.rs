//! One document for each id.

use std::collections::HashMap;

use crate::Document;

/// `documents` with one for each id: of several, the last one, in the place of the first.
#[must_use]
pub fn dedupe_by_id(documents: Vec<Document>) -> Vec<Document> {
    let mut positions: HashMap<String, usize> = HashMap::with_capacity(documents.len());
    let mut deduped: Vec<Document> = Vec::with_capacity(documents.len());
    for document in documents {
        match positions.get(&document.id) {
            Some(&position) => deduped[position] = document,
            None => {
                positions.insert(document.id.clone(), deduped.len());
                deduped.push(document);
            }
        }
    }
    deduped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_takes_the_place_of_the_first() {
        let lines = [r#"{"id":1,"n":1}"#, r#"{"id":2}"#, r#"{"_id":{"$numberInt":"1"},"n":2}"#];
        let documents = lines.map(|line| Document::from_json(line).expect("a document"));
        let deduped: Vec<String> = dedupe_by_id(documents.into()).iter().map(Document::to_json).collect();
        assert_eq!(deduped, [r#"{"id":"1","n":2}"#, r#"{"id":"2"}"#]);
    }
}
