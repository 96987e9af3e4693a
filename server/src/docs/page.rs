//! The frame around a page of the documentation: the style of the site, the list of pages.

use gauntlet_app::head_html;

use super::{GUIDES, REFERENCE};

/// The whole document around the content, which is HTML already.
pub(super) fn html(title: &str, slug: &str, content: &str) -> String {
    let guides = GUIDES.iter().map(|guide| (guide.slug, guide.name));
    let links: String = guides
        .chain([(REFERENCE, "API reference")])
        .map(|(to, name)| {
            let here = if to == slug { " aria-current=\"page\"" } else { "" };
            format!("<a href=\"/docs/{to}\"{here}>{}</a>", escape(name))
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head>{head}<title>{title} · Gauntlet</title></head>\
         <body><div class=\"docs-page\"><header class=\"top\">\
         <a class=\"mark\" href=\"/\" aria-label=\"Gauntlet, all runs\">\
         <i aria-hidden=\"true\"></i><span>Gauntlet</span></a>\
         <span class=\"top-gap\"></span><a class=\"link\" href=\"/\">Runs</a>\
         <a class=\"link\" href=\"/search\">Search</a></header>\
         <nav class=\"docs-list\" aria-label=\"Documentation\">{links}</nav>\
         <main class=\"docs\">{content}</main></div></body></html>\n",
        head = head_html("/pkg/gauntlet.css"),
        title = escape(title),
    )
}

/// Text as HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A heading's words as the part of an address behind `#`.
pub(super) fn anchor(words: &str) -> String {
    let plain = words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    plain.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}
