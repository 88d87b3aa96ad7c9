//! What vectors belong to.

use serde::{Deserialize, Serialize};

use super::error::StoreError;

/// What vectors belong to. Vectors of two identities cannot be compared with each other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Identity {
    /// Name of the model.
    pub model: String,
    /// SHA-256 of its weights.
    pub weights_sha256: String,
    /// Number of dimensions of a vector.
    pub dim: usize,
    /// The text fields of a document that have a vector.
    pub fields: Vec<String>,
}

impl Identity {
    /// Whether vectors of the two can be compared: the same weights under another name are the same model.
    #[must_use]
    pub fn is_comparable(&self, other: &Self) -> bool {
        (&self.weights_sha256, self.dim, &self.fields) == (&other.weights_sha256, other.dim, &other.fields)
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
        if (&stored.weights_sha256, stored.dim) != (&self.weights_sha256, self.dim) {
            let short = |identity: &Self| identity.weights_sha256.chars().take(12).collect::<String>();
            return Some(format!(
                "the documents were embedded with the model `{}` (weights {}…), this component has `{}` (weights {}…); \
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

    #[test]
    fn another_model_and_other_fields_are_named() {
        let own = Identity {
            model: "a".to_owned(),
            weights_sha256: "0123456789abcdef".to_owned(),
            dim: 384,
            fields: vec!["question".to_owned()],
        };
        assert_eq!(own.mismatch(&own, "hint"), None);
        // The same weights under another name are the same model.
        assert_eq!(own.mismatch(&Identity { model: "b".to_owned(), ..own.clone() }, "hint"), None);
        let other = Identity { model: "b".to_owned(), weights_sha256: "f".repeat(64), ..own.clone() };
        let message = own.mismatch(&other, "hint").expect("other weights");
        assert!(
            message.contains("`b` (weights ffffffffffff…)") && message.contains("`a` (weights 0123456789ab…)"),
            "{message}"
        );
        let other = Identity { fields: vec!["question".to_owned(), "title".to_owned()], ..own.clone() };
        let message = own.mismatch(&other, "hint").expect("other fields");
        assert!(message.contains("SEARCH_FIELDS=question,title, now it is question; hint"), "{message}");
    }
}
