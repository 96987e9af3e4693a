//! Artifacts and recorded images as HTML: an image where browsers show one, and a link to an artifact's
//! bytes.

use gauntlet_engine::images::is_shown;
use gauntlet_model::{ArtifactAdded, RunId};
use html_escape::{encode_double_quoted_attribute as attribute, encode_text};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The artifact as HTML without markup of its own.
pub(crate) fn html(run: &RunId, artifact: &ArtifactAdded) -> String {
    let run = utf8_percent_encode(run.as_str(), NON_ALPHANUMERIC);
    let address = format!("/api/v1/runs/{run}/artifacts/{}", artifact.sha256);
    let address = attribute(&address);
    let name = &artifact.name;
    let image = match is_shown(&artifact.mime_type) {
        true => format!("<img src=\"{address}\" alt=\"{}\" loading=\"lazy\">", attribute(name)),
        false => String::new(),
    };
    format!(
        "{image}<a href=\"{address}\" download=\"{}\" rel=\"external\">{}</a>",
        attribute(name),
        encode_text(name)
    )
}

/// Data URLs as images.
pub(crate) fn images(urls: &[String]) -> String {
    let image =
        |url: &String| format!("<img src=\"{}\" alt=\"Recorded image\" loading=\"lazy\">", attribute(url));
    urls.iter().map(image).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, mime_type: &str) -> String {
        let artifact = ArtifactAdded {
            name: name.to_owned(),
            mime_type: mime_type.to_owned(),
            size_bytes: 3,
            sha256: "ab".repeat(32),
            role: "output".to_owned(),
        };
        html(&RunId::new("r").unwrap(), &artifact)
    }

    #[test]
    fn only_images_without_scripts_are_shown_and_names_are_escaped() {
        let out = shown("\"><script>", "image/PNG");
        assert!(out.starts_with("<img src=\"/api/v1/runs/r/artifacts/abab"), "{out}");
        assert!(!out.contains("<script"), "{out}");
        assert!(!shown("a.svg", "image/svg+xml").contains("<img"));
        assert!(shown("a.txt", "text/plain").contains("download=\"a.txt\""));
    }
}
