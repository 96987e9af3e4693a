//! The search page. The server renders it; it is a form and a list of links; what runs in
//! the browser switches the theme.

use gauntlet_model::FailureKind;
use leptos::prelude::*;

use crate::shell::{self, PlainPage, plain_page};
use crate::ui::address::encoded;
use crate::ui::{Erase, SearchBox, failure_class, failure_title, run_address, score};

/// The content of the page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Results {
    /// The query as it was typed.
    pub words: String,
    /// Only results with this failure or failing rubric path; `any`, or empty for all.
    pub failing: String,
    /// Only results of the run with this id, or empty.
    pub run: String,
    /// Only results of this project, or empty.
    pub project: String,
    /// The results, best first.
    pub items: Vec<Item>,
    /// Where the next page starts.
    pub next_cursor: Option<String>,
    /// Whether there are more matches than are ranked.
    pub more: bool,
    /// Events that are not indexed yet.
    pub waiting: u64,
    /// Why there is no result, as a sentence.
    pub error: Option<String>,
}

/// An event that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its run's id.
    pub run: String,
    /// Its run's name.
    pub run_name: String,
    /// Its step, if any.
    pub step: Option<u64>,
    /// Its episode, if any.
    pub episode: Option<String>,
    /// The kind of event, as a word.
    pub kind: &'static str,
    /// The field with the snippet, as a word.
    pub field: &'static str,
    /// The root score of its step.
    pub root: Option<f64>,
    /// The most severe failure of its step.
    pub failure: Option<FailureKind>,
    /// Parts of its text; `true` for parts that match.
    pub snippet: Vec<(String, bool)>,
}

/// The filters: the word in the address, and the word for people.
const CHIPS: [(&str, &str); 7] = [
    ("", "Everything"),
    ("any", "Failing"),
    ("hallucination", "Ungrounded"),
    ("format", "Format"),
    ("refusal", "Refusal"),
    ("inconsistency", "Inconsistent"),
    ("generic", "Other failures"),
];

/// The document as HTML. `style` is the address of the style sheet.
pub fn document(results: &Results, style: String) -> String {
    shell::document(|| page(results, style))
}

fn page(results: &Results, style: String) -> impl IntoView + use<> {
    let header = view! {
        <span class="top-gap"></span>
        <a class="link" href="/">"Runs"</a>
        <a class="link" href="/docs">"Docs"</a>
    };
    let body = view! {
        <h1>"Search"</h1>
        <SearchBox words=results.words.clone() />
        <p class="search-marks">
            "Words, " <code>"\"a phrase\""</code> ", " <code>"prefix*"</code> ", "
            <code>"-without"</code> ", " <code>"one OR other"</code>
        </p>
        {chips(results)}
        {body(results)}
    };
    let title = title(&results.words);
    plain_page(PlainPage { title, style, scripts: (), header, class: "found", body })
}

fn title(words: &str) -> String {
    if words.is_empty() { "Search".to_owned() } else { format!("{words} · Search") }
}

fn chips(results: &Results) -> impl IntoView + use<> {
    let chip = |word: &str, name: &str| {
        let is_on = results.failing == word;
        let class = if is_on { "chip is-on" } else { "chip" };
        let href = address(&Results { failing: word.to_owned(), ..query_of(results) }, None);
        view! { <a class=class href=href aria-current=is_on.then_some("true")>{name.to_owned()}</a> }
    };
    let all = CHIPS.map(|(word, name)| chip(word, name)).collect_view();
    let is_known = CHIPS.iter().any(|(word, _)| *word == results.failing);
    let path = (!is_known).then(|| chip(&results.failing, &results.failing));
    let narrowed = [("run", &results.run), ("project", &results.project)];
    let narrowed = narrowed.into_iter().filter(|(_, name)| !name.is_empty());
    let narrowed =
        narrowed.map(|(what, name)| format!("Only in {what} {name}.")).collect::<Vec<_>>().join(" ");
    let everywhere = Results { run: String::new(), project: String::new(), ..query_of(results) };
    let narrowed = (!narrowed.is_empty()).then(|| {
        view! {
            <p class="quiet-words">
                {narrowed} " " <a href=address(&everywhere, None)>"Search everywhere"</a>
            </p>
        }
    });
    view! { <nav class="chips" aria-label="Narrow to">{all} {path}</nav> {narrowed} }
}

fn body(results: &Results) -> AnyView {
    if let Some(error) = results.error.clone() {
        return view! {
            <section class="empty is-small" role="alert">
                <h2>"This cannot be looked for"</h2><p>{error}</p>
            </section>
        }
        .erase();
    }
    let waiting = (results.waiting > 0).then(|| {
        let events = if results.waiting == 1 { "event is" } else { "events are" };
        let words = format!("{} {events} still being indexed and may be missing here.", results.waiting);
        view! { <p class="trouble" role="status">{words}</p> }
    });
    if results.words.trim().is_empty() && results.items.is_empty() {
        return view! {
            {waiting}
            <section class="empty is-small" aria-label="Nothing asked yet">
                <h2>"Search every text of every run"</h2>
                <p>"What agents saw, thought, said and did; notes, errors, tool calls."</p>
            </section>
        }
        .erase();
    }
    if results.items.is_empty() {
        return view! {
            {waiting}
            <section class="empty is-small" aria-label="Nothing found">
                <h2>"Nothing found"</h2>
                <p>"All words must be in one event. Fewer words, or a word with * at its end, find more."</p>
            </section>
        }
        .erase();
    }
    let items = results.items.iter().map(item).collect_view();
    let more = results.more.then(|| {
        view! {
            <p class="quiet-words">"More events match than are ranked; another word narrows the list."</p>
        }
    });
    let next = results.next_cursor.as_deref().map(|cursor| {
        let href = address(results, Some(cursor));
        view! { <a class="button more" href=href rel="next">"More results"</a> }
    });
    view! { {waiting} <ol class="hits" aria-label="Results">{items}</ol> {more} {next} }.erase()
}

