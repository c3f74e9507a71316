//! The cost of requests as a layer.

use crate::price::Price;
use crate::provider::delegate;
use crate::{Provider, Request, ResponseFuture};

/// A provider whose responses and errors have the cost of their tokens.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use structx_llm::layers::Priced;
/// use structx_llm::price::Price;
/// use structx_llm::{Provider, Request, Response, Scripted, Usage};
///
/// let response = Response { usage: Usage::of(1_000_000, 0), ..Response::default() };
/// let price = Price { input: 2.0, output: 8.0, cached: None };
/// let priced = Priced::new(Scripted::new([Ok(response)]), Some(price));
/// let response = priced.complete(&Request::default()).await.unwrap();
/// assert_eq!(response.usage.cost, Some(2.0));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Priced<P> {
    provider: P,
    price: Option<Price>,
}

impl<P: Provider> Priced<P> {
    /// A provider whose requests have this price; `None` if it is unknown.
    #[must_use]
    pub const fn new(provider: P, price: Option<Price>) -> Self {
        Self { provider, price }
    }
}

impl<P: Provider> Provider for Priced<P> {
    delegate!(self => self.provider);

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let Some(price) = self.price else { return self.provider.complete(request) };
        Box::pin(async move {
            let mut result = self.provider.complete(request).await;
            let usage = match &mut result {
                Ok(response) => &mut response.usage,
                Err(error) => &mut error.usage,
            };
            usage.cost = Some(price.of(usage));
            result
        })
    }
}
