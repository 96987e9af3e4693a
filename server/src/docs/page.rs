//! The frame around a page of the documentation: the style of the site, the list of pages.

use gauntlet_app::head_html;

use super::{GUIDES, REFERENCE};

/// A page of fewer sections has no list of them.
const LEAST_SECTIONS: usize = 3;

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
         <main class=\"docs\">{content}</main>{contents}</div><script>{script}</script></body></html>\n",
        script = gauntlet_app::PLAIN_PAGE,
        contents = contents(content),
        head = head_html("/pkg/gauntlet.css"),
        title = escape(title),
    )
}

/// Links to the sections of a page that has several; nothing for one that has not.
fn contents(content: &str) -> String {
    let heads = content.split("<h2 id=\"").skip(1).filter_map(|rest| {
        let (id, rest) = rest.split_once("\">")?;
        let (words, _) = rest.split_once("</h2>")?;
        (!words.contains("<a ")).then(|| format!("<a href=\"#{id}\">{words}</a>"))
    });
    let links: Vec<String> = heads.collect();
    if links.len() < LEAST_SECTIONS {
        return String::new();
    }
    format!("<nav class=\"docs-contents\" aria-label=\"On this page\">{}</nav>", links.concat())
}

/// Text as HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A heading's words as the part of an address after `#`.
pub(super) fn anchor(words: &str) -> String {
    let plain = words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    plain.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_many_sections_lists_them() {
        let section = |n: usize| format!("<h2 id=\"s-{n}\">Part <code>{n}</code></h2><p>words</p>");
        let page = |n: usize| contents(&(0..n).map(section).collect::<String>());
        assert_eq!(page(2), "");
        assert!(page(3).contains("<a href=\"#s-2\">Part <code>2</code></a></nav>"), "{}", page(3));
    }
}
