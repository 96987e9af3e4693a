//! Recorded texts as HTML. What a model wrote is not trusted: its HTML is shown as text, its images are not
//! fetched, and its links lead to the web or nowhere.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html::push_html};

/// Where a link of a recorded text may lead.
const ALLOWED: [&str; 3] = ["https://", "http://", "mailto:"];

/// Markdown as HTML without markup of its own.
pub(crate) fn html(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    // Links do not nest, so one flag says whether the end belongs to a link that was dropped.
    let mut is_dropped = false;
    let events = Parser::new_ext(text, options).filter_map(move |event| match event {
        Event::Html(markup) | Event::InlineHtml(markup) => Some(Event::Text(markup)),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            let to = dest_url.to_ascii_lowercase();
            is_dropped = !ALLOWED.iter().any(|scheme| to.starts_with(scheme));
            (!is_dropped).then_some(event)
        }
        Event::End(TagEnd::Link) => (!std::mem::take(&mut is_dropped)).then_some(event),
        // A model breaks its lines where it means it.
        Event::SoftBreak => Some(Event::HardBreak),
        event => Some(event),
    });
    let mut out = String::new();
    push_html(&mut out, events);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_rendered() {
        let list = "# Plan\n\n1. *read*\n2. `run`\n\n```rust\nlet a = 1 < 2;\n```\n\n";
        let out = html(&format!("{list}| a | b |\n|---|---|\n| 1 | 2 |"));
        for part in ["<h1>Plan</h1>", "<em>read</em>", "<code>run</code>", "1 &lt; 2;", "<td>1</td>"] {
            assert!(out.contains(part), "{part}: {out}");
        }
    }

    #[test]
    fn nothing_that_was_recorded_becomes_markup_or_runs() {
        let text = "<img src=x onerror=alert(1)> a <b onclick=x>b</b>\n\n<script>alert(1)</script>\n\n\
                    [x](javascript:alert(1)) [y](JaVaScRiPt:alert) [z](data:text/html,x) \
                    ![i](https://t.co/i.png) \
                    [ok](https://ok.example) <https://auto.example>";
        let out = html(text);
        for bad in ["<img", "<b ", "<script", "href=\"java", "href=\"JaVa", "href=\"data", "t.co"] {
            assert!(!out.contains(bad), "{bad}: {out}");
        }
        assert!(out.contains("&lt;script&gt;") && out.contains("href=\"https://ok.example\""), "{out}");
        assert_eq!(out.matches("<a ").count(), out.matches("</a>").count(), "{out}");
    }
}
