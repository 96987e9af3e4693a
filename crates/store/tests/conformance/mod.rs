//! What every backend of the store must do, as stories. A backend provides how to make an empty store
//! ([`Backend`]) and names itself to [`suite!`]; each story becomes one test.

pub(crate) mod appending;
pub(crate) mod backups;
pub(crate) mod commands;
pub(crate) mod effects;
pub(crate) mod episodes;
pub(crate) mod failing;
pub(crate) mod finding;
pub(crate) mod fixtures;
pub(crate) mod listing;
pub(crate) mod origin;
pub(crate) mod reading;
pub(crate) mod runs;
pub(crate) mod scoring;
pub(crate) mod sealing;
pub(crate) mod search_pages;
pub(crate) mod searching;
pub(crate) mod storm;
pub(crate) mod watching;
pub(crate) mod writers;

use std::any::Any;
use std::future::Future;

use gauntlet_store::{Options, Store, StoreError};

/// An empty store, and whatever must live as long as it does.
pub(crate) struct Fresh {
    pub store: Store,
    /// How it was opened.
    pub options: Options,
    /// Held, never read.
    pub _guard: Box<dyn Any + Send>,
}

/// Makes empty stores, and opens those that were closed.
pub(crate) trait Backend: Sync {
    /// Opens a store with these options: what they name may be there already.
    fn open(&self, options: Options) -> impl Future<Output = Result<Store, StoreError>> + Send;

    /// A store with nothing in it, its options tuned by the story.
    fn empty(&self, tune: impl FnOnce(&mut Options) + Send) -> impl Future<Output = Fresh> + Send;
}

macro_rules! suite {
    ($backend:ident) => {
        conformance::suite!($backend; appending:
            keeps_order_and_content, answers_what_it_appended, an_event_sent_twice_is_there_once,
            duplicates_leave_no_hole, the_same_id_in_two_runs_is_two_events,
            an_unknown_run_refuses_only_its_own_batch,
            a_batch_is_seen_completely_or_not_at_all, an_empty_batch_is_nothing,
            a_full_queue_is_refused_at_once,
            a_queue_full_of_bytes_is_refused_at_once, what_was_acknowledged_survives_a_restart,
            a_closed_store_refuses);
        conformance::suite!($backend; reading:
            pages_meet_without_gap_or_overlap, kinds_are_filtered, reading_past_the_end_is_empty,
            steps_may_be_as_great_as_json_holds_exactly,
            large_bodies_end_a_slice_early, all_events_of_a_step_are_read,
            events_beside_the_snapshots_of_a_step_come_in_parts,
            steps_are_listed_in_order_and_by_failure,
            an_unknown_run_cannot_be_read);
        conformance::suite!($backend; failing:
            the_shared_examples_fail_as_expected, the_error_of_an_episode_fails_its_last_step,
            a_changed_rule_judges_every_step_anew,
            other_rules_can_be_asked_for_later);
        conformance::suite!($backend; finding:
            events_are_found_by_id_with_their_steps, the_highest_step_is_known,
            the_history_of_a_step_of_an_episode_is_in_order,
            the_runs_that_have_an_episode_are_found_the_first_first);
        conformance::suite!($backend; episodes:
            an_episode_is_read_from_both_ends, an_episode_is_counted_once_by_whichever_event_names_it);
        conformance::suite!($backend; runs:
            creating_twice_is_creating_once, other_content_is_a_conflict, an_import_is_all_or_nothing,
            an_exported_log_imports_as_itself, the_summary_is_the_fold_of_the_log,
            huge_scores_keep_the_mean_finite,
            a_patch_changes_what_it_names, a_deleted_run_is_gone, bad_arguments_are_named,
            a_chunk_that_is_stored_again_replaces_the_first, a_store_that_works_answers_a_ping);
        conformance::suite!($backend; listing:
            pages_hold_every_run_once, each_sort_orders, each_column_sorts_both_ways,
            groups_bring_runs_together, filters_narrow,
            search_finds_text_literally, a_bad_cursor_is_refused);
        conformance::suite!($backend; origin:
            a_session_begins_with_its_first_snapshot, a_step_is_stored_once,
            a_deleted_session_does_not_come_back_with_later_steps, a_changed_snapshot_replaces_what_is_shown,
            snapshots_out_of_order_are_all_stored,
            labels_that_are_not_allowed_are_passed_over, sessions_show_the_last_step,
            the_newest_run_of_a_task_is_found);
        conformance::suite!($backend; effects:
            effects_are_changed_from_the_version_that_was_read);
        conformance::suite!($backend; commands:
            commands_wait_in_order_until_acknowledged, a_command_is_acknowledged_once,
            popping_takes_the_oldest,
            a_command_issued_twice_is_one, commands_in_the_log_are_commands, concurrent_pops_share_nothing);
        conformance::suite!($backend; backups:
            one_backup_at_a_time_is_asked_for, an_interrupted_backup_makes_room_and_does_not_begin_again,
            the_oldest_backups_leave_the_list);
        conformance::suite!($backend; watching:
            the_head_is_published_after_the_commit, one_watcher_does_not_hear_of_other_runs,
            a_deleted_run_ends_its_watch,
            the_list_changes_with_any_run, a_follower_gets_events_as_they_are_committed,
            a_follower_reads_old_events_from_the_log);
        conformance::suite!($backend; scoring:
            a_later_score_counts_wherever_it_comes, the_shared_examples_add_up_as_expected,
            the_list_agrees_with_the_film);
        conformance::suite!($backend; sealing:
            chunks_are_stored_together_with_how_far_they_reach);
        conformance::suite!($backend; search_pages:
            pages_hold_each_result_once_while_the_index_grows, a_blank_search_is_newest_first);
        conformance::suite!($backend; searching:
            every_text_is_found_with_its_field, marks_narrow_and_widen, words_without_spaces_are_found,
            filters_leave_what_fails_so, a_result_shows_its_step_with_later_scores,
            a_run_is_found_as_it_is_called_today, a_deleted_run_is_not_found,
            the_index_follows_and_reports_how_far,
            no_query_breaks_it, what_cannot_be_asked_is_named);
        conformance::suite!($backend; writers:
            the_last_writer_ends_the_run, the_worst_end_is_the_run_s, a_lost_writer_is_not_waited_for,
            a_run_whose_writers_are_all_lost_lost_contact, a_writer_that_comes_back_goes_on,
            a_run_that_is_resumed_runs_again, silence_is_lost_contact, nobody_is_missed_who_could_not_report,
            reports_that_make_no_sense_are_named, the_last_step_is_known, a_writer_of_no_run_is_refused,
            writers_outlive_a_restart, a_sweep_is_bounded);
        conformance::suite!($backend; storm:
            sixteen_writers_and_four_readers, retries_under_load_duplicate_nothing);
    };
    ($backend:ident; $theme:ident: $($story:ident),*) => {
        mod $theme {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                crate::conformance::$theme::$story(&super::$backend).await;
            })*
        }
    };
}
pub(crate) use suite;