fn item(item: &Item) -> impl IntoView + use<> {
    let snippet = item.snippet.iter().map(|(text, is_hit)| {
        let text = text.clone();
        if *is_hit { view! { <mark>{text}</mark> }.erase() } else { view! { <span>{text}</span> }.erase() }
    });
    let snippet = snippet.collect_view();
    let step = item.step.map(|step| view! { <span class="hit-step">{format!("step {step}")}</span> });
    let failure = item.failure.map(|kind| {
        let class = format!("hit-failure {}", failure_class(kind));
        view! { <span class=class>{failure_title(kind)}</span> }
    });
    let root = item.root.map(|root| {
        let class = if root < 0.0 { "hit-root is-negative" } else { "hit-root" };
        view! { <span class=class>{score(root)}</span> }
    });
    view! {
        <li class="hit">
            <p class="hit-where">
                <a href=moment(item)>{item.run_name.clone()} {step}</a>
                <span class="hit-kind">
                    {item.kind} {(!item.field.is_empty()).then(|| format!(" · {}", item.field))}
                </span>
                {failure} {root}
            </p>
            <p class="hit-snippet">{snippet}</p>
        </li>
    }
}

/// The address of an event in its run: with its step, its episode, or both.
fn moment(item: &Item) -> String {
    let step = item.step.map(|step| format!("step={step}"));
    let episode = item.episode.as_ref().map(|episode| format!("episode={}", encoded(episode)));
    let query: Vec<_> = step.into_iter().chain(episode).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{mark}{}", run_address(&item.run), query.join("&"))
}

/// The same search, without results.
fn query_of(results: &Results) -> Results {
    let Results { words, failing, run, project, .. } = results.clone();
    Results { words, failing, run, project, ..Results::default() }
}

fn address(results: &Results, cursor: Option<&str>) -> String {
    let mut address = format!("/search?q={}", encoded(&results.words));
    let parts = [("failing", results.failing.as_str()), ("run", &results.run), ("project", &results.project)];
    for (name, part) in parts.into_iter().chain(cursor.map(|cursor| ("cursor", cursor))) {
        if !part.is_empty() {
            address.push_str(&format!("&{name}={}", encoded(part)));
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Item {
        Item {
            run: "a/b".to_owned(),
            run_name: "<b>run</b>".to_owned(),
            step: Some(7),
            episode: Some("e 1".to_owned()),
            kind: "snapshot",
            field: "action",
            root: Some(-20.0),
            failure: Some(FailureKind::Hallucination),
            snippet: vec![("the ".to_owned(), false), ("<script>".to_owned(), true)],
        }
    }

    #[test]
    fn nothing_that_was_recorded_or_typed_becomes_markup() {
        let words = "\"><script>alert(1)</script>".to_owned();
        let html =
            document(&Results { words, items: vec![found()], ..Results::default() }, "/s.css".to_owned());
        assert!(!html.contains("<script>alert") && !html.contains("<b>run"), "{html}");
        assert!(html.contains("<mark>&lt;script&gt;</mark>"), "{html}");
        assert!(html.contains("/runs/a%2Fb?step=7&amp;episode=e%201"), "{html}");
        let began = Item { step: None, kind: "episode", ..found() };
        let html = document(&Results { items: vec![began], ..Results::default() }, String::new());
        assert!(html.contains("/runs/a%2Fb?episode=e%201"), "{html}");
        let run = Item { step: None, episode: None, ..found() };
        assert!(moment(&run).ends_with("/runs/a%2Fb"));
    }

    #[test]
    fn a_hit_shows_the_failure_of_its_step() {
        let html = document(&Results { items: vec![found()], ..Results::default() }, String::new());
        assert!(html.contains("Ungrounded claim") && html.contains("-20.0"));
    }

    #[test]
    fn links_keep_what_the_list_is_narrowed_to() {
        let results = Results {
            words: "a b".to_owned(),
            failing: "safety.grounding".to_owned(),
            run: "r/1".to_owned(),
            next_cursor: Some("r.1.2.3".to_owned()),
            items: vec![found()],
            ..Results::default()
        };
        let html = document(&results, String::new());
        for link in [
            "/search?q=a%20b&amp;failing=any&amp;run=r%2F1",
            "/search?q=a%20b&amp;failing=safety.grounding&amp;run=r%2F1&amp;cursor=r.1.2.3",
            "/search?q=a%20b&amp;failing=safety.grounding\"",
        ] {
            assert!(html.contains(link), "{link}: {html}");
        }
        assert!(html.contains("Only in run r/1."));
    }

    #[test]
    fn the_page_shows_errors_and_missing_events() {
        let html = |results: Results| document(&results, String::new());
        assert!(html(Results { error: Some("q: no".to_owned()), ..Results::default() }).contains("q: no"));
        let asked = Results { words: "x".to_owned(), ..Results::default() };
        assert!(html(asked).contains("Nothing found"));
        assert!(html(Results::default()).contains("Search every text of every run"));
        assert!(
            html(Results { waiting: 3, ..Results::default() }).contains("3 events are still being indexed")
        );
    }
}
