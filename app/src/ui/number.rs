//! Numbers that a person types, and those of addresses.

/// The finite number that a text is in decimal, with a sign, a fraction and an exponent if it has them, and
/// nothing around it; `None` for any other text.
///
/// The browser's own conversion reads it: Rust's would bring its table of powers, 10 KB that do not compress.
/// Both round to the nearest `f64`. What else it understands (spaces, hexadecimal, `Infinity`) is refused
/// before.
pub(crate) fn number(text: &str) -> Option<f64> {
    let is_plain = |byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    let is_decimal = !text.is_empty() && text.bytes().all(is_plain);
    is_decimal.then(|| read(text))?.filter(|number| number.is_finite())
}

#[cfg(target_arch = "wasm32")]
fn read(text: &str) -> Option<f64> {
    f64::try_from(wasm_bindgen::JsValue::from(text)).ok()
}

#[cfg(not(target_arch = "wasm32"))]
fn read(text: &str) -> Option<f64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn only_finite_decimal_numbers_are_read() {
        for (text, value) in [("0", 0.0), ("-0.66", -0.66), (".5", 0.5), ("5.", 5.0), ("+1e-3", 0.001)] {
            assert_eq!(number(text), Some(value), "{text:?}");
        }
        for text in ["", " 1", "1 ", "0x10", "inf", "NaN", "1e999", "1e", "-", ".", "+-5", "1,5", "1_000"] {
            assert_eq!(number(text), None, "{text:?}");
        }
    }
}
