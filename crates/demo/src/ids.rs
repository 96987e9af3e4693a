//! Event ids of the demo: made from the run's id, the seed and a counter, so that a repeated run repeats
//! them.

use gauntlet_model::{EventId, RunId, RunSummary};

/// Gives ids in order.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    run: RunId,
    base: u128,
    next: u64,
}

impl Ids {
    pub(crate) fn new(run: RunId, seed: u64) -> Self {
        let base =
            mix(u128::from_be_bytes(*RunSummary::started_event_id(&run).as_bytes()) ^ u128::from(seed));
        Self { run, base, next: 0 }
    }

    /// The id that a server gives the `run.started` event of that run. The demo uses it too, so that the
    /// event is
    /// stored once.
    pub(crate) fn started(&self) -> EventId {
        RunSummary::started_event_id(&self.run)
    }

    /// A UUID of version 8 (RFC 9562, section 5.8: bits of one's own making).
    pub(crate) fn next(&mut self) -> EventId {
        self.next += 1;
        let bits = mix(self.base.wrapping_add(u128::from(self.next)));
        let cleared = bits & !(0xf << 76) & !(0b11 << 62);
        EventId::from_u128(cleared | 0x8 << 76 | 0b10 << 62)
    }
}

/// A bijection that spreads every bit (two rounds of xor-shift and multiplication by an odd constant).
fn mix(mut bits: u128) -> u128 {
    for _ in 0..2 {
        bits ^= bits >> 61;
        bits = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    }
    bits ^ bits >> 67
}
