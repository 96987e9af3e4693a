//! The tree: [`Rubric`] is what an author writes, [`Node`] is the rubric in its place, with children and
//! hooks.

mod call;
mod watcher;

pub use call::Call;
pub use watcher::{Started, Watcher};

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use crate::RubricError;
use crate::evaluation::{Evaluation, Frame, RubricPath};
use crate::hooks::{HookHandle, Hooks, panic_text, shielded};
use crate::parameter::Parameter;

/// A way to score an action against an observation.
///
/// Only [`forward`](Rubric::forward) is required. It reads its children through the call, so that the call
/// knows what was evaluated. Anything that changes between calls needs interior mutability: one tree may be
/// evaluated from several threads at once.
pub trait Rubric<A: ?Sized, O: ?Sized>: Send + Sync {
    /// The score; usually but not necessarily in 0 to 1. An error propagates to the caller of the root.
    fn forward(&self, call: &Call<'_, A, O>) -> Result<f64, RubricError>;

    /// The declared parameters: what a state holds and a tweak may change.
    fn parameters(&self) -> Vec<&Parameter> {
        Vec::new()
    }

    /// Clears what was gathered since the last reset. Parameters stay.
    fn reset(&self) {}

    /// Whether it can be called; lists and dictionaries of rubrics cannot.
    fn is_callable(&self) -> bool {
        true
    }
}

impl<A: ?Sized, O: ?Sized, R: Rubric<A, O> + ?Sized> Rubric<A, O> for Arc<R> {
    fn forward(&self, call: &Call<'_, A, O>) -> Result<f64, RubricError> {
        (**self).forward(call)
    }
    fn parameters(&self) -> Vec<&Parameter> {
        (**self).parameters()
    }
    fn reset(&self) {
        (**self).reset();
    }
    fn is_callable(&self) -> bool {
        (**self).is_callable()
    }
}

type PreHook<A, O> = dyn Fn(&Node<A, O>, &A, &O) + Send + Sync;
type PostHook<A, O> = dyn Fn(&Node<A, O>, &A, &O, f64) + Send + Sync;

/// A rubric in a tree. Cloning shares it: the same instance may be at several paths, and is scored at
/// each. Children are fixed when the node is made, so a tree has no cycles and its paths never change.
pub struct Node<A: ?Sized, O: ?Sized>(Arc<Inner<A, O>>);

struct Inner<A: ?Sized, O: ?Sized> {
    rubric: Box<dyn Rubric<A, O>>,
    children: Vec<(String, Node<A, O>)>,
    before: Hooks<PreHook<A, O>>,
    after: Hooks<PostHook<A, O>>,
    watchers: Hooks<dyn Watcher<A, O>>,
    /// The last score's bits, [`NO_SCORE`] where there is none.
    last_score: AtomicU64,
    hook_panics: AtomicU64,
    callable_paths: OnceLock<Vec<String>>,
}

/// A NaN that no arithmetic produces; scores that are NaN are stored as the usual one.
const NO_SCORE: u64 = u64::MAX;

impl<A: ?Sized, O: ?Sized> Clone for Node<A, O> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: ?Sized, O: ?Sized> std::fmt::Debug for Node<A, O> {
    /// The tree as nested names.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.0.children.iter().map(|(name, child)| (name, child))).finish()
    }
}

/// A rubric without children, from a function.
pub fn leaf<A: ?Sized + 'static, O: ?Sized + 'static>(
    score: impl Fn(&A, &O) -> f64 + Send + Sync + 'static,
) -> Node<A, O> {
    struct Leaf<F>(F);
    impl<A: ?Sized, O: ?Sized, F: Fn(&A, &O) -> f64 + Send + Sync> Rubric<A, O> for Leaf<F> {
        fn forward(&self, call: &Call<'_, A, O>) -> Result<f64, RubricError> {
            Ok((self.0)(call.action(), call.observation()))
        }
    }
    Node::new(Leaf(score))
}

