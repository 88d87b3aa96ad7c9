//! How many tests passed, out of what their runners print.

use std::ops::AddAssign;

/// Passed, failed and skipped tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// A result line of Rust's harness: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
pub fn of_cargo(line: &str) -> Option<Counts> {
    let result = line.strip_prefix("test result: ")?;
    let count = |what| count_before(result, what);
    Some(Counts { passed: count("passed"), failed: count("failed"), skipped: count("ignored") })
}

/// The last line of pytest: `==== 1 failed, 3 passed, 1 skipped, 2 errors in 0.12s ====`. An error is a test whose fixtures failed.
pub fn of_pytest(line: &str) -> Option<Counts> {
    let result = line.strip_prefix('=')?.strip_suffix('=')?.trim_matches(['=', ' ']);
    let (result, _) = result.split_once(" in ")?;
    let count = |what| count_before(result, what);
    let failed = count("failed") + count("error") + count("errors");
    Some(Counts { passed: count("passed"), failed, skipped: count("skipped") })
}

/// One of the last lines of Node's runner in the form of TAP: `# pass 12`. A cancelled test has not passed.
pub fn of_node(line: &str) -> Option<Counts> {
    let (what, count) = line.strip_prefix("# ")?.split_once(' ')?;
    let count = count.parse().ok()?;
    match what {
        "pass" => Some(Counts { passed: count, ..Counts::default() }),
        "fail" | "cancelled" => Some(Counts { failed: count, ..Counts::default() }),
        "skipped" | "todo" => Some(Counts { skipped: count, ..Counts::default() }),
        _ => None,
    }
}

/// The number before the word `what`.
fn count_before(result: &str, what: &str) -> usize {
    let words: Vec<&str> = result.split([' ', ';', ',']).collect();
    let at = words.iter().position(|&word| word == what).unwrap_or(0);
    at.checked_sub(1).and_then(|before| words[before].parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Counts, of_cargo, of_node, of_pytest};

    #[test]
    fn result_lines_are_counted() {
        let cargo = "test result: ok. 12 passed; 3 failed; 4 ignored; 0 measured; 7 filtered out; finished in 0.01s";
        assert_eq!(of_cargo(cargo), Some(Counts { passed: 12, failed: 3, skipped: 4 }));
        assert_eq!(of_cargo("test tests::result ... ok"), None);

        let pytest = "==== 1 failed, 30 passed, 2 skipped, 3 warnings, 1 error in 61.20s (0:01:01) ====";
        assert_eq!(of_pytest(pytest), Some(Counts { passed: 30, failed: 2, skipped: 2 }));
        assert_eq!(of_pytest("= 5 passed in 0.12s ="), Some(Counts { passed: 5, failed: 0, skipped: 0 }));
        assert_eq!(of_pytest("===== no tests ran in 0.01s ====="), Some(Counts::default()));
        assert_eq!(of_node("# pass 12"), Some(Counts { passed: 12, failed: 0, skipped: 0 }));
        assert_eq!(of_node("# cancelled 2"), Some(Counts { passed: 0, failed: 2, skipped: 0 }));
        for other in ["# tests 14", "# Subtest: golden vectors", "ok 1 - pass 12", "# duration_ms 81.5"] {
            assert_eq!(of_node(other), None);
        }

        for other in ["=== test session starts ===", "=== FAILURES ===", "5 passed in 1s", "="] {
            assert_eq!(of_pytest(other), None);
        }
    }
}
