//! The statistics of experiments: what a sample looks like ([`Summary`]), whether two differ ([`welch`],
//! [`paired_t`], [`mann_whitney`], [`wilcoxon`], [`mcnemar`]), by how much ([`cohens_d`], [`cliffs_delta`],
//! [`bootstrap`]), what is left of that when many are compared ([`holm`]), and how large a sample has to be
//! ([`power`]).
//!
//! Every number is checked against SciPy or statsmodels (`tests/reference.py`). All tests are two-sided.
//! Nothing here knows a clock; the one place that draws random numbers takes its seed as an argument.
//!
//! ```
//! use gauntlet_statistics::{cliffs_delta, welch};
//!
//! let before = [0.61, 0.58, 0.64, 0.6, 0.59];
//! let after = [0.66, 0.71, 0.65, 0.69, 0.7];
//! let test = welch(&after, &before)?;
//! assert!(test.p_value < 0.01 && test.interval.low > 0.0);
//! assert_eq!(cliffs_delta(&after, &before)?, 1.0);
//! # Ok::<(), gauntlet_statistics::StatisticsError>(())
//! ```

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod bootstrap;
mod correction;
mod effect;
mod error;
mod interval;
mod means;
mod noncentral_t;
mod power;
mod ranks;
mod sample;
mod summary;

pub use bootstrap::bootstrap;
pub use correction::holm;
pub use effect::{cliffs_delta, cohens_d, paired_d};
pub use error::StatisticsError;
pub use interval::{CONFIDENCE, Interval};
pub use means::{MeanTest, paired_t, student, welch};
pub use power::{Design, power, sample_size};
pub use ranks::{Method, RankTest, mann_whitney, mcnemar, wilcoxon};
pub use summary::{Histogram, Summary, histogram, quantile};
