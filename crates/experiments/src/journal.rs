//! The journal: folds the log of an experiment, and checks each next step before it becomes an event.

use std::collections::{BTreeMap, HashSet};

use gauntlet_model::{
    Body, EpisodeId, Event, EventId, ExperimentFinished, ExperimentRegistered, ExperimentStarted, FieldError,
    RunId, Status, Timestamp, TrialFinished, TrialStarted,
};
use serde::{Deserialize, Serialize};

use crate::design::DesignRequest;
use crate::experiment::{ExecutionStart, Experiment, Trial};
use crate::plan::{PlannedTrial, plan};

/// The most contradictions of a log that are listed.
const MAX_CONTRADICTIONS: usize = 100;

/// The id and the time of the next event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Its id.
    pub id: EventId,
    /// When it happens.
    pub at: Timestamp,
}

/// How far the execution is, in trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TrialCounts {
    /// Asked for by the design.
    pub planned: u64,
    /// Finished, the failed ones included.
    pub finished: u64,
    /// Failed or timed out.
    pub failed: u64,
    /// Begun since the last start and not finished.
    pub running: u64,
}

/// The state of one experiment: a fold of its log. The same events in any batching give the same state.
///
/// What a log holds was accepted before, so the fold takes everything: an event that contradicts those before
/// it does not count and is listed in [`Experiment::contradictions`].
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    experiment: Experiment,
    /// The sequence number of the next event.
    next: u64,
    /// Begun since the last start and not finished: program and index by trial id.
    running: BTreeMap<String, (String, u64)>,
    /// Program and index of each finished trial.
    finished: HashSet<(String, u64)>,
    /// The ids of the finished trials.
    finished_ids: HashSet<String>,
}

impl Journal {
    /// The journal of an experiment with an empty log.
    pub fn new(id: RunId) -> Self {
        Self {
            experiment: Experiment::new(id),
            next: 0,
            running: BTreeMap::new(),
            finished: HashSet::new(),
            finished_ids: HashSet::new(),
        }
    }

    /// The experiment as far as the log was applied.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// The experiment, without the rest of the state.
    pub fn into_experiment(self) -> Experiment {
        self.experiment
    }

    /// Applies the next event of the log. One that was applied before changes nothing.
    pub fn apply(&mut self, seq: u64, event: &Event) {
        if seq < self.next {
            return;
        }
        self.next = seq + 1;
        let applied = match event.body() {
            Body::ExperimentRegistered(hypothesis) => self.on_registered(hypothesis),
            Body::ExperimentDesigned(designed) => match self.may_design() {
                Ok(()) => {
                    self.experiment.design = Some(designed.design.clone());
                    self.experiment.jobs.clone_from(&designed.jobs);
                    self.experiment.tags.clone_from(&designed.tags);
                    Ok(())
                }
                Err(error) => Err(error),
            },
            Body::ExperimentStarted(setup) => self.on_started(event.at(), setup),
            Body::ExperimentFinished(end) => self.on_finished(event.at(), end),
            Body::TrialStarted(trial) => {
                self.may_run(&trial.program, trial.index, &trial.trial_id).map(|()| {
                    self.running.insert(trial.trial_id.clone(), (trial.program.clone(), trial.index));
                })
            }
            Body::TrialFinished(outcome) => {
                self.may_run(&outcome.program, outcome.index, &outcome.trial_id).map(|()| {
                    self.running.remove(&outcome.trial_id);
                    self.finished.insert((outcome.program.clone(), outcome.index));
                    self.finished_ids.insert(outcome.trial_id.clone());
                    let trace = event.episode().cloned();
                    self.experiment.trials.push(Trial { trace, outcome: outcome.clone() });
                })
            }
            _ => return,
        };
        self.experiment.created_at.get_or_insert(event.at());
        if let Err(error) = applied
            && self.experiment.contradictions.len() < MAX_CONTRADICTIONS
        {
            self.experiment.contradictions.push(format!("event {seq} ({}): {error}", event.kind()));
        }
    }

