//! What the types of an experiment's events cannot hold: lengths, ranges, names that must differ.

use super::check::{Check, error, final_status, hex, opt_label, opt_text, tags};
use super::*;
use crate::limits::{FieldError, MAX_TAGS, label, non_negative, step, text};

/// A free text that is not empty.
fn filled(field: &str, given: &str) -> Result<(), FieldError> {
    if given.is_empty() {
        return Err(FieldError::new(field, "must not be empty"));
    }
    text(field, given)
}

/// One-line texts, up to [`MAX_TAGS`], each named once.
fn names(field: &str, names: &[String]) -> Result<(), FieldError> {
    count(field, names.len())?;
    names.iter().enumerate().try_for_each(|(i, name)| {
        label(&format!("{field}[{i}]"), name)?;
        unique(&format!("{field}[{i}]"), name, names[..i].contains(name))
    })
}

fn unique(field: &str, name: &str, is_known: bool) -> Result<(), FieldError> {
    if is_known {
        return Err(FieldError::new(field, format!("{name:?} is named twice")));
    }
    Ok(())
}

fn count(field: &str, entries: usize) -> Result<(), FieldError> {
    if entries > MAX_TAGS {
        let message = format!("has {entries} entries; at most {MAX_TAGS} are allowed");
        return Err(FieldError::new(field, message));
    }
    Ok(())
}

/// A number strictly between 0 and 1.
fn share(field: &str, value: f64) -> Result<(), FieldError> {
    if value > 0.0 && value < 1.0 {
        return Ok(());
    }
    Err(FieldError::new(field, format!("is {value}; it must be between 0 and 1")))
}

fn at_least_one(field: &str, value: u64) -> Result<(), FieldError> {
    if value == 0 {
        return Err(FieldError::new(field, "is 0; it must be 1 or more"));
    }
    step(field, value)
}

impl Check for ExperimentRegistered {
    fn check(&self) -> Result<(), FieldError> {
        label("hypothesis_id", &self.hypothesis_id)?;
        filled("research_question", &self.research_question)?;
        names("independent_variables", &self.independent_variables)?;
        names("dependent_variables", &self.dependent_variables)?;
        text("prediction", &self.prediction)
    }
}

impl StatisticalTest {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            StatisticalTest::PairedT => "paired_t",
            StatisticalTest::Wilcoxon => "wilcoxon",
            StatisticalTest::Mcnemar => "mcnemar",
            StatisticalTest::Welch => "welch",
            StatisticalTest::MannWhitney => "mann_whitney",
        }
    }

    /// The pairing it needs.
    pub fn pairing(self) -> Pairing {
        match self {
            StatisticalTest::PairedT | StatisticalTest::Wilcoxon | StatisticalTest::Mcnemar => {
                Pairing::Paired
            }
            StatisticalTest::Welch | StatisticalTest::MannWhitney => Pairing::Independent,
        }
    }
}

impl ExperimentalDesign {
    fn check(&self) -> Result<(), FieldError> {
        names("design.controlled_variables", &self.controlled_variables)?;
        at_least_one("design.sample_size", self.sample_size)?;
        text("design.measurement_protocol", &self.measurement_protocol)?;
        if self.statistical_tests.is_empty() {
            return Err(FieldError::new("design.statistical_tests", "must name one test or more"));
        }
        for (i, test) in self.statistical_tests.iter().enumerate() {
            let field = format!("design.statistical_tests[{i}]");
            unique(&field, test.as_str(), self.statistical_tests[..i].contains(test))?;
            if test.pairing() != self.pairing {
                let (paired, needs) = match self.pairing {
                    Pairing::Paired => ("paired", "welch and mann_whitney need independent trials"),
                    Pairing::Independent => {
                        ("independent", "paired_t, wilcoxon and mcnemar need paired trials")
                    }
                };
                let name = test.as_str();
                return Err(FieldError::new(
                    field,
                    format!("{name:?} does not fit {paired} trials: {needs}"),
                ));
            }
        }
        share("design.alpha", self.alpha)?;
        step("design.seed", self.seed)?;
        if let Some(primary) = &self.primary {
            label("design.primary.metric", &primary.metric)?;
            label("design.primary.baseline", &primary.baseline)?;
            label("design.primary.candidate", &primary.candidate)?;
            let is_same = primary.baseline == primary.candidate;
            unique("design.primary.candidate", &primary.candidate, is_same)?;
        }
        let Some(power) = &self.power_analysis else { return Ok(()) };
        let effect = power.effect_size;
        if !(effect.is_finite() && effect > 0.0) {
            let message = format!("is {effect}; it must be a finite number above 0");
            return Err(FieldError::new("design.power_analysis.effect_size", message));
        }
        share("design.power_analysis.target_power", power.target_power)?;
        at_least_one("design.power_analysis.required_sample_size", power.required_sample_size)?;
        if !(0.0..=1.0).contains(&power.achieved_power) {
            let message = format!("is {}; it must be 0 to 1", power.achieved_power);
            return Err(FieldError::new("design.power_analysis.achieved_power", message));
        }
        Ok(())
    }

