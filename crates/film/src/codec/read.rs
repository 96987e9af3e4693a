//! Decodes facts; the parent module describes the format.

use gauntlet_model::{EpisodeId, FailureKind, MAX_STEP, Scores, StepRange, Timestamp};

use super::enum_codes::Kind;
use super::input::{In, Read};
use super::{HAS_DURATION, HAS_FAILURES, HAS_ORDER, HAS_QUESTION, PAUSED};
use crate::fact::{ChallengeFact, Fact, FactBody};

pub(super) fn facts(bytes: &[u8]) -> Read<Vec<Fact>> {
    let mut input = In::new(bytes)?;
    // Every fact takes at least one byte in each of three columns.
    let facts = input.count("number of facts", 3)?;
    input.strings()?;
    let seqs = input.deltas("seq", facts)?;
    let times = input.deltas("at", facts)?;
    let steps = input.deltas("step", facts)?;
    let episodes = input.runs("episode", facts, In::text)?;
    let kinds = input.runs("kind", facts, In::variant::<Kind>)?;
    let scored = kinds.iter().filter(|kind| **kind == Kind::Scored).count();
    let mut scored = input.scored(scored)?.into_iter();
    let mut read = Vec::with_capacity(facts);
    let columns = seqs.into_iter().zip(times).zip(steps).zip(episodes).zip(kinds);
    for ((((seq, micros), step), episode), kind) in columns {
        let at = Timestamp::from_micros(micros);
        if at.micros() != micros {
            return Err(input.wrong("at", format!("{micros} microseconds are outside the years 1 to 9999")));
        }
        let step = match step {
            0 => None,
            step => {
                let number = u64::try_from(step.wrapping_sub(1)).ok().filter(|number| *number <= MAX_STEP);
                Some(number.ok_or_else(|| input.wrong("step", format!("{step} is not a step")))?)
            }
        };
        let episode = match episode {
            "" => None,
            name => {
                input.charge("episode", name.len())?;
                Some(EpisodeId::new(name).map_err(|e| input.wrong("episode", e.message))?)
            }
        };
        let body = match kind {
            Kind::Scored => scored.next().ok_or_else(|| input.wrong("kind", "has no snapshot".to_owned()))?,
            other => input.other(other)?,
        };
        read.push(Fact { seq: seq as u64, at, episode, step, body });
    }
    match input.left() {
        0 => Ok(read),
        left => Err(input.wrong("end", format!("{left} bytes are left over"))),
    }
}

/// A scored fact while its columns are read.
#[derive(Clone, Default)]
struct SnapshotColumns {
    /// By ascending path position.
    scores: Vec<(u32, f64)>,
    skipped: Vec<u32>,
    failures: Vec<FailureKind>,
    duration_ms: Option<f64>,
    challenge: Option<ChallengeFact>,
}

impl<'a> In<'a> {
    fn scored(&mut self, count: usize) -> Read<Vec<FactBody>> {
        let marks = self.runs("marks", count, In::small)?;
        let known = u32::from(PAUSED | HAS_DURATION | HAS_FAILURES | HAS_QUESTION | HAS_ORDER);
        if let Some(strange) = marks.iter().find(|m| **m & !known != 0) {
            return Err(self.wrong("marks", format!("{strange} has unknown bits")));
        }
        let has = |mark: u8| marks.iter().map(move |m| m & u32::from(mark) != 0);
        let mut shots = vec![SnapshotColumns::default(); count];
        let durations = self.values("durations", has(HAS_DURATION).filter(|has| *has).count())?;
        let timed = shots.iter_mut().zip(has(HAS_DURATION)).filter(|(_, has)| *has);
        timed.zip(durations).for_each(|((shot, _), duration)| shot.duration_ms = Some(duration));
        let paths = self.paths(&mut shots)?;
        for (shot, _) in shots.iter_mut().zip(has(HAS_ORDER)).filter(|(_, has)| *has) {
            self.order(shot)?;
        }
        for (shot, _) in shots.iter_mut().zip(has(HAS_FAILURES)).filter(|(_, has)| *has) {
            let failures = self.count("failures", 1)?;
            shot.failures = (0..failures).map(|_| self.variant("failures")).collect::<Read<_>>()?;
        }
        for (shot, _) in shots.iter_mut().zip(has(HAS_QUESTION)).filter(|(_, has)| *has) {
            let (kind, question) = (self.owned("challenge.type")?, self.owned("challenge.question")?);
            let options = self.count("challenge.options", 1)?;
            let options = (0..options).map(|_| self.owned("challenge.options")).collect::<Read<_>>()?;
            shot.challenge = Some(ChallengeFact { kind, question, options });
        }
        shots
            .into_iter()
            .zip(has(PAUSED))
            .map(|(shot, is_paused)| self.assemble(shot, is_paused, &paths))
            .collect()
    }

