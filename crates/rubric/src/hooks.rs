//! Hooks: what runs before and after a rubric, first registered first run, removable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::RwLock;

/// An ordered list of hooks. Running takes a copy of the list first, so a hook may add and remove hooks.
pub(crate) struct Hooks<T: ?Sized>(Arc<List<T>>);

/// Hooks with their ids, shared so that a call in flight keeps the list it started with.
type Listed<T> = Arc<Vec<(u64, Arc<T>)>>;

struct List<T: ?Sized> {
    hooks: RwLock<Listed<T>>,
    next_id: AtomicU64,
}

impl<T: ?Sized> Default for Hooks<T> {
    fn default() -> Self {
        Self(Arc::new(List { hooks: RwLock::default(), next_id: AtomicU64::new(0) }))
    }
}

impl<T: ?Sized + Send + Sync + 'static> Hooks<T> {
    pub(crate) fn add(&self, hook: Arc<T>) -> HookHandle {
        let id = self.0.next_id.fetch_add(1, Relaxed);
        self.0.change(|list| list.push((id, hook)));
        let list = Arc::downgrade(&self.0);
        HookHandle(Box::new(move || {
            if let Some(list) = list.upgrade() {
                list.change(|hooks| hooks.retain(|(other, _)| *other != id));
            }
        }))
    }

    /// The hooks as they are now, in order.
    pub(crate) fn now(&self) -> Listed<T> {
        self.0.hooks.read().clone()
    }
}

impl<T: ?Sized> List<T> {
    fn change(&self, change: impl FnOnce(&mut Vec<(u64, Arc<T>)>)) {
        let mut hooks = self.hooks.write();
        let mut changed = Vec::clone(&hooks);
        change(&mut changed);
        *hooks = Arc::new(changed);
    }
}

/// Removes the hook it was returned for. Dropping the handle leaves the hook where it is.
pub struct HookHandle(Box<dyn Fn() + Send + Sync>);

impl HookHandle {
    /// Takes the hook out. A call already running it finishes it.
    pub fn remove(self) {
        (self.0)();
    }
}

impl std::fmt::Debug for HookHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HookHandle")
    }
}

/// Runs a hook or a watcher. A panic of it is counted and goes no further, so that it cannot break a score.
pub(crate) fn shielded<R>(panics: &AtomicU64, run: impl FnOnce() -> R) -> Option<R> {
    let result = catch_unwind(AssertUnwindSafe(run));
    if result.is_err() {
        panics.fetch_add(1, Relaxed);
    }
    result.ok()
}

/// The message of a panic.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
