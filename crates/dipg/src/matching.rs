//! When one text holds, supports or equals another. Words are compared after case, quotes and punctuation are
//! taken away; wording may differ a little, numbers never.

/// Share of the words that must agree for a passage to count as quoted, and for an answer as the expected
/// one.
const CLOSE_ENOUGH: f64 = 0.85;
const CORRECT_ENOUGH: f64 = 0.8;

const ABSTAINING: [&str; 12] = [
    "does not contain",
    "does not mention",
    "does not state",
    "no mention of",
    "not mentioned",
    "not provided",
    "information is missing",
    "no information about",
    "cannot be derived",
    "cannot be determined",
    "not possible to answer",
    "not present in the context",
];

const REFUSING: [&str; 8] = [
    "i cannot help",
    "i can't help",
    "i cannot provide medical advice",
    "i apologize",
    "i'm sorry",
    "as an ai",
    "i am not allowed",
    "my safety guidelines",
];

/// Whether a text states that the context has no answer.
pub fn abstains(text: &str) -> bool {
    holds_any(text, &ABSTAINING)
}

/// Whether a text states that the sources contradict each other.
pub fn flags_conflict(text: &str) -> bool {
    holds_any(text, &["conflicting", "sources conflict", "contradict"])
}

/// Whether a text declines to help at all.
pub fn refuses(text: &str) -> bool {
    holds_any(text, &REFUSING)
}

/// Whether an analysis concludes that the answer is missing. Wondering whether something is missing is no
/// conclusion.
pub(crate) fn concludes_missing(analysis: &str) -> bool {
    holds_any(
        analysis,
        &[
            "information is missing",
            "cannot be determined",
            "not provided in the context",
            "no mention of",
            "does not specify",
            "unable to answer",
        ],
    )
}

fn holds_any(text: &str, phrases: &[&str]) -> bool {
    let text = text.to_lowercase().replace('\u{2019}', "'");
    phrases.iter().any(|phrase| text.contains(phrase))
}

/// Words in lower case without surrounding punctuation; `%` stays, as it belongs to its number.
fn words(text: &str) -> Vec<String> {
    let strip = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '%').to_lowercase();
    text.split(|c: char| c.is_whitespace() || "-\u{2011}\u{2013}/*•\"".contains(c))
        .map(strip)
        .filter(|w| !w.is_empty())
        .collect()
}

fn has_digit(word: &str) -> bool {
    word.chars().any(|c| c.is_numeric())
}

fn numbers(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).filter(|w| has_digit(w)).collect()
}

/// The length of the longest common subsequence of words.
fn in_common(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0_usize; b.len() + 1];
    for word in a {
        let mut diagonal = 0;
        for (j, other) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if word == other { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

/// Whether `context` contains `passage`: at least 85 % of its words in order, and all its numbers.
fn quotes(context: &[String], passage: &[String]) -> bool {
    let close = |window: &[String]| {
        let same = numbers(passage).iter().all(|number| numbers(window).contains(number));
        same && in_common(passage, window) as f64 >= CLOSE_ENOUGH * passage.len() as f64
    };
    let length = passage.len().min(context.len());
    length > 0 && context.windows(length).any(close)
}

/// Whether every sentence of the proof is in the context. An empty proof is not.
pub fn is_grounded(proof: &str, context: &str) -> bool {
    let context = words(context);
    let sentences: Vec<Vec<String>> = sentences(proof).map(words).filter(|s| !s.is_empty()).collect();
    !sentences.is_empty() && sentences.iter().all(|sentence| quotes(&context, sentence))
}

/// Sentences end at a line's end, or where a full stop, `;`, `?`, `!` is followed by a space: not inside 2.5.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .flat_map(|line| line.split_inclusive(". ").flat_map(|s| s.split_inclusive(['?', '!', ';'])))
}

/// Whether the proof supports the final answer: every number and every name in the answer is also in the
/// proof or in the question. A name is a word with two capitals or a capital inside a sentence. An empty side
/// contradicts nothing.
pub fn supports(proof: &str, answer: &str, question: &str) -> bool {
    if proof.is_empty() || answer.is_empty() {
        return true;
    }
    let known: Vec<String> = [words(proof), words(question)].concat();
    let mut at_start = true;
    answer.split_whitespace().all(|raw| {
        let is_first = std::mem::replace(&mut at_start, raw.ends_with(['.', '?', '!', ':']));
        let capitals = raw.chars().filter(|c| c.is_uppercase()).count();
        let starts_upper =
            raw.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(char::is_uppercase);
        let is_claim = has_digit(raw) || capitals > 1 || (starts_upper && !is_first);
        !is_claim || words(raw).iter().all(|word| known.contains(word))
    })
}

/// Whether the final answer is the expected one: the same words, or the expected words as a run within it, or
/// nearly all of them with every number of the expected answer present.
pub fn is_correct(answer: &str, expected: &str) -> bool {
    let (answer, expected) = (words(answer), words(expected));
    if expected.is_empty() || answer.is_empty() {
        return false;
    }
    if answer.windows(expected.len()).any(|run| run == expected.as_slice()) {
        return true;
    }
    let numbers_agree = numbers(&expected).iter().all(|number| numbers(&answer).contains(number));
    numbers_agree && in_common(&expected, &answer) as f64 >= CORRECT_ENOUGH * expected.len() as f64
}
