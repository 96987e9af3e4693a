//! Numbers and times as text, the same on the server and in any browser.

use gauntlet_model::Timestamp;
pub(crate) use gauntlet_scene::{column_score, grouped, quantity, score};

/// A share (0 to 1) in percent: `10 %`, with one place below ten.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// A name inside a sentence: where it runs from right to left, isolated, so that it does not reorder the
/// numbers beside it.
pub(crate) fn isolated(name: &str) -> String {
    let is_rtl =
        |c: char| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}');
    match name.contains(is_rtl) {
        true => format!("\u{2068}{name}\u{2069}"),
        false => name.to_owned(),
    }
}

/// A length of time given in milliseconds: `0.4 ms`, `12 ms`, `1.24 s`, `3 min 20 s`.
pub(crate) fn duration(millis: f64) -> String {
    match millis {
        m if m < 10.0 => format!("{m:.1} ms"),
        m if m < 1000.0 => format!("{m:.0} ms"),
        m if m < 59_995.0 => format!("{:.2} s", m / 1000.0),
        m if m < 3_599_500.0 => {
            let secs = (m / 1000.0).round();
            format!("{:.0} min {:.0} s", (secs / 60.0).floor(), secs % 60.0)
        }
        m if m < 172_800_000.0 => format!("{:.1} h", m / 3_600_000.0),
        m => format!("{:.0} days", m / 86_400_000.0),
    }
}

/// A number of bytes: `640 kB`, `12.5 MB`, `1.24 GB`.
pub(crate) fn bytes(count: f64) -> String {
    match count {
        b if b < 1e3 => format!("{b:.0} B"),
        b if b < 1e6 => format!("{:.0} kB", b / 1e3),
        b if b < 1e8 => format!("{:.1} MB", b / 1e6),
        b if b < 1e9 => format!("{:.0} MB", b / 1e6),
        b => format!("{:.2} GB", b / 1e9),
    }
}

/// A share (0 to 1) that is done, in whole percent: 100 % only when it is.
pub(crate) fn percent_done(share: f64) -> String {
    format!("{:.0} %", (share.clamp(0.0, 1.0) * 100.0).floor())
}

/// The remaining time, about: `12 s left`, `3 min left`.
pub(crate) fn time_left(secs: f64) -> String {
    match secs {
        s if s < 99.5 => format!("{:.0} s left", s.ceil()),
        s if s < 3600.0 => format!("{:.0} min left", (s / 60.0).ceil()),
        s => format!("{:.1} h left", s / 3600.0),
    }
}

/// An instant to the second, UTC: `2026-11-21 00:06:33`.
pub(crate) fn utc(at: Timestamp) -> String {
    at.to_string().chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// The time from an instant to `now_ms` (milliseconds since the Unix epoch): `now`, `12 s ago`, `3 d ago`.
pub(crate) fn ago(at: Timestamp, now_ms: f64) -> String {
    let secs = ((now_ms - at.micros() as f64 / 1000.0) / 1000.0).max(0.0);
    match secs {
        s if s < 5.0 => "now".to_owned(),
        s if s < 60.0 => format!("{s:.0} s ago"),
        s if s < 3600.0 => format!("{:.0} min ago", (s / 60.0).floor()),
        s if s < 86_400.0 => format!("{:.0} h ago", (s / 3600.0).floor()),
        s => format!("{:.0} d ago", (s / 86_400.0).floor()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            (percent(0.0), percent(0.1), percent(0.034)),
            ("0 %".into(), "10 %".into(), "3.4 %".into())
        );
        assert_eq!(
            (duration(0.42), duration(1240.0), duration(200_000.0)),
            ("0.4 ms".into(), "1.24 s".into(), "3 min 20 s".into())
        );
        let rounded = [59_999.0, 119_600.0, 3_599_600.0].map(duration);
        assert_eq!(rounded, ["1 min 0 s", "2 min 0 s", "1.0 h"], "no minute has 60 seconds");
    }

    #[test]
    fn what_is_done_and_left_reads_well() {
        let sizes = [640.0, 4_200.0, 12_540_000.0, 204_000_000.0, 1_240_000_000.0].map(bytes);
        assert_eq!(sizes, ["640 B", "4 kB", "12.5 MB", "204 MB", "1.24 GB"]);
        assert_eq!([0.0, 0.42, 0.999, 1.0].map(percent_done), ["0 %", "42 %", "99 %", "100 %"]);
        assert_eq!(
            [0.2, 59.0, 121.0, 7200.0].map(time_left),
            ["1 s left", "59 s left", "3 min left", "2.0 h left"]
        );
    }

    #[test]
    fn a_name_that_runs_from_right_to_left_is_isolated() {
        assert_eq!(isolated("grounding"), "grounding");
        assert_eq!(isolated("דיוק"), "\u{2068}דיוק\u{2069}");
    }

    #[test]
    fn times_read_well() {
        let at: Timestamp = "2026-11-21T00:06:33.885877Z".parse().expect("a time");
        assert_eq!(utc(at), "2026-11-21 00:06:33");
        let millis = at.micros() as f64 / 1000.0;
        let cases = [
            (1e3, "now"),
            (42e3, "42 s ago"),
            (200e3, "3 min ago"),
            (9e6, "2 h ago"),
            (3e8, "3 d ago"),
            (-5e3, "now"),
        ];
        cases.iter().for_each(|(later, text)| assert_eq!(&ago(at, millis + later), text));
    }
}
