//! Reads a request part by part (resource, scope, span, log record, metric), so that a part that cannot be
//! read is refused alone.

use prost::Message;
use prost::bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::encoding::{DecodeError, Encoding, PartialSuccess};
use crate::proto::{AnyValue, InstrumentationScope, KeyValue, LogRecord, Metric, Resource, Span, any_value};
use crate::repair::{self, Layout};

/// The attribute that counts the texts of a span, log record or resource that were repaired.
pub(crate) const REPAIRED: &str = "gauntlet.repaired_texts";

/// The smallest parts of a request that are read by themselves.
pub(crate) trait Part: Message + Default + DeserializeOwned {
    /// Its name in messages.
    const WHAT: &'static str;
    /// Where its texts are.
    const LAYOUT: Layout;
    /// Its attributes, where a count of repaired texts is kept.
    fn attributes(&mut self) -> Option<&mut Vec<KeyValue>>;
}

impl Part for Resource {
    const WHAT: &'static str = "resource";
    const LAYOUT: Layout = &repair::RESOURCE;
    fn attributes(&mut self) -> Option<&mut Vec<KeyValue>> {
        Some(&mut self.attributes)
    }
}

impl Part for InstrumentationScope {
    const WHAT: &'static str = "scope";
    const LAYOUT: Layout = &repair::SCOPE;
    fn attributes(&mut self) -> Option<&mut Vec<KeyValue>> {
        Some(&mut self.attributes)
    }
}

impl Part for Span {
    const WHAT: &'static str = "span";
    const LAYOUT: Layout = &repair::SPAN;
    fn attributes(&mut self) -> Option<&mut Vec<KeyValue>> {
        Some(&mut self.attributes)
    }
}

impl Part for LogRecord {
    const WHAT: &'static str = "log record";
    const LAYOUT: Layout = &repair::LOG_RECORD;
    fn attributes(&mut self) -> Option<&mut Vec<KeyValue>> {
        Some(&mut self.attributes)
    }
}

impl Part for Metric {
    const WHAT: &'static str = "metric";
    const LAYOUT: Layout = &repair::METRIC;
    fn attributes(&mut self) -> Option<&mut Vec<KeyValue>> {
        None
    }
}

/// The scopes of one resource.
#[derive(Debug)]
pub(crate) struct ResourceGroup<T> {
    pub resource: Option<Resource>,
    pub scopes: Vec<ScopeGroup<T>>,
}

/// The items of one scope.
#[derive(Debug)]
pub(crate) struct ScopeGroup<T> {
    pub scope: Option<InstrumentationScope>,
    pub items: Vec<T>,
}

/// All three requests have this form: resources in field 1; in each the resource in field 1 and scopes in
/// field 2; in each the scope in field 1 and spans, log records or metrics in field 2.
#[derive(Clone, PartialEq, Message)]
struct RawRequest {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    resources: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct RawGroup {
    #[prost(bytes = "bytes", optional, tag = "1")]
    from: Option<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    items: Vec<Bytes>,
}

#[derive(Deserialize)]
struct JsonRequest<'a> {
    #[serde(borrow, default, alias = "resourceLogs", alias = "resourceMetrics", rename = "resourceSpans")]
    resources: Option<Vec<JsonResource<'a>>>,
}

#[derive(Deserialize)]
struct JsonResource<'a> {
    #[serde(borrow, default)]
    resource: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "scopeLogs", alias = "scopeMetrics", rename = "scopeSpans")]
    scopes: Option<Vec<JsonScope<'a>>>,
}

#[derive(Deserialize)]
struct JsonScope<'a> {
    #[serde(borrow, default)]
    scope: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "logRecords", alias = "metrics", rename = "spans")]
    items: Option<Vec<&'a RawValue>>,
}

/// Reads a request; `what` is the protocol's name of it. What of it cannot be read is counted in the outcome.
pub(crate) fn read<T: Part>(
    encoding: Encoding,
    bytes: Bytes,
    what: &str,
) -> Result<(Vec<ResourceGroup<T>>, PartialSuccess), DecodeError> {
    let mut reader = Reader::default();
    let groups = match encoding {
        Encoding::Protobuf => protobuf(bytes, &mut reader)
            .map_err(|e| DecodeError::new(format!("the body is not a protobuf {what}: {e}")))?,
        Encoding::Json => {
            let text = repair::utf8(&bytes);
            // Encoders that are not strict write control characters and NaN, which strict readers refuse.
            let read = json(&text, &mut reader)
                .or_else(|error| json(&repair::syntax(&text), &mut reader).map_err(|_| error));
            read.map_err(|e| DecodeError::new(format!("the body is not a JSON {what}{e}")))?
        }
    };
    if reader.repaired > 0 {
        let count = reader.repaired;
        reader.outcome.warn(&format!(
            "{count} texts held bytes or half characters that are not Unicode: U+FFFD takes their place"
        ));
    }
    Ok((groups, reader.outcome))
}

/// A part that is still encoded.
trait Encoded {
    /// The part, and how many of its texts were repaired.
    fn read<T: Part>(&self) -> Result<(T, u64), String>;
}

