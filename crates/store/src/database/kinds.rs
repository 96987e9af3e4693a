//! Kinds of events as statements name them, written once. The migrations have them in their indexes.

/// Scores of a node.
pub(super) const SNAPSHOT_SCORED: &str = "'snapshot.scored'";
/// Something an agent did.
pub(super) const STEP_RECORDED: &str = "'step.recorded'";
/// A score that came later.
pub(super) const SCORE_ADDED: &str = "'score.added'";

/// The condition of the index of rare kinds, word for word: else SQLite may not use it.
pub(super) const RARE_KINDS: &str = "kind NOT IN ('snapshot.scored', 'step.recorded')";

#[cfg(test)]
mod tests {
    use gauntlet_model::Kind;

    use super::*;

    #[test]
    fn statements_name_the_kinds_as_the_log_does() {
        let quoted = |kind: Kind| format!("'{}'", kind.as_str());
        assert_eq!(SNAPSHOT_SCORED, quoted(Kind::SnapshotScored));
        assert_eq!(STEP_RECORDED, quoted(Kind::StepRecorded));
        assert_eq!(SCORE_ADDED, quoted(Kind::ScoreAdded));
        assert_eq!(RARE_KINDS, format!("kind NOT IN ({SNAPSHOT_SCORED}, {STEP_RECORDED})"));
    }
}
