//! Images inside of recorded values, as models and tools get them: a data URL, or base64 beside a media type.

use gauntlet_model::Object;
use serde_json::Value;

/// The media types that are shown: of images, those that hold no scripts.
const SHOWN_TYPES: [&str; 6] =
    ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"];
/// Members that name the media type of an object with base64.
const TYPES: [&str; 3] = ["media_type", "mime_type", "mimeType"];
/// Members of an object that hold base64.
const DATA: [&str; 2] = ["data", "content"];
/// Members of a message's part that hold its image.
const NESTED: [&str; 5] = ["image_url", "url", "source", "inline_data", "inlineData"];

/// Whether browsers show images of a media type and run nothing of them.
pub fn is_shown(media_type: &str) -> bool {
    SHOWN_TYPES.contains(&media_type.to_ascii_lowercase().as_str())
}

/// The value with a short text in the place of each image. Appends the images' data URLs as long as their
/// bytes are within `budget`, which is reduced by them; an image beyond it leaves its text only.
pub(crate) fn take(value: &Value, budget: &mut usize, images: &mut Vec<String>) -> Value {
    let image = match value {
        Value::String(text) => data_url(text),
        Value::Object(members) => of_part(members),
        _ => None,
    };
    if let Some(image) = image {
        let label = format!("[{}, {} kB]", image.media_type, (image.base64.len() * 3 / 4).div_ceil(1000));
        if let Some(left) = budget.checked_sub(image.base64.len()) {
            *budget = left;
            images.push(format!("data:{};base64,{}", image.media_type, image.base64));
        }
        return match value {
            Value::Object(_) => serde_json::json!({ "type": "text", "text": label }),
            _ => Value::String(label),
        };
    }
    match value {
        Value::Array(items) => items.iter().map(|item| take(item, budget, images)).collect(),
        Value::Object(members) => {
            let taken = members.iter().map(|(key, value)| (key.clone(), take(value, budget, images)));
            Value::Object(taken.collect())
        }
        other => other.clone(),
    }
}

struct Image<'a> {
    media_type: &'a str,
    base64: &'a str,
}

/// An image of a type that is shown, of base64 and nothing else.
fn image<'a>(media_type: &'a str, base64: &'a str) -> Option<Image<'a>> {
    let is_base64 = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    let is_image = is_shown(media_type) && !base64.is_empty() && is_base64(base64);
    is_image.then_some(Image { media_type, base64 })
}

fn data_url(text: &str) -> Option<Image<'_>> {
    let (media_type, base64) = text.strip_prefix("data:")?.split_once(";base64,")?;
    image(media_type, base64)
}

/// The image of a message's part. A tool's arguments are none, as their other members have to stay.
fn of_part(members: &Object) -> Option<Image<'_>> {
    let is_part = match members.get("type").and_then(Value::as_str) {
        Some(kind) => kind.contains("image") || kind == "blob",
        None => members.len() == 1 && NESTED.iter().any(|key| members.contains_key(*key)),
    };
    if is_part { of_object(members) } else { None }
}

/// The image of an object that names its media type, or holds it in a member.
fn of_object(members: &Object) -> Option<Image<'_>> {
    let text = |keys: &[&str]| keys.iter().find_map(|key| members.get(*key)?.as_str());
    let data = text(&TYPES).zip(text(&DATA));
    if let Some(found) = data.and_then(|(media_type, base64)| image(media_type, base64)) {
        return Some(found);
    }
    NESTED.iter().find_map(|key| match members.get(*key)? {
        Value::String(text) => data_url(text),
        Value::Object(inner) => of_object(inner),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn taken(value: &Value, mut budget: usize) -> (Value, Vec<String>) {
        let mut images = Vec::new();
        let rest = take(value, &mut budget, &mut images);
        (rest, images)
    }

    #[test]
    fn images_of_every_shape_are_found() {
        let url = "data:image/png;base64,iVBORw0KGgo=";
        let base64 = "iVBORw0KGgo=";
        for part in [
            json!({"type": "image_url", "image_url": {"url": url, "detail": "low"}}),
            json!({"type": "input_image", "image_url": url}),
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": base64}}),
            json!({"inlineData": {"mimeType": "image/png", "data": base64}}),
            json!({"type": "blob", "modality": "image", "mime_type": "image/png", "content": base64}),
        ] {
            let (rest, images) = taken(&json!([{"type": "text", "text": "a"}, part]), 100);
            assert_eq!(rest[1], json!({"type": "text", "text": "[image/png, 1 kB]"}), "{part}");
            assert_eq!(images, [url], "{part}");
        }
        let (rest, images) = taken(&json!({"city": "Oslo", "map": url}), 100);
        assert_eq!((rest, images.len()), (json!({"city": "Oslo", "map": "[image/png, 1 kB]"}), 1));
    }

    #[test]
    fn what_is_no_image_stays_and_what_is_too_large_leaves_its_text() {
        for other in [
            json!("data:image/svg+xml;base64,AAAA"),
            json!("data:image/png;base64,\"><script>"),
            json!({"media_type": "text/plain", "data": "AAAA"}),
            json!({"a": [1, null, "text"]}),
        ] {
            assert_eq!(taken(&other, 100), (other.clone(), vec![]));
        }
        let image = json!("data:image/png;base64,AAAABBBB");
        assert_eq!(taken(&image, 7), (json!("[image/png, 1 kB]"), vec![]));
    }
}
