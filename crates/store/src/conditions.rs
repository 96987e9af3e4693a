//! Conditions on the columns of a list of runs, such as `config:lr < 1e-5 and created >= 2026-11-01`.

use std::fmt;
use std::str::FromStr;

use gauntlet_model::{FieldError, Status, Timestamp};

use crate::{ColumnKind, RunColumn, RunField};

/// Most conditions of one list.
const MAX_CONDITIONS: usize = 16;

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

impl Comparison {
    const ALL: [(&str, Comparison); 6] = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("!=", Comparison::NotEqual),
        ("<", Comparison::Below),
        (">", Comparison::Above),
        ("=", Comparison::Equal),
    ];

    /// Its operator, which is also that of SQL.
    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, it)| *it == self).map_or("=", |(operator, _)| operator)
    }

    fn is_equality(self) -> bool {
        matches!(self, Comparison::Equal | Comparison::NotEqual)
    }
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A text.
    Text(String),
    /// A number, and how it was written: a value of the configuration may be that text.
    Number(f64, String),
    /// An instant.
    Time(Timestamp),
}

/// A condition on one column. A run without a value fulfils none.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The column.
    pub column: RunColumn,
    /// How it is compared.
    pub comparison: Comparison,
    /// What it is compared with.
    pub operand: Operand,
}

/// Conditions that must all hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conditions(pub Vec<Condition>);

/// A part of the text.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Operator(Comparison),
    /// A word, and whether it was quoted.
    Word(String, bool),
}

/// A part of the text and its place: the number of its first character, from 1.
type Placed = (usize, Token);

impl FromStr for Conditions {
    type Err = FieldError;

    /// Reads `COLUMN OPERATOR VALUE and ...`. A name that is not a column is a key of the configuration.
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let mut tokens = tokens(text)?.into_iter().peekable();
        let end = text.trim_end().chars().count() + 1;
        let mut conditions = Vec::new();
        while let Some((at, _)) = tokens.peek() {
            let first = *at;
            if !conditions.is_empty() {
                match tokens.next() {
                    Some((_, Token::Word(word, false))) if word.eq_ignore_ascii_case("and") => {}
                    other => return Err(unexpected(end, other, "`and` is needed")),
                }
            }
            if conditions.len() == MAX_CONDITIONS {
                return Err(refused(first, &format!("there are more than {MAX_CONDITIONS} conditions")));
            }
            let column = match tokens.next() {
                Some((_, Token::Word(word, _))) => column(word),
                other => return Err(unexpected(end, other, "a column is needed")),
            };
            let (at, comparison) = match tokens.next() {
                Some((at, Token::Operator(comparison))) => (at, comparison),
                other => {
                    let needed = format!("one of = != < <= > >= is needed after {column}");
                    return Err(unexpected(end, other, &needed));
                }
            };
            let operand = match tokens.next() {
                Some((place, Token::Word(word, is_quoted))) => {
                    equality(&column, comparison, &word, is_quoted).map_err(|why| refused(at, &why))?;
                    operand(&column, word, is_quoted).map_err(|why| refused(place, &why))?
                }
                other => {
                    return Err(unexpected(end, other, &format!("a value of {column} is needed")));
                }
            };
            conditions.push(Condition { column, comparison, operand });
        }
        Ok(Self(conditions))
    }
}

impl fmt::Display for Conditions {
    /// A text that is read as the same conditions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        for (index, Condition { column, comparison, operand }) in self.0.iter().enumerate() {
            let and = if index > 0 { " and " } else { "" };
            let operand = match operand {
                Operand::Text(text) => quoted(text),
                Operand::Number(_, text) => text.clone(),
                Operand::Time(time) => time.to_string(),
            };
            write!(f, "{and}{} {} {operand}", quoted(&column.to_string()), comparison.as_str())?;
        }
        Ok(())
    }
}

fn refused(at: usize, why: &str) -> FieldError {
    FieldError::new("filter", format!("at character {at}: {why}"))
}

/// The error for a part that is not what is needed; the text ends in front of the character `end`.
fn unexpected(end: usize, found: Option<Placed>, needed: &str) -> FieldError {
    let (at, found) = match found {
        None => (end, "the end".to_owned()),
        Some((at, Token::Operator(comparison))) => (at, format!("`{}`", comparison.as_str())),
        Some((at, Token::Word(word, _))) => (at, format!("{word:?}")),
    };
    refused(at, &format!("{needed}, not {found}"))
}

fn column(word: String) -> RunColumn {
    match word.as_str() {
        "tag" => RunField::Tags.into(),
        other => other.parse().unwrap_or(RunColumn::Config(word)),
    }
}

/// Refuses to order texts. A value of the configuration is a number where it can be read as one.
fn equality(column: &RunColumn, comparison: Comparison, word: &str, is_quoted: bool) -> Result<(), String> {
    let is_ordered = match column.kind() {
        ColumnKind::Number | ColumnKind::Time => true,
        ColumnKind::Any => !is_quoted && number(word).is_some(),
        ColumnKind::Text | ColumnKind::Tags => false,
    };
    if is_ordered || comparison.is_equality() {
        return Ok(());
    }
    let text = if column.kind() == ColumnKind::Any { format!("{word:?}") } else { column.to_string() };
    Err(format!("{text} is a text: = and != compare it, {} does not", comparison.as_str()))
}

