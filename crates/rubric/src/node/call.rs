//! A call as the rubric sees it: the action, the observation, and the way to its children.

use super::Node;
use crate::RubricError;
use crate::evaluation::{Frame, RubricPath};

/// What [`Rubric::forward`](crate::Rubric::forward) works on. Children are scored through it, so that the
/// call knows which were evaluated. It may be shared with scoped threads to score children in parallel.
pub struct Call<'a, A: ?Sized, O: ?Sized> {
    node: &'a Node<A, O>,
    action: &'a A,
    observation: &'a O,
    rubric_path: &'a RubricPath<'a>,
    frame: Option<&'a Frame>,
}

impl<'a, A: ?Sized + 'static, O: ?Sized + 'static> Call<'a, A, O> {
    pub(crate) fn new(
        node: &'a Node<A, O>,
        action: &'a A,
        observation: &'a O,
        rubric_path: &'a RubricPath<'a>,
        frame: Option<&'a Frame>,
    ) -> Self {
        Self { node, action, observation, rubric_path, frame }
    }

    /// Scores the child at a dotted path below this rubric. The rubrics between are passed through, not
    /// evaluated: that is how a parent calls a member of its list.
    pub fn score(&self, path: &str) -> Result<f64, RubricError> {
        let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
        let missing = || RubricError::NotFound { path: path.to_owned() };
        let (name, child) = self.node.child(head).ok_or_else(missing)?;
        let rubric_path = self.rubric_path.below(name);
        match rest {
            None => child.run(self.action, self.observation, &rubric_path, self.frame),
            Some(rest) => {
                Call::new(child, self.action, self.observation, &rubric_path, self.frame).score(rest)
            }
        }
    }

    /// Scores the direct child at a 0-based position.
    pub fn score_at(&self, index: usize) -> Result<f64, RubricError> {
        let missing = || RubricError::NotFound { path: index.to_string() };
        let (name, child) = self.node.children().get(index).ok_or_else(missing)?;
        child.run(self.action, self.observation, &self.rubric_path.below(name), self.frame)
    }
}

impl<'a, A: ?Sized, O: ?Sized> Call<'a, A, O> {
    /// What the agent did.
    pub fn action(&self) -> &'a A {
        self.action
    }

    /// Its result.
    pub fn observation(&self) -> &'a O {
        self.observation
    }

    /// The node being called.
    pub fn node(&self) -> &'a Node<A, O> {
        self.node
    }
}
