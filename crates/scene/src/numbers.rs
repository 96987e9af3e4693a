//! Numbers as text, for every page and for the labels of the stage.

/// A whole number in groups of three: `1,312`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its sign and `decimals` places: `+18.4`, `-20.0`; zero has no sign.
fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{:.*}", decimals, value.abs());
    let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    match value {
        _ if is_zero => text,
        v if v < 0.0 => format!("-{text}"),
        _ => format!("+{text}"),
    }
}

/// A score with its sign: one decimal if that is exact, else two or three; in scientific notation if it is
/// very large or small.
pub fn score(value: f64) -> String {
    let size = value.abs();
    let tenths = (size * 10.0 - (size * 10.0).round()).abs() < 1e-6;
    match size {
        s if s >= 1e7 || (s > 0.0 && s < 0.001) => format!("{value:+.2e}"),
        s if tenths || s >= 10.0 => signed(value, 1),
        s if s >= 0.01 => signed(value, 2),
        _ => signed(value, 3),
    }
}

/// A score in a column of scores between -`most` and `most`: two decimals below 10, else one, so that they
/// align. A score that would read as zero, or is very large, as [`score`].
pub fn column_score(value: f64, most: f64) -> String {
    let (decimals, least) = if most < 10.0 { (2, 0.005) } else { (1, 0.05) };
    let fits = value == 0.0 || (least..1e7).contains(&value.abs());
    if fits { signed(value, decimals) } else { score(value) }
}

/// A measured quantity, without a plus sign: `0.253`, `12.5`, `1,024`, `1.00e-6`.
pub fn quantity(value: f64) -> String {
    let size = value.abs();
    match size {
        s if s >= 1e7 || (s > 0.0 && s < 0.001) => format!("{value:.2e}"),
        s if s.fract() == 0.0 => {
            format!("{}{}", if value < 0.0 { "-" } else { "" }, grouped(s as u64))
        }
        s if s >= 100.0 => format!("{value:.1}"),
        s if s >= 10.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let cases = [(0, "0"), (999, "999"), (1312, "1,312"), (1_000_000, "1,000,000")];
        cases.iter().for_each(|(n, text)| assert_eq!(&grouped(*n), text));
        let cases = [
            (18.4, "+18.4"),
            (-20.0, "-20.0"),
            (0.0, "0.0"),
            (-0.0, "0.0"),
            (0.25, "+0.25"),
            (0.001, "+0.001"),
            (-31.274, "-31.3"),
            (0.2, "+0.2"),
            (3e9, "+3.00e9"),
            (-1e-6, "-1.00e-6"),
        ];
        cases.iter().for_each(|(v, text)| assert_eq!(&score(*v), text));
        let cases = [(0.9, 1.0, "+0.90"), (-0.004, 1.0, "-0.004"), (9.0, 12.0, "+9.0"), (0.0, 1.0, "0.00")];
        cases.iter().for_each(|(v, most, text)| assert_eq!(&column_score(*v, *most), text));
        let cases = [
            (0.2534, "0.253"),
            (-0.5, "-0.500"),
            (1024.0, "1,024"),
            (-3.0, "-3"),
            (1e-6, "1.00e-6"),
            (12.5, "12.50"),
            (181.25, "181.2"),
            (3e9, "3.00e9"),
            (0.0, "0"),
        ];
        cases.iter().for_each(|(v, text)| assert_eq!(&quantity(*v), text));
    }
}
