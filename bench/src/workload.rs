//! The events that are sent: 850 bytes, 9 scores.

/// Bytes of one event on the wire.
pub const EVENT_BYTES: usize = 850;

/// Event number `n` of a run as one line of JSON, [`EVENT_BYTES`] long.
pub fn event(n: u64) -> String {
    let root = (n * 37 % 100) as f64 - 50.0;
    let head = format!(
        "{{\"id\":\"01920000-0000-7000-8000-{n:012x}\",\"at\":\"2026-11-21T00:06:33.885877Z\",\
         \"kind\":\"snapshot.scored\",\"v\":1,\"step\":{n},\"body\":{{\"scores\":{{\"root\":{root:.1},\"format\":1.0,\
         \"abstention\":0.0,\"conflict\":0.0,\"refusal\":0.0,\"grounding\":{:.1},\"inconsistency\":5.0,\
         \"confidence\":0.0,\"synthesis\":-10.0}},\"observation\":\"\",\"action\":\"",
        if n.is_multiple_of(7) { -20.0 } else { 15.0 }
    );
    let tail = "\"}}";
    let text = "the scan suggests a pontine lesion, ".repeat(20);
    let room = EVENT_BYTES.saturating_sub(head.len() + tail.len());
    format!("{head}{}{tail}", &text[..room.min(text.len())])
}

/// Lines of `count` events from number `from` on.
pub fn lines(from: u64, count: u64) -> String {
    (from..from + count).fold(String::new(), |mut lines, n| {
        lines.push_str(&event(n));
        lines.push('\n');
        lines
    })
}
