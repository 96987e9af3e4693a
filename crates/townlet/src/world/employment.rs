//! Shifts, wages, lateness and absence, and the queue of those who are to be dismissed.

use gauntlet_townlet_dto::encoder::distance;
use gauntlet_townlet_dto::event::WorldEventKind;
use gauntlet_townlet_dto::state::{EmploymentSnapshot, Job, ShiftState};
use gauntlet_townlet_dto::{AgentId, TICKS_PER_DAY};
use serde::{Deserialize, Serialize};

use super::{TickRecord, World};

/// Steps from the place of work at which an agent works.
const WORK_DISTANCE: u32 = 3;
/// Missed shifts, of the last 7 days, after which an agent is to be dismissed.
const MAX_ABSENCES: usize = 3;
/// Days for which a missed shift counts.
const ABSENCE_DAYS: u64 = 7;
/// Of a shift's ticks, the share that an agent has to work.
const MIN_ATTENDANCE: f64 = 0.25;

/// Who waits to be dismissed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exits {
    pub(super) pending: Vec<PendingExit>,
    pub(super) today: u64,
}

/// An agent that waits to be dismissed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PendingExit {
    pub(super) agent_id: AgentId,
    pub(super) since_tick: u64,
}

/// What a tick of a shift reports.
#[derive(Clone, Copy, PartialEq)]
enum Report {
    Late,
    Absent,
    DepartedEarly,
}

impl Report {
    fn event(self, agent_id: AgentId, job_id: String) -> WorldEventKind {
        match self {
            Report::Late => WorldEventKind::ShiftLateStart { agent_id, job_id },
            Report::Absent => WorldEventKind::ShiftAbsent { agent_id, job_id },
            Report::DepartedEarly => WorldEventKind::ShiftDepartedEarly { agent_id, job_id },
        }
    }
}

/// The tick in which a shift ends: who did not come was absent, who left early is reported. Days of absence
/// are forgotten after [`ABSENCE_DAYS`].
fn end_shift(job: &mut Job, today: u64) -> Option<Report> {
    let needed = (job.end_tick - job.start_tick) as f64 * MIN_ATTENDANCE;
    let mut report = None;
    if job.worked_ticks_today == 0 {
        report = Some(Report::Absent);
        job.shift_state = ShiftState::Absent;
        job.absent_days.push(today);
    } else if f64::from(job.worked_ticks_today) < needed {
        report = Some(Report::DepartedEarly);
    }
    job.absent_days.retain(|day| day + ABSENCE_DAYS > today);
    report
}

impl World {
    /// A tick of everybody's shift, then the dismissals that are due.
    pub(super) fn step_employment(&mut self, record: &mut TickRecord) {
        let ids: Vec<AgentId> = self.agents.keys().cloned().collect();
        for id in &ids {
            self.step_shift(id, record);
        }
        self.dismiss(record);
    }

    fn step_shift(&mut self, id: &str, record: &mut TickRecord) {
        let (tick, day) = (self.tick, self.tick_of_day());
        let is_busy = self.is_busy(id);
        let wage = self.config.economy.wage_income;
        let Some(agent) = self.agents.get_mut(id) else { return };
        let ambition = agent.personality.ambition;
        let Some(job) = &mut agent.job else { return };
        let is_there = !is_busy && distance(agent.position, job.workplace) <= WORK_DISTANCE;
        let is_on = (job.start_tick..job.end_tick).contains(&day);
        // The ambitious are held to less patience, which also keeps a whole shift from being late at once.
        let grace = 20 + ((1.0 - ambition) * 60.0) as u32;
        job.on_shift = is_on && is_there;
        let mut report = None;
        if job.on_shift {
            job.worked_ticks_today += 1;
            let is_late = job.late_ticks_today > grace;
            job.shift_state = if is_late { ShiftState::Late } else { ShiftState::OnTime };
            // Whoever is late earns half.
            let earned = if is_late { wage / 2.0 } else { wage };
            agent.wallet += earned;
            job.wages_earned += earned;
            job.wages_withheld += wage - earned;
            *record.wages.entry(id.to_owned()).or_insert(0.0) += earned;
            if !is_late {
                record.punctual.insert(id.to_owned());
            }
        } else if is_on {
            let has_come = job.worked_ticks_today > 0;
            job.shift_state = if has_come { ShiftState::Away } else { ShiftState::Awaiting };
            if !has_come {
                job.late_ticks_today += 1;
                if job.late_ticks_today == grace + 1 {
                    job.lateness_counter += 1;
                    report = Some(Report::Late);
                }
            }
        } else if day == job.end_tick {
            report = end_shift(job, tick / TICKS_PER_DAY);
        } else {
            if job.shift_state != ShiftState::Absent {
                job.shift_state = ShiftState::Idle;
            }
            job.late_ticks_today = 0;
            job.worked_ticks_today = 0;
        }
        let is_to_go = job.absent_days.len() >= MAX_ABSENCES && !job.exit_pending;
        let (agent_id, job_id) = (id.to_owned(), job.job_id.clone());
        if let Some(report) = report {
            record.add(tick, report.event(agent_id, job_id));
        }
        if is_to_go && report == Some(Report::Absent) {
            self.queue_exit(id, "absence", record);
        }
    }

    /// An agent waits to be dismissed, unless too many do. Whether it does.
    pub(super) fn queue_exit(&mut self, id: &str, reason: &str, record: &mut TickRecord) -> bool {
        let (agent_id, pending_count) = (id.to_owned(), self.exits.pending.len() as u64);
        if self.exits.pending.iter().any(|exit| exit.agent_id == id) {
            return true;
        }
        if pending_count >= self.config.exit_queue_limit {
            record.add(self.tick, WorldEventKind::EmploymentExitQueueOverflow { agent_id, pending_count });
            return false;
        }
        if let Some(job) = self.agents.get_mut(id).and_then(|agent| agent.job.as_mut()) {
            job.exit_pending = true;
        }
        self.exits.pending.push(PendingExit { agent_id: agent_id.clone(), since_tick: self.tick });
        record.add(self.tick, WorldEventKind::EmploymentExitPending { agent_id, reason: reason.to_owned() });
        true
    }

    /// Dismisses those whose time has come, as many as a day allows.
    fn dismiss(&mut self, record: &mut TickRecord) {
        while self.exits.today < self.config.daily_exit_cap {
            let due = |exit: &PendingExit| exit.since_tick + self.config.exit_review_ticks <= self.tick;
            let Some(at) = self.exits.pending.iter().position(due) else { return };
            let agent_id = self.exits.pending.remove(at).agent_id;
            self.exits.today += 1;
            let reason = "review".to_owned();
            record.add(
                self.tick,
                WorldEventKind::EmploymentExitProcessed { agent_id: agent_id.clone(), reason },
            );
            self.remove(&agent_id, "eviction", record);
        }
    }

    /// Who waits to be dismissed.
    pub(super) fn employment_snapshot(&self) -> EmploymentSnapshot {
        EmploymentSnapshot {
            pending: self.exits.pending.iter().map(|exit| exit.agent_id.clone()).collect(),
            pending_count: self.exits.pending.len() as u64,
            exits_today: self.exits.today,
            daily_exit_cap: self.config.daily_exit_cap,
            queue_limit: self.config.exit_queue_limit,
            review_window: self.config.exit_review_ticks,
        }
    }
}
