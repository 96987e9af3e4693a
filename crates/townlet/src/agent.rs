//! An agent as the world holds it, and how new ones are made.

use gauntlet_townlet_dto::Cell;
use gauntlet_townlet_dto::action::Intent;
use gauntlet_townlet_dto::state::{Commitment, Inventory, Job, Needs, Personality, ShiftState};
use serde::{Deserialize, Serialize};

use crate::streams::Stream;

/// Names of the first agents.
const NAMES: [&str; 24] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "karl", "lena",
    "mallory", "nina", "oscar", "peggy", "quentin", "rita", "sybil", "trent", "uma", "victor", "walter",
    "yara",
];

/// Jobs with the ticks of the day between which their shifts are.
const JOBS: [(&str, u64, u64); 4] =
    [("grocer", 360, 840), ("barista", 480, 960), ("clerk", 600, 1080), ("gardener", 720, 1200)];

/// Money that an agent comes with.
const FIRST_WALLET: f64 = 4.0;

/// An agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agent {
    /// The id without the number of its respawn.
    pub(crate) name: String,
    pub(crate) position: Cell,
    pub(crate) needs: Needs,
    pub(crate) wallet: f64,
    pub(crate) inventory: Inventory,
    pub(crate) job: Option<Job>,
    pub(crate) personality: Personality,
    pub(crate) intent: Intent,
    pub(crate) commitment: Option<Commitment>,
    /// The first tick at which it may talk to somebody again.
    pub(crate) chat_from_tick: u64,
}

impl Agent {
    /// A new agent at a place, with a job at one of the places of work.
    pub(crate) fn new(name: String, position: Cell, workplaces: &[Cell], stream: &mut Stream) -> Self {
        let personality =
            Personality { extroversion: stream.unit(), forgiveness: stream.unit(), ambition: stream.unit() };
        let needs = Needs {
            hunger: stream.between(0.5, 0.95),
            hygiene: stream.between(0.5, 0.95),
            energy: stream.between(0.5, 0.95),
        };
        let job = stream.choose(&JOBS).copied();
        let job = job.zip(stream.choose(workplaces)).map(|((job_id, start_tick, end_tick), workplace)| Job {
            job_id: job_id.to_owned(),
            workplace: *workplace,
            start_tick,
            end_tick,
            on_shift: false,
            shift_state: ShiftState::Idle,
            lateness_counter: 0,
            late_ticks_today: 0,
            worked_ticks_today: 0,
            absent_days: Vec::new(),
            wages_earned: 0.0,
            wages_withheld: 0.0,
            exit_pending: false,
        });
        Self {
            name,
            position,
            needs,
            wallet: FIRST_WALLET,
            inventory: Inventory::default(),
            job,
            personality,
            intent: Intent::Wait,
            commitment: None,
            chat_from_tick: 0,
        }
    }
}

/// The name of the n-th agent from 0.
pub(crate) fn name(number: u32) -> String {
    let count = NAMES.len() as u32;
    let name = NAMES[(number % count) as usize];
    if number < count { name.to_owned() } else { format!("{name}_{}", number / count + 1) }
}
