//! Addresses of pages, percent-encoded (RFC 3986).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as one segment of a path or one value of a query.
pub(crate) fn encoded(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, &RESERVED)
}

/// The address of a run's page.
pub(crate) fn run_address(run: &str) -> String {
    format!("/runs/{}", encoded(run))
}

/// The address of a project's page.
pub(crate) fn project_address(project: &str) -> String {
    format!("/projects/{}", encoded(project))
}

/// The address of the page of a project's monitors.
pub(crate) fn monitors_address(project: &str) -> String {
    format!("{}/monitors", project_address(project))
}

/// The id of a run within a list of ids: a comma or a percent sign of it is percent-encoded.
pub(crate) fn in_list(run: &str) -> String {
    run.replace('%', "%25").replace(',', "%2C")
}

/// The address of the page with these runs over each other.
pub(crate) fn compare_address<'a>(runs: impl Iterator<Item = &'a str>) -> String {
    let ids: Vec<String> = runs.map(|run| encoded(&in_list(run)).to_string()).collect();
    format!("/compare?runs={}", ids.join(","))
}

/// The address of a run's charts.
pub(crate) fn charts_address(run: &str) -> String {
    format!("/charts?runs={}", encoded(&in_list(run)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_run_name_makes_an_address() {
        let cases =
            [("grpo-042", "/runs/grpo-042"), ("a b?#%", "/runs/a%20b%3F%23%25"), ("é", "/runs/%C3%A9")];
        cases.iter().for_each(|(run, address)| assert_eq!(&run_address(run), address));
    }
}
