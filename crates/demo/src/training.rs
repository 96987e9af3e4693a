//! The training run: sample answers, score them under the observer, learn, and emit events.

use std::collections::VecDeque;
use std::sync::Arc;

use gauntlet_dipg::{Answer, Case, dipg_rubric};
use gauntlet_model::{
    Body, Event, EventId, FieldError, Object, RunFinished, RunId, RunSpec, RunStatus, SnapshotScored, Status,
    TWEAKABLE, Timestamp,
};
use gauntlet_rubric::{CallDescription, Node, Observer, ObserverConfig};
use gauntlet_telemetry::{Clock, Collector, EventSink};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::compose::{answer_of, case_of};
use crate::config::Config;
use crate::grpo::{Sample, advantages, divergence, update};
use crate::ids::Ids;
use crate::policy::{Features, Policy};
use crate::questions::{Question, all};
use crate::summary::Tally;

/// A training run as an iterator of events. The same configuration gives the same events, except for their
/// times.
pub struct Training {
    config: Config,
    run: RunId,
    rng: ChaCha8Rng,
    ids: Ids,
    policy: Policy,
    reference: Policy,
    rubric: Node<Answer, Case>,
    /// The rubric's parameters as they were at the start.
    declared: Object,
    collected: Arc<Collector>,
    tasks: Vec<Task>,
    /// Tasks still to come before the next shuffle.
    deck: Vec<usize>,
    batch: Vec<Sample>,
    groups_in_batch: u32,
    iteration: u32,
    rolled: u32,
    tally: Tally,
    pending: VecDeque<UntimedEvent>,
    is_started: bool,
    is_finished: bool,
}

struct Task {
    question: &'static Question,
    case: Case,
    features: Features,
}

/// An event without its time.
struct UntimedEvent {
    id: EventId,
    step: Option<u64>,
    body: Body,
}

/// The observer's clock: a placeholder, since the caller sets ids and times when it takes an event.
struct Untimed;

impl Clock for Untimed {
    fn now(&self) -> Timestamp {
        Timestamp::default()
    }
    fn new_id(&self) -> EventId {
        EventId::from_u128(0)
    }
    fn elapsed_micros(&self) -> Option<u64> {
        None
    }
}

impl Training {
    /// A run about to begin. Refuses a configuration that is out of range.
    pub fn new(config: Config) -> Result<Self, FieldError> {
        let run = config.check()?;
        let rubric = dipg_rubric();
        let collected = Arc::new(Collector::default());
        let describe = |answer: &Answer, case: &Case| CallDescription {
            action: answer.to_string(),
            observation: case.to_string(),
            ..CallDescription::default()
        };
        let sinks: Vec<Arc<dyn EventSink>> = vec![collected.clone()];
        // Dropping the observer leaves it attached to the rubric.
        Observer::attach(&rubric, describe, sinks, Arc::new(Untimed), ObserverConfig::default());
        let task = |(index, question): (usize, &'static Question)| Task {
            question,
            case: case_of(question),
            features: Features::of(index, question),
        };
        Ok(Self {
            rng: ChaCha8Rng::seed_from_u64(config.seed),
            ids: Ids::new(run.clone(), config.seed),
            run,
            config,
            policy: Policy::untrained(),
            reference: Policy::untrained(),
            declared: rubric.declared_parameters(),
            rubric,
            collected,
            tasks: all().enumerate().map(task).collect(),
            deck: Vec::new(),
            batch: Vec::new(),
            groups_in_batch: 0,
            iteration: 1,
            rolled: 0,
            tally: Tally::default(),
            pending: VecDeque::new(),
            is_started: false,
            is_finished: false,
        })
    }

    /// The run's id.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The spec that creates the run on a server; `run.started` has the same fields.
    pub fn spec(&self) -> RunSpec {
        RunSpec {
            id: Some(self.run.clone()),
            project: Some("dipg".to_owned()),
            kind: Some("grpo".to_owned()),
            agent: Some("softmax-composer".to_owned()),
            task: Some("medical safety questions".to_owned()),
            tags: vec!["demo".to_owned()],
            config: self.config.object(),
            metadata: Object::from_iter([(TWEAKABLE.to_owned(), self.declared.clone().into())]),
            ..RunSpec::named("dipg grpo demo")
        }
    }

    /// Changes parameters of the rubric that rewards, all or none; what comes after is scored by them.
    pub fn tweak(&self, parameters: &Object) -> Result<(), FieldError> {
        self.rubric.tweak(parameters)
    }

    /// How many events the run has in all.
    pub fn events_in_all(&self) -> u64 {
        u64::from(self.config.steps) + 3
    }

