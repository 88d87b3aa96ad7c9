//! `spin:variables`: there are none. What a component is to know is in its environment here.

use wasmtime::component::Accessor;

use super::View;
use super::bindings::spin::variables::variables::{Error, Host, HostWithStore};

impl Host for View<'_> {}

impl<T: Send + 'static> HostWithStore<T> for super::Host {
    async fn get(_: &Accessor<T, Self>, name: String) -> Result<String, Error> {
        Err(Error::Undefined(name))
    }
}
