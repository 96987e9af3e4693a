//! Answers of a size that a model can read: long texts are cut, and what is too much is refused with the way
//! to less.

use serde_json::Value;

use super::super::CliError;
use super::super::reader::failed;

/// Most bytes of an answer: about 25,000 tokens, the most that common clients pass on.
const MAX_BYTES: usize = 100_000;

/// An answer as a text.
///
/// # Errors
///
/// Where it is longer than [`MAX_BYTES`].
pub(super) fn text(answer: &Value) -> Result<String, CliError> {
    let text = serde_json::to_string(answer).map_err(failed)?;
    if text.len() <= MAX_BYTES {
        return Ok(text);
    }
    Err(CliError::Failed(format!(
        "the answer has {} bytes, more than the {MAX_BYTES} that are sent; ask for less: a smaller `limit`, \
         `points` or `text`, fewer runs, or fewer columns",
        text.len()
    )))
}

/// Cuts every text of an answer that is longer than that many characters, and appends how much is missing.
pub(super) fn cut(answer: &mut Value, most: usize) {
    match answer {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(most) {
                let missing = text.get(end..).unwrap_or_default().chars().count();
                text.truncate(end);
                text.push_str(&format!("… ({missing} more characters)"));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| cut(item, most)),
        Value::Object(fields) => fields.values_mut().for_each(|field| cut(field, most)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn long_texts_are_cut_between_characters_and_say_so() {
        let mut answer = json!({ "a": ["äöüß", "äöü"], "b": { "c": "12345" }, "d": 12345 });
        cut(&mut answer, 3);
        let expected = json!({
            "a": ["äöü… (1 more characters)", "äöü"], "b": { "c": "123… (2 more characters)" }, "d": 12345,
        });
        assert_eq!(answer, expected);
    }

    #[test]
    fn what_is_too_much_is_refused_with_the_way_to_less() {
        assert_eq!(text(&json!([1])).unwrap(), "[1]");
        let refused = text(&json!("x".repeat(MAX_BYTES))).unwrap_err().to_string();
        assert!(refused.contains("100002 bytes") && refused.contains("`limit`"), "{refused}");
    }
}
