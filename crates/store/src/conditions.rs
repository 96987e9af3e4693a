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

impl FromStr for Conditions {
    type Err = FieldError;

    /// Reads `COLUMN OPERATOR VALUE and ...`. A name that is no column is a key of the configuration.
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let mut tokens = tokens(text)?.into_iter().peekable();
        let mut conditions = Vec::new();
        while tokens.peek().is_some() {
            if !conditions.is_empty() {
                match tokens.next() {
                    Some(Token::Word(word, false)) if word.eq_ignore_ascii_case("and") => {}
                    other => return Err(refused(&format!("{} where `and` should be", shown(other)))),
                }
            }
            if conditions.len() == MAX_CONDITIONS {
                return Err(refused(&format!("has more than {MAX_CONDITIONS} conditions")));
            }
            let column = match tokens.next() {
                Some(Token::Word(word, _)) => column(word),
                other => return Err(refused(&format!("{} where a column should be", shown(other)))),
            };
            let comparison = match tokens.next() {
                Some(Token::Operator(comparison)) => comparison,
                other => {
                    let found = shown(other);
                    return Err(refused(&format!(
                        "{found} behind {column}; one of = != < <= > >= is needed"
                    )));
                }
            };
            let operand = match tokens.next() {
                Some(Token::Word(word, is_quoted)) => operand(&column, comparison, word, is_quoted)?,
                other => {
                    return Err(refused(&format!("{} where the value of {column} is needed", shown(other))));
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

fn refused(why: &str) -> FieldError {
    FieldError::new("filter", why)
}

fn shown(token: Option<Token>) -> String {
    match token {
        None => "the end".to_owned(),
        Some(Token::Operator(comparison)) => format!("`{}`", comparison.as_str()),
        Some(Token::Word(word, _)) => format!("{word:?}"),
    }
}

fn column(word: String) -> RunColumn {
    match word.as_str() {
        "tag" => RunField::Tags.into(),
        other => other.parse().unwrap_or(RunColumn::Config(word)),
    }
}

/// What a column can be compared with.
fn operand(
    column: &RunColumn,
    comparison: Comparison,
    word: String,
    is_quoted: bool,
) -> Result<Operand, FieldError> {
    let number = || word.parse::<f64>().ok().filter(|number| number.is_finite());
    let needs = |what: &str| refused(&format!("{column} is compared with {what}, not with {word:?}"));
    let equality = || {
        let message = format!("{column} is a text: = and != compare it, {} does not", comparison.as_str());
        if comparison.is_equality() { Ok(()) } else { Err(refused(&message)) }
    };
    match column.kind() {
        ColumnKind::Number => {
            let value = number().ok_or_else(|| needs("a number"))?;
            Ok(Operand::Number(value, word))
        }
        ColumnKind::Time => {
            let midnight = format!("{word}T00:00:00");
            let time = Timestamp::parse_lenient(&word).or_else(|_| Timestamp::parse_lenient(&midnight));
            time.map(Operand::Time).map_err(|_| needs("a date such as 2026-11-30 or an RFC 3339 time"))
        }
        ColumnKind::Any => match number().filter(|_| !is_quoted) {
            Some(value) => Ok(Operand::Number(value, word)),
            None => equality().map(|()| Operand::Text(word)),
        },
        ColumnKind::Text | ColumnKind::Tags => {
            equality()?;
            if *column == RunField::Status.into() {
                word.parse::<Status>().map_err(|error| refused(&error.message))?;
            }
            Ok(Operand::Text(word))
        }
    }
}

/// The parts of a text: operators, words, and words in quotes, in which a quote is doubled.
fn tokens(text: &str) -> Result<Vec<Token>, FieldError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (word, behind) = quoted(&rest[1..]).ok_or_else(|| refused("a quote is not closed"))?;
            tokens.push(Token::Word(word, true));
            rest = behind;
        } else if let Some((operator, comparison)) =
            Comparison::ALL.into_iter().find(|(operator, _)| rest.starts_with(operator))
        {
            tokens.push(Token::Operator(comparison));
            rest = &rest[operator.len()..];
        } else {
            let is_end = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '=' | '!' | '"');
            let end = rest.char_indices().skip(1).find(|(_, c)| is_end(*c)).map_or(rest.len(), |(at, _)| at);
            tokens.push(Token::Word(rest[..end].to_owned(), false));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

/// The text up to the closing quote, and what is behind that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut rest = text;
    loop {
        let (before, behind) = rest.split_once('"')?;
        word.push_str(before);
        match behind.strip_prefix('"') {
            Some(after) => {
                word.push('"');
                rest = after;
            }
            None => return Some((word, behind)),
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
            ("lr", "filter: the end behind config:lr; one of = != < <= > >= is needed"),
            ("lr <", "filter: the end where the value of config:lr is needed"),
            ("lr < 1 steps > 2", "filter: \"steps\" where `and` should be"),
            ("< 3", "filter: `<` where a column should be"),
            ("steps > many", "filter: steps is compared with a number, not with \"many\""),
            ("name < b", "filter: name is a text: = and != compare it, < does not"),
            ("lr < \"x", "filter: a quote is not closed"),
        ] {
            assert_eq!(text.parse::<Conditions>().unwrap_err().to_string(), expect);
        }
        assert!("created > yesterday".parse::<Conditions>().is_err());
        assert!("status = done".parse::<Conditions>().is_err());
        let many = ["a = 1"; 17].join(" and ");
        assert!(many.parse::<Conditions>().is_err());
    }
}
