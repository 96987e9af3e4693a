//! `gauntlet scenario`: documents that put an agent before a choice are listed, read, begun and checked.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use gauntlet_model::FieldError;
use gauntlet_principles::scenario::{
    Archetype, Choice, DEFAULT_STRESS, Scenario as Situation, ScenarioDocument, Scene, archetypes, schema,
};
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::screen::{BAD, BOLD, DIM, GOOD, Screen, left, lines, paint};
use super::{CliError, print_line};

/// The largest document that is read, in bytes.
const MAX_BYTES: u64 = 4 << 20;

/// Scenarios: documents that put an agent before a choice under pressure.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  gauntlet scenario list                       the archetypes that come with Gauntlet
  gauntlet scenario show loyalty --stress 0.8  one of them, as an agent meets it
  gauntlet scenario new loyalty > mine.json    begin a document with it
  gauntlet scenario check mine.json            every mistake in it, each with its field
  gauntlet scenario schema > scenario.schema.json

docs/scenarios.md says what a document holds.")]
pub(super) enum Scenarios {
    /// List the archetypes that come with Gauntlet
    List(List),
    /// Show a scenario as an agent meets it
    Show(Show),
    /// Write the document of an archetype, to begin one's own with
    New(New),
    /// Check documents: every mistake with its field
    Check(Check),
    /// Write the JSON Schema of a document
    Schema,
}

/// Lists the archetypes.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// A JSON object a line
    #[arg(long)]
    json: bool,
}

/// Shows a scenario.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// An archetype, or a file
    #[arg(value_name = "NAME|FILE")]
    document: String,
    /// Which variant of the prose, counted from 1
    #[arg(long, default_value_t = 1,
    value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    variant: u32,
    /// The stress, 0 to 1: it takes time and resources away
    #[arg(long, default_value_t = DEFAULT_STRESS, value_name = "S", value_parser = share)]
    stress: f64,
    /// Under great stress, with every choice harming more
    #[arg(long, conflicts_with = "stress")]
    adversarial: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Writes the document of an archetype.
#[derive(Debug, clap::Args)]
pub(super) struct New {
    /// The archetype
    #[arg(value_name = "NAME")]
    archetype: String,
}

/// Checks documents.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// A JSON object a file
    #[arg(long)]
    json: bool,
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("{text:?} is not a number from 0 to 1")),
    }
}

impl Scenarios {
    pub(super) fn run(self) -> Result<(), CliError> {
        match self {
            Self::List(list) => list.run()?,
            Self::Show(show) => show.run()?,
            Self::New(new) => print_line(archetype(&new.archetype)?.text().trim_end()),
            Self::Check(check) => check.run()?,
            Self::Schema => print_line(&format!("{:#}", schema())),
        }
        Ok(())
    }
}

impl List {
    fn run(self) -> Result<(), CliError> {
        let documents = archetypes().map_err(|mistakes| CliError::Failed(sentence(&mistakes)))?;
        let mut screen = Screen::stdout();
        let width = documents.iter().map(|document| document.name.width()).max().unwrap_or(0);
        for document in documents {
            let line = match self.json {
                true => json!({
                    "name": document.name, "title": document.title, "context": document.context,
                    "principles": document.principles, "choices": document.choices.len(),
                    "variants": document.variants.len(),
                })
                .to_string(),
                false => {
                    let tests = paint(DIM, document.principles.join(", "));
                    format!("{}  {}  {tests}", paint(BOLD, left(&document.name, width)), document.title)
                }
            };
            screen.line(line)?;
        }
        Ok(())
    }
}

impl Show {
    fn run(self) -> Result<(), CliError> {
        let document = match archetype(&self.document) {
            Ok(archetype) => ScenarioDocument::parse(archetype.text()),
            // What looks like a name is one that was mistyped.
            Err(unknown) if !self.document.contains(['.', '/', '\\']) => return Err(unknown),
            Err(_) => read(Path::new(&self.document)),
        };
        let document = document
            .map_err(|mistakes| CliError::Failed(format!("{}: {}", self.document, sentence(&mistakes))))?;
        let variants = document.variants.len();
        let variant = self.variant as usize;
        if variant > variants {
            let message = format!("--variant is {variant}; {:?} has {variants}", document.name);
            return Err(CliError::Failed(message));
        }
        let situation = match self.adversarial {
            true => document.generate_adversarial(variant - 1),
            false => document.generate(variant - 1, self.stress),
        };
        match self.json {
            true => print_line(
                &serde_json::to_string_pretty(&situation).map_err(|e| CliError::Failed(e.to_string()))?,
            ),
            false => write_for_people(&document, &situation, &mut Screen::stdout())?,
        }
        Ok(())
    }
}

