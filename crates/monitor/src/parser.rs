//! From the text of a rule to what it computes, by recursive descent. Each function reads one level of the
//! grammar, the loosest first:
//!
//! ```text
//! rule       = and { "or" and }
//! and        = not { "and" not }
//! not        = "not" not | comparison
//! comparison = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
//! sum        = product { ("+" | "-") product }
//! product    = factor { ("*" | "/") factor }
//! factor     = "-" factor | number | call | "(" rule ")"
//! call       = name "(" path [ "," window ] ")" | "silent" "(" seconds ")"
//! ```

use std::str::FromStr;

use gauntlet_model::MAX_PATH_BYTES;

use crate::expression::{
    Comparison, Condition, Expression, ExpressionError, Function, Input, MAX_EXPRESSION_BYTES,
    MAX_SILENCE_SECS, MAX_WINDOW, Number, Operator, Source,
};
use crate::lexer::{Placed, Text, Token};

/// Most brackets and signs around one another: deeper ones would only take stack.
const MAX_DEPTH: usize = 32;

/// What a part of a rule is.
enum Part {
    Number(Number),
    Condition(Condition),
}

/// A part, and where it begins and ends in the text.
struct Parsed {
    part: Part,
    start: usize,
    end: usize,
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        let (condition, inputs) = parse(text)?;
        Ok(Self { text: text.trim().to_owned(), condition, inputs })
    }
}

/// The condition of a rule, and the windows that it reads.
fn parse(text: &str) -> Result<(Condition, Vec<Input>), ExpressionError> {
    let chars = Text::new(text);
    if text.len() > MAX_EXPRESSION_BYTES {
        let message = format!("the rule is {} bytes long; at most {MAX_EXPRESSION_BYTES}", text.len());
        return Err(chars.error(0, usize::MAX, message));
    }
    let tokens = chars.tokens()?;
    let mut parser = Parser { text: chars, tokens, at: 0, depth: 0, inputs: Vec::new(), silent: None };
    let parsed = parser.any()?;
    let rest = parser.peek().clone();
    if rest.token != Token::End {
        return Err(parser.error(&rest, "the rule should end here; join conditions with and, or"));
    }
    let condition = parser.condition(parsed)?;
    if let Some((start, end)) = parser.silent.filter(|_| !matches!(condition, Condition::Silent(_))) {
        return Err(parser.text.error(start, end, "silent(...) has to be a rule by itself"));
    }
    Ok((condition, parser.inputs))
}

struct Parser {
    text: Text,
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
    inputs: Vec<Input>,
    /// Where a `silent` is.
    silent: Option<(usize, usize)>,
}

impl Parser {
    fn peek(&self) -> &Placed {
        // The last token is the end, and nothing goes on after it.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Placed {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn error(&self, at: &Placed, message: impl Into<String>) -> ExpressionError {
        self.text.error(at.start, at.end, message)
    }

    /// Takes the next word if it is one of these names or symbols.
    fn take(&mut self, words: &[&str]) -> Option<String> {
        let word = match &self.peek().token {
            Token::Name(name) => name.clone(),
            Token::Symbol(symbol) => (*symbol).to_owned(),
            _ => return None,
        };
        words.contains(&word.as_str()).then(|| {
            self.at += 1;
            word
        })
    }

    fn expect(&mut self, symbol: &str, message: &str) -> Result<Placed, ExpressionError> {
        let found = self.next();
        match &found.token {
            Token::Symbol(there) if *there == symbol => Ok(found),
            _ => Err(self.error(&found, message)),
        }
    }

    fn condition(&self, parsed: Parsed) -> Result<Condition, ExpressionError> {
        match parsed.part {
            Part::Condition(condition) => Ok(condition),
            Part::Number(_) => {
                let message = "this is a number; a rule has to compare it, as in mean(loss, 20) > 3";
                Err(self.text.error(parsed.start, parsed.end, message))
            }
        }
    }

    fn number(&self, parsed: Parsed) -> Result<Number, ExpressionError> {
        match parsed.part {
            Part::Number(number) => Ok(number),
            Part::Condition(_) => {
                let message = "this is true or false; a number is needed here";
                Err(self.text.error(parsed.start, parsed.end, message))
            }
        }
    }

    fn any(&mut self) -> Result<Parsed, ExpressionError> {
        let mut left = self.all()?;
        while self.take(&["or", "||"]).is_some() {
            let right = self.all()?;
            left = self.join(left, right, Condition::Or)?;
        }
        Ok(left)
    }

