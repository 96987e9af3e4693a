//! Search in every text.

use super::Operation;

/// Every operation.
pub fn operations() -> Vec<Operation> {
    let op = |method, path, summary| Operation::new(method, path, "Search", summary);
    vec![
        op("get", "/api/v1/search", "Search every text")
            .about(
                "Words, `\"a phrase\"`, `prefix*`, `-without`, `one OR other`. Best first, newer first where two match \
                 equally well; without words, newest first. Texts follow the log in the background: `complete` says \
                 whether all are indexed, `indexed_up_to` up to which time they are, `waiting` how many events are not.",
            )
            .query("q", "string", "What to look for.")
            .query("project", "string", "Only this project's.")
            .query("run", "string", "Only this run's.")
            .query("failing", "string", "Only steps that fail: `any`, a kind of failure, or a rubric path.")
            .limit(20, 200)
            .query("cursor", "string", "`next_cursor` of the page before.")
            .json(
                200,
                "A page.",
                "{items: [{run: string, run_name: string, project: string, seq: integer, at: string, kind: string, \
                 episode: string?, step: integer?, root: number?, failure: string?, failing: [{path: string, \
                 value: number, failure: string}], declared: [string], field: string?, snippet: [{text: string, \
                 hit: boolean}], rank: number?}], next_cursor: string?, more: boolean, complete: boolean, \
                 indexed_up_to: string?, waiting: integer}",
            )
            .refuses(404, "There is no such run.")
            .refuses(422, "The query, the limit or the cursor cannot be used; the message says why."),
    ]
}
