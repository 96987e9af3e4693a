//! Both encodings give the same request; what is not OTLP is refused with the place, and never panics.

use gauntlet_otlp::proto::{ExportTraceServiceRequest, any_value::Value};
use gauntlet_otlp::{
    Encoding, PartialSuccess, Signal, answer, decode_logs, decode_metrics, decode_traces, refusal,
};
use proptest::prelude::*;

fn json(text: &str) -> ExportTraceServiceRequest {
    let read = decode_traces(Encoding::Json, text.as_bytes().to_vec()).unwrap();
    assert_eq!(read.outcome, PartialSuccess::default());
    read.request
}

/// A request of one span with these fields.
fn one(fields: &str) -> String {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{fields}}}]}}]}}]}}"#)
}

#[test]
fn json_is_read_as_the_protocol_writes_it() {
    let read = json(&one(
        r#""traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174","parentSpanId":null,
        "name":"a","kind":2,"startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000000,
        "flags":256,"newField":{"of":["a","later","version"]},"status":{"code":2,"message":"m"},
        "attributes":[{"key":"i","value":{"intValue":"-9007199254740993"}},{"key":"n","value":{"intValue":7}},
        {"key":"d","value":{"doubleValue":"NaN"}},{"key":"e","value":{"doubleValue":2}},
        {"key":"b","value":{"bytesValue":"aGk="}},{"key":"z","value":{}},{"key":"l","value":{"arrayValue":
        {"values":[{"boolValue":true},{"kvlistValue":{"values":[{"key":"x","value":{"stringValue":"y"}}]}}]}
        }}]"#,
    ));
    let span = &read.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(span.trace_id[..2], [0x5b, 0x8e]);
    assert_eq!((span.span_id.len(), span.parent_span_id.len(), span.kind, span.flags), (8, 0, 2, 256));
    assert_eq!(span.start_time_unix_nano, 1_544_712_660_000_000_000);
    assert_eq!(span.end_time_unix_nano, 1_544_712_661_000_000_000);
    assert_eq!(span.status.as_ref().map(|s| (s.code, s.message.as_str())), Some((2, "m")));
    let value = |i: usize| span.attributes[i].value.as_ref().unwrap().value.clone();
    assert_eq!(value(0), Some(Value::IntValue(-9_007_199_254_740_993)));
    assert_eq!(value(1), Some(Value::IntValue(7)));
    assert!(matches!(value(2), Some(Value::DoubleValue(d)) if d.is_nan()));
    assert_eq!(value(3), Some(Value::DoubleValue(2.0)));
    assert_eq!(value(4), Some(Value::BytesValue(b"hi".to_vec())));
    assert_eq!(value(5), None);
    assert!(matches!(value(6), Some(Value::ArrayValue(list)) if list.values.len() == 2));
}

#[test]
fn what_is_written_as_json_is_read_back() {
    use prost::Message;
    let recorded =
        ExportTraceServiceRequest::decode(&include_bytes!("../recorded/python-openinference.pb")[..])
            .unwrap();
    let text = serde_json::to_string(&recorded).unwrap();
    assert_eq!(json(&text), recorded);
    assert!(text.contains(r#""startTimeUnixNano":""#) && text.contains(r#""intValue":"12""#), "{text}");
}

#[test]
fn what_is_no_request_is_refused_with_its_place() {
    let check = |text: &str, expected: &str| {
        let error = decode_traces(Encoding::Json, text.as_bytes().to_vec()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error:?} should say {expected:?}");
    };
    check("", "EOF");
    check("[]", "expected an object");
    check("{} {}", "trailing characters");
    check(r#"{"resourceSpans":7}"#, ".resourceSpans: ");
    check(r#"{"resourceSpans":[{"scopeSpans":[{"spans":{}}]}]}"#, "resourceSpans[0].scopeSpans[0].spans: ");
    let error = decode_traces(Encoding::Protobuf, &b"\x0a\xff\xff"[..]).unwrap_err().to_string();
    assert!(error.starts_with("the body is not a protobuf ExportTraceServiceRequest"), "{error}");
}

/// A request of a good span, one with these fields, and another good one.
fn between(fields: &str) -> String {
    let good = |id: &str| {
        format!(r#"{{"traceId":"{}","spanId":"{}","name":"good"}}"#, "4b".repeat(16), id.repeat(8))
    };
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{},{{{fields}}},{}]}}]}}]}}"#,
        good("01"),
        good("02")
    )
}

