//! A language model as the judge: fill a template, ask, read the first number of the reply.

use std::error::Error;
use std::fmt::Display;

use crate::node::Call;
use crate::parameter::Parameter;
use crate::{InvalidText, Rubric, RubricError};

/// Whoever answers the judge's prompt. Synchronous; a client that retries or times out does so inside.
pub trait JudgeClient: Send + Sync {
    /// The reply to a prompt.
    ///
    /// # Errors
    ///
    /// Why there is none; it fails the call.
    fn complete(&self, prompt: &str) -> Result<String, JudgeError>;
}

/// Why a client has no reply: the error of whatever it asks.
pub type JudgeError = Box<dyn Error + Send + Sync>;

impl<F: Fn(&str) -> Result<String, JudgeError> + Send + Sync> JudgeClient for F {
    fn complete(&self, prompt: &str) -> Result<String, JudgeError> {
        self(prompt)
    }
}

/// Reads a score out of a reply.
pub type ScoreReader = fn(&str) -> Option<f64>;

/// Scores by asking a language model. The template's `{action}` and `{observation}` are filled in, `{{` and
/// `}}` are braces. Parameters: `prompt_template`, `default_score` (0), `normalize` (on).
pub struct LlmJudge<C> {
    client: C,
    read: ScoreReader,
    prompt_template: Parameter,
    default_score: Parameter,
    normalize: Parameter,
}

impl<C: JudgeClient> LlmJudge<C> {
    /// A judge that reads the first number of the reply, clamps it to 0 to 1, and scores 0 where there is
    /// none. Refuses a template with another placeholder or a stray brace.
    pub fn new(template: impl Into<String>, client: C) -> Result<Self, RubricError> {
        let template = template.into();
        check_template(&template).map_err(RubricError::Template)?;
        Ok(Self {
            client,
            read: first_number,
            prompt_template: Parameter::text("prompt_template", template, check_template),
            default_score: Parameter::number("default_score", 0.0),
            normalize: Parameter::flag("normalize", true),
        })
    }

    /// Reads the reply another way.
    pub fn reading(mut self, read: ScoreReader) -> Self {
        self.read = read;
        self
    }

    /// Scores `default` where the reply holds no score.
    pub fn or_default(self, default: f64) -> Self {
        Self { default_score: Parameter::number("default_score", default), ..self }
    }

    /// Uses the number as it is.
    pub fn unclamped(self) -> Self {
        Self { normalize: Parameter::flag("normalize", false), ..self }
    }

    /// The score in a reply.
    pub fn score_of(&self, reply: &str) -> f64 {
        match (self.read)(reply).filter(|score| !score.is_nan()) {
            Some(score) if self.normalize.is_on() => score.clamp(0.0, 1.0),
            Some(score) => score,
            None => self.default_score.get(),
        }
    }
}

impl<A: Display + ?Sized, O: Display + ?Sized, C: JudgeClient> Rubric<A, O> for LlmJudge<C> {
    fn forward(&self, call: &Call<'_, A, O>) -> Result<f64, RubricError> {
        let template = self.prompt_template.as_text();
        let prompt = fill(&template, &call.action().to_string(), &call.observation().to_string())
            .map_err(RubricError::Template)?;
        let reply = self
            .client
            .complete(&prompt)
            .map_err(|e| RubricError::Failed(format!("the judge failed: {e}")))?;
        Ok(self.score_of(&reply))
    }
    fn parameters(&self) -> Vec<&Parameter> {
        vec![&self.prompt_template, &self.default_score, &self.normalize]
    }
}

/// The first match of `\d+\.?\d*` (ASCII digits): a sign is not part of it, so "-3" reads 3; "8/10" reads 8;
/// ".5" reads 5; "7." reads 7. A number too large for an `f64` reads as infinity, which clamps to 1.
pub fn first_number(text: &str) -> Option<f64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let tail = &text[start..];
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let integer = digits(tail);
    let fraction = tail[integer..].strip_prefix('.').map_or(0, |rest| 1 + digits(rest));
    tail[..integer + fraction].parse().ok()
}

fn check_template(template: &str) -> Result<(), InvalidText> {
    fill(template, "", "").map(|_| ())
}

/// Fills `{action}` and `{observation}`; what is filled in is not read again.
fn fill(template: &str, action: &str, observation: &str) -> Result<String, InvalidText> {
    let mut out = String::with_capacity(template.len() + action.len() + observation.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
            continue;
        }
        let end = if brace == "{" { rest.find('}') } else { None };
        let end = end.ok_or_else(|| format!("a lone {brace:?}; write it twice to mean the character"))?;
        match &rest[..end] {
            "action" => out.push_str(action),
            "observation" => out.push_str(observation),
            other => return Err(format!("{{{other}}} is neither {{action}} nor {{observation}}").into()),
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}
