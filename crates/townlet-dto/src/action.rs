//! What an agent can do in a tick, and the goals that its actions follow.

use serde::{Deserialize, Serialize};

use crate::{AgentId, ObjectId};

/// A goal that an agent follows over several ticks: the fixed vocabulary of every policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Nothing in particular.
    #[default]
    Wait,
    /// Eat a meal at a fridge.
    Eat,
    /// Cook meals at a stove.
    Cook,
    /// Take a shower.
    Shower,
    /// Sleep in a bed.
    Sleep,
    /// Be at the place of work.
    Work,
    /// Talk to somebody near.
    Chat,
    /// Go to the place of an arranged meeting.
    Meet,
    /// Move away from a rival.
    Avoid,
}

impl Intent {
    /// Every intent, in the order of the policies' outputs.
    pub const ALL: [Self; 9] = [
        Self::Wait,
        Self::Eat,
        Self::Cook,
        Self::Shower,
        Self::Sleep,
        Self::Work,
        Self::Chat,
        Self::Meet,
        Self::Avoid,
    ];

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Eat => "eat",
            Self::Cook => "cook",
            Self::Shower => "shower",
            Self::Sleep => "sleep",
            Self::Work => "work",
            Self::Chat => "chat",
            Self::Meet => "meet",
            Self::Avoid => "avoid",
        }
    }

    /// The affordance that the intent seeks, where it seeks one.
    pub fn affordance(self) -> Option<Affordance> {
        match self {
            Self::Eat => Some(Affordance::EatMeal),
            Self::Cook => Some(Affordance::CookMeal),
            Self::Shower => Some(Affordance::UseShower),
            Self::Sleep => Some(Affordance::RestSleep),
            Self::Wait | Self::Work | Self::Chat | Self::Meet | Self::Avoid => None,
        }
    }
}

/// What an object offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Affordance {
    /// A shower: hygiene.
    UseShower,
    /// A meal from the inventory or the fridge: hunger.
    EatMeal,
    /// Meals into the inventory.
    CookMeal,
    /// Sleep: energy.
    RestSleep,
}

impl Affordance {
    /// How long it runs, in ticks.
    pub fn duration_ticks(self) -> u32 {
        match self {
            Self::UseShower => 30,
            Self::EatMeal => 15,
            Self::CookMeal => 40,
            Self::RestSleep => 60,
        }
    }

    /// The kind of object that offers it.
    pub fn object_kind(self) -> ObjectKind {
        match self {
            Self::UseShower => ObjectKind::Shower,
            Self::EatMeal => ObjectKind::Fridge,
            Self::CookMeal => ObjectKind::Stove,
            Self::RestSleep => ObjectKind::Bed,
        }
    }
}

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// Offers `use_shower`.
    Shower,
    /// Offers `eat_meal`.
    Fridge,
    /// Offers `cook_meal`.
    Stove,
    /// Offers `rest_sleep`.
    Bed,
    /// A place of work: offers nothing.
    Workplace,
}

impl ObjectKind {
    /// What it offers, where it offers something.
    pub fn affordance(self) -> Option<Affordance> {
        match self {
            Self::Shower => Some(Affordance::UseShower),
            Self::Fridge => Some(Affordance::EatMeal),
            Self::Stove => Some(Affordance::CookMeal),
            Self::Bed => Some(Affordance::RestSleep),
            Self::Workplace => None,
        }
    }

    /// The name in JSON and in the ids of objects.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shower => "shower",
            Self::Fridge => "fridge",
            Self::Stove => "stove",
            Self::Bed => "bed",
            Self::Workplace => "workplace",
        }
    }
}

/// A step to a neighbouring cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To a smaller row.
    North,
    /// To a larger row.
    South,
    /// To a larger column.
    East,
    /// To a smaller column.
    West,
}

/// What an agent does in one tick.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Nothing.
    Wait {},
    /// A move of one cell.
    Move {
        /// Where to.
        direction: Direction,
    },
    /// Asks for an object: the agent takes it, or joins its queue, or waits there for another tick.
    Request {
        /// The object; at most one cell away.
        object_id: ObjectId,
    },
    /// Starts an affordance of the object that the agent holds.
    Start {
        /// The object.
        object_id: ObjectId,
        /// What to start.
        affordance_id: Affordance,
    },
    /// Leaves the queue of an object, or gives it back.
    Release {
        /// The object.
        object_id: ObjectId,
    },
    /// Talks to an agent at most two cells away.
    Chat {
        /// Whom to.
        target: AgentId,
    },
}

/// What a policy decides for one agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The goal that the action follows.
    pub intent: Intent,
    /// The action.
    pub action: Action,
    /// The logarithm of the probability that the policy gave to the intent; 0 where it was certain.
    pub log_prob: f64,
    /// The policy's estimate of the return from here; 0 where it makes none.
    pub value_pred: f64,
    /// The likeliest intents with their probabilities, likeliest first; at most 5.
    pub top_actions: Vec<TopAction>,
}

impl Decision {
    /// A decision that is certain.
    pub fn certain(intent: Intent, action: Action) -> Self {
        let top_actions = vec![TopAction { action: intent.name().to_owned(), probability: 1.0 }];
        Self { intent, action, log_prob: 0.0, value_pred: 0.0, top_actions }
    }
}

/// One of the likeliest choices of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopAction {
    /// Its name.
    pub action: String,
    /// Its probability, from 0 to 1.
    pub probability: f64,
}
