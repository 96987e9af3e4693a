//! Items with step numbers become events. Each event is appended once, and each step of an episode has one
//! node.

use std::collections::{BTreeMap, HashMap, HashSet};

use gauntlet_film::Base;
use gauntlet_model::{
    Body, EpisodeId, EpisodeStarted, Event, EventId, FieldError, MAX_STEP, Object, Record, Score, ScoreAdded,
    ScoreTarget, SnapshotScored, StepRecorded,
};

use crate::draft::EventDraft;
use crate::item::{Item, StepKey, finished_id, started_id, step_id};
use crate::node::{Node, is_bare, speaker};
use crate::plan::AppendPlan;
use crate::scores::Evaluation;

/// A step of an episode.
pub(crate) type NodeKey = (u64, Option<EpisodeId>);

/// The state of a step, from the log and from the items of the batch.
#[derive(Default)]
struct NodeState {
    /// Recorded steps in the log, by the ids of their events.
    recorded: HashMap<EventId, StepRecorded>,
    /// The last snapshot in the log, and its index among the snapshots of the step.
    drawn: Option<(EventId, SnapshotScored)>,
    base: Option<Base>,
    /// Later scores in the log: place, path and value of each.
    later: Vec<(u64, String, f64)>,
    /// The span and the evaluations of the step in this batch.
    node: Option<Node>,
    evaluations: Vec<Evaluation>,
    /// Messages of its model call, in the log and in this batch.
    messages: Vec<(EventId, StepRecorded)>,
    /// Whether this batch made its snapshot, which holds the evaluations of the batch.
    is_new: bool,
}

impl NodeState {
    /// Applies an event of the log; they come in log order.
    fn apply(&mut self, record: &Record) {
        let Ok(event) = record.event() else { return };
        match event.body() {
            Body::StepRecorded(step) => {
                if speaker(step).is_some() {
                    self.messages.push((record.id, step.clone()));
                }
                self.recorded.insert(record.id, step.clone());
            }
            Body::SnapshotScored(snapshot) => {
                self.base = Some(Base::with(self.base, record.seq));
                self.drawn = Some((record.id, snapshot.clone()));
            }
            Body::ScoreAdded(added) if added.target == ScoreTarget::Step => {
                self.later.push((record.seq, added.path.clone(), added.value.get()));
            }
            _ => {}
        }
    }

    /// The later scores that count over the drawn snapshot, in the order of the log.
    fn later_scores(&self) -> impl Iterator<Item = (String, f64)> {
        let counting = self.later.iter().filter(|(seq, ..)| self.base.is_some_and(|base| base.takes(*seq)));
        counting.map(|(_, path, value)| (path.clone(), *value))
    }

    /// The node of a key: from the batch, else from the log.
    fn node_of(&self, place: &StepKey) -> Option<Node> {
        let in_log = || match place {
            StepKey::Span(trace, span) => self.recorded.get(&step_id(trace, span)),
            // The step of a trace is that of its root.
            StepKey::Trace(trace) => self.recorded.iter().find_map(|(id, step)| {
                (step.parent_span_id.is_none() && *id == step_id(trace, &step.span_id)).then_some(step)
            }),
            StepKey::Event(_) => None,
        };
        self.node.clone().or_else(|| in_log().map(|step| Node::from_step(step, false)))
    }

    /// A node with the messages of its call.
    fn with_messages(&self, node: Node) -> Node {
        let messages: Vec<StepRecorded> = self.messages.iter().map(|(_, message)| message.clone()).collect();
        node.with_messages(&messages)
    }

    /// Whether the snapshot with this id was made by a message of the call.
    fn is_from_message(&self, id: EventId) -> bool {
        self.messages.iter().any(|(message, _)| StepKey::message_update_id(*message) == id)
    }
}

/// Makes events of items, one after the other.
pub(crate) struct Writer {
    /// Ids in the log.
    known: HashSet<EventId>,
    /// Ids in the log, and of the events that this batch appends.
    taken: HashSet<EventId>,
    nodes: BTreeMap<NodeKey, NodeState>,
    plan: AppendPlan,
    /// Ends of episodes. They are appended last, so that an episode that came in one request ends after its
    /// steps.
    ends: Vec<Event>,
}