    fn programs(&self, jobs: &[EvaluationJob]) -> Result<(), FieldError> {
        let Some(primary) = &self.primary else { return Ok(()) };
        for (name, program) in [("baseline", &primary.baseline), ("candidate", &primary.candidate)] {
            if !jobs.iter().any(|job| job.program == *program) {
                let message = format!("{program:?} is not a program of the jobs");
                return Err(FieldError::new(format!("design.primary.{name}"), message));
            }
        }
        Ok(())
    }
}

impl Check for ExperimentDesigned {
    fn check(&self) -> Result<(), FieldError> {
        self.design.check()?;
        if self.jobs.is_empty() {
            return Err(FieldError::new("jobs", "must name one program or more"));
        }
        count("jobs", self.jobs.len())?;
        for (i, job) in self.jobs.iter().enumerate() {
            let at = |field: &str| format!("jobs[{i}].{field}");
            label(&at("program"), &job.program)?;
            let is_known = self.jobs[..i].iter().any(|other| other.program == job.program);
            unique(&at("program"), &job.program, is_known)?;
            label(&at("dataset.name"), &job.dataset.name)?;
            at_least_one(&at("dataset.size"), job.dataset.size)?;
            job.dataset.sha256.as_deref().map_or(Ok(()), |hash| hex(&at("dataset.sha256"), hash, 64))?;
            names(&at("metrics"), &job.metrics)?;
            if self.design.pairing == Pairing::Paired && job.dataset != self.jobs[0].dataset {
                let message = "differs from that of jobs[0]; paired trials have the same data points";
                return Err(FieldError::new(at("dataset"), message));
            }
        }
        self.design.programs(&self.jobs)?;
        tags("tags", &self.tags)
    }
}

impl Check for ExperimentStarted {
    fn check(&self) -> Result<(), FieldError> {
        opt_label("code_version", &self.code_version)
    }
}

impl Check for ExperimentFinished {
    fn check(&self) -> Result<(), FieldError> {
        final_status(self.status, "an experiment")?;
        opt_text("reason", &self.reason)?;
        count("research_insights", self.research_insights.len())?;
        let mut insights = self.research_insights.iter().enumerate();
        insights.try_for_each(|(i, given)| filled(&format!("research_insights[{i}]"), given))
    }
}

impl Check for TrialStarted {
    fn check(&self) -> Result<(), FieldError> {
        label("trial_id", &self.trial_id)?;
        label("program", &self.program)?;
        step("index", self.index)
    }
}

impl Check for TrialFinished {
    fn check(&self) -> Result<(), FieldError> {
        label("trial_id", &self.trial_id)?;
        label("program", &self.program)?;
        step("index", self.index)?;
        final_status(self.status, "a trial")?;
        if self.ended_at < self.started_at {
            return Err(FieldError::new("ended_at", "is before started_at"));
        }
        non_negative("latency_ms", self.latency_ms)?;
        if let Some(cost) = &self.cost {
            step("cost.tokens", cost.tokens)?;
            non_negative("cost.financial", Some(cost.financial))?;
        }
        let Some(given) = &self.error else { return Ok(()) };
        if self.status == Status::Completed {
            return Err(FieldError::new("error", "is there, and the status is completed"));
        }
        error(given)
    }
}