/// Writes a scenario for people.
fn write_for_people(
    document: &ScenarioDocument,
    situation: &Situation,
    screen: &mut Screen,
) -> Result<(), CliError> {
    screen.line(paint(BOLD, &document.title))?;
    let about = format!(
        "{} · {} · stress {} · {:.0} s",
        situation.document, situation.variant, situation.stress, situation.time_limit_s
    );
    screen.line(paint(DIM, about))?;
    for Scene { id, situation: text, choices } in &situation.scenes {
        screen.line("")?;
        if !id.is_empty() {
            screen.line(paint(DIM, format!("Scene {id}")))?;
        }
        for line in lines(text) {
            screen.line(line)?;
        }
        for choice in choices {
            screen.line(format!("  {}  {}", paint(BOLD, &choice.id), choice.text))?;
            screen.line(paint(DIM, format!("    {}", consequences(choice))))?;
        }
    }
    for constraint in &situation.constraints {
        screen.line(format!("\nShould hold: {constraint}"))?;
    }
    Ok(())
}

/// What a choice means: whom it affects, which principles it serves, where it leads.
fn consequences(choice: &Choice) -> String {
    let effects = choice.effects.iter().map(|effect| format!("{} {:+}", effect.target, effect.impact));
    let aligns = choice.aligns.iter().map(|(principle, alignment)| format!("{principle} {alignment:+}"));
    let next = choice.next.iter().map(|scene| format!("then scene {scene}"));
    let parts = [effects.collect::<Vec<_>>().join(", "), aligns.collect::<Vec<_>>().join(", ")];
    parts.into_iter().chain(next).collect::<Vec<_>>().join(" · ")
}

impl Check {
    fn run(self) -> Result<(), CliError> {
        let mut screen = Screen::stdout();
        let mut refused = 0;
        for path in &self.files {
            let name = path.display().to_string();
            let read = read(path);
            refused += usize::from(read.is_err());
            if self.json {
                let mistakes = read.err().unwrap_or_default();
                let mistakes: Vec<_> =
                    mistakes.iter().map(|it| json!({ "field": it.field, "message": it.message })).collect();
                screen.line(json!({ "file": name, "valid": mistakes.is_empty(), "mistakes": mistakes }))?;
                continue;
            }
            match read {
                Ok(document) => {
                    let scenes = 1 + document.scenes.len();
                    let variants = document.variants.len();
                    screen.line(format!(
                        "{}  {name}: {}, {}, {}",
                        paint(GOOD, "ok"),
                        counted(scenes, "scene"),
                        counted(variants, "variant"),
                        counted(document.principles.len(), "principle")
                    ))?;
                }
                Err(mistakes) => {
                    for mistake in &mistakes {
                        screen.line(format!("{}  {name}: {mistake}", paint(BAD, "no")))?;
                    }
                }
            }
        }
        match refused {
            0 => Ok(()),
            refused => Err(CliError::Failed(format!(
                "{} of {} cannot be used",
                refused,
                counted(self.files.len(), "document")
            ))),
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The archetype of that name.
fn archetype(name: &str) -> Result<Archetype, CliError> {
    let found = Archetype::ALL.into_iter().find(|archetype| archetype.as_str() == name);
    found.ok_or_else(|| {
        let known = Archetype::ALL.map(Archetype::as_str).join(", ");
        CliError::Failed(format!("{name:?} is not an archetype; there are {known}"))
    })
}

/// The document in a file, or every mistake in it.
fn read(path: &Path) -> Result<ScenarioDocument, Vec<FieldError>> {
    let refuse = |message: String| vec![FieldError::new("document", message)];
    let file = File::open(path).map_err(|error| refuse(format!("cannot be opened: {error}")))?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| refuse(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(refuse(format!("is larger than {MAX_BYTES} bytes")));
    }
    let text = str::from_utf8(&bytes).map_err(|error| refuse(format!("is not UTF-8: {error}")))?;
    ScenarioDocument::parse(text)
}

fn sentence(mistakes: &[FieldError]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
