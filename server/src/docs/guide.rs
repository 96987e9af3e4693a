//! A guide: Markdown from the repository as HTML, its links turned to where the page is served.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

use super::Guide;
use super::page::anchor;

/// The guide as HTML. Headings get addresses; a link to another guide's file leads to its page, one to
/// a file that is not served loses its link.
pub(super) fn html(guide: &Guide, all: &[Guide]) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut events: Vec<Event> = Parser::new_ext(guide.text, options).collect();
    name_headings(&mut events);
    hide_scaffolding(&mut events);
    let mut is_dropped = false;
    events.retain_mut(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => {
            match page_of(guide, dest_url, all) {
                Some(page) => *dest_url = CowStr::from(page),
                // Another file of the repository, which is not served: its words stay.
                None => is_dropped = is_relative(dest_url),
            }
            !is_dropped
        }
        Event::End(TagEnd::Link) => !std::mem::take(&mut is_dropped),
        _ => true,
    });
    let mut out = String::new();
    push_html(&mut out, events.into_iter());
    // A wide table scrolls by itself.
    out.replace("<pre>", "<pre tabindex=\"0\">")
        .replace("<table>", "<div class=\"docs-table\" tabindex=\"0\"><table>")
        .replace("</table>", "</table></div>")
}

/// Takes the lines out of Rust examples that only make them compile, as rustdoc does: those that begin with
/// `# `.
fn hide_scaffolding(events: &mut [Event]) {
    let mut is_rust = false;
    for event in events {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                is_rust = language.starts_with("rust")
            }
            Event::End(TagEnd::CodeBlock) => is_rust = false,
            Event::Text(text) if is_rust => {
                let shown: Vec<&str> = text
                    .split_inclusive('\n')
                    .filter(|line| !line.starts_with("# ") && line.trim_end() != "#")
                    .collect();
                *text = CowStr::from(shown.concat());
            }
            _ => {}
        }
    }
}

fn name_headings(events: &mut [Event]) {
    let mut begun = None;
    let mut words = String::new();
    for at in 0..events.len() {
        match events.get_mut(at) {
            Some(Event::Start(Tag::Heading { .. })) => {
                begun = Some(at);
                words.clear();
            }
            Some(Event::Text(text) | Event::Code(text)) if begun.is_some() => words.push_str(text),
            Some(Event::End(TagEnd::Heading(_))) => {
                let heading = begun.take().and_then(|at| events.get_mut(at));
                if let Some(Event::Start(Tag::Heading { id, .. })) = heading {
                    *id = Some(CowStr::from(anchor(&words)));
                }
            }
            _ => {}
        }
    }
}

fn is_relative(link: &str) -> bool {
    !link.contains("://") && !link.starts_with(['#', '/'])
}

/// Where a relative link leads: the page of the file it names, if that is a guide.
fn page_of(guide: &Guide, link: &str, all: &[Guide]) -> Option<String> {
    if !is_relative(link) {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, String::new()), |(p, a)| (p, format!("#{a}")));
    let mut parts: Vec<&str> = guide.file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    let file = parts.join("/");
    let found = all.iter().find(|g| g.file == file || g.file == format!("{file}/README.md"))?;
    Some(format!("/docs/{}{anchor}", found.slug))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_between_files_become_links_between_pages() {
        let guide = |slug, file, text| Guide { slug, name: slug, file, text };
        let all = [
            guide(
                "start",
                "docs/start.md",
                "# A `b` c\n\n[py](../sdk/python/README.md#Use) \
                [x](https://x.y) [law](../LICENSE)\n\n```rust,no_run\n\
                # fn main() {\nlet a = 1;\n# }\n```",
            ),
            guide("python", "sdk/python/README.md", ""),
        ];
        let out = html(&all[0], &all);
        assert!(out.contains("href=\"/docs/python#Use\"") && out.contains("href=\"https://x.y\""), "{out}");
        assert!(out.contains("law") && !out.contains("LICENSE"), "{out}");
        assert!(out.contains("let a = 1;") && !out.contains("fn main"), "{out}");
        assert!(out.contains("<h1 id=\"a-b-c\">"), "{out}");
    }
}
