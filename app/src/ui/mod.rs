//! Shared by several pages: numbers as text, labels, icons, access to browser features, file uploads.

pub(crate) mod address;
mod browser;
mod copy;
mod dialog;
mod drop_zone;
mod erase;
pub(crate) mod format;
mod frames;
mod icon;
mod importer;
mod labels;
mod look;
mod mark;
mod not_found;
mod notices;
mod number;
mod search_box;
mod theme;
mod title;
mod upload;

pub(crate) use address::{charts_address, monitors_address, project_address, run_address};
pub(crate) use browser::{
    Resized, element_size, focus_on, focus_on_slash, hand_over, handed_over, in_text_field, local_clock,
    local_time, now_ms, on_control, open_document, pixel_ratio, prefers_reduced_motion, query_parameter,
    replace_query, store, stored, this_address, this_path,
};
pub(crate) use copy::Copied;
pub(crate) use dialog::Dialog;
pub(crate) use drop_zone::{DropZone, FilePicker};
pub(crate) use erase::Erase;
pub(crate) use format::{ago, column_score, duration, grouped, isolated, percent, quantity, score, utc};
pub(crate) use frames::EachFrame;
pub(crate) use icon::{Icon, Shape};
pub(crate) use importer::provide_importer;
pub(crate) use labels::{
    alert_count, capital, failure_class, failure_title, failure_word, is_contact_lost, run_status,
    severity_class, state_class, state_word, status_word,
};
pub(crate) use look::{Look, looks, swatch};
pub(crate) use mark::Mark;
pub(crate) use not_found::NotFoundPage;
pub(crate) use number::number;
pub(crate) use search_box::SearchBox;
pub(crate) use theme::ThemeSwitch;
pub use theme::{APPLY as APPLY_THEME, PLAIN_PAGE};
pub(crate) use title::PageTitle;