    /// The columns of every path, into the shots; the paths.
    fn paths(&mut self, shots: &mut [SnapshotColumns]) -> Read<Vec<&'a str>> {
        let count = self.count("number of paths", 4)?;
        let mut paths = Vec::with_capacity(count);
        for path in 0..count as u32 {
            paths.push(self.text("path")?);
            let places = self.positions("where scored", shots.len(), true)?;
            let values = self.values("scores", places.len())?;
            for (place, value) in places.into_iter().zip(values) {
                if let Some(shot) = shots.get_mut(place as usize) {
                    shot.scores.push((path, value));
                }
            }
            for place in self.positions("where skipped", shots.len(), false)? {
                if let Some(shot) = shots.get_mut(place as usize) {
                    shot.skipped.push(path);
                }
            }
        }
        Ok(paths)
    }

    /// Puts the scores of a snapshot into the order it lists.
    fn order(&mut self, shot: &mut SnapshotColumns) -> Read<()> {
        let scored = self.count("order", 1)?;
        let mut scores = Vec::with_capacity(scored);
        for _ in 0..scored {
            let path = self.small("order")?;
            let found = shot.scores.binary_search_by_key(&path, |(p, _)| *p).ok();
            let found = found.and_then(|i| shot.scores.get(i).copied());
            scores.push(found.ok_or_else(|| self.wrong("order", format!("path {path} has no score there")))?);
        }
        if scores.len() != shot.scores.len() {
            return Err(self.wrong("order", format!("{scored} of {} scores are ordered", shot.scores.len())));
        }
        shot.scores = scores;
        let skipped = self.count("order", 1)?;
        shot.skipped = (0..skipped).map(|_| self.small("order")).collect::<Read<_>>()?;
        Ok(())
    }

    fn assemble(&mut self, shot: SnapshotColumns, is_paused: bool, paths: &[&str]) -> Read<FactBody> {
        let mut path = |position: u32| {
            let text = paths.get(position as usize).copied();
            let text = text.ok_or_else(|| self.wrong("path", format!("{position} of {}", paths.len())))?;
            self.charge("path", text.len())?;
            Ok(text.to_owned())
        };
        let scores =
            shot.scores.iter().map(|(p, value)| Ok((path(*p)?, *value))).collect::<Read<Vec<_>>>()?;
        let not_evaluated = shot.skipped.iter().map(|p| path(*p)).collect::<Read<_>>()?;
        let scores = Scores::new(scores).map_err(|e| self.wrong("scores", e.to_string()))?;
        let SnapshotColumns { failures, duration_ms, challenge, .. } = shot;
        Ok(FactBody::Scored { scores, not_evaluated, failures, duration_ms, is_paused, challenge })
    }

    fn other(&mut self, kind: Kind) -> Read<FactBody> {
        Ok(match kind {
            Kind::Scored => return Err(self.wrong("kind", "a snapshot is in the columns".to_owned())),
            Kind::Added => FactBody::Added { path: self.owned("path")?, value: self.score("value")? },
            Kind::RunStarted => FactBody::RunStarted {
                name: self.owned("name")?,
                project: self.owned("project")?,
                kind: self.owned("kind")?,
                agent: self.optional("agent")?,
                task: self.optional("task")?,
            },
            Kind::Status => {
                FactBody::Status { status: self.variant("status")?, reason: self.optional("reason")? }
            }
            Kind::EpisodeStarted => FactBody::EpisodeStarted { task: self.optional("task")? },
            Kind::EpisodeFinished => FactBody::EpisodeFinished {
                status: self.variant("status")?,
                return_: self.flag("return")?.then(|| self.score("return")).transpose()?,
            },
            Kind::Recorded => FactBody::Recorded {
                kind: self.variant("step_kind")?,
                name: self.optional("name")?,
                failed: self.flag("error")?,
            },
            Kind::Command => FactBody::Command {
                id: self.owned("command_id")?,
                action: self.variant("action")?,
                author: self.owned("author")?,
            },
            Kind::Applied => {
                FactBody::Applied { id: self.owned("command_id")?, result: self.owned("result")? }
            }
            Kind::Answered => {
                FactBody::Answered { answer: self.owned("answer")?, author: self.owned("author")? }
            }
            Kind::Note => FactBody::Note {
                text: self.owned("text")?,
                author: self.owned("author")?,
                range: match self.flag("range")? {
                    true => {
                        Some(StepRange { from: self.number("range.from")?, to: self.number("range.to")? })
                    }
                    false => None,
                },
            },
            Kind::Alert => FactBody::Alert {
                text: self.owned("text")?,
                severity: self.variant("severity")?,
                monitor: self.optional("monitor")?,
            },
            Kind::Artifact => FactBody::Artifact { name: self.owned("name")? },
            Kind::Gap => FactBody::Gap { lost: self.number("lost")?, reason: self.owned("reason")? },
            Kind::Other => FactBody::Other,
        })
    }
}