    fn on_registered(&mut self, hypothesis: &ExperimentRegistered) -> Result<(), FieldError> {
        self.may_register()?;
        self.experiment.hypothesis = Some(hypothesis.clone());
        Ok(())
    }

    fn on_started(&mut self, at: Timestamp, setup: &ExperimentStarted) -> Result<(), FieldError> {
        self.may_start()?;
        // What was running before an interruption is not running any more.
        self.running.clear();
        self.experiment.status = Status::Running;
        self.experiment.starts.push(ExecutionStart { at, setup: setup.clone() });
        Ok(())
    }

    fn on_finished(&mut self, at: Timestamp, end: &ExperimentFinished) -> Result<(), FieldError> {
        self.may_change()?;
        self.running.clear();
        self.experiment.status = end.status;
        self.experiment.reason.clone_from(&end.reason);
        self.experiment.research_insights.clone_from(&end.research_insights);
        self.experiment.ended_at = Some(at);
        Ok(())
    }

    fn may_change(&self) -> Result<(), FieldError> {
        let status = self.experiment.status;
        if status.is_final() {
            return Err(FieldError::new("status", format!("the experiment is {} already", status.as_str())));
        }
        Ok(())
    }

    fn may_register(&self) -> Result<(), FieldError> {
        self.may_change()?;
        match &self.experiment.hypothesis {
            Some(known) => {
                let message = format!("the experiment has the hypothesis {:?} already", known.hypothesis_id);
                Err(FieldError::new("hypothesis_id", message))
            }
            None => Ok(()),
        }
    }

    fn may_design(&self) -> Result<(), FieldError> {
        self.may_change()?;
        if self.experiment.hypothesis.is_none() {
            return Err(FieldError::new("hypothesis", "is missing; register it before the design"));
        }
        if self.experiment.status != Status::Pending {
            let message = "cannot change any more: the experiment has started";
            return Err(FieldError::new("design", message));
        }
        Ok(())
    }

    fn may_start(&self) -> Result<(), FieldError> {
        self.may_change()?;
        match self.experiment.design {
            Some(_) => Ok(()),
            None => Err(FieldError::new("design", "is missing; design the experiment before it starts")),
        }
    }

    /// Whether that trial may begin or finish now.
    fn may_run(&self, program: &str, index: u64, trial_id: &str) -> Result<(), FieldError> {
        self.may_change()?;
        let design = self.experiment.design.as_ref();
        let Some(design) = design.filter(|_| self.experiment.status == Status::Running) else {
            return Err(FieldError::new("trial_id", format!("{trial_id:?}: the experiment has not started")));
        };
        if !self.experiment.program_names().any(|known| known == program) {
            let known = self.experiment.program_names().collect::<Vec<_>>().join(", ");
            return Err(FieldError::new("program", format!("{program:?} is not one of {known}")));
        }
        if index >= design.sample_size {
            let message = format!("is {index}; the design has {} trials of a program", design.sample_size);
            return Err(FieldError::new("index", message));
        }
        if self.finished_ids.contains(trial_id) {
            return Err(FieldError::new("trial_id", format!("{trial_id:?} is finished already")));
        }
        if self.finished.contains(&(program.to_owned(), index)) {
            return Err(FieldError::new(
                "index",
                format!("trial {index} of {program:?} is finished already"),
            ));
        }
        Ok(())
    }

    /// The event that states the hypothesis.
    ///
    /// # Errors
    ///
    /// Where the experiment has one or has ended, and where a field breaks a rule.
    pub fn register_hypothesis(
        &self,
        stamp: Stamp,
        hypothesis: ExperimentRegistered,
    ) -> Result<Event, FieldError> {
        self.may_register()?;
        event(stamp, hypothesis)
    }

    /// The event that fixes the design, with its power computed. A design can be replaced until the
    /// experiment starts.
    ///
    /// # Errors
    ///
    /// Where there is no hypothesis, the experiment has started, the design does not fit the hypothesis, or a
    /// field breaks a rule.
    pub fn design_experiment(&self, stamp: Stamp, request: DesignRequest) -> Result<Event, FieldError> {
        self.may_design()?;
        match &self.experiment.hypothesis {
            Some(hypothesis) => event(stamp, request.checked(hypothesis)?),
            None => Err(FieldError::new("hypothesis", "is missing")),
        }
    }

