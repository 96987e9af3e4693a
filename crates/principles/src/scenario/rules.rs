//! What must hold between the fields of a scenario's document.

use std::collections::BTreeSet;

use crate::check::Mistakes;
use crate::scenario::document::{MAX_CHOICES, MAX_EFFECTS, MAX_PRINCIPLES, MAX_VARIANTS};
use crate::scenario::{Choice, SCHEMA, ScenarioDocument};

/// Most scenes that choices lead to.
const MAX_SCENES: usize = 50;
/// The longest text of a situation or a choice, in bytes.
const MAX_PROSE_BYTES: usize = 8_000;
/// The longest time limit, in seconds.
const DAY: f64 = 86_400.0;

/// Adds every rule that the document breaks.
pub(crate) fn check(document: &ScenarioDocument, mistakes: &mut Mistakes) {
    if document.schema != SCHEMA {
        mistakes.add("schema", format!("is {:?}; it must be {SCHEMA:?}", document.schema));
    }
    slug("name", &document.name, mistakes);
    mistakes.label("title", &document.title);
    let limit = document.time_limit_s;
    if !(limit > 0.0 && limit <= DAY) {
        mistakes.add("time_limit_s", format!("is {limit}; it must be above 0 and at most {DAY}"));
    }
    for (field, count, least, most) in [
        ("principles", document.principles.len(), 1, MAX_PRINCIPLES),
        ("variants", document.variants.len(), 1, MAX_VARIANTS),
        ("scenes", document.scenes.len(), 0, MAX_SCENES),
    ] {
        length(field, count, least, most, mistakes);
    }
    check_principles(document, mistakes);
    unique("constraints", "", document.constraints.iter(), mistakes);
    for (name, supply) in &document.resources {
        mistakes.label("resources", name);
        mistakes.number(format!("resources.{name}.amount"), supply.amount, 0.0..=f64::INFINITY);
        mistakes.number(format!("resources.{name}.regeneration"), supply.regeneration, 0.0..=f64::INFINITY);
    }
    check_scenes(document, mistakes);
    unique("variants", ".name", document.variants.iter().map(|variant| &variant.name), mistakes);
    check_variants(document, mistakes);
}

/// Each principle once, and a choice that aligns with it.
fn check_principles(document: &ScenarioDocument, mistakes: &mut Mistakes) {
    unique("principles", "", document.principles.iter(), mistakes);
    for (at, principle) in document.principles.iter().enumerate() {
        slug(&format!("principles[{at}]"), principle, mistakes);
        let is_tested =
            document.lists().any(|(_, list)| list.iter().any(|c| c.aligns.contains_key(principle)));
        if !is_tested {
            mistakes
                .add(format!("principles[{at}]"), format!("is {principle:?}, and no choice aligns with it"));
        }
    }
}

/// The choices of every scene. A choice may lead to a later scene only, so that every scenario ends, and
/// every scene but the first has a choice that leads to it.
fn check_scenes(document: &ScenarioDocument, mistakes: &mut Mistakes) {
    let mut reached = BTreeSet::new();
    for (index, (path, list)) in document.lists().enumerate() {
        length(&path, list.len(), 2, MAX_CHOICES, mistakes);
        unique(&path, ".id", list.iter().map(|choice| &choice.id), mistakes);
        for (at, choice) in list.iter().enumerate() {
            let path = format!("{path}[{at}]");
            check_choice(document, choice, &path, mistakes);
            if let Some(next) = &choice.next {
                let later = document.scenes.iter().skip(index);
                if later.clone().any(|scene| scene.id == *next) {
                    reached.insert(next);
                } else {
                    let known: Vec<_> = later.map(|scene| format!("{:?}", scene.id)).collect();
                    let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
                    let message = format!("is {next:?}; it must name a later scene ({known})");
                    mistakes.add(format!("{path}.next"), message);
                }
            }
        }
    }
    unique("scenes", ".id", document.scenes.iter().map(|scene| &scene.id), mistakes);
    for (at, scene) in document.scenes.iter().enumerate() {
        mistakes.label(format!("scenes[{at}].id"), &scene.id);
        prose(&format!("scenes[{at}].situation"), &scene.situation, mistakes);
        if !reached.contains(&scene.id) {
            mistakes.add(format!("scenes[{at}].id"), format!("is {:?}, and no choice leads to it", scene.id));
        }
    }
}

