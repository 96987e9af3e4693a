//! Scripts that are written without spaces between words. The index cuts texts into words at what is neither
//! letter nor digit, so whole sentences of Chinese, Japanese and Korean would be words. Each character of
//! these scripts is made a word of its own, in texts and in queries alike: a word is then found as the phrase
//! of its characters, wherever it is.

use std::borrow::Cow;

/// Whether a character is made a word: Han, kana and Hangul.
pub(crate) fn is_word(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}'
        | '\u{FF66}'..='\u{FF9F}'
        | '\u{20000}'..='\u{323AF}')
        // The middle dot between words of kana, and the double hyphen.
        && !matches!(c, '\u{30FB}' | '\u{30A0}')
}

/// The text with a mark on both sides of each such character.
pub(crate) fn segment_cjk(text: &str, mark: char) -> Cow<'_, str> {
    // Every one of them begins with one of these bytes, and most texts hold none.
    if !text.bytes().any(|b| matches!(b, 0xE3..=0xED | 0xEF | 0xF0)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 4 / 3);
    let mut before = None;
    for c in text.chars() {
        if before.is_some_and(|before| is_word(before) || is_word(c)) {
            out.push(mark);
        }
        out.push(c);
        before = Some(c);
    }
    Cow::Owned(out)
}

/// The pairs of neighbouring characters of such a script in a word, and the words between them: what is
/// looked for where a query is a sentence without spaces.
pub(crate) fn pairs(word: &str) -> Vec<String> {
    let mut pairs = Vec::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let same = |c: char| is_word(c) == is_word(first);
        let (run, after) = rest.split_at(rest.find(|c| !same(c)).unwrap_or(rest.len()));
        rest = after;
        let chars: Vec<char> = run.chars().collect();
        match is_word(first) && chars.len() > 2 {
            true => pairs.extend(chars.windows(2).map(|pair| pair.iter().collect::<String>())),
            false => pairs.push(run.to_owned()),
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_separated_where_no_spaces_are() {
        for (text, expected) in [
            ("a scan, naïve", "a scan, naïve"),
            ("病変がある", "病|変|が|あ|る"),
            ("GPT模型v2。好", "GPT|模|型|v2。|好"),
            ("데이터 센터", "데|이|터| |센|터"),
            ("カタ・ログ", "カ|タ|・|ロ|グ"),
            ("𠮷野家", "𠮷|野|家"),
        ] {
            assert_eq!(segment_cjk(text, '|'), expected);
        }
    }

    #[test]
    fn a_sentence_is_its_pairs() {
        assert_eq!(pairs("何が問題GPT4"), ["何が", "が問", "問題", "GPT4"]);
        assert_eq!(pairs("scan"), ["scan"]);
        assert_eq!(pairs("病変"), ["病変"]);
    }
}