impl<A: ?Sized + 'static, O: ?Sized + 'static> Node<A, O> {
    /// A rubric without children.
    pub fn new(rubric: impl Rubric<A, O> + 'static) -> Self {
        Self::assemble(Box::new(rubric), Vec::new())
    }

    /// A rubric with named children, in order. Refuses names that would break a path.
    pub fn with_children<N: Into<String>>(
        rubric: impl Rubric<A, O> + 'static,
        children: impl IntoIterator<Item = (N, Node<A, O>)>,
    ) -> Result<Self, RubricError> {
        let mut named: Vec<(String, Node<A, O>)> = Vec::new();
        for (name, child) in children {
            let name = name.into();
            let reason = if name.is_empty() {
                "it is empty"
            } else if name.contains('.') {
                "a dot separates the segments of a path"
            } else if name.chars().any(char::is_control) {
                "it contains a control character"
            } else if name == "root" {
                "that path is the whole tree's"
            } else if named.iter().any(|(other, _)| *other == name) {
                "a sibling has it"
            } else {
                named.push((name, child));
                continue;
            };
            return Err(RubricError::Name { name, reason });
        }
        Ok(Self::assemble(Box::new(rubric), named))
    }

    /// A rubric whose children have names that are known to keep the rules of [`Node::with_children`].
    pub fn assemble(rubric: Box<dyn Rubric<A, O>>, children: Vec<(String, Node<A, O>)>) -> Self {
        Self(Arc::new(Inner {
            rubric,
            children,
            before: Hooks::default(),
            after: Hooks::default(),
            watchers: Hooks::default(),
            last_score: AtomicU64::new(NO_SCORE),
            hook_panics: AtomicU64::new(0),
            callable_paths: OnceLock::new(),
        }))
    }

    /// Scores: pre-hooks, forward, `last_score`, post-hooks. The scores of the last call are cleared first,
    /// in the complete subtree, so that a rubric that this call skips has none.
    pub fn call(&self, action: &A, observation: &O) -> Result<f64, RubricError> {
        self.clear_scores();
        self.run(action, observation, &RubricPath::ROOT, None)
    }

    /// Like [`Node::call`], and returns which paths were evaluated.
    pub fn evaluate(&self, action: &A, observation: &O) -> Evaluation {
        self.clear_scores();
        let frame = Frame::default();
        let result = self.run(action, observation, &RubricPath::ROOT, Some(&frame));
        Evaluation { error: result.err().map(|e| e.to_string()), ..frame.close(self.callable_paths()) }
    }

