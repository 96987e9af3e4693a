//! The browser side: hydration, the feed, the stage. Empty on any other target.
