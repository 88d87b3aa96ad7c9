//! `spin:variables`.

use wasmtime::component::Accessor;

use super::View;
use super::bindings::spin::variables::variables::{Error, Host, HostWithStore};

impl Host for View<'_> {}

impl<T: Send + 'static> HostWithStore<T> for super::Host {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, Error> {
        let found = accessor.with(|mut access| access.get().databases.variables.get(&name).cloned());
        found.ok_or(Error::Undefined(name))
    }
}
