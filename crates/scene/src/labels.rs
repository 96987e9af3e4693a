//! Texts over the picture: few, never over one another, fading with distance.

/// What a label names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LabelKind {
    /// A node, by its step.
    Node,
    /// What failed at a node, and its score.
    Failure,
    /// The node the agent is at, or the selected one.
    Active,
}

/// A text over the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The node it names.
    pub at: [f32; 3],
    /// Its text, at most 32 characters.
    pub text: String,
    /// What it names.
    pub kind: LabelKind,
    /// The node's index.
    pub index: usize,
    /// 0 to 1, less with distance.
    pub opacity: f32,
    /// The middle of its text in normalised device coordinates, x to the right and y up, each within ±1.
    pub screen: [f32; 2],
}
