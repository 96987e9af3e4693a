//! Texts of a step as people read them: escapes undone, a claimed proof marked where what it cites is not there.

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

/// Undoes HTML escapes where a client has escaped the whole text, as some do before they send it: then no raw
/// `<`, `>` or quote is left in it. Any other text stays to the letter.
pub(super) fn readable(text: &str) -> String {
    let is_escaped = text.contains('&') && !text.contains(['<', '>', '"', '\'']);
    if !is_escaped {
        return text.to_owned();
    }
    let pairs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#39;", "'"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (escape, letter)| text.replace(escape, letter))
}

/// Cuts a text at its `<proof>` parts and says of each whether `seen` contains it. A part without an end runs to
/// the next tag.
pub(super) fn marked(text: &str, seen: &[String]) -> Vec<Piece> {
    let seen: Vec<String> = seen.iter().map(|s| plain(s)).collect();
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((begin, end)) = next_proof(rest) {
        let cited = plain(&rest[begin..end]);
        if begin > 0 {
            pieces.push(Piece::Plain(rest[..begin].to_owned()));
        }
        let part = rest[begin..end].to_owned();
        let is_found = seen.iter().any(|s| s.contains(&cited));
        pieces.push(match (cited.is_empty(), is_found) {
            (true, _) => Piece::Plain(part),
            (false, true) => Piece::Grounded(part),
            (false, false) => Piece::Ungrounded(part),
        });
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest.to_owned()));
    }
    pieces
}

/// Where the next cited part lies, in bytes.
fn next_proof(text: &str) -> Option<(usize, usize)> {
    // Lower-casing ASCII only keeps every byte where it is.
    let lower = text.to_ascii_lowercase();
    let begin = lower.find("<proof>")? + "<proof>".len();
    let end = lower[begin..].find('<').map_or(text.len(), |i| begin + i);
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

    #[test]
    fn only_texts_escaped_as_a_whole_are_unescaped() {
        assert_eq!(readable("&lt;proof&gt; &quot;x&quot; &amp;amp;"), "<proof> \"x\" &amp;");
        assert_eq!(readable("<b> &amp;"), "<b> &amp;");
    }
}
