//! Loads a model and answers one request at a time.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use candle_core::quantized::gguf_file::Content;
use llguidance::api::TopLevelGrammar;
use llguidance::earley::SlicedBiasComputer;
use llguidance::toktrie::InferenceCapabilities;
use llguidance::{Matcher, ParserFactory};
use serde_json::Value;

use super::copied_text::CopiedText;
use super::decoding::Decoding;
use super::guide::Guide;
use super::qwen2::Qwen2;
use super::verbatim::Verbatim;
use super::vocabulary::Vocabulary;
use super::{LocalOptions, PROVIDER, bounds, chat, grammar};
use structx_llm::{FinishReason, LlmError, LlmErrorKind, Part, Request, Response, Usage};

/// The default context: a document of a few pages, at 24 KB of cache for each token of the 0.5B model.
/// Chosen by hand, not measured.
const CONTEXT: usize = 8192;
const ARCHITECTURE: &str = "qwen2";

pub struct Engine {
    pub(super) model: Qwen2,
    pub(super) vocabulary: Vocabulary,
    grammars: ParserFactory,
    /// The tokens whose keys and values are in the model's cache.
    pub(super) cached: Vec<u32>,
    context: usize,
    max_tokens: usize,
}

impl Engine {
    /// Loads the model.
    ///
    /// # Errors
    /// The file is not a supported model; the message says why.
    pub fn load(path: &Path, options: &LocalOptions) -> Result<Self, LlmError> {
        let unusable = |problem: &dyn std::fmt::Display| {
            let problem = first_line(problem);
            failed(format!("{} can't be used as a model: {problem}", path.display()))
        };
        let file = File::open(path).map_err(|error| unusable(&error))?;
        let mut file = BufReader::new(file);
        let content = Content::read(&mut file).map_err(|error| unusable(&error))?;
        let text = |key: &str| content.metadata.get(key).and_then(|it| it.to_string().ok());
        let architecture = text("general.architecture").map_or("unknown", String::as_str);
        if architecture != ARCHITECTURE {
            return Err(unusable(&format!(
                "its architecture is `{architecture}`; supported is `{ARCHITECTURE}`"
            )));
        }
        let trained = content.metadata.get("qwen2.context_length");
        let trained = trained.and_then(|it| it.to_u32().ok()).map_or(CONTEXT, |it| it as usize);
        let context = options.context.unwrap_or(CONTEXT).min(trained);
        let model = Qwen2::load(&content, &mut file, context).map_err(|error| unusable(&error))?;
        let vocabulary = Vocabulary::from_gguf(&content).map_err(|error| unusable(&error))?;
        let grammars = grammars(&vocabulary).map_err(|error| unusable(&error))?;
        let max_tokens = options.max_tokens;
        Ok(Self { model, vocabulary, grammars, cached: Vec::new(), context, max_tokens })
    }

