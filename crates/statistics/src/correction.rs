//! Corrections of p values where several hypotheses are tested at once.

use crate::StatisticsError;

/// Holm's correction of several p values: each as it has to be read beside the others, in their order. The
/// probability that any of them is small by chance stays below the level they are compared with.
/// Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979.
///
/// # Errors
///
/// [`StatisticsError::OutOfRange`] for a value that is not from 0 to 1.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, StatisticsError> {
    if let Some(value) = p_values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(StatisticsError::OutOfRange { name: "p value", value: *value, range: "from 0 to 1" });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|i, j| p_values[*i].total_cmp(&p_values[*j]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut greatest = 0.0_f64;
    for (position, index) in order.into_iter().enumerate() {
        // An adjusted value is never below that of a smaller p.
        greatest = greatest.max((p_values.len() - position) as f64 * p_values[index]).min(1.0);
        adjusted[index] = greatest;
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_p_value_outside_of_its_range_is_refused() {
        assert_eq!(holm(&[0.1, 1.2]).unwrap_err().to_string(), "p value is 1.2, not from 0 to 1");
        assert_eq!(holm(&[]), Ok(vec![]));
    }
}
