//! Attributes mapped by the table: to a payload and the rest, and back.

use std::collections::BTreeMap;

use gauntlet_model::Object;
use serde_json::Value;

use crate::proto::KeyValue;
use crate::proto::from_json;
use crate::table::{ATTRIBUTES, Convention, Line, Shape};
use crate::value::{parse_any_json, parse_json, text_attribute};

/// Attributes after mapping.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct MappedAttributes {
    /// The fields that the table names.
    pub payload: Object,
    /// All other attributes; also the second one of two for the same field.
    pub rest: Object,
}

/// Maps attributes by the table.
pub(crate) fn read(mut attributes: Object) -> MappedAttributes {
    let mut payload = Object::new();
    for line in ATTRIBUTES {
        if payload.contains_key(line.field) {
            continue;
        }
        if let Some(value) = take(&mut attributes, line) {
            payload.insert(line.field.to_owned(), value);
        }
    }
    MappedAttributes { payload, rest: attributes }
}

fn take(attributes: &mut Object, line: &Line) -> Option<Value> {
    match line.shape {
        Shape::Member(name) => return parse_json(attributes.get(line.attribute)?.clone()).get(name).cloned(),
        Shape::Arguments if is_schema(&parse_json(attributes.get(line.attribute)?.clone())) => return None,
        _ => {}
    }
    let value = attributes.shift_remove(line.attribute);
    match (value, line.shape) {
        (Some(value), Shape::Plain) => Some(value),
        (Some(value), Shape::Text) => Some(parse_any_json(value)),
        (Some(value), Shape::Json | Shape::Numbered | Shape::Arguments | Shape::Member(_)) => {
            Some(parse_json(value))
        }
        (None, Shape::Numbered) => gather(attributes, line.attribute).map(Value::Array),
        (None, _) => None,
    }
}

/// Whether a value is a JSON schema of arguments rather than arguments.
fn is_schema(value: &Value) -> bool {
    let Some(map) = value.as_object() else { return false };
    let is_object = map.get("type").is_some_and(|kind| kind == "object");
    map.contains_key("$schema")
        || map.get("properties").is_some_and(Value::is_object)
        || (is_object && map.len() == 1)
}

/// Takes `name.0.a.b`, `name.0.c`, `name.1...` out of the attributes and puts them together. `None`, taking
/// nothing, where there is none of them.
pub(crate) fn gather(attributes: &mut Object, name: &str) -> Option<Vec<Value>> {
    let path = |key: &str| {
        let rest = key.strip_prefix(name)?.strip_prefix('.')?;
        let (number, inner) = rest.split_once('.')?;
        let number: u32 = number.parse().ok()?;
        Some((number, inner.to_owned()))
    };
    let mut items: BTreeMap<u32, Tree> = BTreeMap::new();
    let mut taken = Vec::new();
    for (key, value) in attributes.iter() {
        let Some((number, inner)) = path(key) else { continue };
        // What fits nowhere (`a` and `a.b` both with a value) stays an attribute.
        if items.entry(number).or_default().insert(&inner, value) {
            taken.push(key.clone());
        }
    }
    if taken.is_empty() {
        return None;
    }
    for key in taken {
        attributes.shift_remove(&key);
    }
    Some(items.into_values().map(Tree::value).collect())
}

/// Levels of dotted keys beyond which the rest of a key is one name.
const MAX_LEVELS: usize = 16;

#[derive(Default)]
enum Tree {
    #[default]
    Empty,
    Leaf(Value),
    Inner(Vec<(String, Tree)>),
}

impl Tree {
    fn insert(&mut self, path: &str, value: &Value) -> bool {
        self.insert_at(path, value, MAX_LEVELS)
    }

    fn insert_at(&mut self, path: &str, value: &Value, levels: usize) -> bool {
        if let Tree::Empty = self {
            *self = Tree::Inner(Vec::new());
        }
        let Tree::Inner(children) = self else { return false };
        let (head, rest) = match path.split_once('.') {
            Some((head, rest)) if levels > 0 => (head, Some(rest)),
            _ => (path, None),
        };
        let place = children.iter().position(|(name, _)| name == head);
        let child = match (place, rest) {
            (Some(i), Some(_)) => children.get_mut(i),
            (Some(_), None) => return false,
            (None, _) => {
                children.push((head.to_owned(), Tree::Empty));
                children.last_mut()
            }
        };
        match (child, rest) {
            (Some((_, child)), Some(rest)) => child.insert_at(rest, value, levels - 1),
            (Some((_, child)), None) => {
                *child = Tree::Leaf(value.clone());
                true
            }
            (None, _) => false,
        }
    }

    /// Children that are all numbered are a list in the order of their numbers.
    fn value(self) -> Value {
        match self {
            Tree::Empty => Value::Null,
            Tree::Leaf(value) => value,
            Tree::Inner(mut children) => {
                let numbers: Option<Vec<u32>> = children.iter().map(|(name, _)| name.parse().ok()).collect();
                if numbers.is_some() {
                    children.sort_by_key(|(name, _)| name.parse::<u32>().unwrap_or(u32::MAX));
                    return children.into_iter().map(|(_, child)| child.value()).collect();
                }
                Value::Object(children.into_iter().map(|(name, child)| (name, child.value())).collect())
            }
        }
    }
}

/// A payload as attributes, under the first name of each key. What the table does not know is left out.
pub(crate) fn write(payload: &Object) -> Vec<KeyValue> {
    let mut written = Vec::new();
    let mut done: Vec<&str> = Vec::new();
    for line in ATTRIBUTES.iter().filter(|l| l.convention != Convention::Deprecated) {
        let Some(value) = payload.get(line.field).filter(|_| !done.contains(&line.field)) else { continue };
        done.push(line.field);
        let value = match line.shape {
            Shape::Plain => from_json(value),
            _ => text_attribute(value),
        };
        written.push(KeyValue::new(line.attribute, value));
    }
    written
}
