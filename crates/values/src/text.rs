//! Texts that mean "no value" in the files of other programs.

/// Such texts in lower case: what pandas, numpy, R, JavaScript, spreadsheets and people write. The infinities
/// are among them: a score is a finite number, and an infinite one says that its evaluation failed.
const NOT_EVALUATED: [&str; 29] = [
    "nan",
    "none",
    "null",
    "nil",
    "n/a",
    "na",
    "<na>",
    "#n/a",
    "#na",
    "nat",
    "undefined",
    "not evaluated",
    "not_evaluated",
    "-",
    "inf",
    "infinity",
    "1.#ind",
    "1.#qnan",
    "1.#inf",
    ".nan",
    ".inf",
    "∞",
    "#div/0!",
    "#value!",
    "#num!",
    "#null!",
    "missing",
    "nan(ind)",
    "nan(snan)",
];

/// Whether a text means that there is no value. Case, surrounding spaces and a sign do not matter.
pub fn is_not_evaluated(text: &str) -> bool {
    let text = text.trim();
    // The longest of them has 13 bytes and a sign: whatever is longer is not worth a copy.
    if text.is_empty() {
        return true;
    }
    if text.len() > 14 {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let unsigned = lower.strip_prefix(['-', '+']).unwrap_or(&lower);
    NOT_EVALUATED.contains(&lower.as_str()) || NOT_EVALUATED.contains(&unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_that_is_looked_at_covers_every_text() {
        for text in NOT_EVALUATED {
            assert!(is_not_evaluated(&format!("-{text}")), "{text}");
        }
    }
}
