//! Tokenizes RTF into groups, control words and bytes of text.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    Word(&'a [u8], Option<i32>),
    /// A control symbol: a backslash and a character that is not a letter.
    Symbol(u8),
    Byte(u8),
    Text(&'a [u8]),
}

pub(super) struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn control(&mut self) -> Option<Token<'a>> {
        self.take(1);
        let letters = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        if letters == 0 {
            let symbol = *self.take(1).first()?;
            return Some(if symbol == b'\'' { self.hexadecimal() } else { Token::Symbol(symbol) });
        }
        let word = self.take(letters);
        let sign = usize::from(self.rest.first() == Some(&b'-'));
        let digits = self.rest[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = if digits == 0 { &[] } else { self.take(sign + digits) };
        let number = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
        if self.rest.first() == Some(&b' ') {
            self.take(1);
        }
        if word == b"bin" {
            self.take(number.and_then(|count| usize::try_from(count).ok()).unwrap_or(0));
        }
        Some(Token::Word(word, number))
    }

    fn hexadecimal(&mut self) -> Token<'a> {
        let digits = std::str::from_utf8(self.rest.get(..2).unwrap_or_default()).unwrap_or("");
        match u8::from_str_radix(digits, 16) {
            Ok(byte) => {
                self.take(2);
                Token::Byte(byte)
            }
            Err(_) => Token::Symbol(b'\''),
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let breaks = self.rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
        self.take(breaks);
        match self.rest.first()? {
            b'{' => {
                self.take(1);
                Some(Token::Open)
            }
            b'}' => {
                self.take(1);
                Some(Token::Close)
            }
            b'\\' => self.control(),
            _ => {
                let ends = |byte: &u8| matches!(byte, b'{' | b'}' | b'\\' | b'\r' | b'\n' | 0);
                let end = self.rest.iter().position(ends).unwrap_or(self.rest.len());
                Some(Token::Text(self.take(end)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Token, Tokens};

    #[test]
    fn tokens() {
        let rtf = b"{\\rtf1\\u-12 a\r\nb\\'e9\\*\\bin3 {}\\}\\'zz\\";
        let expected = [
            Token::Open,
            Token::Word(b"rtf", Some(1)),
            Token::Word(b"u", Some(-12)),
            Token::Text(b"a"),
            Token::Text(b"b"),
            Token::Byte(0xE9),
            Token::Symbol(b'*'),
            Token::Word(b"bin", Some(3)),
            Token::Close,
            Token::Symbol(b'\''),
            Token::Text(b"zz"),
        ];
        assert_eq!(Tokens::new(rtf).collect::<Vec<_>>(), expected);
    }
}
