//! What a component brings.

use crate::problem::Dialect;
use crate::route::Route;
use crate::state::ServerState;

/// A component that answers over HTTP: its routes, and the state that they share.
pub trait App: Sized + 'static {
    /// Every route. Where two match a path, the first one is taken.
    const ROUTES: &'static [Route<Self>];

    /// The end of the message of a 404 for an unknown path: where the routes are listed.
    const HINT: &'static str;

    /// The settings, the model and the counters.
    fn state(&self) -> &ServerState;

    /// The shape of the error for a `path` that no route matches.
    fn dialect(path: &str) -> Dialect;
}
