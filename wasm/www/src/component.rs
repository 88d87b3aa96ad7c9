//! The edge to the host: `wasi:http/handler`, by way of Spin's SDK.

use std::sync::LazyLock;

use spin_sdk::http::{Request, Response};
use spin_sdk::http_service;

use crate::{FileBody, Site};

static SITE: LazyLock<Site> = LazyLock::new(Site::from_env);

#[http_service]
async fn handle(request: Request) -> Response<FileBody> {
    SITE.answer(&request.into_parts().0)
}