    fn all(&mut self) -> Result<Parsed, ExpressionError> {
        let mut left = self.not()?;
        while self.take(&["and", "&&"]).is_some() {
            let right = self.not()?;
            left = self.join(left, right, Condition::And)?;
        }
        Ok(left)
    }

    fn join(
        &self,
        left: Parsed,
        right: Parsed,
        make: fn(Box<Condition>, Box<Condition>) -> Condition,
    ) -> Result<Parsed, ExpressionError> {
        let (start, end) = (left.start, right.end);
        let part = make(Box::new(self.condition(left)?), Box::new(self.condition(right)?));
        Ok(Parsed { part: Part::Condition(part), start, end })
    }

    fn not(&mut self) -> Result<Parsed, ExpressionError> {
        let start = self.peek().start;
        if self.take(&["not", "!"]).is_none() {
            return self.comparison();
        }
        self.deeper(|parser| {
            let inner = parser.not()?;
            let end = inner.end;
            let part = Part::Condition(Condition::Not(Box::new(parser.condition(inner)?)));
            Ok(Parsed { part, start, end })
        })
    }

    fn comparison(&mut self) -> Result<Parsed, ExpressionError> {
        let left = self.sum()?;
        let comparison = match self.take(&["<", "<=", ">", ">=", "==", "!="]).as_deref() {
            Some("<") => Comparison::Less,
            Some("<=") => Comparison::AtMost,
            Some(">") => Comparison::Greater,
            Some(">=") => Comparison::AtLeast,
            Some("==") => Comparison::Equal,
            Some("!=") => Comparison::NotEqual,
            _ => return Ok(left),
        };
        let right = self.sum()?;
        let (start, end) = (left.start, right.end);
        let part = Condition::Compare(self.number(left)?, comparison, self.number(right)?);
        Ok(Parsed { part: Part::Condition(part), start, end })
    }

    fn sum(&mut self) -> Result<Parsed, ExpressionError> {
        let mut left = self.product()?;
        loop {
            let operator = match self.take(&["+", "-"]).as_deref() {
                Some("+") => Operator::Add,
                Some(_) => Operator::Subtract,
                None => return Ok(left),
            };
            let right = self.product()?;
            left = self.compute(left, operator, right)?;
        }
    }

    fn product(&mut self) -> Result<Parsed, ExpressionError> {
        let mut left = self.factor()?;
        loop {
            let operator = match self.take(&["*", "/"]).as_deref() {
                Some("*") => Operator::Multiply,
                Some(_) => Operator::Divide,
                None => return Ok(left),
            };
            let right = self.factor()?;
            left = self.compute(left, operator, right)?;
        }
    }

    fn compute(&self, left: Parsed, operator: Operator, right: Parsed) -> Result<Parsed, ExpressionError> {
        let (start, end) = (left.start, right.end);
        let (left, right) = (Box::new(self.number(left)?), Box::new(self.number(right)?));
        Ok(Parsed { part: Part::Number(Number::Arithmetic(left, operator, right)), start, end })
    }

    /// Reads a part inside of another one.
    fn deeper(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Parsed, ExpressionError>,
    ) -> Result<Parsed, ExpressionError> {
        if self.depth == MAX_DEPTH {
            let here = self.peek().clone();
            return Err(self.error(&here, format!("more than {MAX_DEPTH} parts are inside of each other")));
        }
        self.depth += 1;
        let parsed = read(self);
        self.depth -= 1;
        parsed
    }

    fn factor(&mut self) -> Result<Parsed, ExpressionError> {
        let first = self.next();
        let (start, end) = (first.start, first.end);
        match first.token {
            Token::Number(number) => Ok(Parsed { part: Part::Number(Number::Constant(number)), start, end }),
            Token::Symbol("-") => self.deeper(|parser| {
                let inner = parser.factor()?;
                let end = inner.end;
                let part = Part::Number(Number::Negative(Box::new(parser.number(inner)?)));
                Ok(Parsed { part, start, end })
            }),
            Token::Symbol("(") => self.deeper(|parser| {
                let inner = parser.any()?;
                let close = parser.expect(")", "a closing bracket is missing here")?;
                Ok(Parsed { part: inner.part, start, end: close.end })
            }),
            Token::Name(ref name) => self.call(&first, name),
            Token::End => Err(self.error(&first, "a condition is missing here, such as mean(loss, 20) > 3")),
            Token::Symbol(_) | Token::Quoted(_) => {
                Err(self.error(&first, "a number or a function is needed here, such as mean(loss, 20)"))
            }
        }
    }

