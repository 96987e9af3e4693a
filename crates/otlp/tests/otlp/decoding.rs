//! Both encodings say the same; what is not OTLP is refused with the place, and never panics.

use gauntlet_otlp::proto::{ExportTraceServiceRequest, any_value::Value};
use gauntlet_otlp::{Encoding, Outcome, Signal, answer, decode_logs, decode_traces, refusal};
use proptest::prelude::*;

fn json(text: &str) -> ExportTraceServiceRequest {
    decode_traces(Encoding::Json, text.as_bytes()).unwrap()
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
        {"values":[{"boolValue":true},{"kvlistValue":{"values":[{"key":"x","value":{"stringValue":"y"}}]}}]}}}]"#,
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
        let error = decode_traces(Encoding::Json, text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error:?} should say {expected:?}");
    };
    check("", "EOF");
    check("[]", "expected an object");
    check("{} {}", "trailing characters");
    check(r#"{"resourceSpans":7}"#, "at resourceSpans");
    check(&one(r#""traceId":"xyz""#), "resourceSpans[0].scopeSpans[0].spans[0].traceId");
    check(&one(r#""traceId":"abc""#), "an id in hexadecimal digits");
    check(&one(r#""startTimeUnixNano":"soon""#), "startTimeUnixNano");
    check(&one(r#""startTimeUnixNano":-1"#), "out of range");
    check(&one(r#""startTimeUnixNano":1.5"#), "an integer");
    check(&one(r#""kind":99999999999"#), "out of range");
    check(&one(r#""attributes":{"a":1}"#), "attributes");
    check(&one(r#""attributes":[{"key":"k","value":"plain"}]"#), "stringValue");
    check(&one(r#""attributes":[{"key":"k","value":{"bytesValue":"*"}}]"#), "attributes[0].value");
    check(
        &one(&format!(r#""attributes":[{{"key":"k","value":{}"#, r#"{"arrayValue":{"values":["#.repeat(200))),
        "recursion",
    );
    let error = decode_traces(Encoding::Protobuf, b"\x0a\xff\xff").unwrap_err().to_string();
    assert!(error.starts_with("the body is not a protobuf ExportTraceServiceRequest"), "{error}");
}

#[test]
fn answers_say_what_was_refused_in_both_encodings() {
    let none = Outcome::default();
    assert_eq!(answer(Encoding::Json, Signal::Traces, &none), b"{}");
    assert_eq!(answer(Encoding::Protobuf, Signal::Traces, &none), b"");
    let some = Outcome { rejected: 3, message: "why".to_owned() };
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
            let _ = decode_traces(encoding, &bytes);
            let _ = decode_logs(encoding, &bytes);
        }
    }

    #[test]
    fn a_damaged_request_is_refused_or_read(place in 0_usize..2000, byte in any::<u8>()) {
        let mut bytes = include_bytes!("../recorded/python-agent.pb").to_vec();
        let place = place % bytes.len();
        bytes[place] = byte;
        if let Ok(request) = decode_traces(Encoding::Protobuf, &bytes) {
            super::log::Log::default().traces(&request);
        }
    }
}
