//! Texts in tables.

/// `text` on one line of at most `width` characters. Control characters would move the cursor, or worse: a text is data,
/// and must not speak to the terminal.
pub fn shortened(text: &str, width: usize) -> String {
    let visible = |c: char| if c.is_control() || is_bidirectional_control(c) { '\u{fffd}' } else { c };
    let one_line = |c: char| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { visible(c) };
    let mut short: String = text.chars().take(width).map(one_line).collect();
    if text.chars().nth(width).is_some() {
        short.pop();
        short.push('…');
    }
    short
}

/// Characters that turn around what stands behind them.
fn is_bidirectional_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn long_texts_end_in_an_ellipsis() {
        for (text, expected) in [
            ("", ""),
            ("12345", "12345"),
            ("123456", "1234…"),
            ("äöüßé", "äöüßé"),
            ("äöüßéä", "äöüß…"),
            ("a\nb\tc", "a b c"),
            ("\x1b[31m", "\u{fffd}[31m"),
            ("a\u{202e}b", "a\u{fffd}b"),
        ] {
            assert_eq!(shortened(text, 5), expected);
        }
    }
}
