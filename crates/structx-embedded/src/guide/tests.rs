//! A scripted model in place of the weights: it prefers the bytes of a reply that it wants to write.

use std::collections::HashMap;

use candle_core::quantized::gguf_file::{Content, Value as Metadata, VersionedMagic};
use llguidance::api::TopLevelGrammar;
use llguidance::earley::SlicedBiasComputer;
use llguidance::toktrie::InferenceCapabilities;
use llguidance::{Matcher, ParserFactory};
use serde_json::{Value, json};

use super::{Choice, Guide};
use crate::copied_text::CopiedText;
use crate::grammar;
use crate::verbatim::Verbatim;
use crate::vocabulary::{Vocabulary, byte_alphabet};

/// A vocabulary of bytes.
fn vocabulary() -> Vocabulary {
    let mut letters: Vec<(char, u8)> = byte_alphabet().into_iter().collect();
    letters.sort_by_key(|(_, byte)| *byte);
    let mut tokens: Vec<String> = letters.iter().map(|(letter, _)| letter.to_string()).collect();
    tokens.extend(["<|im_start|>", "<|im_end|>"].map(str::to_owned));
    let kinds = (0..tokens.len()).map(|index| Metadata::I32(if index < 256 { 1 } else { 3 }));
    let kinds = Metadata::Array(kinds.collect());
    let tokens = Metadata::Array(tokens.into_iter().map(Metadata::String).collect());
    let metadata = [
        ("tokenizer.ggml.model", Metadata::String("gpt2".to_owned())),
        ("tokenizer.ggml.pre", Metadata::String("qwen2".to_owned())),
        ("tokenizer.ggml.tokens", tokens),
        ("tokenizer.ggml.token_type", kinds),
        ("tokenizer.ggml.merges", Metadata::Array(Vec::new())),
        ("tokenizer.ggml.eos_token_id", Metadata::U32(257)),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value)).into_iter().collect();
    let content = Content {
        magic: VersionedMagic::GgufV3,
        metadata,
        tensor_infos: HashMap::new(),
        tensor_data_offset: 0,
    };
    Vocabulary::from_gguf(&content).unwrap()
}

/// The value of the field `name`, for a model whose `scores` are the logits of the bytes after the value
/// so far, 0 for all others.
fn written(field: &Value, document: &str, scores: impl Fn(&str) -> Vec<(char, f32)>) -> String {
    let schema = json!({"type": "object", "required": ["name"], "properties": {"name": field}});
    let reply =
        replied(&schema, document, |text| scores(text.strip_prefix("{\"name\": ").unwrap_or("{")));
    reply["name"].to_string()
}

/// The reply of a model whose `scores` are the logits of the bytes after the reply so far.
fn replied(schema: &Value, document: &str, scores: impl Fn(&str) -> Vec<(char, f32)>) -> Value {
    let compiled = grammar::compile("Reply", schema).unwrap().compiled;
    let verbatim = Verbatim::new(&compiled, [document].into_iter());
    let bound = verbatim.bind();
    let vocabulary = vocabulary();
    let can = InferenceCapabilities { ff_tokens: true, ..Default::default() };
    let slices = SlicedBiasComputer::json_slices();
    let factory = ParserFactory::new(&vocabulary.environment(), can, &slices).unwrap();
    let parser = TopLevelGrammar::from_json_schema(grammar::with_settings(bound.clone()));
    let matcher = Matcher::new(factory.create_parser(parser));
    let mut guide = Guide::new(matcher, CopiedText::new(&bound, [document].into_iter()));
    let mut tokens = Vec::new();
    while !guide.is_complete() && tokens.len() < 200 {
        let text = String::from_utf8(vocabulary.bytes(&tokens)).unwrap();
        let mut logits = vec![0.0; 258];
        for (letter, score) in scores(&text) {
            logits[letter as usize] = score;
        }
        match guide.choose(tokens.len(), &logits, &vocabulary).unwrap() {
            Choice::Token(token) if token == vocabulary.end => break,
            Choice::Token(token) => tokens.extend(guide.consume(token, &vocabulary).unwrap()),
            Choice::Return(place) => tokens.truncate(place.written),
        }
    }
    serde_json::from_slice(&vocabulary.bytes(&tokens)).unwrap()
}

