//! Texts of a step as people read them: a claimed proof is marked where what it cites is not there.

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TextPart {
    /// Not cited.
    Plain(String),
    /// Cited as proof, but not found in what the agent saw.
    Ungrounded(String),
    /// Cited as proof, and found.
    Grounded(String),
}

impl TextPart {
    /// The text.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Ungrounded(text) | Self::Grounded(text) => text,
        }
    }

    /// A part of the same kind with another text.
    pub(super) fn with_text(&self, text: String) -> Self {
        match self {
            Self::Plain(_) => Self::Plain(text),
            Self::Ungrounded(_) => Self::Ungrounded(text),
            Self::Grounded(_) => Self::Grounded(text),
        }
    }
}

/// Cuts a text at its `<citations>` parts and marks each by whether `seen` contains it. A part without an end
/// runs to the next tag.
pub(super) fn mark_citations(text: &str, seen: &[String]) -> Vec<TextPart> {
    let seen: Vec<String> = seen.iter().map(|s| simplified(s)).collect();
    // Lower-casing ASCII alone keeps every byte where it is. Done once: an answer may have thousands of tags.
    let lower = text.to_ascii_lowercase();
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some((begin, end)) = next_proof(&lower, from) {
        let cited = simplified(&text[begin..end]);
        if begin > from {
            parts.push(TextPart::Plain(text[from..begin].to_owned()));
        }
        let part = text[begin..end].to_owned();
        let is_found = seen.iter().any(|s| s.contains(&cited));
        parts.push(match (cited.is_empty(), is_found) {
            (true, _) => TextPart::Plain(part),
            (false, true) => TextPart::Grounded(part),
            (false, false) => TextPart::Ungrounded(part),
        });
        from = end;
    }
    if from < text.len() {
        parts.push(TextPart::Plain(text[from..].to_owned()));
    }
    parts
}

/// The byte range of the next cited part past `from`, in a text in lower case.
fn next_proof(lower: &str, from: usize) -> Option<(usize, usize)> {
    let begin = from + lower[from..].find("<proof>")? + "<proof>".len();
    let end = lower[begin..].find('<').map_or(lower.len(), |i| begin + i);
    Some((begin, end))
}

/// Letters and digits in lower case, single spaces: what a citation must share with its source.
fn simplified(text: &str) -> String {
    let simplified: String =
        text.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    simplified.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, seen: &str, expect: &[TextPart]) {
        assert_eq!(mark_citations(text, &[seen.to_owned()]), expect);
    }

    #[test]
    fn a_proof_that_is_not_found_is_marked_as_ungrounded() {
        let text = "<analysis> a <proof> \"a hairline fracture\" <final> go";
        let parts = [
            TextPart::Plain("<analysis> a <proof>".into()),
            TextPart::Ungrounded(" \"a hairline fracture\" ".into()),
            TextPart::Plain("<final> go".into()),
        ];
        check(text, "Patient, 6 y, diffuse midline glioma", &parts);
    }

    #[test]
    fn a_proof_that_is_found_is_marked_as_grounded() {
        let text = "<PROOF>Diffuse  midline glioma</PROOF>";
        let parts = [
            TextPart::Plain("<PROOF>".into()),
            TextPart::Grounded("Diffuse  midline glioma".into()),
            TextPart::Plain("</PROOF>".into()),
        ];
        check(text, "Patient: diffuse midline glioma.", &parts);
        check("no proof", "x", &[TextPart::Plain("no proof".into())]);
        check(
            "<proof></proof>",
            "x",
            &[
                TextPart::Plain("<proof>".into()),
                TextPart::Plain("".into()),
                TextPart::Plain("</proof>".into()),
            ],
        );
    }
}
