//! What a server allows: how its instances are used, and how long its clients may take.

use std::time::Duration;

/// How instances are used. The names are those of `wasmtime serve`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests that an instance answers before it is dropped, 1 or more.
    pub max_instance_reuse_count: usize,
    /// Requests that an instance has at once, 1 or more. It computes on one thread, so more than one leaves cores idle.
    pub max_instance_concurrent_reuse_count: usize,
    /// Requests with a body at once in all instances, 1 or more; others wait. As many without a body have places of their own, so that
    /// slow bodies keep nobody from asking how the server is.
    pub max_concurrent_requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_instance_reuse_count: 128, max_instance_concurrent_reuse_count: 1, max_concurrent_requests: 64 }
    }
}

/// What clients may do with their connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clients {
    /// Connections at once, 1 or more; others wait to be accepted.
    pub max_connections: usize,
    /// From the opening of a connection, or the answer before, to the end of a request's head. An idle connection is closed then.
    pub head_timeout: Duration,
    /// From the moment a request's body is read to its end. Over it is 408.
    pub body_timeout: Duration,
    /// How long a client may leave an answer unread before its connection is closed.
    pub write_timeout: Duration,
    /// How long a request may wait for its turn. Over it is 503 with `retry-after`.
    pub queue_timeout: Duration,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            max_connections: 2048,
            head_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            queue_timeout: Duration::from_secs(30),
        }
    }
}
