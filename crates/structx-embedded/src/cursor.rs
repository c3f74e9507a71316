//! Follows a reply as it is written: which value of the JSON its next byte belongs to.

/// A place in an incomplete JSON text, whose validity the grammar ensures.
#[derive(Debug, Clone, Default)]
pub struct Cursor {
    /// The objects and lists that are open, outer ones first.
    open: Vec<Container>,
    string: Option<Text>,
}

/// A member of an object or an entry of a list, on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Name(String),
    Index(usize),
}

#[derive(Debug, Clone)]
enum Container {
    /// The name of the member that is being written.
    Object(Option<String>),
    /// The index of the entry that is being written.
    List(usize),
}

/// What a byte is to the strings of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A string value begins.
    Start,
    /// One byte of a string value.
    Byte(u8),
    /// A string value ends.
    End,
    /// Another part of the reply, or half of an escape.
    Other,
}

/// A string, whose text is kept if it is a name.
#[derive(Debug, Clone)]
struct Text {
    is_name: bool,
    name: Vec<u8>,
    is_escaped: bool,
    /// The hexadecimal digits of `\u` that are still to come.
    digits: u8,
}

impl Cursor {
    /// The place of the value that is being written.
    pub fn path(&self) -> Vec<Step> {
        let steps = self.open.iter().filter_map(|container| match container {
            Container::Object(name) => name.clone().map(Step::Name),
            Container::List(index) => Some(Step::Index(*index)),
        });
        steps.collect()
    }

    /// Adds a byte of the reply.
    pub fn push(&mut self, byte: u8) -> Event {
        if self.string.is_some() {
            return self.push_in_string(byte);
        }
        match byte {
            b'{' => self.open.push(Container::Object(None)),
            b'[' => self.open.push(Container::List(0)),
            b'}' | b']' => drop(self.open.pop()),
            b',' => match self.open.last_mut() {
                Some(Container::Object(name)) => *name = None,
                Some(Container::List(index)) => *index += 1,
                None => {}
            },
            b'"' => {
                let is_name = matches!(self.open.last(), Some(Container::Object(None)));
                self.string =
                    Some(Text { is_name, name: Vec::new(), is_escaped: false, digits: 0 });
                return if is_name { Event::Other } else { Event::Start };
            }
            _ => {}
        }
        Event::Other
    }

    fn push_in_string(&mut self, byte: u8) -> Event {
        let Some(text) = &mut self.string else { return Event::Other };
        let meant = if text.digits > 0 {
            text.digits -= 1;
            // The grammar allows `\u` only for control characters, which no document's text has.
            if text.digits == 0 { Some(b' ') } else { None }
        } else if text.is_escaped {
            text.is_escaped = false;
            match byte {
                b'u' => {
                    text.digits = 4;
                    None
                }
                b'n' => Some(b'\n'),
                b't' => Some(b'\t'),
                b'r' => Some(b'\r'),
                b'b' | b'f' => Some(b' '),
                other => Some(other),
            }
        } else if byte == b'\\' {
            text.is_escaped = true;
            None
        } else if byte == b'"' {
            return self.end_string();
        } else {
            Some(byte)
        };
        match meant {
            Some(byte) if text.is_name => {
                text.name.push(byte);
                Event::Other
            }
            Some(byte) => Event::Byte(byte),
            None => Event::Other,
        }
    }

    fn end_string(&mut self) -> Event {
        let Some(text) = self.string.take() else { return Event::Other };
        if !text.is_name {
            return Event::End;
        }
        if let Some(Container::Object(name)) = self.open.last_mut() {
            *name = Some(String::from_utf8_lossy(&text.name).into_owned());
        }
        Event::Other
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Event, Step};

    #[test]
    fn each_string_value_has_its_place_and_bytes() {
        let reply = r#"{"a": "x\"y", "b": [1, {"c\n": "\u0001z"}, "é"], "d": null, "e": ["w"]}"#;
        let (mut cursor, mut text, mut found) = (Cursor::default(), Vec::new(), Vec::new());
        for byte in reply.bytes() {
            match cursor.push(byte) {
                Event::Start => text.clear(),
                Event::Byte(byte) => text.push(byte),
                Event::End => {
                    found.push((cursor.path(), String::from_utf8(text.clone()).unwrap()));
                }
                Event::Other => {}
            }
        }
        let name = |name: &str| Step::Name(name.to_owned());
        let expected = [
            (vec![name("a")], "x\"y"),
            (vec![name("b"), Step::Index(1), name("c\n")], " z"),
            (vec![name("b"), Step::Index(2)], "é"),
            (vec![name("e"), Step::Index(0)], "w"),
        ];
        assert_eq!(found, expected.map(|(path, text)| (path, text.to_owned())));
    }
}
