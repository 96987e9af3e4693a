//! The noncentral t distribution: that of t where the means do differ, which power is computed from.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::beta::beta_reg;
use statrs::function::gamma::ln_gamma;

/// Noncentralities beyond this are so far from 0 that the probability is 0 or 1 to every digit that counts.
const FARTHEST: f64 = 37.0;
/// The sum ends where a term adds less than this.
const NEGLIGIBLE: f64 = 1e-17;

/// The probability of a t of at most `t`, by the series of Lenth, "Algorithm AS 243: Cumulative Distribution
/// Function of the Non-Central t Distribution", 1989.
pub(crate) fn cdf(t: f64, degrees: f64, noncentrality: f64) -> f64 {
    if t < 0.0 {
        return 1.0 - cdf(-t, degrees, -noncentrality);
    }
    if noncentrality.abs() > FARTHEST {
        return if noncentrality > 0.0 { 0.0 } else { 1.0 };
    }
    let at_zero = Normal::standard().cdf(-noncentrality);
    let x = t * t / (degrees + t * t);
    let half = noncentrality * noncentrality / 2.0;
    if x == 0.0 || half == 0.0 {
        return at_zero + 0.5 * beta_part(x, 0.5, degrees);
    }
    let (mut sum, mut j) = (0.0, 0.0);
    loop {
        // The weights of a Poisson distribution with mean `half`, at whole and at half numbers.
        let even = (-half + j * half.ln() - ln_gamma(j + 1.0)).exp();
        let odd = (-half + (j + 0.5) * half.ln() - ln_gamma(j + 1.5)).exp() * noncentrality.signum();
        let term = even * beta_part(x, j + 0.5, degrees) + odd * beta_part(x, j + 1.0, degrees);
        sum += term;
        // Terms grow up to the mean of the weights.
        if j > half && even.max(odd.abs()) < NEGLIGIBLE {
            return (at_zero + 0.5 * sum).clamp(0.0, 1.0);
        }
        j += 1.0;
    }
}

/// The regularised incomplete beta function with the second parameter of half the degrees of freedom.
fn beta_part(x: f64, a: f64, degrees: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { beta_reg(a, degrees / 2.0, x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_from_zero_it_is_certain() {
        assert_eq!(cdf(2.0, 10.0, 50.0), 0.0);
        assert_eq!(cdf(-2.0, 10.0, -50.0), 1.0);
        assert!((cdf(0.0, 10.0, 0.0) - 0.5).abs() < 1e-15);
    }
}
