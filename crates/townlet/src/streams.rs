//! Randomness: a stream for each use, seeded from the seed of the world and the name of the stream.
//!
//! A new use of randomness changes no other stream. How far each stream has come is part of the saved world.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The streams of a world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub(crate) struct Streams {
    seed: u64,
    streams: BTreeMap<String, Stream>,
}

/// What is saved of the streams: how many words of 4 bytes each has given out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    seed: u64,
    positions: BTreeMap<String, u64>,
}

impl From<Saved> for Streams {
    fn from(saved: Saved) -> Self {
        let streams = saved.positions.into_iter().map(|(name, position)| {
            let stream = Stream::new(saved.seed, &name, position);
            (name, stream)
        });
        Self { seed: saved.seed, streams: streams.collect() }
    }
}

impl From<Streams> for Saved {
    fn from(streams: Streams) -> Self {
        let positions = streams.streams.into_iter().map(|(name, stream)| (name, stream.position()));
        Self { seed: streams.seed, positions: positions.collect() }
    }
}

impl Streams {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, streams: BTreeMap::new() }
    }

    /// The stream of that name, begun where it was not used before.
    pub(crate) fn named(&mut self, name: &str) -> &mut Stream {
        self.streams.entry(name.to_owned()).or_insert_with(|| Stream::new(self.seed, name, 0))
    }
}

/// A stream of randomness.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    fn new(seed: u64, name: &str, position: u64) -> Self {
        let digest = Sha256::digest(format!("{seed}:{name}"));
        let mut rng = ChaCha8Rng::from_seed(digest.into());
        rng.set_word_pos(u128::from(position));
        Self(rng)
    }

    /// No stream gives out 2^64 words.
    fn position(&self) -> u64 {
        u64::try_from(self.0.get_word_pos()).unwrap_or(u64::MAX)
    }

    /// A number from 0 to 1, without 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number between two bounds, without the upper one.
    pub(crate) fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    /// A whole number from 0 to `limit`, without `limit`; 0 where that is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(limit)) >> 64) as u64
    }

    /// Whether something of that probability happens.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the items; `None` where there are none.
    pub(crate) fn choose<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// Brings items into a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_goes_on_where_it_was_saved() {
        let mut streams = Streams::new(7);
        for _ in 0..13 {
            streams.named("chat").unit();
        }
        let text = serde_json::to_string(&streams).unwrap();
        let mut loaded: Streams = serde_json::from_str(&text).unwrap();
        for _ in 0..100 {
            assert_eq!(streams.named("chat").below(1000), loaded.named("chat").below(1000));
        }
        assert_eq!(streams, loaded);
    }

    #[test]
    fn streams_of_other_names_and_seeds_differ_and_do_not_disturb_each_other() {
        let draw = |seed: u64, name: &str| {
            let mut streams = Streams::new(seed);
            (0..8).map(|_| streams.named(name).below(1 << 40)).collect::<Vec<_>>()
        };
        assert_ne!(draw(7, "chat"), draw(7, "layout"));
        assert_ne!(draw(7, "chat"), draw(8, "chat"));
        let mut streams = Streams::new(7);
        let mixed: Vec<_> = (0..8)
            .map(|_| {
                streams.named("layout").unit();
                streams.named("chat").below(1 << 40)
            })
            .collect();
        assert_eq!(mixed, draw(7, "chat"));
    }
}
