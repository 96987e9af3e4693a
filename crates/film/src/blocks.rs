//! Which parts of a film changed: viewers keep what they computed of the other parts.

/// Nodes in a block, by index.
pub const BLOCK: usize = 64;

/// For each block of nodes, the revision of the film at its last change.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blocks(Vec<u64>);

impl Blocks {
    /// Notes that the node at a rank changed.
    pub(crate) fn touch(&mut self, rank: usize, revision: u64) {
        let block = rank / BLOCK;
        if self.0.len() <= block {
            self.0.resize(block + 1, revision);
        }
        if let Some(known) = self.0.get_mut(block) {
            *known = revision;
        }
    }

    /// Notes that every node from a rank on changed: one was inserted before them, or another rule judges.
    pub(crate) fn touch_from(&mut self, rank: usize, revision: u64) {
        self.0.iter_mut().skip(rank / BLOCK).for_each(|known| *known = revision);
    }

    /// The revision at which a block last changed; 0 for one without nodes.
    pub(crate) fn revision(&self, block: usize) -> u64 {
        self.0.get(block).copied().unwrap_or_default()
    }
}
