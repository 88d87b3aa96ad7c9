//! Token ids to text, as `decode` of the `tokenizers` crate does it.

use crate::config::Decoder;

/// The text of `tokens`, one after the other.
pub(super) fn join(decoder: &Decoder, tokens: &[String]) -> String {
    let Decoder::WordPiece { prefix, cleanup } = decoder else { return tokens.join(" ") };
    let mut text = String::new();
    for (index, token) in tokens.iter().enumerate() {
        let piece = match token.strip_prefix(prefix.as_str()) {
            _ if index == 0 => token.clone(),
            Some(continued) => continued.to_owned(),
            None => format!(" {token}"),
        };
        text.push_str(&if *cleanup { clean(&piece) } else { piece });
    }
    text
}

/// Takes out the blank before punctuation and contractions. It looks at one token at a time, with the blank before it.
fn clean(token: &str) -> String {
    REPLACED.iter().fold(token.to_owned(), |token, (from, to)| match token.contains(from) {
        true => token.replace(from, to),
        false => token,
    })
}

/// In this order: one replacement may make what a later one finds.
const REPLACED: [(&str, &str); 11] = [
    (" .", "."),
    (" ?", "?"),
    (" !", "!"),
    (" ,", ","),
    (" ' ", "'"),
    (" n't", "n't"),
    (" 'm", "'m"),
    (" do not", " don't"),
    (" 's", "'s"),
    (" 've", "'ve"),
    (" 're", "'re"),
];

#[cfg(test)]
mod tests {
    use super::{Decoder, join};

    #[test]
    fn pieces_are_joined_as_the_decoder_says() {
        let tokens = ["##un", "##able", "to", "do", "not", "'s", "."].map(str::to_owned);
        assert_eq!(join(&Decoder::default(), &tokens), "##unable to do not's.");
        let plain = Decoder::WordPiece { prefix: "##".to_owned(), cleanup: false };
        assert_eq!(join(&plain, &tokens), "##unable to do not 's .");
        assert_eq!(join(&Decoder::Blanks, &tokens), "##un ##able to do not 's .");
        assert_eq!(join(&Decoder::default(), &[]), "");
    }
}