impl Writer {
    /// `history` are the events of the steps that items add to, in log order.
    pub(crate) fn new(known: HashSet<EventId>, history: &[Record], items: &[(Item, Option<u64>)]) -> Self {
        let mut nodes: BTreeMap<NodeKey, NodeState> = BTreeMap::new();
        for record in history {
            if let Some(step) = record.step {
                nodes.entry((step, record.episode.clone())).or_default().apply(record);
            }
        }
        for (item, step) in items {
            let Some(step) = step.filter(|_| item.episode.is_some() && item.has_new_events(&known)) else {
                continue;
            };
            let state = nodes.entry((step, item.episode.clone())).or_default();
            state
                .evaluations
                .extend(item.evaluations.iter().filter(|e| !known.contains(&e.record_event_id)).cloned());
            match item.message() {
                Some(message) => state.messages.push((message.id, message.body.clone())),
                None if item.record.is_some() && matches!(item.place, StepKey::Span(..)) => {
                    state.node.get_or_insert_with(|| item.node.clone());
                }
                None => {}
            }
        }
        for state in nodes.values_mut() {
            state.messages.sort_by_key(|(_, message)| message.started_at);
        }
        Self { taken: known.clone(), known, nodes, plan: AppendPlan::default(), ends: Vec::new() }
    }

    /// The plan, once all items are written.
    pub(crate) fn into_plan(mut self) -> AppendPlan {
        self.plan.events.append(&mut self.ends);
        let taken = &self.taken;
        self.plan.open.retain(|trace| !taken.contains(&finished_id(trace.as_str(), None)));
        self.plan
    }

    /// Adds the events of an item; `step` is `None` where all numbers are used up.
    pub(crate) fn item(&mut self, item: Item, step: Option<u64>) {
        if let Some(exact) = item.exact {
            for event in exact {
                // Creating the run has appended its `run.started`.
                if !matches!(event.body(), Body::RunStarted(_)) && self.taken.insert(event.id()) {
                    self.plan.events.push(event);
                }
            }
            return;
        }
        let what = item.what.clone();
        let Some(step) = step else {
            let why = format!("the run has no step number left below {MAX_STEP}");
            return self.plan.outcome.refuse(&what, &why);
        };
        match self.events_of(item, step) {
            Ok(events) => {
                self.taken.extend(events.iter().map(Event::id));
                let (ends, events): (Vec<_>, Vec<_>) =
                    events.into_iter().partition(|e| matches!(e.body(), Body::EpisodeFinished(_)));
                self.plan.events.extend(events);
                self.ends.extend(ends);
            }
            Err(error) => self.plan.outcome.refuse(&what, &error.to_string()),
        }
    }

    /// The events of one item, all or none.
    fn events_of(&mut self, item: Item, step: u64) -> Result<Vec<Event>, FieldError> {
        let mut events = Vec::new();
        let is_new_span = item.record.as_ref().is_some_and(|r| !self.known.contains(&r.id));
        let episode = item.episode.clone();
        if let Some(trace) = &episode {
            self.plan.open.insert(trace.clone());
            let body = EpisodeStarted {
                task: item.task.as_deref().map(crate::value::label),
                metadata: Object::new(),
            };
            let started = EventDraft { id: started_id(trace.as_str()), at: item.at, body };
            self.push(&mut events, &episode, None, started)?;
        }
        let snapshot_for = self.snapshot_for(&item, step, is_new_span)?;
        if let Some(record) = item.record {
            self.push(&mut events, &episode, Some(step), record)?;
        }
        for evaluation in &item.evaluations {
            if let Some(warning) = &evaluation.warning {
                self.plan.outcome.warn(warning);
            }
            if let Some(record) = evaluation.record.clone() {
                self.push(&mut events, &episode, Some(step), record)?;
            }
        }
        let is_drawn = snapshot_for.is_some();
        if let Some(snapshot) = snapshot_for {
            self.push(&mut events, &episode, Some(step), snapshot)?;
        }
        let key = (step, episode.clone());
        let is_held = is_drawn || self.nodes.get(&key).is_some_and(|state| state.is_new);
        for evaluation in
            item.evaluations.iter().filter(|e| !is_held && !self.known.contains(&e.record_event_id))
        {
            if let Some(body) = late(evaluation, episode.is_some()) {
                let draft = EventDraft { id: evaluation.score_id, at: evaluation.at, body };
                self.push(&mut events, &episode, episode.as_ref().map(|_| step), draft)?;
            }
        }
        if let Some(finish) = item.finish {
            // The end that the root reports takes precedence over that of an entry span.
            let root = episode.as_ref().map(|trace| finished_id(trace.as_str(), None));
            if root.is_none_or(|root| !self.taken.contains(&root)) {
                self.push(&mut events, &episode, Some(step), finish)?;
            }
        }
        if item.is_large {
            events.iter().try_for_each(bounded)?
        }
        if let Some(state) = self.nodes.get_mut(&key).filter(|_| is_drawn) {
            state.is_new = true;
        }
        Ok(events)
    }

