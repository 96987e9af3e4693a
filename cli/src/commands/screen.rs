//! What a command prints: colours where they are wanted, as wide as the terminal is, and safe to show.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Effects, Style};
use gauntlet_model::FailureKind;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns where the output is not a terminal.
const DEFAULT_COLUMNS: usize = 200;

/// Names, headings.
pub(super) const BOLD: Style = Style::new().effects(Effects::BOLD);
/// The style of secondary text.
pub(super) const DIM: Style = Style::new().effects(Effects::DIMMED);
/// What passed.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// What failed.
pub(super) const BAD: Style = AnsiColor::Red.on_default();
/// What waits for somebody.
pub(super) const WAITS: Style = AnsiColor::Yellow.on_default();

/// The colour of a failure, as the page draws it.
pub(super) fn colour(failure: FailureKind) -> Style {
    match failure {
        FailureKind::Hallucination => AnsiColor::Red.on_default(),
        FailureKind::Format => AnsiColor::Yellow.on_default(),
        FailureKind::Refusal => AnsiColor::White.on_default(),
        FailureKind::Inconsistency => AnsiColor::Magenta.on_default(),
        FailureKind::Generic => AnsiColor::Cyan.on_default(),
    }
}

/// A text in a style.
pub(super) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Standard output. Colours are left out where it is not a terminal, and where `NO_COLOR` asks for that.
pub(super) struct Screen {
    out: anstream::AutoStream<io::Stdout>,
    /// Columns.
    pub width: usize,
}

impl Screen {
    /// Standard output as it is.
    pub(super) fn stdout() -> Self {
        let width = match io::stdout().is_terminal() {
            true => terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0)),
            false => DEFAULT_COLUMNS,
        };
        Self { out: anstream::AutoStream::auto(io::stdout()), width: width.max(40) }
    }

    /// A line, at once. A reader that has gone away is an error of the kind `BrokenPipe`.
    pub(super) fn line(&mut self, line: impl Display) -> io::Result<()> {
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }

    /// Prints a part of a line.
    pub(super) fn part(&mut self, part: impl Display) -> io::Result<()> {
        write!(self.out, "{part}")
    }
}

/// A text on one line of at most `width` columns: white space becomes a space, control characters are
/// removed.
pub(super) fn clip(text: &str, width: usize) -> String {
    let mut line = String::new();
    let mut columns = 0;
    let mut was_space = true;
    for c in text.chars() {
        let is_space = c.is_whitespace();
        if !is_space && !is_shown(c) || is_space && was_space {
            continue;
        }
        was_space = is_space;
        let c = if is_space { ' ' } else { c };
        let more = c.width().unwrap_or(0);
        if columns + more > width {
            // The mark needs a column of its own, where there is one.
            while columns >= width.max(1) {
                columns -= line.pop().and_then(UnicodeWidthChar::width).unwrap_or(columns);
            }
            line.extend((width > 0).then_some('…'));
            return line;
        }
        line.push(c);
        columns += more;
    }
    line.truncate(line.trim_end().len());
    line
}

/// A text's lines, each safe to show; tabs become spaces.
pub(super) fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(|line| line.replace('\t', "    ").chars().filter(|c| is_shown(*c)).collect())
}

/// Neither a control character nor one that turns the direction of a text.
fn is_shown(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text filled up to `width` columns, on the right.
pub(super) fn left(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// A text filled up to `width` columns, on the left.
pub(super) fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

/// A score, to one decimal; long ones in full.
pub(super) fn score(value: f64) -> String {
    if value.abs() >= 0.05 || value == 0.0 { format!("{value:.1}") } else { format!("{value:.2e}") }
}

/// A count with separated thousands.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A span of time in its largest unit: `45 s`, `3 min`, `2 h`, `5 d`.
pub(super) fn span(micros: i64) -> String {
    let secs = micros.max(0) / 1_000_000;
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs / 60),
        3600..86_400 => format!("{} h", secs / 3600),
        _ => format!("{} d", secs / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_fits_its_columns_and_cannot_control_the_terminal() {
        assert_eq!(clip("one\n  two\tthree ", 80), "one two three");
        assert_eq!(clip("\u{1b}[31mred\u{7}\u{202e}", 80), "[31mred");
        assert_eq!(clip("abcdef", 6), "abcdef");
        assert_eq!(clip("abcdefg", 6), "abcde…");
        assert_eq!(clip("漢字漢字", 7), "漢字漢…");
        assert_eq!(clip("漢字漢字", 6), "漢字…");
        assert_eq!(clip("漢", 1), "…");
        assert_eq!([clip("abc", 1), clip("abc", 0), clip("", 0)], ["…", "", ""]);
    }

    #[test]
    fn numbers_and_times_are_rounded_for_people() {
        assert_eq!([score(-20.0), score(0.0), score(0.001)], ["-20.0", "0.0", "1.00e-3"]);
        assert_eq!([count(7), count(1234), count(1_234_567)], ["7", "1,234", "1,234,567"]);
        let s = 1_000_000;
        assert_eq!([span(-5), span(59 * s), span(61 * s), span(7200 * s)], ["0 s", "59 s", "1 min", "2 h"]);
    }
}