    fn call(&mut self, name_at: &Placed, name: &str) -> Result<Parsed, ExpressionError> {
        let function = Function::ALL.into_iter().find(|function| function.name() == name);
        if function.is_none() && !["isnan", "silent"].contains(&name) {
            let known: Vec<_> = Function::ALL.iter().map(|function| function.name()).collect();
            let message = format!("is not a function; known are {}, isnan, silent", known.join(", "));
            return Err(self.error(name_at, message));
        }
        self.expect("(", &format!("{name} needs brackets, as in {}", example(name)))?;
        let part = match (function, name) {
            (Some(function), _) => {
                let source = self.source()?;
                let length = self.window(function)?;
                let input = self.input(source, function.reads(length));
                Part::Number(Number::Window { function, input, length, text: String::new() })
            }
            (None, "isnan") => {
                let source = self.source()?;
                Part::Condition(Condition::IsNan(self.input(source, 1)))
            }
            (None, _) => {
                let limit = MAX_SILENCE_SECS as usize;
                let secs = self.count(limit, "the seconds of silence are a number, as in silent(300)")?;
                Part::Condition(Condition::Silent(secs as u32))
            }
        };
        let close = self.expect(")", &format!("a closing bracket is missing, as in {}", example(name)))?;
        let (start, end) = (name_at.start, close.end);
        let part = match part {
            Part::Number(Number::Window { function, input, length, .. }) => {
                let text = self.text.between(start, end);
                Part::Number(Number::Window { function, input, length, text })
            }
            Part::Condition(Condition::Silent(secs)) => {
                self.silent = Some((start, end));
                Part::Condition(Condition::Silent(secs))
            }
            other => other,
        };
        Ok(Parsed { part, start, end })
    }

    /// The first argument: what is read.
    fn source(&mut self) -> Result<Source, ExpressionError> {
        let found = self.next();
        let path = match &found.token {
            Token::Name(name) if name == "failing" => return Ok(Source::Failing),
            Token::Name(name) if name == "tied_groups" => return Ok(Source::TiedGroups),
            // `a/b` and `a-b` are written without quotes as well: nothing is computed in this place.
            Token::Name(name) => {
                let mut path = name.clone();
                while let Some(sign) = self.take(&["/", "-"]) {
                    let next = self.next();
                    match &next.token {
                        Token::Name(part) => path.extend([sign, part.clone()]),
                        _ => return Err(self.error(&next, "write such a path between quotes")),
                    }
                }
                path
            }
            Token::Quoted(path) => path.clone(),
            _ => return Err(self.error(&found, "the path of a rubric or metric is needed here")),
        };
        let is_path = !path.split('.').any(str::is_empty) && path.len() <= MAX_PATH_BYTES;
        if !is_path || path.chars().any(char::is_control) {
            return Err(self.error(&found, "this is not the dotted path of a rubric or metric"));
        }
        Ok(Source::Path(path))
    }

    /// The second argument: how many values are read. `last` reads one.
    fn window(&mut self, function: Function) -> Result<usize, ExpressionError> {
        if function == Function::Last {
            return Ok(1);
        }
        let message = format!("the number of values is missing, as in {}", example(function.name()));
        self.expect(",", &message)?;
        self.count(MAX_WINDOW, &message)
    }

    /// An integer from 1 to `most`.
    fn count(&mut self, most: usize, message: &str) -> Result<usize, ExpressionError> {
        let found = self.next();
        match found.token {
            Token::Number(number) if number.fract() == 0.0 && number >= 1.0 && number <= most as f64 => {
                Ok(number as usize)
            }
            Token::Number(_) => Err(self.error(&found, format!("must be a whole number from 1 to {most}"))),
            _ => Err(self.error(&found, message)),
        }
    }

    /// The number of the window for a source, made wide enough.
    fn input(&mut self, source: Source, length: usize) -> usize {
        if let Some(at) = self.inputs.iter().position(|input| input.source == source) {
            let input = &mut self.inputs[at];
            input.length = input.length.max(length);
            return at;
        }
        self.inputs.push(Input { source, length });
        self.inputs.len() - 1
    }
}

fn example(name: &str) -> String {
    match name {
        "isnan" | "last" => format!("{name}(loss)"),
        "silent" => "silent(300)".to_owned(),
        "share" => "share(failing, 100)".to_owned(),
        _ => format!("{name}(loss, 50)"),
    }
}
