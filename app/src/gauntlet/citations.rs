//! Texts of a step as people read them: a claimed proof is marked where what it cites is not there.

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// As it stands.
    Plain(String),
    /// Cited as proof, but not found in what the agent saw.
    Ungrounded(String),
    /// Cited as proof, and found.
    Grounded(String),
}

/// Cuts a text at its `<proof>` parts and says of each whether `seen` contains it. A part without an end runs to
/// the next tag.
pub(super) fn marked(text: &str, seen: &[String]) -> Vec<Piece> {
    let seen: Vec<String> = seen.iter().map(|s| plain(s)).collect();
    // Lower-casing ASCII alone keeps every byte where it is. Done once: an answer may hold thousands of tags.
    let lower = text.to_ascii_lowercase();
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some((begin, end)) = next_proof(&lower, from) {
        let cited = plain(&text[begin..end]);
        if begin > from {
            pieces.push(Piece::Plain(text[from..begin].to_owned()));
        }
        let part = text[begin..end].to_owned();
        let is_found = seen.iter().any(|s| s.contains(&cited));
        pieces.push(match (cited.is_empty(), is_found) {
            (true, _) => Piece::Plain(part),
            (false, true) => Piece::Grounded(part),
            (false, false) => Piece::Ungrounded(part),
        });
        from = end;
    }
    if from < text.len() {
        pieces.push(Piece::Plain(text[from..].to_owned()));
    }
    pieces
}

/// The byte range of the next cited part behind `from`, in a text in lower case.
fn next_proof(lower: &str, from: usize) -> Option<(usize, usize)> {
    let begin = from + lower[from..].find("<proof>")? + "<proof>".len();
    let end = lower[begin..].find('<').map_or(lower.len(), |i| begin + i);
    Some((begin, end))
}

/// Letters and digits in lower case, single spaces: what a citation must share with its source.
fn plain(text: &str) -> String {
    let kept: String =
        text.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, seen: &str, expect: &[Piece]) {
        assert_eq!(marked(text, &[seen.to_owned()]), expect);
    }

    #[test]
    fn a_proof_that_is_not_there_is_marked() {
        let text = "<analysis> a <proof> \"a hairline fracture\" <final> go";
        let pieces = [
            Piece::Plain("<analysis> a <proof>".into()),
            Piece::Ungrounded(" \"a hairline fracture\" ".into()),
            Piece::Plain("<final> go".into()),
        ];
        check(text, "Patient, 6 y, diffuse midline glioma", &pieces);
    }

    #[test]
    fn a_proof_that_is_there_is_said_so() {
        let text = "<PROOF>Diffuse  midline glioma</PROOF>";
        let pieces = [
            Piece::Plain("<PROOF>".into()),
            Piece::Grounded("Diffuse  midline glioma".into()),
            Piece::Plain("</PROOF>".into()),
        ];
        check(text, "Patient: diffuse midline glioma.", &pieces);
        check("no proof", "x", &[Piece::Plain("no proof".into())]);
        check(
            "<proof></proof>",
            "x",
            &[Piece::Plain("<proof>".into()), Piece::Plain("".into()), Piece::Plain("</proof>".into())],
        );
    }
}