    /// The snapshot that an item makes for its step, if any: the first one, or a new one once more is known.
    fn snapshot_for(
        &self,
        item: &Item,
        step: u64,
        is_new_span: bool,
    ) -> Result<Option<EventDraft<SnapshotScored>>, FieldError> {
        let Some(state) = self.nodes.get(&(step, item.episode.clone())).filter(|state| !state.is_new) else {
            return Ok(None);
        };
        // The root's node has the key of its trace, so that evaluations of the trace find it without a span.
        let place = match &item.episode {
            Some(trace) if item.is_root => StepKey::Trace(trace.as_str().to_owned()),
            _ => item.place.clone(),
        };
        let latest = |at| state.evaluations.iter().map(|e| e.at).chain([at]).max().unwrap_or(at);
        match &state.drawn {
            None if item.makes_node() => {
                let node =
                    state.with_messages(state.node_of(&item.place).unwrap_or_else(|| item.node.clone()));
                let body = node.snapshot(&state.evaluations)?;
                Ok(Some(EventDraft { id: place.node_id(), at: latest(node.at), body }))
            }
            // Evaluations often arrive before their span. The node was made without texts then; now it gets
            // them.
            Some((id, drawn))
                if is_new_span
                    && item.message().is_none()
                    && is_bare(drawn)
                    && ([place.node_id(), item.place.node_id()].contains(id)
                        || state.is_from_message(*id)) =>
            {
                let node = state.with_messages(item.node.clone());
                let body = node.updated_snapshot(drawn.clone(), state.later_scores(), &state.evaluations)?;
                Ok(Some(EventDraft { id: place.redrawn_id(), at: latest(node.at), body }))
            }
            // A message that arrives after its call has a node.
            Some((_, drawn)) if is_new_span => {
                let Some(message) = item.message() else { return Ok(None) };
                let node =
                    state.with_messages(state.node_of(&item.place).unwrap_or_else(|| item.node.clone()));
                if node.matches_texts(drawn) {
                    return Ok(None);
                }
                let id = StepKey::message_update_id(message.id);
                let body = node.updated_snapshot(drawn.clone(), state.later_scores(), &state.evaluations)?;
                Ok(Some(EventDraft { id, at: latest(node.at), body }))
            }
            _ => Ok(None),
        }
    }

    /// Adds an event, unless the log or this batch has it.
    fn push<B: Into<Body>>(
        &self,
        events: &mut Vec<Event>,
        episode: &Option<EpisodeId>,
        step: Option<u64>,
        draft: EventDraft<B>,
    ) -> Result<(), FieldError> {
        if self.taken.contains(&draft.id) || events.iter().any(|e| e.id() == draft.id) {
            return Ok(());
        }
        events.push(Event::new(draft.id, draft.at, episode.clone(), step, draft.body)?);
        Ok(())
    }
}

/// Refuses an event whose body is over the limit.
fn bounded(event: &Event) -> Result<(), FieldError> {
    let (bytes, most) = (event.body().to_json().len(), gauntlet_model::MAX_BODY_BYTES);
    match bytes > most {
        true => Err(FieldError::new("body", format!("is {bytes} bytes long; at most {most} are allowed"))),
        false => Ok(()),
    }
}

/// The score of an evaluation that arrives after its node exists, or that has no trace and so is one of the
/// run.
fn late(evaluation: &Evaluation, has_episode: bool) -> Option<ScoreAdded> {
    Some(ScoreAdded {
        target: if has_episode { ScoreTarget::Step } else { ScoreTarget::Run },
        path: evaluation.path.clone()?,
        value: Score::new(evaluation.value?).ok()?,
        label: evaluation.label.clone().filter(|l| !l.is_empty()),
        explanation: evaluation.explanation.clone(),
        source: evaluation.source.clone(),
    })
}