    /// The next event, at a time the caller gives; `None` when the run is over. An error would be a fault of
    /// the demo itself: a body that breaks the model's rules.
    pub fn next_event(&mut self, at: Timestamp) -> Result<Option<Event>, FieldError> {
        if self.pending.is_empty() {
            self.advance();
        }
        let Some(UntimedEvent { id, step, body }) = self.pending.pop_front() else { return Ok(None) };
        Event::new(id, at, None, step, body).map(Some)
    }

    /// The rest of the run, the first event at `from`, each following one `every_micros` later.
    pub fn events(
        mut self,
        from: Timestamp,
        every_micros: i64,
    ) -> impl Iterator<Item = Result<Event, FieldError>> {
        let mut at = from;
        std::iter::from_fn(move || {
            let event = self.next_event(at).transpose();
            at = Timestamp::from_micros(at.micros().saturating_add(every_micros));
            event
        })
    }

    fn advance(&mut self) {
        if !self.is_started {
            self.is_started = true;
            let id = self.ids.started();
            self.pending.push_back(UntimedEvent { id, step: None, body: self.spec().started().into() });
            self.push_event(RunStatus { status: Status::Running, reason: None });
        } else if self.rolled < self.config.steps {
            self.roll_group();
        } else if !self.is_finished {
            self.is_finished = true;
            let summary = Some(self.tally.object(self.iteration.saturating_sub(1)));
            self.push_event(RunFinished { status: Status::Completed, summary });
        }
    }

    fn push_event(&mut self, body: impl Into<Body>) {
        let id = self.ids.next();
        self.pending.push_back(UntimedEvent { id, step: None, body: body.into() });
    }

    /// One question, answered a group of times; learns when the batch is full.
    fn roll_group(&mut self) {
        let task = self.draw_task();
        let size = self.config.group.min(self.config.steps - self.rolled);
        let (mut answers, mut collected) = (Vec::new(), Vec::new());
        for _ in 0..size {
            let decisions = self.policy.draw(&self.tasks[task].features, &mut self.rng);
            let answer = answer_of(self.tasks[task].question, &decisions);
            // The reward is the root score of the very call that the observer films.
            let reward = self.rubric.call(&answer, &self.tasks[task].case).unwrap_or_default();
            answers.push((decisions, reward));
            collected.extend(self.collected.take());
        }
        let rewards: Vec<f64> = answers.iter().map(|(_, reward)| *reward).collect();
        let task = &self.tasks[task];
        for (((decisions, reward), advantage), event) in
            answers.into_iter().zip(advantages(&rewards)).zip(collected)
        {
            self.rolled += 1;
            let Body::SnapshotScored(snapshot) = event.body() else { continue };
            let sample = Sample { features: task.features.clone(), decisions, advantage };
            let kl = divergence(&self.policy, &self.reference, &sample.features, &sample.decisions);
            self.tally.count(reward, self.rolled, self.config.steps);
            let metadata = self.metadata(task.question, &sample, kl);
            let body = SnapshotScored { metadata, ..snapshot.clone() };
            self.pending.push_back(UntimedEvent {
                id: self.ids.next(),
                step: event.step(),
                body: body.into(),
            });
            self.batch.push(sample);
        }
        self.groups_in_batch += 1;
        if self.groups_in_batch == self.config.questions {
            update(&mut self.policy, &self.reference, &self.batch, &self.config.grpo);
            self.batch.clear();
            self.groups_in_batch = 0;
            self.iteration += 1;
        }
    }

    /// Every question once, in an order of its own, before any comes again.
    fn draw_task(&mut self) -> usize {
        if self.deck.is_empty() {
            self.deck = (0..self.tasks.len()).collect();
            self.deck.shuffle(&mut self.rng);
        }
        self.deck.pop().unwrap_or_default()
    }

    /// What is known of a rollout only once its group is complete.
    fn metadata(&self, question: &Question, sample: &Sample, kl: f64) -> Object {
        let decisions: Object = sample
            .decisions
            .iter()
            .map(|d| (format!("{:?}", d.head).to_lowercase(), json!(d.head.choices()[d.choice])))
            .collect();
        let entries = [
            ("task_id", json!(question.id)),
            ("run_type", json!("grpo")),
            ("iteration", json!(self.iteration)),
            ("group", json!(self.iteration_group())),
            ("advantage", json!(sample.advantage)),
            ("kl", json!(kl)),
            ("question", json!(question.question)),
            ("decisions", json!(decisions)),
        ];
        entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// 1-based number of the group in the run.
    fn iteration_group(&self) -> u32 {
        (self.iteration - 1) * self.config.questions + self.groups_in_batch + 1
    }
}