fn check_choice(document: &ScenarioDocument, choice: &Choice, path: &str, mistakes: &mut Mistakes) {
    slug(&format!("{path}.id"), &choice.id, mistakes);
    prose(&format!("{path}.text"), &choice.text, mistakes);
    length(&format!("{path}.effects"), choice.effects.len(), 1, MAX_EFFECTS, mistakes);
    for (at, effect) in choice.effects.iter().enumerate() {
        mistakes.label(format!("{path}.effects[{at}].target"), &effect.target);
        mistakes.number(format!("{path}.effects[{at}].impact"), effect.impact, -100.0..=100.0);
    }
    for (principle, alignment) in &choice.aligns {
        let field = format!("{path}.aligns.{principle}");
        known(&field, principle, "principles", document.principles.iter(), mistakes);
        mistakes.number(field, *alignment, -1.0..=1.0);
    }
    for (resource, cost) in &choice.costs {
        let field = format!("{path}.costs.{resource}");
        known(&field, resource, "resources", document.resources.keys(), mistakes);
        mistakes.number(field, *cost, 0.0..=f64::INFINITY);
    }
    for (at, constraint) in choice.violates.iter().enumerate() {
        let field = format!("{path}.violates[{at}]");
        known(&field, constraint, "constraints", document.constraints.iter(), mistakes);
    }
}

/// Every role that a text names in braces has a name in every variant.
fn check_variants(document: &ScenarioDocument, mistakes: &mut Mistakes) {
    let note = |field: String, text: &str, mistakes: &mut Mistakes| -> Vec<String> {
        roles_of(text).unwrap_or_else(|| {
            mistakes.add(field, format!("is {text:?}; each {{ must be closed by a }}"));
            Vec::new()
        })
    };
    let mut named: BTreeSet<String> = BTreeSet::new();
    for (path, list) in document.lists() {
        for (at, choice) in list.iter().enumerate() {
            named.extend(note(format!("{path}[{at}].text"), &choice.text, mistakes));
            for (effect, target) in choice.effects.iter().map(|effect| &effect.target).enumerate() {
                named.extend(note(format!("{path}[{at}].effects[{effect}].target"), target, mistakes));
            }
        }
    }
    for (at, scene) in document.scenes.iter().enumerate() {
        named.extend(note(format!("scenes[{at}].situation"), &scene.situation, mistakes));
    }
    for (at, constraint) in document.constraints.iter().enumerate() {
        mistakes.label(format!("constraints[{at}]"), constraint);
        named.extend(note(format!("constraints[{at}]"), constraint, mistakes));
    }
    for (at, variant) in document.variants.iter().enumerate() {
        let path = format!("variants[{at}]");
        mistakes.label(format!("{path}.name"), &variant.name);
        prose(&format!("{path}.situation"), &variant.situation, mistakes);
        let mut needed = named.clone();
        needed.extend(note(format!("{path}.situation"), &variant.situation, mistakes));
        for (role, name) in &variant.names {
            mistakes.label(format!("{path}.names.{role}"), name);
        }
        for role in needed.iter().filter(|role| !variant.names.contains_key(*role)) {
            mistakes.add(format!("{path}.names.{role}"), format!("is missing, and a text names {{{role}}}"));
        }
    }
}

/// The roles that a text names in braces; `None` where braces are not in pairs.
pub(crate) fn roles_of(text: &str) -> Option<Vec<String>> {
    let mut roles = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (role, after) = rest[at..].strip_prefix('{')?.split_once('}')?;
        if role.contains('{') {
            return None;
        }
        roles.push(role.to_owned());
        rest = after;
    }
    Some(roles)
}

fn slug(field: &str, text: &str, mistakes: &mut Mistakes) {
    mistakes.label(field, text);
    let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    if !text.chars().all(is_slug) {
        mistakes.add(field, format!("is {text:?}; it must be of small letters, digits, _ and -"));
    }
}

fn prose(field: &str, text: &str, mistakes: &mut Mistakes) {
    if text.trim().is_empty() {
        mistakes.add(field, format!("is {text:?}; it must not be empty"));
    } else if text.len() > MAX_PROSE_BYTES {
        mistakes.add(field, format!("is {} bytes long; at most {MAX_PROSE_BYTES} are allowed", text.len()));
    }
}

fn length(field: &str, count: usize, least: usize, most: usize, mistakes: &mut Mistakes) {
    if !(least..=most).contains(&count) {
        mistakes.add(field, format!("has {count} items; it must have {least} to {most}"));
    }
}

fn unique<'a>(list: &str, field: &str, names: impl Iterator<Item = &'a String>, mistakes: &mut Mistakes) {
    let mut seen = BTreeSet::new();
    for (at, name) in names.enumerate() {
        if !seen.insert(name) {
            mistakes.add(format!("{list}[{at}]{field}"), format!("is {name:?} a second time"));
        }
    }
}

fn known<'a>(
    field: &str,
    name: &str,
    list: &str,
    names: impl Iterator<Item = &'a String> + Clone,
    mistakes: &mut Mistakes,
) {
    if !names.clone().any(|known| known == name) {
        let names: Vec<_> = names.map(|known| format!("{known:?}")).collect();
        mistakes.add(field, format!("names {name:?}, which is not in `{list}` ({})", names.join(", ")));
    }
}
