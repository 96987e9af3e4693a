//! The API reference as HTML, from the OpenAPI document alone.

use serde_json::Value;

use super::page::{anchor, escape};

/// The reference: groups in the document's order, each operation with its parameters, bodies and answers.
pub(super) fn html(document: &Value) -> String {
    let text = |value: &Value, key: &str| escape(value[key].as_str().unwrap_or_default());
    let mut out = format!(
        "<h1>API reference</h1><p>{}</p><p>For machines: \
        <a href=\"/api/v1/openapi.json\">openapi.json</a>.</p>",
        text(&document["info"], "description")
    );
    let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    let links = tags.iter().filter_map(|tag| tag["name"].as_str());
    let links: Vec<_> =
        links.map(|name| format!("<a href=\"#{}\">{}</a>", anchor(name), escape(name))).collect();
    out.push_str(&format!("<p>{} · <a href=\"#schemas\">Schemas</a></p>", links.join(" · ")));
    for tag in tags {
        let name = tag["name"].as_str().unwrap_or_default();
        out.push_str(&format!(
            "<h2 id=\"{}\">{}</h2><p>{}</p>",
            anchor(name),
            escape(name),
            text(tag, "description")
        ));
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                if operation["tags"][0] == name {
                    out.push_str(&operation_html(document, method, path, operation));
                }
            }
        }
    }
    out.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let json = escape(&format!("{schema:#}"));
        out.push_str(&format!(
            "<details id=\"schema-{}\"><summary><code>{}</code></summary>\
            <pre><code>{json}</code></pre></details>",
            escape(name),
            escape(name)
        ));
    }
    out
}

fn operation_html(document: &Value, method: &str, path: &str, operation: &Value) -> String {
    let text = |value: &Value| escape(value.as_str().unwrap_or_default());
    let id = text(&operation["operationId"]);
    let mut out = format!(
        "<section class=\"docs-operation\" id=\"{id}\"><h3><a href=\"#{id}\"><b class=\"is-{method}\">{}</b> \
         <code>{}</code></a></h3><p>{}. {}</p>",
        method.to_uppercase(),
        escape(path),
        text(&operation["summary"]),
        code_marks(&text(&operation["description"])),
    );
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        out.push_str("<div class=\"docs-table\"><table><tbody>");
        for parameter in parameters {
            out.push_str(&format!(
                "<tr><th><code>{}</code></th><td>{}, {}</td><td>{}</td></tr>",
                text(&parameter["name"]),
                text(&parameter["in"]),
                shape(&parameter["schema"]),
                code_marks(&text(&parameter["description"])),
            ));
        }
        out.push_str("</tbody></table></div>");
    }
    out.push_str("<div class=\"docs-table\"><table><tbody>");
    for (media, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
        let of = shape(&content["schema"]);
        out.push_str(&format!("<tr><th>body</th><td>{}</td><td>{of}</td></tr>", escape(media)));
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let shared = response["$ref"].as_str().and_then(|to| document.pointer(to.trim_start_matches('#')));
        let response = shared.unwrap_or(response);
        let content = response["content"].as_object().and_then(|c| c.values().next());
        let of = content.map(|c| shape(&c["schema"])).unwrap_or_default();
        let about = code_marks(&text(&response["description"]));
        out.push_str(&format!("<tr><th>{}</th><td>{about}</td><td>{of}</td></tr>", escape(status)));
    }
    out.push_str("</tbody></table></div></section>");
    out
}

/// A schema in short, its components as links.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        let name = escape(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    for (choice, between) in [("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")] {
        if let Some(all) = schema[choice].as_array() {
            return all.iter().map(shape).collect::<Vec<_>>().join(between);
        }
    }
    if let Some(types) = schema["type"].as_array() {
        let types = types.iter().map(|one| {
            let mut alone = schema.clone();
            alone["type"] = one.clone();
            shape(&alone)
        });
        return types.collect::<Vec<_>>().join(" or ");
    }
    match schema["type"].as_str() {
        Some("array") => format!("list of {}", shape(&schema["items"])),
        Some("object") => match schema["properties"].as_object() {
            Some(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, of)| format!("<code>{}</code> {}", escape(name), shape(of)))
                    .collect();
                format!("{{ {} }}", fields.join(", "))
            }
            None => "object".to_owned(),
        },
        Some("string") if schema["format"] == "binary" => "bytes".to_owned(),
        Some("integer") => match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
            (Some(least), Some(most)) => match schema["default"].as_u64() {
                Some(usual) => format!("integer, {least} to {most}, {usual} unless given"),
                None => format!("integer, {least} to {most}"),
            },
            _ => "integer".to_owned(),
        },
        Some(word) => escape(word),
        None => "anything".to_owned(),
    }
}

/// `` `words` `` between backticks as code. The text is escaped already.
fn code_marks(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(i, part)| if i % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}