#[test]
fn a_span_that_cannot_be_read_is_refused_alone() {
    let check = |fields: &str, expected: &str| {
        let read = decode_traces(Encoding::Json, between(fields).into_bytes()).unwrap();
        let spans = &read.request.resource_spans[0].scope_spans[0].spans;
        assert_eq!((spans.len(), read.outcome.rejected), (2, 1), "{fields}");
        let message = &read.outcome.message;
        assert!(message.starts_with("span 0.0.1") && message.contains(expected), "{message:?}: {expected:?}");
    };
    check(r#""traceId":"xyz""#, ".traceId: ");
    check(r#""traceId":"abc""#, "an id in hexadecimal digits");
    check(r#""spanId":7"#, ".spanId: ");
    check(r#""startTimeUnixNano":"soon""#, "startTimeUnixNano");
    check(r#""startTimeUnixNano":-1"#, "out of range");
    check(r#""startTimeUnixNano":1.5"#, "an integer");
    check(r#""kind":99999999999"#, "out of range");
    check(r#""name":"a","name":"b""#, "duplicate field `name`");
    check(r#""attributes":{"a":1}"#, "attributes");
    let deep = r#"{"arrayValue":{"values":["#.repeat(200) + &"]}}".repeat(200);
    check(&format!(r#""attributes":[{{"key":"k","value":{deep}}}]"#), "recursion");
    // The same in protobuf: the second span's field 7, a time, is a text.
    let mut bytes = vec![0x0a, 12, 0x12, 10];
    bytes.extend([0x12, 3, 0x2a, 1, b'a', 0x12, 3, 0x3a, 1, b'b']);
    let read = decode_traces(Encoding::Protobuf, bytes).unwrap();
    assert_eq!(read.request.resource_spans[0].scope_spans[0].spans.len(), 1);
    assert_eq!(read.outcome.rejected, 1, "{:?}", read.outcome);
}

#[test]
fn a_text_that_is_not_unicode_is_repaired_and_counted() {
    let name = |read: &ExportTraceServiceRequest| {
        let span = &read.resource_spans[0].scope_spans[0].spans[0];
        let count = span.attributes.last().unwrap().clone();
        (span.name.clone(), count.key, count.value.unwrap().value)
    };
    let expected = ("a\u{fffd}b".to_owned(), "gauntlet.repaired_texts".to_owned(), Some(Value::IntValue(1)));
    let mut texts = [one(r#""name":"a\ud800b""#).into_bytes(), one(r#""name":"a?b""#).into_bytes()];
    texts[1].iter_mut().for_each(|byte| *byte = if *byte == b'?' { 0xff } else { *byte });
    for text in texts {
        let read = decode_traces(Encoding::Json, text).unwrap();
        assert_eq!(name(&read.request), expected);
        assert_eq!(read.outcome.rejected, 0);
        assert!(read.outcome.message.starts_with("1 texts "), "{:?}", read.outcome);
    }
    let mut bytes = vec![0x0a, 9, 0x12, 7, 0x12, 5, 0x2a, 3, b'a', 0xff, b'b'];
    let read = decode_traces(Encoding::Protobuf, bytes.clone()).unwrap();
    assert_eq!(name(&read.request), expected);
    // The resource, too: half a character in `service.name`.
    let attribute = [0x0a, 12, b's', b'e', b'r', b'v', b'i', b'c', b'e', b'.', b'n', b'a', b'm', b'e'];
    let value = [0x12, 4, 0x0a, 2, b'x', 0xc3];
    let mut resource = vec![0x0a, 22, 0x0a, 20];
    resource.extend(attribute.into_iter().chain(value));
    bytes = [vec![0x0a, 24 + 2 + 7], resource, vec![0x12, 7, 0x12, 5, 0x2a, 3, b'a', b'-', b'b']].concat();
    let read = decode_traces(Encoding::Protobuf, bytes).unwrap();
    let resource = read.request.resource_spans[0].resource.as_ref().unwrap();
    assert_eq!(resource.attributes[0].value, Some(super::log::text("x\u{fffd}")));
    assert_eq!((resource.attributes.len(), read.outcome.rejected), (2, 0));
}

#[test]
fn what_encoders_write_otherwise_is_read() {
    let read = json(&one(
        r#""traceId":"W47/95gDgQPSabYzgT/GDA==","spanId":"7uGbfsPBsXQ=","kind":"SPAN_KIND_CLIENT",
        "startTimeUnixNano":"2018-12-13T14:51:00Z","status":{"code":"STATUS_CODE_ERROR"},"attributes":[
        {"key":"a","value":"plain"},{"key":"b","value":{"intValue":"many"}},{"key":"c","value":7},
        {"key":"d","value":{"bytesValue":"*"}},{"key":"e","value":{"doubleValue":NaN}},{"key":"f"}]"#,
    ));
    let span = &read.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!((span.trace_id.len(), span.span_id.len(), span.kind), (16, 8, 3));
    assert_eq!(span.start_time_unix_nano, 1_544_712_660_000_000_000);
    assert_eq!(span.status.as_ref().unwrap().code, 2);
    let value = |i: usize| span.attributes[i].value.as_ref().and_then(|value| value.value.clone());
    assert_eq!(value(0), Some(Value::StringValue("plain".to_owned())));
    assert_eq!(value(1), Some(Value::StringValue("many".to_owned())));
    assert_eq!(value(2), Some(Value::IntValue(7)));
    assert_eq!(value(3), Some(Value::StringValue("*".to_owned())));
    assert!(matches!(value(4), Some(Value::DoubleValue(d)) if d.is_nan()));
    assert_eq!(value(5), None);
}

#[test]
fn answers_report_refusals_in_both_encodings() {
    let none = PartialSuccess::default();
    assert_eq!(answer(Encoding::Json, Signal::Traces, &none), b"{}");
    assert_eq!(answer(Encoding::Protobuf, Signal::Traces, &none), b"");
    let some = PartialSuccess { rejected: 3, message: "why".to_owned() };
    let json = |signal| String::from_utf8(answer(Encoding::Json, signal, &some)).unwrap();
    assert_eq!(json(Signal::Traces), r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"why"}}"#);
    assert_eq!(json(Signal::Logs), r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"why"}}"#);
    // Field 1, a message of 7 bytes: field 1 is 3, field 2 is the text.
    assert_eq!(answer(Encoding::Protobuf, Signal::Logs, &some), b"\x0a\x07\x08\x03\x12\x03why");
    assert_eq!(refusal(Encoding::Json, 3, "no"), br#"{"code":3,"message":"no"}"#);
    assert_eq!(refusal(Encoding::Protobuf, 3, "no"), b"\x08\x03\x12\x02no");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for encoding in [Encoding::Protobuf, Encoding::Json] {
            let _ = decode_traces(encoding, bytes.clone());
            let _ = decode_logs(encoding, bytes.clone());
            let _ = decode_metrics(encoding, bytes.clone());
        }
    }

    #[test]
    fn a_damaged_request_is_refused_or_read(place in 0_usize..2000, byte in any::<u8>()) {
        let mut bytes = include_bytes!("../recorded/python-agent.pb").to_vec();
        let place = place % bytes.len();
        bytes[place] = byte;
        if let Ok(request) = decode_traces(Encoding::Protobuf, bytes) {
            super::log::Log::default().decoded_traces(request);
        }
    }
}
