//! Chooses the tokens of a reply: those that the grammar allows and, in copied strings, those that stand
//! in a document. A string that the model wants to be something else is free.

use llguidance::Matcher;
use llguidance::toktrie::SimpleVob;

use super::copied_text::{CopiedText, State};
use super::engine::failed;
use super::vocabulary::Vocabulary;
use structx_llm::LlmError;

/// By how much the logits of a copy may be below those of the model's own text: beyond it, what the
/// model wants to say is not in a document. Chosen by measure, as the constants of
/// [`copied_text`](super::copied_text).
const MOST_LOSS: f32 = 8.0;

pub struct Guide<'a> {
    matcher: Matcher,
    text: CopiedText<'a>,
    state: State,
    string: CurrentString,
}

/// How the string that is being written came about.
#[derive(Default)]
struct CurrentString {
    /// Before its first token.
    start: Option<Place>,
    /// Before it last went on where it could have ended.
    crossing: Option<Place>,
    may_cross: bool,
    /// By how much it is below the model's own text.
    loss: f32,
    origin: Origin,
}

/// Where a value comes from: the first that the model finds likely enough.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Origin {
    #[default]
    Document,
    /// None: it is null, if that is likely enough.
    Nothing,
    /// The model's own words.
    Model,
}

/// A place in a reply to which decoding can return.
pub struct Place {
    /// The number of tokens before it.
    pub written: usize,
    /// The logits of the next token.
    pub scores: Vec<f32>,
    state: State,
    loss: f32,
}

/// How a reply goes on.
pub enum Choice {
    Token(u32),
    /// From an earlier place.
    Return(Place),
}

/// A token and its logit.
type Scored = (u32, f32);

impl<'a> Guide<'a> {
    pub fn new(matcher: Matcher, text: CopiedText<'a>) -> Self {
        Self { matcher, text, state: State::default(), string: CurrentString::default() }
    }

    /// Chooses the token after the `written` ones, by the logits `scores`.
    pub fn choose(
        &mut self,
        written: usize,
        scores: &[f32],
        vocabulary: &Vocabulary,
    ) -> Result<Choice, LlmError> {
        let is_new = !self.state.is_in_copy() || self.string.start.is_none();
        if is_new && self.string.origin == Origin::Document {
            let start = Some(self.place(written, scores));
            self.string = CurrentString { start, may_cross: true, ..CurrentString::default() };
        }
        let allowed = self.matcher.compute_mask().map_err(|error| failed(error.to_string()))?;
        let all = scored(scores, &allowed);
        let own = best(&all).ok_or_else(|| failed("no token is allowed".to_owned()))?;
        if self.string.origin == Origin::Model {
            return Ok(Choice::Token(own.0));
        }
        let tokens = Candidates::new(all, own.1 - MOST_LOSS + self.string.loss);
        if self.string.origin == Origin::Nothing {
            return Ok(Choice::Token(tokens.null(vocabulary).unwrap_or(own.0)));
        }
        let Some(next) = self.best_copy(&tokens, vocabulary) else {
            return self.step_back(written);
        };
        if let Some(other) = self.beyond_end(next, &tokens, vocabulary) {
            self.string.crossing = Some(self.place(written, scores));
            return Ok(Choice::Token(other));
        }
        self.string.loss += own.1 - next.1;
        Ok(Choice::Token(next.0))
    }

    fn place(&self, written: usize, scores: &[f32]) -> Place {
        let loss = self.string.loss;
        Place { written, scores: scores.to_vec(), state: self.state.clone(), loss }
    }

    /// The state after a token, if all copied strings still stand in the documents.
    fn goes_on(&self, token: u32, vocabulary: &Vocabulary) -> Option<State> {
        let mut state = self.state.clone();
        self.text.push(&mut state, &vocabulary.bytes(&[token])).then_some(state)
    }

    /// The best token by its logit and by the places where the copy stands.
    fn best_copy(&self, tokens: &Candidates, vocabulary: &Vocabulary) -> Option<Scored> {
        let mut chosen: Option<(Scored, f32)> = None;
        for &(token, score) in &tokens.0 {
            if chosen.is_some_and(|(_, best)| best >= score + CopiedText::MOST_FITNESS) {
                break;
            }
            let Some(after) = self.goes_on(token, vocabulary) else { continue };
            let state = if after.is_in_copy() { &after } else { &self.state };
            let fit = score + self.text.fitness(state);
            if chosen.is_none_or(|(_, best)| fit > best) {
                chosen = Some(((token, score), fit));
            }
        }
        chosen.map(|(token, _)| token)
    }

