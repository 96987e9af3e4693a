//! The list of runs: what a page asks for, and what it gets.

use gauntlet_api::Page;
use gauntlet_model::RunSummary;
use serde::{Deserialize, Serialize};

/// What the runs page asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunsQuery {
    /// Words to look for in id, name, project, task, agent, tags and notes.
    pub q: String,
    /// Status word, or empty for all.
    pub status: String,
    /// Only this project's; empty for all.
    #[serde(default)]
    pub project: String,
    /// Only runs with this tag; empty for all.
    #[serde(default)]
    pub tag: String,
    /// Conditions such as `lr < 1e-5 and steps > 100`; empty for all.
    #[serde(default)]
    pub filter: String,
    /// The column whose values bring runs together; empty for a list without groups.
    #[serde(default)]
    pub group: String,
    /// A column, with `-` in front where it is reversed; empty for `created`.
    #[serde(default)]
    pub sort: String,
    /// Columns with commas between them; empty for those of every list.
    #[serde(default)]
    pub columns: String,
    /// The ids of the runs that are in front of all others, with commas between them.
    #[serde(default)]
    pub pin: String,
    /// The ids of the runs that are left out, with commas between them.
    #[serde(default)]
    pub hide: String,
    /// Where the previous page ended, or empty.
    pub cursor: String,
}

/// A column of the list of runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListColumn {
    /// The column as the address names it.
    pub name: String,
    /// What is written above it.
    pub title: String,
    /// Whether it holds numbers or times, whose greatest is first.
    pub is_number: bool,
    /// Whether its cells are aligned to the right, as numbers are.
    pub is_right: bool,
}

/// A run as a row of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListRow {
    /// The run.
    pub run: RunSummary,
    /// Whether it is in front of the others because it is pinned.
    pub is_pinned: bool,
    /// The key of its group; empty where the list has no groups.
    pub group: String,
    /// Of each column what is in it; empty without a value. Columns that the page formats by itself are left
    /// empty.
    pub cells: Vec<String>,
    /// The root score over the steps as the points of an SVG line, 60 wide and 16 high; empty without one.
    pub sparkline: String,
}

/// The runs of a list that share a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListGroup {
    /// Its key.
    pub key: String,
    /// The value.
    pub title: String,
    /// The number of runs.
    pub runs: u64,
    /// Of each column the mean over the runs; empty without one.
    pub means: Vec<String>,
}

/// What a person does with the named lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ViewChange {
    /// Saves the query of an address under a name.
    Save {
        /// The name.
        name: String,
        /// The query.
        query: String,
    },
    /// Gives one another name.
    Rename {
        /// Its name.
        name: String,
        /// The new one.
        to: String,
    },
    /// Deletes one.
    Delete {
        /// Its name.
        name: String,
    },
}

/// One page of runs, and how many there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunList {
    /// The page.
    pub page: Page<ListRow>,
    /// The columns, from the left, after the name.
    pub columns: Vec<ListColumn>,
    /// The number of runs on all pages.
    pub total: u64,
    /// The groups of the list in their order, on the first page only; none where the list has no groups.
    pub groups: Vec<ListGroup>,
}
