//! Addresses of the comparison.

use gauntlet_model::RunId;

use crate::ui::address::{self, encoded, in_list, run_address};

/// The ids of runs as one value of a query: commas between them, a comma or a percent sign of an id
/// percent-encoded.
pub(super) fn list_of(runs: &[&RunId]) -> String {
    runs.iter().map(|run| in_list(run.as_str())).collect::<Vec<_>>().join(",")
}

/// The address of a comparison. The baseline is named where it is not the first run.
pub(super) fn compare_address(runs: &[&RunId], baseline: Option<&RunId>) -> String {
    let named = baseline.filter(|baseline| runs.contains(baseline) && runs.first() != Some(baseline));
    let baseline = named.map(|id| format!("&baseline={}", encoded(id.as_str()))).unwrap_or_default();
    address::compare_address(runs.iter().map(|run| run.as_str())) + &baseline
}

/// The address of a run's film with another run beside it.
pub(super) fn beside_address(run: &RunId, other: &RunId) -> String {
    format!("{}?beside={}", run_address(run.as_str()), encoded(other.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_run_can_be_in_an_address() {
        let ids: Vec<RunId> =
            ["a", "b c", "d,e%"].into_iter().map(|id| RunId::new(id).expect("an id")).collect();
        let runs: Vec<&RunId> = ids.iter().collect();
        assert_eq!(compare_address(&runs, None), "/compare?runs=a,b%20c,d%252Ce%2525");
        assert_eq!(compare_address(&runs[..2], Some(&ids[1])), "/compare?runs=a,b%20c&baseline=b%20c");
        assert_eq!(compare_address(&runs[..2], Some(&ids[0])), "/compare?runs=a,b%20c");
        assert_eq!(compare_address(&runs[..1], Some(&ids[1])), "/compare?runs=a", "a baseline that left");
    }
}
