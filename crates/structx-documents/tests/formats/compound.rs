//! Compound files (OLE), made by the tests.

const SECTOR: usize = 512;
const NONE: u32 = 0xFFFF_FFFF;
const END: u32 = 0xFFFF_FFFE;

pub enum Node {
    Stream(String, Vec<u8>),
    Storage(String, Vec<Node>),
}

/// The entries of the directory, the content of the streams, and the table of sectors.
#[derive(Default)]
struct Writer {
    directory: Vec<Vec<u8>>,
    streams: Vec<u8>,
    next: Vec<u32>,
}

/// A compound file of up to 100 sectors.
pub fn compound(nodes: Vec<Node>) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.directory.push(entry("Root Entry", 5, END, 0));
    writer.children(0, nodes);
    let directory = padded(writer.directory.concat());
    // Sector 0 is the table; the directory follows the streams.
    let (start, length) = (writer.next.len() + 1, directory.len() / SECTOR);
    let mut next = vec![0xFFFF_FFFD];
    next.extend(writer.next);
    next.extend(chain(start, length));
    assert!(next.len() <= SECTOR / 4, "one sector for the table");
    next.resize(SECTOR / 4, NONE);
    let mut header = vec![0; SECTOR];
    header[..8].copy_from_slice(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
    header[24..34].copy_from_slice(&[0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0]);
    header[76..].fill(0xFF);
    let start = u32::try_from(start).unwrap();
    for (place, number) in [(44, 1), (48, start), (56, 4096), (60, END), (68, END), (76, 0)] {
        header[place..place + 4].copy_from_slice(&u32::to_le_bytes(number));
    }
    let next: Vec<u8> = next.iter().flat_map(|number| number.to_le_bytes()).collect();
    [header, next, writer.streams, directory].concat()
}

impl Writer {
    /// Adds the nodes of a storage as a chain of right siblings.
    fn children(&mut self, storage: usize, nodes: Vec<Node>) {
        let mut last: Option<usize> = None;
        for node in nodes {
            let index = self.directory.len();
            let link = u32::try_from(index).unwrap().to_le_bytes();
            match last {
                Some(last) => self.directory[last][72..76].copy_from_slice(&link),
                None => self.directory[storage][76..80].copy_from_slice(&link),
            }
            last = Some(index);
            match node {
                Node::Stream(name, bytes) => {
                    let start = u32::try_from(self.next.len() + 1).unwrap();
                    let size = bytes.len();
                    let bytes = padded(bytes);
                    self.next.extend(chain(self.next.len() + 1, bytes.len() / SECTOR));
                    self.streams.extend(bytes);
                    self.directory.push(entry(&name, 2, start, size));
                }
                Node::Storage(name, nodes) => {
                    self.directory.push(entry(&name, 1, END, 0));
                    self.children(index, nodes);
                }
            }
        }
    }
}

fn chain(start: usize, length: usize) -> impl Iterator<Item = u32> {
    (1..=length).map(
        move |place| {
            if place == length { END } else { u32::try_from(start + place).unwrap() }
        },
    )
}

fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(SECTOR), 0);
    bytes
}

fn entry(name: &str, kind: u8, start: u32, size: usize) -> Vec<u8> {
    let mut entry = vec![0; 128];
    for (place, unit) in name.encode_utf16().enumerate() {
        entry[2 * place..2 * place + 2].copy_from_slice(&unit.to_le_bytes());
    }
    entry[64] = u8::try_from(2 * name.len() + 2).unwrap();
    (entry[66], entry[67]) = (kind, 1);
    entry[68..80].fill(0xFF);
    for (place, number) in [(116, start), (120, u32::try_from(size).unwrap())] {
        entry[place..place + 4].copy_from_slice(&number.to_le_bytes());
    }
    entry
}
