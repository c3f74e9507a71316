//! Restores the hyphens of compounds that are divided at the end of a line, where the document has
//! them elsewhere.

use std::collections::HashSet;

use super::passages::{PageBlock, Passage};

/// Puts back the hyphens that were dropped from words that stand elsewhere with a hyphen, and nowhere
/// without it.
pub(in crate::pdf) fn restore(pages: &mut [Vec<PageBlock>]) {
    let passages = || pages.iter().flatten().filter_map(PageBlock::text);
    let at_joints = |passage: &Passage| -> Vec<String> {
        passage.joints.iter().map(|joint| compound(&passage.text, *joint)).collect()
    };
    let mut compounds: HashSet<String> = passages().flat_map(at_joints).collect();
    if compounds.is_empty() {
        return;
    }
    let whole: HashSet<String> = passages().flat_map(whole_words).collect();
    compounds.retain(|word| whole.contains(word) && !whole.contains(&word.replace('-', "")));
    for block in pages.iter_mut().flatten() {
        if let PageBlock::Text(passage) = block {
            restore_in(passage, &compounds);
        }
    }
}

/// The word around the joint, with a hyphen there.
fn compound(text: &str, joint: usize) -> String {
    let (before, after) = text.split_at(joint);
    let head = before.rsplit([' ', '\n']).next().unwrap_or(before);
    let tail = after.split([' ', '\n']).next().unwrap_or(after);
    plain(&format!("{head}-{tail}"))
}

/// The words that were not divided.
fn whole_words(passage: &Passage) -> impl Iterator<Item = String> {
    let mut end = 0;
    let mut joints = passage.joints.iter().peekable();
    passage.text.split([' ', '\n']).filter_map(move |word| {
        end += word.len() + 1;
        let mut is_divided = false;
        while joints.next_if(|joint| **joint < end).is_some() {
            is_divided = true;
        }
        (!is_divided).then(|| plain(word))
    })
}

/// The word in small letters, without the punctuation around it.
fn plain(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).replace('\u{2010}', "-").to_lowercase()
}

fn restore_in(passage: &mut Passage, compounds: &HashSet<String>) {
    // From the end, so that the places before stay.
    for joint in std::mem::take(&mut passage.joints).into_iter().rev() {
        if !compounds.contains(&compound(&passage.text, joint)) {
            continue;
        }
        passage.text.insert(joint, '-');
        for (range, _) in passage.words.iter_mut().rev() {
            if range.end < joint {
                break;
            }
            // The hyphen is the end of the first part.
            range.start += usize::from(range.start >= joint);
            range.end += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::paragraphs::ParagraphShape;
    use super::super::passages::tests::written;
    use super::super::passages::{PageBlock, Passage};
    use super::restore;

    /// A sentence over two lines, and another one.
    fn restored(end: &str, start: &str, other: &str) -> Passage {
        let end = format!("{end:.>40}");
        let lines = [(50.0, 100.0, end.as_str()), (50.0, 112.0, start)];
        let divided = PageBlock::Text(written(ParagraphShape::Prose, &lines));
        let other = PageBlock::Text(written(ParagraphShape::Prose, &[(50.0, 100.0, other)]));
        let mut pages = vec![vec![divided], vec![other]];
        restore(&mut pages);
        match pages.remove(0).pop() {
            Some(PageBlock::Text(passage)) => passage,
            _ => panic!("no text"),
        }
    }

    #[test]
    fn a_compound_keeps_its_hyphen_if_it_stands_elsewhere() {
        let end = |end, start, other| {
            let text = restored(end, start, other).text;
            text.trim_start_matches('.').to_owned()
        };
        assert_eq!(end("a well-", "known fact", "It is Well-known."), "a well-known fact");
        assert_eq!(end("a well-", "known fact", "It is known well."), "a wellknown fact");
        assert_eq!(end("this on-", "line shop", "on-line or online"), "this online shop");
    }

    #[test]
    fn the_places_of_the_words_follow() {
        let passage = restored("a well-", "known, long- and of little use", "well-known");
        let words: Vec<&str> =
            passage.words.iter().map(|(range, _)| &passage.text[range.clone()]).collect();
        assert_eq!(words[1..4], ["well-", "known,", "long-"], "{}", passage.text);
        assert_eq!(words.concat(), passage.text.replace(' ', ""));
    }
}
