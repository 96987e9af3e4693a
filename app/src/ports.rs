//! What the pages need from the browser around them: events as they come, and something that draws.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use gauntlet_film::Fact;
use gauntlet_model::RunId;
use gauntlet_scene::Scene;

/// Where the connection to a run stands.
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

/// What a feed says.
#[derive(Debug, Clone)]
pub enum FeedUpdate {
    /// New facts, in any order; facts already seen may come again.
    Facts(Vec<Fact>),
    /// The connection changed.
    State(FeedState),
}

/// What is done with a file on its way in, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilePhase {
    /// Its bytes go to the server.
    Sending,
    /// The server reads it to its end, so that a file with a mistake leaves nothing behind.
    Checking,
    /// Its events are added to the log.
    Adding,
}

/// What is said of a file on its way in.
#[derive(Debug, Clone, PartialEq)]
pub enum FileUpdate {
    /// How far it has come.
    Progress {
        /// What is done with it.
        phase: FilePhase,
        /// Bytes of it that are done in this phase.
        done_bytes: f64,
    },
    /// The server is away or busy, in words for people; it is asked again.
    Away(String),
    /// It became a run.
    Done {
        /// The run's id.
        run: String,
        /// What was read differently from how it is written, in the server's words.
        notes: Vec<String>,
    },
    /// It did not open.
    Failed {
        /// What is wrong, in the server's words.
        words: String,
        /// Whether what can be read of it can be imported.
        is_readable: bool,
    },
}

/// A run's events, past then present, on one path of code; resumes by itself after the last fact it delivered.
pub trait Feed {
    /// Follows a run from behind `after` (the last sequence number seen; `None`: from the start). Dropping the
    /// returned value ends it.
    fn follow(&self, run: &RunId, after: Option<u64>, on: Rc<dyn Fn(FeedUpdate)>) -> Box<dyn Any>;

    /// Sends a result file to the server, behind those that are on their way already. With `partial` one that is
    /// broken or cut is imported as far as it can be read. `on` hears how it stands, and ends it by answering `false`.
    fn import(&self, file: web_sys::File, partial: bool, on: Rc<dyn Fn(FileUpdate) -> bool>);
}

/// Makes a drawing surface of a canvas.
pub trait Stage {
    /// Takes the canvas. Fails with a sentence for people where WebGL2 is missing.
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
    /// Where events come from.
    pub feed: Rc<dyn Feed>,
    /// What draws.
    pub stage: Rc<dyn Stage>,
}

thread_local! {
    // A browser has one thread; on a server nothing is ever put here.
    static PORTS: RefCell<Option<Ports>> = const { RefCell::new(None) };
}

/// Gives the pages their ports. The browser calls it once, before it hydrates; the server never does.
pub fn provide_ports(ports: Ports) {
    PORTS.with(|held| *held.borrow_mut() = Some(ports));
}

/// The browser's ports; `None` on the server.
pub fn use_ports() -> Option<Ports> {
    PORTS.with(|held| held.borrow().clone())
}
