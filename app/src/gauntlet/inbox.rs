//! What arrives from the feed between two frames.

use gauntlet_film::Film;
use gauntlet_model::FailureRules;

use crate::ports::{FeedState, FeedUpdate};

/// Updates that wait for the next frame.
///
/// While the page shows an overview, facts do not wait: they are folded at once into another film, which
/// takes the place of the overview when it is complete. Inserting a million steps between those of the
/// overview would take long, and move the selection with each; and hundreds of thousands of facts can arrive
/// between two slow frames, which take many times the memory of the film.
#[derive(Debug)]
pub(super) struct Inbox {
    rules: FailureRules,
    updates: Vec<FeedUpdate>,
    /// The film of every fact, while the page shows an overview.
    complete: Option<Film>,
}

impl Inbox {
    /// An inbox of a run that is judged as asked.
    pub(super) fn new(rules: FailureRules) -> Self {
        Self { rules, updates: Vec::new(), complete: None }
    }

    /// Takes an update from the feed.
    pub(super) fn put(&mut self, update: FeedUpdate) {
        match (&update, &mut self.complete) {
            (FeedUpdate::Facts(facts), Some(film)) => return facts.iter().for_each(|fact| film.apply(fact)),
            (FeedUpdate::Overview(_), complete @ None) => *complete = Some(Film::with_rules(self.rules)),
            (FeedUpdate::Rules(rules), complete) => {
                self.rules = *rules;
                complete.iter_mut().for_each(|film| film.set_rules(*rules));
            }
            _ => {}
        }
        self.updates.push(update);
    }

    /// What has arrived, in order.
    pub(super) fn take(&mut self) -> Vec<FeedUpdate> {
        std::mem::take(&mut self.updates)
    }

    /// The film that takes the place of the overview, once everything has arrived.
    pub(super) fn take_complete(&mut self, state: Option<&FeedState>) -> Option<Film> {
        self.complete.take_if(|_| state == Some(&FeedState::Live))
    }
}

#[cfg(test)]
mod tests {
    use gauntlet_film::Fact;
    use gauntlet_model::Scores;

    use super::super::test_film::scored;
    use super::*;

    fn fact(seq: u64, root: f64) -> Fact {
        scored(seq, seq, None, Scores::new([("root".to_owned(), root)]).unwrap())
    }

    #[test]
    fn facts_behind_an_overview_are_folded_as_they_arrive() {
        let mut inbox = Inbox::new(FailureRules::Auto);
        inbox.put(FeedUpdate::Facts(vec![fact(0, 1.0)]));
        assert!(matches!(inbox.take()[..], [FeedUpdate::Facts(_)]), "without an overview they wait");
        inbox.put(FeedUpdate::Overview(vec![fact(0, 1.0)]));
        assert!(matches!(inbox.take()[..], [FeedUpdate::Overview(_)]));
        (0..3).for_each(|seq| inbox.put(FeedUpdate::Facts(vec![fact(seq, 1.0)])));
        assert!(inbox.take().is_empty(), "nothing waits for the next frame");
        assert!(inbox.take_complete(Some(&FeedState::CatchingUp { head: 3 })).is_none());
        assert!(inbox.take_complete(None).is_none());
        assert_eq!(inbox.take_complete(Some(&FeedState::Live)).map(|film| film.len()), Some(3));
        inbox.put(FeedUpdate::Facts(vec![fact(3, 1.0)]));
        assert!(matches!(inbox.take()[..], [FeedUpdate::Facts(_)]), "and then they wait again");
    }

    #[test]
    fn the_complete_film_is_judged_by_the_rules_in_force() {
        let rules = FailureRules::RootBelow(2.0);
        for is_late in [false, true] {
            let mut inbox = Inbox::new(FailureRules::Auto);
            let updates = [FeedUpdate::Overview(Vec::new()), FeedUpdate::Rules(rules)];
            let order = if is_late { [0, 1] } else { [1, 0] };
            order.into_iter().for_each(|i| inbox.put(updates[i].clone()));
            inbox.put(FeedUpdate::Facts(vec![fact(0, 1.0)]));
            let film = inbox.take_complete(Some(&FeedState::Live)).unwrap();
            assert_eq!(film.failing(), 1);
        }
    }
}