/// The scores of a model that wants to write one of these texts, each with its score.
fn wants<'a>(texts: &'a [(&'a str, f32)]) -> impl Fn(&str) -> Vec<(char, f32)> + 'a {
    |value| {
        let next =
            |(text, score): &(&str, f32)| Some((text.strip_prefix(value)?.chars().next()?, *score));
        texts.iter().rev().filter_map(next).collect()
    }
}

fn text() -> Value {
    json!({"type": "string"})
}

const LETTER: &str = "Dear Mr Kessler, thank you for the order.";

#[test]
fn a_misspelt_name_is_copied() {
    let kessler = [("\"Mr Kesler\"", 9.0), ("\"Mr Kessler\"", 5.0)];
    assert_eq!(written(&text(), LETTER, wants(&kessler)), "\"Mr Kessler\"");
}

#[test]
fn what_the_model_is_sure_of_is_free() {
    let complaint = [("\"Complaint\"", 9.0)];
    assert_eq!(written(&text(), LETTER, wants(&complaint)), "\"Complaint\"");
    let kessler = [("\"Mr Kesler\"", 9.0), ("\"Mr Kessler\"", 5.0)];
    let inferred = json!({"type": "string", "x-copied": false});
    assert_eq!(written(&inferred, LETTER, wants(&kessler)), "\"Mr Kesler\"");
    let pattern = json!({"type": "string", "pattern": "^[A-Za-z ]+$"});
    assert_eq!(written(&pattern, LETTER, wants(&kessler)), "\"Mr Kesler\"");
}

#[test]
fn what_is_in_no_document_is_null_if_it_may_be() {
    let field = json!({"anyOf": [{"type": "string"}, {"type": "null"}]});
    let site = [("\"www.example.com\"", 9.0), ("null", 5.0)];
    assert_eq!(written(&field, LETTER, wants(&site)), "null");
}

const FORM: &str = "Order 4\n\nName: Ann Wu\nStreet: 14 Mill Lane\nUnit 3, Leeds\nPhone: 77 12\n";

#[test]
fn a_value_goes_on_in_the_next_line_if_that_has_no_label() {
    let address = [("\"14 Mill Lane\"", 9.0), ("\"14 Mill Lane, Unit 3, Leeds\"", 4.0)];
    assert_eq!(written(&text(), FORM, wants(&address)), "\"14 Mill Lane, Unit 3, Leeds\"",);
    let name = [("\"Ann Wu\"", 9.0), ("\"Ann Wu, Street: 14\"", 8.5)];
    assert_eq!(written(&text(), FORM, wants(&name)), "\"Ann Wu\"");
}

#[test]
fn a_line_that_does_not_go_on_as_the_document_does_ends_the_value() {
    let address = [("\"14 Mill Lane\"", 9.0), ("\"14 Mill Lane, West End\"", 8.5)];
    assert_eq!(written(&text(), FORM, wants(&address)), "\"14 Mill Lane\"");
}

#[test]
fn a_copy_begins_with_its_line_rather_than_within() {
    let lane = [("\"Mill Lane\"", 9.0), ("\"14 Mill Lane\"", 8.5)];
    assert_eq!(written(&text(), "To\n14 Mill Lane\n\nHello", wants(&lane)), "\"14 Mill Lane\"");
}

#[test]
fn of_two_likely_numbers_that_with_the_label_of_the_field_is_chosen() {
    let document = "Subtotal 31.15\nTax 2.49\nName 33.64\nSum 41.00\n";
    let sums = [("\"31.15\"", 9.0), ("\"33.64\"", 8.5)];
    let number = json!({"type": "number"});
    assert_eq!(written(&number, document, wants(&sums)), "\"33.64\"");
    assert_eq!(written(&number, "Name 31.15\nSum 33.64", wants(&sums)), "\"31.15\"");
}

#[test]
fn a_string_after_a_free_one_is_copied_again() {
    let two = json!({"type": "object", "required": ["kind", "name"],
        "properties": {"kind": {"type": "string"}, "name": {"type": "string"}}});
    let wanted = [
        (r#"{"kind": "Complaint", "name": "Mr Kesler"}"#, 9.0),
        (r#"{"kind": "Complaint", "name": "Mr Kessler"}"#, 5.0),
    ];
    let reply = replied(&two, LETTER, wants(&wanted));
    assert_eq!(reply, json!({"kind": "Complaint", "name": "Mr Kessler"}));
}