    /// Answers one request. `is_cancelled` is checked before each layer of the model; the error after a
    /// cancellation is not delivered.
    pub fn answer(
        &mut self,
        request: &Request,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Response, LlmError> {
        let limit = self.output_limit(request)?;
        let schema = request.schema.as_deref();
        let shape = schema.map(|schema| &*schema.compiled);
        let prompt = chat::prompt(&request.messages, shape, &self.vocabulary).map_err(failed)?;
        if prompt.len() + limit > self.context {
            let message = format!(
                "the prompt has {} tokens, and {limit} are kept for the answer: together more \
                 than the context of {} tokens; send less text",
                prompt.len(),
                self.context
            );
            return Err(LlmError::new(LlmErrorKind::ContextLength, PROVIDER, message));
        }
        let limited = schema.map(|schema| {
            let mut limited = Value::clone(&schema.compiled);
            bounds::adapt(&mut limited, documents(request));
            limited
        });
        let verbatim = limited.as_ref().map(|schema| Verbatim::new(schema, documents(request)));
        let bound = verbatim.as_ref().map(Verbatim::bind);
        let mut guide = match &bound {
            Some(bound) => {
                let text = CopiedText::new(bound, documents(request));
                Some(Guide::new(self.matcher(bound.clone())?, text))
            }
            None => None,
        };

        let mut run = Decoding { engine: self, is_cancelled };
        let (scores, known) = run.read(&prompt)?;
        let (tokens, finish) = run.write(guide.as_mut(), scores, limit)?;
        let bytes = self.vocabulary.bytes(&tokens);
        let mut reply = Response {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            finish_reason: finish,
            usage: usage(prompt.len(), tokens.len(), known),
            ..Response::default()
        };
        if let (Some(verbatim), Some(schema), FinishReason::Stop) = (verbatim, &limited, finish) {
            restore(&mut reply, &verbatim, schema)?;
        }
        Ok(reply)
    }

    /// The maximum number of tokens of the answer: the request's `max_tokens`, or the provider's.
    fn output_limit(&self, request: &Request) -> Result<usize, LlmError> {
        let mut limit = self.max_tokens;
        for (name, value) in request.options.iter() {
            let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
            match (name.as_str(), number) {
                ("max_tokens", Some(number)) if number > 0 => limit = number,
                _ => {
                    let message = format!(
                        "the embedded model has no setting `{name}` with this value; it knows \
                         `max_tokens`, a positive integer"
                    );
                    return Err(LlmError::new(LlmErrorKind::Rejected, PROVIDER, message));
                }
            }
        }
        Ok(limit)
    }

    fn matcher(&self, schema: Value) -> Result<Matcher, LlmError> {
        let grammar = TopLevelGrammar::from_json_schema(grammar::with_settings(schema));
        let matcher = Matcher::new(self.grammars.create_parser(grammar));
        match matcher.get_error() {
            Some(error) => Err(failed(format!("no grammar of the reply: {error}"))),
            None => Ok(matcher),
        }
    }
}

/// Replaces the literals of a complete reply by their values. A reply with a value that reaches an added
/// limit ends there and is incomplete.
fn restore(reply: &mut Response, verbatim: &Verbatim<'_>, schema: &Value) -> Result<(), LlmError> {
    let mut value: Value = serde_json::from_str(&reply.text)
        .map_err(|error| failed(format!("the grammar let through what is no JSON: {error}")))?;
    let reached = bounds::reached(&value, schema);
    verbatim.restore(&mut value);
    if let Some(place) = reached {
        reply.text = bounds::cut(&value, &place);
        reply.finish_reason = FinishReason::Length;
    } else {
        reply.text = value.to_string();
    }
    Ok(())
}

fn grammars(vocabulary: &Vocabulary) -> Result<ParserFactory, String> {
    let can = InferenceCapabilities { ff_tokens: true, ..Default::default() };
    let slices = SlicedBiasComputer::json_slices();
    let mut factory = ParserFactory::new(&vocabulary.environment(), can, &slices)
        .map_err(|error| error.to_string())?;
    factory.quiet();
    // Verbose messages contain the reply, and so text of the document.
    factory.limits_mut().verbose_errors = false;
    Ok(factory)
}

fn documents(request: &Request) -> impl Iterator<Item = &str> {
    request.messages.iter().flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::Document(text) => Some(text.as_ref()),
        Part::Text(_) | Part::Image(_) | Part::File(_) => None,
    })
}

fn usage(prompt: usize, completion: usize, cached: usize) -> Usage {
    Usage { cached_tokens: Some(cached as u64), ..Usage::of(prompt as u64, completion as u64) }
}

/// The first line of an error: with `RUST_BACKTRACE`, candle appends a backtrace.
pub fn first_line(problem: &dyn std::fmt::Display) -> String {
    problem.to_string().lines().next().unwrap_or_default().to_owned()
}

pub fn failed(message: String) -> LlmError {
    LlmError::new(LlmErrorKind::Engine, PROVIDER, message)
}
