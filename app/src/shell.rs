//! The HTML document around every page, and the head that all documents share.

use leptos::prelude::*;
use leptos_meta::MetaTags;
use leptos_router::location::RequestUrl;

use crate::App;
use crate::ui::{APPLY_THEME, Mark, PLAIN_PAGE};

/// The mark as a favicon: a violet sphere lit from the upper left.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E\
%3Cdefs%3E%3CradialGradient id='g' cx='.35' cy='.3' r='.8'%3E%3Cstop stop-color='%23d0bfff'/%3E\
%3Cstop offset='.55' stop-color='%23845ef7'/%3E%3Cstop offset='1' stop-color='%233b1f8f'/%3E\
%3C/radialGradient%3E%3C/defs%3E%3Ccircle cx='16' cy='16' r='14' fill='url(%23g)'/%3E%3C/svg%3E";

/// What the head of every document holds. `style` is the address of the style sheet.
pub(crate) fn head(style: String) -> impl IntoView {
    view! {
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="dark" />
        <meta name="theme-color" content="#07080b" />
        <link rel="icon" type="image/svg+xml" href=ICON />
        <script>{APPLY_THEME}</script>
        <link rel="stylesheet" href=style />
    }
}

/// Renders a document that is not hydrated as HTML. `page` is called where views can be made.
pub(crate) fn document<V: IntoView>(page: impl FnOnce() -> V) -> String {
    Owner::new().with(|| format!("<!DOCTYPE html>{}", page().to_html()))
}

/// What differs between the pages that are not hydrated.
pub(crate) struct PlainPage<H, L, B> {
    /// The title, without the name of the product.
    pub(crate) title: String,
    /// The address of the style sheet.
    pub(crate) style: String,
    /// The scripts of the page, if any, and their style sheets.
    pub(crate) scripts: H,
    /// What the header has beside the mark.
    pub(crate) header: L,
    /// The class of the main part.
    pub(crate) class: &'static str,
    /// The main part.
    pub(crate) body: B,
}

/// The page as a whole document.
pub(crate) fn plain_page<H, L, B>(page: PlainPage<H, L, B>) -> impl IntoView
where
    H: IntoView,
    L: IntoView,
    B: IntoView,
{
    let PlainPage { title, style, scripts, header, class, body } = page;
    view! {
        <html lang="en">
            <head>
                {head(style)}
                <title>{format!("{title} · Gauntlet")}</title>
                {scripts}
            </head>
            <body>
                <div class="runs-page">
                    <header class="top"><Mark />{header}</header>
                    <main class=class>{body}</main>
                </div>
                <script inner_html=PLAIN_PAGE></script>
            </body>
        </html>
    }
}

/// [`head`] as HTML, for documents that are not made of components.
pub fn head_html(style: &str) -> String {
    Owner::new().with(|| head(style.to_owned()).to_html())
}

/// The document around the pages. `options` names the site's package folder and output, as the server was
/// configured. The document loads the bundle of the page that is asked for.
pub fn shell(mut options: LeptosOptions) -> impl IntoView {
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    // The request's address has a host in front, which the parser takes off.
    let url = use_context::<RequestUrl>().and_then(|url| url.parse().ok()).unwrap_or_default();
    let bundle = Bundle::of(url.path());
    // Draws the charts above a list once they are opened.
    let charts = format!("/{}/charts/list.js", options.site_pkg_dir);
    let charts = (bundle == Bundle::List).then(|| view! { <script type="module" src=charts></script> });
    options.output_name = format!("{}-{}", options.output_name, bundle.name()).into();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                {head(style)}
                <meta name="description" content="Flight recorder and X-ray of agent training" />
                {charts}
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// A bundle of the browser side: JavaScript and wasm that hydrate some of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bundle {
    /// The lists of runs, and the page for addresses without a page.
    List,
    /// The run page, with the stage.
    Run,
}

impl Bundle {
    /// The bundle for the page at a path.
    fn of(path: &str) -> Self {
        if path.starts_with("/runs/") { Self::Run } else { Self::List }
    }

    /// What its files are named by, after the name of the site.
    fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Run => "run",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_run_page_loads_the_stage() {
        let list = ["/", "/runs", "/projects/runs", "/projects/a%2Fruns%2Fb", "/nowhere", ""];
        list.iter().for_each(|path| assert_eq!(Bundle::of(path), Bundle::List, "{path}"));
        let run = ["/runs/grpo-042", "/runs/a%20b"];
        run.iter().for_each(|path| assert_eq!(Bundle::of(path), Bundle::Run, "{path}"));
    }
}
