//! The scripted policy: rules over facts, the baseline that learned policies are measured against.

use std::collections::BTreeMap;

use gauntlet_townlet_dto::AgentId;
use gauntlet_townlet_dto::action::{Decision, Intent};
use gauntlet_townlet_dto::encoder::distance;
use gauntlet_townlet_dto::envelope::Envelope;
use gauntlet_townlet_dto::facts::Facts;
use gauntlet_townlet_dto::policy::{Policy, PolicyError, PolicyIdentity};

use crate::steering::{AVOIDED_RIVALRY, steer};

/// Hunger below which an agent drops everything and eats.
const STARVING: f64 = 0.2;
/// The levels of hunger, hygiene and energy below which an agent satisfies that need.
const HUNGRY: f64 = 0.5;
const DIRTY: f64 = 0.3;
const TIRED: f64 = 0.3;
/// A level of hunger that is enough for a night or a shower.
const ENOUGH_FOR_LONG: f64 = 0.5;
/// An agent cooks that has fewer meals than `FEW_MEALS` and a level of hunger above `FED`.
const FEW_MEALS: u32 = 1;
const FED: f64 = 0.6;
/// Steps within which a rival is avoided, and others are talked to.
const RIVAL_DISTANCE: u32 = 3;
const CHAT_DISTANCE: u32 = 6;
/// Of every `CHAT_PERIOD` ticks, an agent may begin a chat in `CHAT_TICKS`.
const CHAT_PERIOD: u64 = 40;
const CHAT_TICKS: u64 = 8;

/// The scripted policy. It has no state: commitments are in the envelope.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scripted;

impl Policy for Scripted {
    fn provider(&self) -> &'static str {
        "scripted"
    }

    fn identity(&self) -> PolicyIdentity {
        PolicyIdentity {
            config_id: "scripted-1".to_owned(),
            policy_hash: None,
            observation_variant: "facts".to_owned(),
            anneal_ratio: None,
        }
    }

    fn decide(&self, envelope: &Envelope) -> Result<BTreeMap<AgentId, Decision>, PolicyError> {
        let ids = envelope.agents.iter().map(|agent| &agent.agent_id);
        let decide = |id: &AgentId| {
            let facts = Facts::of(envelope, id).ok_or_else(|| format!("the envelope does not show {id}"))?;
            Ok((id.clone(), choose(&facts)))
        };
        ids.map(decide).collect()
    }
}

/// What the scripted policy decides for the agent of the facts.
pub fn choose(facts: &Facts<'_>) -> Decision {
    let wanted = wanted(facts);
    // An agent keeps to its intent, unless it is urgent or nothing is to be done about the old one.
    let committed = facts
        .commitment
        .filter(|committed| committed.until_tick > facts.tick + 1 && !is_urgent(facts, wanted));
    let intent = committed.map_or(wanted, |committed| committed.intent);
    let action = steer(facts, intent);
    Decision::certain(intent, action)
}

/// Whether an intent breaks a commitment.
fn is_urgent(facts: &Facts<'_>, intent: Intent) -> bool {
    let is_starving = facts.needs.hunger < STARVING && matches!(intent, Intent::Eat | Intent::Cook);
    is_starving
        || intent == Intent::Avoid
        || facts.commitment.is_some_and(|committed| committed.intent == Intent::Wait)
}

/// The intent that the rules ask for, the most urgent first.
fn wanted(facts: &Facts<'_>) -> Intent {
    if facts.running.is_some() {
        return facts.intent;
    }
    let needs = facts.needs;
    if needs.hunger < STARVING {
        return food(facts);
    }
    let rival = facts.others.iter().find(|other| {
        other.tie.rivalry >= AVOIDED_RIVALRY && distance(facts.position, other.position) <= RIVAL_DISTANCE
    });
    // Whoever has a place in a queue does not leave it to a rival.
    if rival.is_some() && facts.holds.is_none() && facts.waits.is_none() {
        return Intent::Avoid;
    }
    let deficits = [
        (needs.hunger / HUNGRY, Intent::Eat),
        (needs.energy / TIRED, Intent::Sleep),
        (needs.hygiene / if facts.water { DIRTY } else { 0.01 }, Intent::Shower),
    ];
    let worst = deficits.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).filter(|(level, _)| *level < 1.0);
    if let Some((_, intent)) = worst {
        // Whoever falls asleep hungry starves before waking.
        let is_hungry = needs.hunger < ENOUGH_FOR_LONG;
        return if intent == Intent::Eat || is_hungry { food(facts) } else { intent };
    }
    if facts.meeting.is_some() {
        return Intent::Meet;
    }
    let day = facts.tick_of_day();
    if facts.job.is_some_and(|job| (job.start_tick.saturating_sub(20)..job.end_tick).contains(&day)) {
        return Intent::Work;
    }
    if facts.meals < FEW_MEALS && needs.hunger > FED && can_cook(facts) {
        return Intent::Cook;
    }
    // Each agent at other ticks, the lively more often.
    let seed: u64 = facts.agent_id.bytes().map(u64::from).sum();
    let period = CHAT_PERIOD + ((1.0 - facts.personality.extroversion) * 60.0) as u64;
    let is_near =
        facts.others.iter().any(|o| !o.is_busy && distance(facts.position, o.position) <= CHAT_DISTANCE);
    if is_near && (facts.tick + seed * 7) % period < CHAT_TICKS { Intent::Chat } else { Intent::Wait }
}

/// Whether there is power, money and a stove with ingredients.
fn can_cook(facts: &Facts<'_>) -> bool {
    use gauntlet_townlet_dto::action::ObjectKind::Stove;
    let has_stove = facts.objects.iter().any(|o| o.kind == Stove && o.stock > 0 && !o.is_cooling_down);
    facts.power && facts.wallet >= facts.ingredients_price && has_stove
}

/// How to get something to eat: what is there, else what can be cooked.
fn food(facts: &Facts<'_>) -> Intent {
    let can_buy = facts.wallet >= facts.meal_price;
    if facts.meals > 0 || can_buy || !can_cook(facts) { Intent::Eat } else { Intent::Cook }
}
