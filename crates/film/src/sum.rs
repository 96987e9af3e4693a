//! An exact sum: whatever order numbers come and go in, the rounded result is the same.
//!
//! Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates" (1997): the
//! sum is held as non-overlapping partials. They are few: at most about 40, in practice one to three.

/// Finite numbers are added scaled down by 2^-32, so that 2^32 of the largest still do not overflow.
const SCALE: f64 = 1.0 / 4_294_967_296.0;

/// A sum of finite numbers, for their mean.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sum {
    partials: Vec<f64>,
    count: u64,
}

impl Sum {
    /// The sum that [`Sum::partials`] and [`Sum::count`] were read from.
    pub fn from_parts(partials: Vec<f64>, count: u64) -> Self {
        Self { partials, count }
    }

    /// The partials, to store the sum.
    pub fn partials(&self) -> &[f64] {
        &self.partials
    }

    /// How many numbers it is the sum of.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds one number.
    pub fn add(&mut self, value: f64) {
        self.count = self.count.saturating_add(1);
        self.grow(value * SCALE);
    }

    /// Takes back a number added before.
    pub fn remove(&mut self, value: f64) {
        self.count = self.count.saturating_sub(1);
        self.grow(-value * SCALE);
    }

    fn grow(&mut self, value: f64) {
        // Two-sum (Knuth) of the value with each partial: `sum` is the rounded sum, `lost` the exact rounding
        // error, which becomes a partial.
        let mut carried = value;
        let mut partials = Vec::with_capacity(self.partials.len() + 1);
        for &partial in &self.partials {
            let (big, small) =
                if carried.abs() < partial.abs() { (partial, carried) } else { (carried, partial) };
            let sum = big + small;
            let lost = small - (sum - big);
            if lost != 0.0 {
                partials.push(lost);
            }
            carried = sum;
        }
        if carried != 0.0 {
            partials.push(carried);
        }
        self.partials = partials;
    }

    /// The mean of the numbers: the exact sum, rounded once, over their count.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.rounded() / self.count as f64 / SCALE)
    }

    /// The exact sum rounded to the nearest number, ties to even: the partials from the largest down, until
    /// one no longer changes the result, then the correction for a tie the rest decides.
    fn rounded(&self) -> f64 {
        let mut rest = self.partials.iter().rev().copied();
        let mut sum = rest.next().unwrap_or(0.0);
        while let Some(partial) = rest.next() {
            let before = sum;
            sum = before + partial;
            let lost = partial - (sum - before);
            if lost == 0.0 {
                continue;
            }
            let same_side = rest.next().is_some_and(|next| (next < 0.0) == (lost < 0.0));
            let further = sum + lost * 2.0;
            // The remainder is exactly half a unit in the last place, so the addition rounded to even.
            // Partials below it on the same side make the exact sum more than half: it must round the other
            // way.
            if same_side && further - sum == lost * 2.0 {
                sum = further;
            }
            break;
        }
        sum
    }
}

/// The mean of finite numbers: their exact sum, rounded once, over their count. It is clamped to their range,
/// which rounding could leave, so the mean of equal numbers is that number. `None` for no numbers.
pub fn mean(values: &[f64]) -> Option<f64> {
    let mut sum = Sum::default();
    values.iter().for_each(|value| sum.add(*value));
    let low = values.iter().copied().reduce(f64::min)?;
    let high = values.iter().copied().reduce(f64::max)?;
    sum.mean().map(|mean| mean.max(low).min(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_order_changes_the_mean() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[0.1, 0.2, 0.3]), mean(&[0.3, 0.1, 0.2]));
        assert_eq!(mean(&[1e100, 1.0, -1e100, 1.0]), Some(0.5));
        assert_eq!(mean(&[f64::MAX; 8]), Some(f64::MAX));
    }

    #[test]
    fn what_is_taken_back_leaves_no_trace() {
        let mut sum = Sum::default();
        sum.add(0.1);
        sum.add(1e300);
        sum.remove(1e300);
        assert_eq!(sum.mean(), Some(0.1));
    }
}
