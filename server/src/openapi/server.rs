//! The server itself.

use super::Operation;

/// Every operation.
pub fn operations() -> Vec<Operation> {
    let op = |method, path, summary| Operation::new(method, path, "Server", summary);
    vec![
        op("get", "/healthz", "Whether it lives").answers(200, "It lives.", "", ""),
        op("get", "/readyz", "Whether it can write")
            .answers(200, "It can.", "", "")
            .refuses(503, "The log cannot be written now."),
        op("get", "/api/v1/openapi.json", "This document").json(200, "This document.", "object"),
    ]
}