    /// A token that goes on with the copy, if `next` would end it and that one is nearly as likely.
    fn beyond_end(
        &self,
        next: Scored,
        tokens: &Candidates,
        vocabulary: &Vocabulary,
    ) -> Option<u32> {
        let margin = self.text.end_margin(&self.state).filter(|_| self.string.may_cross)?;
        let goes_on =
            |token: u32| self.goes_on(token, vocabulary).is_some_and(|state| state.is_in_copy());
        if goes_on(next.0) {
            return None;
        }
        let mut likely = tokens.0.iter().take_while(|token| token.1 >= next.1 - margin);
        likely.find(|token| goes_on(token.0)).map(|token| token.0)
    }

    /// Ends the string where it went on, if it did; else it is not copied.
    fn step_back(&mut self, written: usize) -> Result<Choice, LlmError> {
        let place = if let Some(crossing) = self.string.crossing.take() {
            self.string.may_cross = false;
            self.string.loss = crossing.loss;
            Some(crossing)
        } else {
            let start = self.string.start.take();
            let is_quoted = start.as_ref().is_some_and(|start| start.state.is_in_copy());
            self.string.origin = if is_quoted { Origin::Model } else { Origin::Nothing };
            self.string.loss = 0.0;
            start
        };
        let place = place.ok_or_else(|| failed("a string has no beginning".to_owned()))?;
        let undone = self.matcher.rollback(written - place.written);
        undone.map_err(|error| failed(error.to_string()))?;
        self.state = place.state.clone();
        Ok(Choice::Return(place))
    }

    /// Adds a token; returns it with those that the grammar forces after it.
    pub fn consume(&mut self, token: u32, vocabulary: &Vocabulary) -> Result<Vec<u32>, LlmError> {
        let mut new = vec![token];
        self.matcher.consume_token(token).map_err(|error| failed(error.to_string()))?;
        if !self.matcher.is_stopped() {
            let forced = self.matcher.consume_ff_tokens();
            new.extend(forced.iter().filter(|&&it| it != vocabulary.end));
        }
        let before = self.state.copies();
        let was_in_copy = self.state.is_in_copy();
        self.text.push(&mut self.state, &vocabulary.bytes(&new));
        if was_in_copy && self.state.copies() > before {
            // The grammar forced the beginning of the next string.
            self.string = CurrentString::default();
        }
        // What the grammar forces need not stand in a document.
        let is_copied = self.string.origin == Origin::Document && self.state.stands();
        self.string.origin =
            if is_copied || !self.state.is_in_copy() { Origin::Document } else { Origin::Model };
        Ok(new)
    }

    pub fn is_complete(&self) -> bool {
        self.matcher.is_stopped()
    }
}

/// Allowed tokens, the likeliest first.
struct Candidates(Vec<Scored>);

impl Candidates {
    fn new(mut tokens: Vec<Scored>, least: f32) -> Self {
        tokens.retain(|token| token.1 >= least);
        tokens.sort_by(|one, two| two.1.total_cmp(&one.1));
        Self(tokens)
    }

    /// The best token that begins null.
    fn null(&self, vocabulary: &Vocabulary) -> Option<u32> {
        let is_null =
            |token: u32| vocabulary.bytes(&[token]).trim_ascii_start().first() == Some(&b'n');
        self.0.iter().map(|token| token.0).find(|&token| is_null(token))
    }
}

fn best(tokens: &[Scored]) -> Option<Scored> {
    tokens.iter().copied().max_by(|one, two| one.1.total_cmp(&two.1))
}

/// The allowed tokens with their logits.
fn scored(scores: &[f32], allowed: &SimpleVob) -> Vec<Scored> {
    let mut tokens = Vec::new();
    allowed.iter_set_entries(|index| {
        if let (Some(&score), Ok(token)) = (scores.get(index), u32::try_from(index)) {
            tokens.push((token, score));
        }
    });
    tokens
}

#[cfg(test)]
mod tests;
