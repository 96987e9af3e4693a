//! The rubric paths a film knows, as a tree.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use gauntlet_model::MAX_PATH_BYTES;

/// Identifies a path within one film; it stays the same as the film grows, and is meaningless in another
/// film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PathId(pub(crate) u32);

/// A rubric path, or the group that dotted paths imply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Identifies it in this film.
    pub id: PathId,
    /// The dotted path.
    pub path: String,
    /// The last segment.
    pub name: String,
    /// How many segments precede the last.
    pub depth: u32,
    /// The path without its last segment, if it has one.
    pub parent: Option<PathId>,
    /// Whether a snapshot names it: scored or not evaluated there. Else it is a group of others.
    pub is_scored: bool,
}

/// Where a path first appeared: the lowest step, then the position in that step's snapshot.
pub(crate) type First = (u64, u32);

#[derive(Debug, Clone)]
struct Entry {
    path: String,
    parent: Option<u32>,
    /// `None` for a group nothing has scored.
    first: Option<First>,
}

#[derive(Debug, Clone, Default)]
struct Tree {
    paths: Vec<Path>,
    /// Position in `paths` by id.
    position: Vec<u32>,
}

/// Every path ever named, by id. The tree order is computed on demand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paths {
    entries: Vec<Entry>,
    ids: BTreeMap<String, u32>,
    tree: OnceLock<Tree>,
    /// The last snapshot's ids by position: the next one nearly always names the same.
    recent: Vec<u32>,
}

impl Paths {
    /// How many there are, groups included.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The text of a path.
    pub(crate) fn text(&self, id: u32) -> Option<&str> {
        self.entries.get(id as usize).map(|e| e.path.as_str())
    }

    /// The id of a path.
    pub(crate) fn id(&self, path: &str) -> Option<u32> {
        self.ids.get(path).copied()
    }

    /// Records that a snapshot of `step` has `path` at `position`. Returns its id and whether the tree
    /// changed; `None` for a text that is not a rubric path.
    pub(crate) fn note(&mut self, path: &str, step: u64, position: usize) -> Option<(u32, bool)> {
        let known = self.recent.get(position).copied().filter(|id| self.text(*id) == Some(path));
        let known = known.or_else(|| self.id(path));
        let first = (step, u32::try_from(position).unwrap_or(u32::MAX));
        let id = match known {
            Some(id) => id,
            None if is_path(path) => self.create(path)?,
            None => return None,
        };
        if position == self.recent.len() {
            self.recent.push(id);
        } else if let Some(recent) = self.recent.get_mut(position) {
            *recent = id;
        }
        let entry = self.entries.get_mut(id as usize)?;
        let earlier = entry.first.is_none_or(|known| first < known);
        if earlier {
            entry.first = Some(first);
            self.tree = OnceLock::new();
        }
        Some((id, earlier))
    }

    /// The paths that were named, each with where it first appeared.
    pub(crate) fn firsts(&self) -> impl Iterator<Item = (&str, First)> {
        self.entries.iter().filter_map(|entry| Some((entry.path.as_str(), entry.first?)))
    }

    /// Adds a path and the groups above it that are missing.
    fn create(&mut self, path: &str) -> Option<u32> {
        let mut parent = None;
        let ends = path.match_indices('.').map(|(end, _)| end).chain([path.len()]);
        for end in ends {
            let part = path.get(..end)?;
            let id = match self.ids.get(part) {
                Some(id) => *id,
                None => {
                    let id = u32::try_from(self.entries.len()).ok()?;
                    self.entries.push(Entry { path: part.to_owned(), parent, first: None });
                    self.ids.insert(part.to_owned(), id);
                    id
                }
            };
            parent = Some(id);
        }
        parent
    }

    /// The paths in tree order.
    pub(crate) fn paths(&self) -> &[Path] {
        &self.tree().paths
    }

    /// One path.
    pub(crate) fn path(&self, id: PathId) -> Option<&Path> {
        let tree = self.tree();
        tree.paths.get(*tree.position.get(id.0 as usize)? as usize)
    }

    fn tree(&self) -> &Tree {
        self.tree.get_or_init(|| Tree::of(&self.entries))
    }
}

impl Tree {
    fn of(entries: &[Entry]) -> Tree {
        // A group appears where the first of its descendants does.
        let mut first: Vec<First> = vec![(u64::MAX, u32::MAX); entries.len()];
        for (i, entry) in entries.iter().enumerate() {
            let Some(appearance) = entry.first else { continue };
            let mut at = Some(i);
            while let Some((slot, entry)) = at.and_then(|i| Some((first.get_mut(i)?, entries.get(i)?))) {
                *slot = appearance.min(*slot);
                at = entry.parent.map(|p| p as usize);
            }
        }
        let key = |i: &u32| {
            let i = *i as usize;
            let path = entries.get(i).map(|e| e.path.as_str());
            (path != Some("root"), first.get(i).copied(), path)
        };
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); entries.len()];
        let mut stack: Vec<u32> = Vec::new();
        for (i, entry) in (0u32..).zip(entries) {
            match entry.parent.and_then(|p| children.get_mut(p as usize)) {
                Some(siblings) => siblings.push(i),
                None => stack.push(i),
            }
        }
        // Depth-first: the stack holds the entries still to be listed, the next one on top.
        stack.sort_unstable_by(|a, b| key(b).cmp(&key(a)));
        let mut tree = Tree { paths: Vec::with_capacity(entries.len()), position: vec![0; entries.len()] };
        while let Some(i) = stack.pop() {
            let (Some(entry), Some(below)) = (entries.get(i as usize), children.get_mut(i as usize)) else {
                break;
            };
            if let Some(position) = tree.position.get_mut(i as usize) {
                *position = tree.paths.len() as u32;
            }
            tree.paths.push(entry.shown(i));
            below.sort_unstable_by(|a, b| key(b).cmp(&key(a)));
            stack.append(below);
        }
        tree
    }
}

impl Entry {
    fn shown(&self, id: u32) -> Path {
        Path {
            id: PathId(id),
            path: self.path.clone(),
            name: self.path.rsplit('.').next().unwrap_or_default().to_owned(),
            depth: self.path.bytes().filter(|b| *b == b'.').count() as u32,
            parent: self.parent.map(PathId),
            is_scored: self.first.is_some(),
        }
    }
}

/// Whether a text is a rubric path. Events are validated by the same rule, but a film may get facts that were
/// not.
fn is_path(path: &str) -> bool {
    path.len() <= MAX_PATH_BYTES && !path.split('.').any(str::is_empty) && !path.chars().any(char::is_control)
}