    pub(crate) fn run(
        &self,
        action: &A,
        observation: &O,
        rubric_path: &RubricPath<'_>,
        outer: Option<&Frame>,
    ) -> Result<f64, RubricError> {
        let watchers = self.0.watchers.now();
        if watchers.is_empty() {
            return self.score(action, observation, rubric_path, outer);
        }
        // A watched node opens its own frame: the paths it reports are relative to itself, wherever in a tree
        // it is.
        let frame = Frame::default();
        let panics = &self.0.hook_panics;
        let started: Vec<Option<Started>> =
            watchers.iter().map(|(_, watcher)| shielded(panics, || watcher.started())).collect();
        let scored = catch_unwind(AssertUnwindSafe(|| {
            self.score(action, observation, &RubricPath::ROOT, Some(&frame))
        }));
        if let Some(outer) = outer {
            outer.absorb(&frame, rubric_path);
        }
        let error = match &scored {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(panic) => Some(format!("the rubric panicked: {}", panic_text(panic.as_ref()))),
        };
        let evaluation = Evaluation { error, ..frame.close(self.callable_paths()) };
        for ((_, watcher), started) in watchers.iter().zip(started) {
            if let Some(started) = started {
                shielded(panics, || watcher.ended(started, self, action, observation, &evaluation));
            }
        }
        scored.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn score(
        &self,
        action: &A,
        observation: &O,
        rubric_path: &RubricPath<'_>,
        frame: Option<&Frame>,
    ) -> Result<f64, RubricError> {
        for (_, hook) in self.0.before.now().iter() {
            shielded(&self.0.hook_panics, || hook(self, action, observation));
        }
        let score = self.0.rubric.forward(&Call::new(self, action, observation, rubric_path, frame))?;
        self.0.last_score.store(if score.is_nan() { f64::NAN } else { score }.to_bits(), Relaxed);
        if let Some(frame) = frame {
            frame.record(rubric_path.path(), score);
        }
        for (_, hook) in self.0.after.now().iter() {
            shielded(&self.0.hook_panics, || hook(self, action, observation, score));
        }
        Ok(score)
    }

    /// The score of the last call that evaluated this node, `None` where the last root call skipped it. With
    /// concurrent calls it is one of theirs; [`Node::evaluate`] and the observer separate them.
    pub fn last_score(&self) -> Option<f64> {
        let bits = self.0.last_score.load(Relaxed);
        (bits != NO_SCORE).then(|| f64::from_bits(bits))
    }

    fn clear_scores(&self) {
        self.0.last_score.store(NO_SCORE, Relaxed);
        self.0.children.iter().for_each(|(_, child)| child.clear_scores());
    }

    /// Runs `hook` before every forward of this node, after the hooks registered earlier.
    pub fn register_pre_hook(
        &self,
        hook: impl Fn(&Node<A, O>, &A, &O) + Send + Sync + 'static,
    ) -> HookHandle {
        self.0.before.add(Arc::new(hook))
    }

    /// Runs `hook` after every forward of this node that gave a score.
    pub fn register_hook(
        &self,
        hook: impl Fn(&Node<A, O>, &A, &O, f64) + Send + Sync + 'static,
    ) -> HookHandle {
        self.0.after.add(Arc::new(hook))
    }

    /// Reports every call of this node to `watcher`, start and end.
    pub fn watch(&self, watcher: Arc<dyn Watcher<A, O>>) -> HookHandle {
        self.0.watchers.add(watcher)
    }

    /// How many times a hook or watcher of this node panicked.
    pub fn hook_panics(&self) -> u64 {
        self.0.hook_panics.load(Relaxed)
    }

    /// The direct children, in order.
    pub fn children(&self) -> &[(String, Node<A, O>)] {
        &self.0.children
    }

    pub(crate) fn rubric(&self) -> &dyn Rubric<A, O> {
        self.0.rubric.as_ref()
    }

    /// Every descendant with its dotted path, depth-first, parents first. The node itself is not listed.
    pub fn named_rubrics(&self) -> Vec<(String, Node<A, O>)> {
        let mut named = Vec::new();
        self.gather("", &mut named);
        named
    }

    fn gather(&self, prefix: &str, named: &mut Vec<(String, Node<A, O>)>) {
        for (name, child) in &self.0.children {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            named.push((path.clone(), child.clone()));
            child.gather(&path, named);
        }
    }

    /// The descendant at a dotted path.
    pub fn get_rubric(&self, path: &str) -> Result<Node<A, O>, RubricError> {
        let missing = || RubricError::NotFound { path: path.to_owned() };
        path.split('.')
            .try_fold(self.clone(), |node, name| node.child(name).map(|(_, c)| c.clone()).ok_or_else(missing))
    }

    pub(crate) fn child(&self, name: &str) -> Option<(&str, &Node<A, O>)> {
        self.0.children.iter().find(|(other, _)| other == name).map(|(name, child)| (name.as_str(), child))
    }

    fn callable_paths(&self) -> &[String] {
        self.0.callable_paths.get_or_init(|| {
            let named = self.named_rubrics().into_iter();
            named.filter(|(_, node)| node.rubric().is_callable()).map(|(path, _)| path).collect()
        })
    }
}
