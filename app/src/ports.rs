//! What the pages get from the browser: file uploads, the changes of the list of runs; on the run page also a
//! feed of facts, and a stage that draws.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use gauntlet_film::Fact;
use gauntlet_model::{FailureRules, RunId};
use gauntlet_scene::Scene;

/// State of the connection to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedState {
    /// Nothing has arrived yet.
    Connecting,
    /// The past is arriving; the log ends at `head` for now.
    CatchingUp {
        /// Events in the log when the connection was made.
        head: u64,
    },
    /// Everything up to the newest event is here.
    Live,
    /// The connection is gone; the next attempt follows after this many seconds.
    Lost {
        /// Seconds until the next attempt.
        retry_secs: u32,
    },
    /// There is no such run.
    Missing,
}

/// An update of a feed.
#[derive(Debug, Clone)]
pub enum FeedUpdate {
    /// Some of the facts that will come: those that shape the picture of the whole run. They come before any
    /// other, so that a long run is seen at once.
    Overview(Vec<Fact>),
    /// New facts, in any order; facts already seen may come again.
    Facts(Vec<Fact>),
    /// The rules that the run asks for now; those known already may come again.
    Rules(FailureRules),
    /// The version of the effects of the run's project; the one known already may come again.
    Effects(u64),
    /// The connection changed.
    State(FeedState),
}

/// The phases of an upload, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilePhase {
    /// Its bytes are sent to the server.
    Sending,
    /// The server reads it to its end, so that a file with a mistake leaves nothing behind.
    Checking,
    /// Its events are added to the log.
    Adding,
}

/// An update of an upload.
#[derive(Debug, Clone, PartialEq)]
pub enum FileUpdate {
    /// Progress of a phase.
    Progress {
        /// The phase.
        phase: FilePhase,
        /// Bytes done in this phase.
        done_bytes: f64,
    },
    /// The server cannot be reached or is busy, as a sentence; the request is repeated.
    Disconnected(String),
    /// It became a run.
    Done {
        /// The run's id.
        run: String,
        /// Notes of the import: what was read differently from how it is written.
        notes: Vec<String>,
    },
    /// It could not be imported.
    Failed {
        /// The server's message.
        message: String,
        /// Whether the readable part of it can be imported.
        is_readable: bool,
    },
}

/// The facts of runs, past and live; resumes by itself after the last fact it delivered.
pub trait Feed {
    /// Follows a run after sequence number `after` (`None`: from the start). Dropping the returned value ends
    /// it.
    fn follow(&self, run: &RunId, after: Option<u64>, on: Rc<dyn Fn(FeedUpdate)>) -> Box<dyn Any>;
}

/// Uploads of result files.
pub trait Uploads {
    /// Queues a result file for upload. With `partial`, a broken file is imported as far as it can be read.
    /// `on` receives the updates, and cancels the upload by returning `false`.
    fn import(&self, file: web_sys::File, partial: bool, on: Rc<dyn Fn(FileUpdate) -> bool>);
}

/// What the page hears of the list of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListUpdate {
    /// There is a connection, and any run may have changed.
    Changed,
    /// There is no connection; it is tried again.
    Lost,
}

/// The changes of the list of runs.
pub trait Changes {
    /// Calls `on` at once, and whenever any run has changed or the connection is lost. Dropping the returned
    /// value ends it.
    fn follow(&self, on: Rc<dyn Fn(ListUpdate)>) -> Box<dyn Any>;
}

/// Makes canvases drawable.
pub trait Stage {
    /// Attaches to a canvas.
    ///
    /// # Errors
    /// A sentence for people, where WebGL2 is missing.
    fn attach(&self, canvas: web_sys::HtmlCanvasElement) -> Result<Box<dyn StageView>, String>;
}

/// A surface that draws scenes.
pub trait StageView {
    /// Draws one frame; sizes are in device pixels.
    fn draw(&mut self, scene: &Scene, width_px: u32, height_px: u32);
}

/// The browser's ports.
#[derive(Clone)]
pub struct Ports {
    /// The uploads.
    pub uploads: Rc<dyn Uploads>,
    /// The changes of the list of runs.
    pub changes: Rc<dyn Changes>,
    /// What the run page needs besides; `None` in a bundle without that page.
    pub run: Option<RunPorts>,
}

/// The ports of the run page.
#[derive(Clone)]
pub struct RunPorts {
    /// The feed.
    pub feed: Rc<dyn Feed>,
    /// The stage.
    pub stage: Rc<dyn Stage>,
}

thread_local! {
    // A browser has one thread. On the server this stays empty.
    static PORTS: RefCell<Option<Ports>> = const { RefCell::new(None) };
}

/// Provides the ports to the pages. The browser calls it once before hydration; the server never does.
pub fn provide_ports(ports: Ports) {
    PORTS.with(|held| *held.borrow_mut() = Some(ports));
}

/// The browser's ports; `None` on the server.
pub fn use_ports() -> Option<Ports> {
    PORTS.with(|held| held.borrow().clone())
}
