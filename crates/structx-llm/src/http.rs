//! Providers over HTTP: the transport, the trait of wire formats, errors and options in their
//! spellings.

pub(crate) mod answer;
mod body;
mod connections;
pub(crate) mod deltas;
mod exchange;
pub(crate) mod failure;
pub(crate) mod finish;
pub(crate) mod options;
mod secrets;
mod transport;
mod trust;
pub mod wire_format;

pub use body::{Body, Stream};
pub use connections::is_loopback;
pub use exchange::Exchange;
pub use secrets::ApiKey;
pub use transport::{Auth, Endpoint, HttpProvider, Timeouts, headers};
pub use trust::Trust;
pub use wire_format::{Form, HttpRequest, HttpResponse, WireFormat};
