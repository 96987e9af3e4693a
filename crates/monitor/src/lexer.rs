//! The words of a rule, each with its place in the text.

use crate::expression::ExpressionError;

/// Longest text that a message repeats, in characters.
const MAX_SHOWN_CHARS: usize = 24;

/// A word of a rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A name of a function or a path: `mean`, `metrics.loss`, `safety/refusal`.
    Name(String),
    /// A path between quotes.
    Quoted(String),
    Number(f64),
    /// An operator, a comma or a bracket.
    Symbol(&'static str),
    End,
}

/// A word and where it is, in characters from 0; `end` is after its last character.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    pub token: Token,
    pub start: usize,
    pub end: usize,
}

/// Symbols, the longer ones first.
const SYMBOLS: [&str; 16] =
    ["<=", ">=", "==", "!=", "&&", "||", "<", ">", "(", ")", ",", "+", "-", "*", "/", "!"];

/// The text of a rule as characters, so that places count characters and not bytes.
pub(crate) struct Text(Vec<char>);

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.chars().collect())
    }

    /// The text between two places.
    pub(crate) fn between(&self, start: usize, end: usize) -> String {
        self.0.get(start..end.min(self.0.len())).unwrap_or_default().iter().collect()
    }

    /// An error at a place.
    pub(crate) fn error(&self, start: usize, end: usize, message: impl Into<String>) -> ExpressionError {
        let near = self.between(start, end.min(start + MAX_SHOWN_CHARS));
        ExpressionError { position: start, near, message: message.into() }
    }

    /// All words, with an end.
    pub(crate) fn tokens(&self) -> Result<Vec<Placed>, ExpressionError> {
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(c) = self.0.get(at).copied() {
            if c.is_whitespace() {
                at += 1;
                continue;
            }
            let (token, end) = self.token(at, c)?;
            found.push(Placed { token, start: at, end });
            at = end;
        }
        found.push(Placed { token: Token::End, start: at, end: at });
        Ok(found)
    }

    fn token(&self, at: usize, c: char) -> Result<(Token, usize), ExpressionError> {
        if c == '"' {
            return self.quoted(at);
        }
        if c.is_ascii_digit() || (c == '.' && self.0.get(at + 1).is_some_and(char::is_ascii_digit)) {
            return self.number(at);
        }
        if c.is_alphabetic() || c == '_' {
            let end = self.end_of(at, |c| c.is_alphanumeric() || c == '_' || c == '.');
            return Ok((Token::Name(self.between(at, end)), end));
        }
        let fits = |symbol: &&&'static str| self.between(at, at + symbol.len()) == **symbol;
        match SYMBOLS.iter().find(fits) {
            Some(symbol) => Ok((Token::Symbol(symbol), at + symbol.len())),
            None => Err(self.error(at, at + 1, "this character has no meaning in a rule")),
        }
    }

    fn end_of(&self, start: usize, is_part: impl Fn(char) -> bool) -> usize {
        let rest = self.0.get(start..).unwrap_or_default();
        start + rest.iter().take_while(|c| is_part(**c)).count()
    }

    fn quoted(&self, start: usize) -> Result<(Token, usize), ExpressionError> {
        let end = self.end_of(start + 1, |c| c != '"');
        if end == self.0.len() {
            return Err(self.error(start, end, "the quotes are not closed"));
        }
        Ok((Token::Quoted(self.between(start + 1, end)), end + 1))
    }

    /// Digits, a fraction and an exponent, as in `1e-3`.
    fn number(&self, start: usize) -> Result<(Token, usize), ExpressionError> {
        let mut end = self.end_of(start, |c| c.is_ascii_alphanumeric() || c == '.');
        let has_sign = matches!(self.0.get(end), Some('+' | '-'));
        if has_sign && matches!(self.0.get(end - 1), Some('e' | 'E')) {
            end = self.end_of(end + 1, |c| c.is_ascii_digit());
        }
        let text = self.between(start, end);
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok((Token::Number(number), end)),
            _ => Err(self.error(start, end, "this is not a finite number")),
        }
    }
}
