//! The metrics in the older text format of Prometheus, for readers that do not know OpenMetrics, `promtool`
//! among them. It differs in little: a counter is described under the name of its samples, and units and the
//! end are not written.

use std::collections::HashSet;

/// The media type.
pub(super) const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Whether a request with this `Accept` wants it: it names plain text, and not OpenMetrics.
pub(super) fn is_wanted(accept: &str) -> bool {
    accept.contains("text/plain") && !accept.contains("openmetrics")
}

/// The same metrics, of a text of OpenMetrics.
pub(super) fn of_open_metrics(text: &str) -> String {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"));
    let counters: HashSet<&str> = types.collect();
    let mut classic = String::with_capacity(text.len());
    for line in text.lines() {
        let comment = line.strip_prefix("# ").and_then(|rest| {
            let (word, rest) = rest.split_once(' ')?;
            let (name, rest) = rest.split_once(' ')?;
            Some((word, name, rest))
        });
        match comment {
            Some(("UNIT", ..)) => continue,
            Some((word, name, rest)) if counters.contains(name) => {
                classic.extend(["# ", word, " ", name, "_total ", rest]);
            }
            None if line == "# EOF" => continue,
            _ => classic.push_str(line),
        }
        classic.push('\n');
    }
    classic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_described_under_the_name_of_their_samples() {
        let text = "# HELP a Times it was so.\n# TYPE a counter\na_total{x=\"# TYPE b counter\"} 3\n\
            # HELP b_seconds How long.\n# TYPE b_seconds gauge\n# UNIT b_seconds seconds\n\
            b_seconds 1\n# EOF\n";
        let classic = "# HELP a_total Times it was so.\n# TYPE a_total counter\n\
            a_total{x=\"# TYPE b counter\"} 3\n# HELP b_seconds How long.\n\
            # TYPE b_seconds gauge\nb_seconds 1\n";
        assert_eq!(of_open_metrics(text), classic);
    }

    #[test]
    fn a_client_that_names_open_metrics_gets_it() {
        assert!(is_wanted("text/plain") && is_wanted("text/html, text/plain;version=0.0.4;q=0.5"));
        // As Prometheus asks.
        assert!(!is_wanted(
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        ));
        assert!(!is_wanted("") && !is_wanted("*/*"));
    }
}
