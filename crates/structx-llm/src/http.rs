//! Providers over HTTP: the transport, the trait of wire formats, errors and options in their
//! spellings.

pub(crate) mod failure;
pub(crate) mod options;
mod transport;
pub mod wire_format;

pub use transport::{ApiKey, Auth, Endpoint, HttpProvider, Timeouts, is_loopback};
pub use wire_format::{HttpRequest, HttpResponse, WireFormat};