fn number(word: &str) -> Option<f64> {
    word.parse().ok().filter(|number: &f64| number.is_finite())
}

/// What a column is compared with.
fn operand(column: &RunColumn, word: String, is_quoted: bool) -> Result<Operand, String> {
    let needs = |what: &str| format!("{column} is compared with {what}, not with {word:?}");
    match column.kind() {
        ColumnKind::Number => match number(&word) {
            Some(value) => Ok(Operand::Number(value, word)),
            None => Err(needs("a number")),
        },
        ColumnKind::Time => {
            let midnight = format!("{word}T00:00:00");
            let time = Timestamp::parse_lenient(&word).or_else(|_| Timestamp::parse_lenient(&midnight));
            time.map(Operand::Time).map_err(|_| needs("a date such as 2026-11-30 or an RFC 3339 time"))
        }
        ColumnKind::Any => Ok(match number(&word).filter(|_| !is_quoted) {
            Some(value) => Operand::Number(value, word),
            None => Operand::Text(word),
        }),
        ColumnKind::Text | ColumnKind::Tags => {
            if *column == RunField::Status.into() {
                word.parse::<Status>().map_err(|error| error.message)?;
            }
            Ok(Operand::Text(word))
        }
    }
}

/// The parts of a text: operators, words, and words in quotes, in which a quote is doubled.
fn tokens(text: &str) -> Result<Vec<Placed>, FieldError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let at = text[..text.len() - rest.len()].chars().count() + 1;
        if first == '"' {
            let (word, after) = quoted(&rest[1..]).ok_or_else(|| refused(at, "this quote is not closed"))?;
            tokens.push((at, Token::Word(word, true)));
            rest = after;
        } else if let Some((operator, comparison)) =
            Comparison::ALL.into_iter().find(|(operator, _)| rest.starts_with(operator))
        {
            tokens.push((at, Token::Operator(comparison)));
            rest = &rest[operator.len()..];
        } else {
            let is_end = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '=' | '!' | '"');
            let end = rest.char_indices().skip(1).find(|(_, c)| is_end(*c)).map_or(rest.len(), |(at, _)| at);
            tokens.push((at, Token::Word(rest[..end].to_owned(), false)));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

/// The text up to the closing quote, and what is after that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        word.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                word.push('"');
                rest = after;
            }
            None => return Some((word, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, &'static str, Operand)> {
        let conditions: Conditions = text.parse().unwrap();
        assert_eq!(conditions.to_string().parse(), Ok(conditions.clone()), "{text}");
        let parts = |it: Condition| (it.column.to_string(), it.comparison.as_str(), it.operand);
        conditions.0.into_iter().map(parts).collect()
    }

    #[test]
    fn conditions_are_read() {
        let number = |value: f64, text: &str| Operand::Number(value, text.to_owned());
        let text = |text: &str| Operand::Text(text.to_owned());
        assert_eq!(read("  "), []);
        assert_eq!(read("lr < 1e-5"), [("config:lr".to_owned(), "<", number(1e-5, "1e-5"))]);
        assert_eq!(
            read("mean:root>=0.5 AND \"a key\"!=\"b \"\"c\"\"\" and tag = sft"),
            [
                ("mean:root".to_owned(), ">=", number(0.5, "0.5")),
                ("config:a key".to_owned(), "!=", text("b \"c\"")),
                ("tags".to_owned(), "=", text("sft")),
            ]
        );
        let day = Timestamp::parse_lenient("2026-11-01T00:00:00").unwrap();
        assert_eq!(read("created > 2026-11-01"), [("created".to_owned(), ">", Operand::Time(day))]);
        assert_eq!(read("lr = \"1\""), [("config:lr".to_owned(), "=", text("1"))]);
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (text, expect) in [
            ("lr", "at character 3: one of = != < <= > >= is needed after config:lr, not the end"),
            ("lr < ", "at character 5: a value of config:lr is needed, not the end"),
            ("lr < 1 steps > 2", "at character 8: `and` is needed, not \"steps\""),
            ("  < 3", "at character 3: a column is needed, not `<`"),
            ("é = 1 and steps > many", "at character 19: steps is compared with a number, not with \"many\""),
            ("name < b", "at character 6: name is a text: = and != compare it, < does not"),
            ("lr < b", "at character 4: \"b\" is a text: = and != compare it, < does not"),
            ("lr < \"x", "at character 6: this quote is not closed"),
        ] {
            let error = text.parse::<Conditions>().unwrap_err();
            assert_eq!(error.to_string(), format!("filter: {expect}"));
        }
        let message = |text: &str| text.parse::<Conditions>().unwrap_err().message;
        let needed = "a date such as 2026-11-30 or an RFC 3339 time";
        let refused = message("created > yesterday");
        assert!(
            refused.ends_with(&format!("created is compared with {needed}, not with \"yesterday\"")),
            "{refused}"
        );
        let refused = message("status = done");
        assert!(refused.contains("\"done\" is not one of pending, running"), "{refused}");
        let refused = message(&["a = 1"; 17].join(" and "));
        assert!(refused.ends_with("there are more than 16 conditions"), "{refused}");
    }
}