    /// The event that begins the execution, or resumes it.
    ///
    /// # Errors
    ///
    /// Where there is no design, or the experiment has ended.
    pub fn start(&self, stamp: Stamp, setup: ExperimentStarted) -> Result<Event, FieldError> {
        self.may_start()?;
        event(stamp, setup)
    }

    /// The event that begins a planned trial; `trace` is the episode that holds its steps.
    ///
    /// # Errors
    ///
    /// Where the trial is not planned or is finished, or the experiment is not executed.
    pub fn start_trial(
        &self,
        stamp: Stamp,
        trace: Option<EpisodeId>,
        trial: &PlannedTrial,
    ) -> Result<Event, FieldError> {
        self.may_run(&trial.program, trial.index, &trial.trial_id)?;
        let (trial_id, program, index) = (trial.trial_id.clone(), trial.program.clone(), trial.index);
        event_of(stamp, trace, TrialStarted { trial_id, program, index })
    }

    /// The event of a finished trial; `trace` is the episode that holds its steps.
    ///
    /// # Errors
    ///
    /// Where the trial is not planned or is finished already, the experiment is not executed, or a field
    /// breaks a rule.
    pub fn finish_trial(
        &self,
        stamp: Stamp,
        trace: Option<EpisodeId>,
        outcome: TrialFinished,
    ) -> Result<Event, FieldError> {
        self.may_run(&outcome.program, outcome.index, &outcome.trial_id)?;
        event_of(stamp, trace, outcome)
    }

    /// The event that completes the experiment, with what people conclude.
    ///
    /// # Errors
    ///
    /// Where trials remain, or the experiment has not started or has ended.
    pub fn complete(&self, stamp: Stamp, research_insights: Vec<String>) -> Result<Event, FieldError> {
        self.may_start()?;
        let progress = self.progress();
        let open = progress.planned - progress.finished;
        if self.experiment.status != Status::Running || open > 0 {
            let message = format!("{open} of {} trials are not finished", progress.planned);
            return Err(FieldError::new("status", message));
        }
        event(stamp, ExperimentFinished { status: Status::Completed, reason: None, research_insights })
    }

    /// The event that ends the experiment before its trials are finished.
    ///
    /// # Errors
    ///
    /// Where it has ended.
    pub fn cancel(&self, stamp: Stamp, reason: Option<String>) -> Result<Event, FieldError> {
        self.may_change()?;
        let research_insights = Vec::new();
        event(stamp, ExperimentFinished { status: Status::Cancelled, reason, research_insights })
    }

    /// The planned trials that are not finished, in the order of the design: what is left to do, at the first
    /// start and after an interruption alike.
    pub fn remaining(&self) -> Vec<PlannedTrial> {
        let Some(design) = &self.experiment.design else { return Vec::new() };
        let mut trials = plan(design, &self.experiment.jobs);
        trials.retain(|trial| !self.finished.contains(&(trial.program.clone(), trial.index)));
        trials
    }

    /// How far the execution is.
    pub fn progress(&self) -> TrialCounts {
        let trials = &self.experiment.trials;
        TrialCounts {
            planned: self.experiment.planned_trials(),
            finished: trials.len() as u64,
            failed: trials.iter().filter(|trial| trial.outcome.status.is_failure()).count() as u64,
            running: self.running.len() as u64,
        }
    }
}

fn event(stamp: Stamp, body: impl Into<Body>) -> Result<Event, FieldError> {
    event_of(stamp, None, body)
}

/// The event, with its refusals named as the caller knows the fields.
fn event_of(stamp: Stamp, trace: Option<EpisodeId>, body: impl Into<Body>) -> Result<Event, FieldError> {
    Event::new(stamp.id, stamp.at, trace, None, body).map_err(|error| {
        match error.field.strip_prefix("body.") {
            Some(field) => FieldError::new(field, error.message),
            None => error,
        }
    })
}
