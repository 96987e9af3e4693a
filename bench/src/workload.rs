//! The events that are sent: 850 bytes, 9 scores.

/// Bytes of one event on the wire.
pub(crate) const EVENT_BYTES: usize = 850;

/// Event number `n` of a run as one line of JSON, [`EVENT_BYTES`] long.
pub(crate) fn event(n: u64) -> String {
    let root = (n * 37 % 100) as f64 - 50.0;
    let head = format!(
        "{{\"id\":\"01920000-0000-7000-8000-{n:012x}\",\"at\":\"2026-11-21T00:06:33.885877Z\",\
         \"kind\":\"snapshot.scored\",\"v\":1,\"step\":{n},\
         \"body\":{{\"scores\":{{\"root\":{root:.1},\"format\":1.0,\
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
pub(crate) fn lines(from: u64, count: u64) -> String {
    (from..from + count).fold(String::new(), |mut lines, n| {
        lines.push_str(&event(n));
        lines.push('\n');
        lines
    })
}

/// Word number `n` of a made-up language: the low numbers are the common ones.
pub(crate) fn word(n: u64) -> String {
    const SOUNDS: [&str; 16] =
        ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qui", "ro", "su", "ta"];
    let mut rest = n.wrapping_mul(7_919).wrapping_add(65_537) % 65_536 + 65_536;
    let mut word = String::new();
    while rest > 0 {
        word.push_str(SOUNDS[(rest % 16) as usize]);
        rest /= 16;
    }
    word
}

/// Event number `n` of a run as one line of JSON: a step with eighty words, common and rare as in a natural
/// text.
fn spoken(n: u64) -> String {
    // xorshift64, seeded by the event's number.
    let mut random = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut text = String::new();
    for _ in 0..80 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let share = (random >> 11) as f64 / (1_u64 << 53) as f64;
        text.push_str(&word((20_000.0_f64.powf(share)) as u64 - 1));
        text.push(' ');
    }
    let (action, observation) = text.split_at(text.len() / 2);
    format!(
        "{{\"id\":\"01920000-0000-7000-8000-{n:012x}\",\"at\":\"2026-11-21T00:06:33.885877Z\",\
         \"kind\":\"snapshot.scored\",\"v\":1,\"step\":{n},\
         \"body\":{{\"scores\":{{\"root\":1.0,\"format\":1.0,\
         \"grounding\":{:.1}}},\"observation\":\"{observation}\",\"action\":\"{action}\"}}}}",
        if n.is_multiple_of(7) { -20.0 } else { 15.0 }
    )
}

/// Lines of `count` such events from number `from` on.
pub(crate) fn spoken_lines(from: u64, count: u64) -> String {
    (from..from + count).map(|n| spoken(n) + "\n").collect()
}
