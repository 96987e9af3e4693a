//! What several pages share: numbers as text, icons, the browser's small services, opening files.

mod browser;
mod copy;
mod erase;
mod format;
mod frames;
mod icon;
mod importer;
mod incoming;
mod mark;
mod search_box;
mod theme;
mod title;
mod words;

pub(crate) use browser::{
    Resized, element_size, in_text_field, now_ms, on_control, pixel_ratio, prefers_reduced_motion,
    query_parameter, replace_query, this_address,
};
pub(crate) use copy::Copied;
pub(crate) use erase::Erase;
pub(crate) use format::{ago, duration, grouped, percent, quantity, score, utc};
pub(crate) use frames::EachFrame;
pub(crate) use icon::{Icon, Shape};
pub(crate) use importer::{DropZone, FilePicker, provide_importer, run_address};
pub(crate) use mark::Mark;
pub(crate) use search_box::SearchBox;
pub use theme::APPLY as APPLY_THEME;
pub(crate) use theme::ThemeSwitch;
pub(crate) use title::PageTitle;
pub(crate) use words::{
    capital, failure_class, failure_title, failure_word, is_contact_lost, run_status, state_class,
    state_word, status_word,
};