impl Encoded for Bytes {
    fn read<T: Part>(&self) -> Result<(T, u64), String> {
        let error = match T::decode(self.clone()) {
            Ok(read) => return Ok((read, 0)),
            Err(error) => format!(" cannot be read: {error}"),
        };
        let (bytes, repaired) = repair::protobuf(self, T::LAYOUT).ok_or_else(|| error.clone())?;
        T::decode(bytes.as_slice()).map(|read| (read, repaired)).map_err(|_| error)
    }
}

impl Encoded for &RawValue {
    fn read<T: Part>(&self) -> Result<(T, u64), String> {
        let error = match object(self.get()) {
            Ok(read) => return Ok((read, 0)),
            Err(error) => error,
        };
        let (text, repaired) = repair::json(self.get());
        match repaired {
            0 => Err(error),
            _ => object(&text).map(|read| (read, repaired)),
        }
    }
}

fn protobuf<T: Part>(bytes: Bytes, reader: &mut Reader) -> Result<Vec<ResourceGroup<T>>, prost::DecodeError> {
    let request = RawRequest::decode(bytes)?;
    let mut groups = Vec::with_capacity(request.resources.len());
    for resource in request.resources {
        let RawGroup { from, items } = RawGroup::decode(resource)?;
        let scopes: Vec<RawGroup> = items.into_iter().map(RawGroup::decode).collect::<Result<_, _>>()?;
        let scopes = scopes.into_iter().map(|scope| (scope.from, scope.items)).collect();
        groups.push(reader.group(groups.len(), from, scopes));
    }
    Ok(groups)
}

fn json<T: Part>(text: &str, reader: &mut Reader) -> Result<Vec<ResourceGroup<T>>, String> {
    let request: JsonRequest<'_> = object(text)?;
    let mut groups = Vec::new();
    for resource in request.resources.unwrap_or_default() {
        let scopes = resource.scopes.unwrap_or_default();
        let scopes = scopes.into_iter().map(|s| (s.scope, s.items.unwrap_or_default())).collect();
        groups.push(reader.group(groups.len(), resource.resource, scopes));
    }
    Ok(groups)
}

/// Reads a JSON object; an error begins with the place.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let refuse = |path: &str, error: &dyn std::fmt::Display| match path {
        "." => format!(": {error}"),
        path => format!(".{path}: {error}"),
    };
    let read: Object<T> = serde_path_to_error::deserialize(&mut reader)
        .map_err(|e| refuse(&e.path().to_string(), e.inner()))?;
    reader.end().map_err(|e| refuse(".", &e))?;
    Ok(read.0)
}

/// Accepts objects only: a derived reader alone would also take a list of the values in order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Fields<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Fields<T> {
            type Value = T;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(serde::de::value::MapAccessDeserializer::new(map))
            }
        }
        d.deserialize_map(Fields(std::marker::PhantomData)).map(Self)
    }
}

/// Reads parts and counts what could not be read.
#[derive(Default)]
struct Reader {
    outcome: PartialSuccess,
    repaired: u64,
}

impl Reader {
    /// Reads the resource of an index with its scopes. If the resource cannot be read, all of it is refused:
    /// its run is not known.
    fn group<P: Encoded, T: Part>(
        &mut self,
        index: usize,
        resource: Option<P>,
        scopes: Vec<(Option<P>, Vec<P>)>,
    ) -> ResourceGroup<T> {
        let resource = match resource.map(|part| part.read::<Resource>()).transpose() {
            Ok(read) => read.map(|read| self.counted(read)),
            Err(why) => {
                let count: usize = scopes.iter().map(|(_, items)| items.len()).sum();
                self.outcome.refuse_many(count, &format!("resource {index}{why}"));
                return ResourceGroup { resource: None, scopes: Vec::new() };
            }
        };
        let scopes = scopes.into_iter().enumerate().map(|(nth, (scope, items))| {
            let scope = match scope.map(|part| part.read::<InstrumentationScope>()).transpose() {
                Ok(read) => read.map(|read| self.counted(read)),
                Err(why) => {
                    self.outcome.warn(&format!("scope {index}.{nth}{why}"));
                    None
                }
            };
            let mut read = Vec::with_capacity(items.len());
            for (at, item) in items.iter().enumerate() {
                match item.read::<T>() {
                    Ok(item) => read.push(self.counted(item)),
                    Err(why) => self.outcome.refuse_many(1, &format!("{} {index}.{nth}.{at}{why}", T::WHAT)),
                }
            }
            ScopeGroup { scope, items: read }
        });
        ResourceGroup { resource, scopes: scopes.collect() }
    }

    /// A part that was read, with the count of its repaired texts among its attributes.
    fn counted<T: Part>(&mut self, (mut part, repaired): (T, u64)) -> T {
        self.repaired += repaired;
        if repaired > 0
            && let Some(attributes) = part.attributes()
        {
            let count = any_value::Value::IntValue(i64::try_from(repaired).unwrap_or(i64::MAX));
            attributes.push(KeyValue::new(REPAIRED, AnyValue { value: Some(count) }));
        }
        part
    }
}
