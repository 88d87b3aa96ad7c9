//! What vectors belong to.

use serde::{Deserialize, Serialize};

use super::error::StoreError;

/// What vectors belong to. Vectors of two identities cannot be compared with each other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Identity {
    /// Name of the model.
    pub model: String,
    /// What the model computes ([`minilm::Config::model_sha256`]). Stores of earlier versions do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// SHA-256 of its weights.
    pub weights_sha256: String,
    /// Number of dimensions of a vector.
    pub dim: usize,
    /// The text fields of a document that have a vector.
    pub fields: Vec<String>,
}

impl Identity {
    /// Whether vectors of the two can be compared: the same model under another name is the same model.
    #[must_use]
    pub fn is_comparable(&self, other: &Self) -> bool {
        self.is_same_model(other) && self.fields == other.fields
    }

    /// Where a store does not say what its model computes, the weights have to do.
    fn is_same_model(&self, other: &Self) -> bool {
        let is_same = match (&self.model_sha256, &other.model_sha256) {
            (Some(own), Some(other)) => own == other,
            _ => self.weights_sha256 == other.weights_sha256,
        };
        is_same && self.dim == other.dim
    }

    /// What a store of an earlier version with the identity `stored` becomes: this identity, where its vectors can be compared with it.
    #[cfg(any(feature = "spin", not(target_family = "wasm")))]
    pub(super) fn migrated(&self, stored: Self) -> Self {
        if stored.model_sha256.is_none() && self.is_comparable(&stored) { self.clone() } else { stored }
    }

    /// The identity in `text`, as a store keeps it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn from_text(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(|error| StoreError::Damaged(format!("its identity: {error}")))
    }

    /// The identity as text. The same identity has the same text.
    ///
    /// # Errors
    /// None in practice: names and numbers always serialize.
    pub fn to_text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Damaged(error.to_string()))
    }

    /// Why vectors of the identity `stored` cannot be compared with those of this one, with the `recovery_hint` at the end. `None`
    /// where they can.
    #[must_use]
    pub fn mismatch(&self, stored: &Self, recovery_hint: &str) -> Option<String> {
        if !self.is_same_model(stored) {
            let short = |identity: &Self| -> String {
                let sha256 = match stored.model_sha256.is_some() {
                    true => identity.model_sha256.as_deref().unwrap_or_default(),
                    false => &identity.weights_sha256,
                };
                sha256.chars().take(12).collect()
            };
            let hash = if stored.model_sha256.is_some() { "model_sha256" } else { "weights_sha256" };
            return Some(format!(
                "the documents were embedded with the model `{}` ({hash} {}…), this component has `{}` ({hash} {}…); \
                 {recovery_hint}",
                stored.model,
                short(stored),
                self.model,
                short(self)
            ));
        }
        if stored.fields != self.fields {
            let [stored, own] = [stored, self].map(|identity| identity.fields.join(","));
            return Some(format!(
                "the documents were embedded for SEARCH_FIELDS={stored}, now it is {own}; {recovery_hint}"
            ));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Identity;

    fn own() -> Identity {
        Identity {
            model: "a".to_owned(),
            model_sha256: Some("0123456789abcdef".to_owned()),
            weights_sha256: "fedcba9876543210".to_owned(),
            dim: 384,
            fields: vec!["question".to_owned()],
        }
    }

    #[test]
    fn another_model_and_other_fields_are_named() {
        let own = own();
        assert_eq!(own.mismatch(&own, "hint"), None);
        // The same model under another name.
        assert_eq!(own.mismatch(&Identity { model: "b".to_owned(), ..own.clone() }, "hint"), None);
        // The same weights with another tokenizer.
        let other = Identity { model: "b".to_owned(), model_sha256: Some("e".repeat(64)), ..own.clone() };
        let message = own.mismatch(&other, "hint").expect("another model");
        assert!(message.contains("`b` (model_sha256 eeeeeeeeeeee…)"), "{message}");
        assert!(message.contains("`a` (model_sha256 0123456789ab…)"), "{message}");
        let other = Identity { fields: vec!["question".to_owned(), "title".to_owned()], ..own.clone() };
        let message = own.mismatch(&other, "hint").expect("other fields");
        assert!(message.contains("SEARCH_FIELDS=question,title, now it is question; hint"), "{message}");
    }

    #[test]
    fn a_store_that_knows_its_weights_only_is_told_apart_by_these() {
        let own = own();
        let old = Identity { model: "b".to_owned(), model_sha256: None, ..own.clone() };
        assert_eq!((own.mismatch(&old, "hint"), own.migrated(old.clone())), (None, own.clone()));
        let other = Identity { weights_sha256: "c".repeat(64), ..old };
        let message = own.mismatch(&other, "hint").expect("other weights");
        assert!(
            message.contains("(weights_sha256 cccccccccccc…)") && message.contains("(weights_sha256 fedcba987654…)"),
            "{message}"
        );
        assert_eq!(own.migrated(other.clone()), other);
        // It is kept as it was written.
        let text = r#"{"model":"b","weights_sha256":"c","dim":3,"fields":[]}"#;
        assert_eq!(Identity::from_text(text).expect("it is read").to_text().expect("text"), text);
    }
}
